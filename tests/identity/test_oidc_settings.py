"""``[oidc.<name>]`` in the settings file: what is read, and every way in which it can be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tenon.errors import SettingsError
from tenon.settings import OidcProvider, Settings, load_settings
from tenon.settings.providers import PROVIDER_KEYS, ROLES
from tenon.settings.setting import shown

Read = Callable[..., Settings]
GOOD = 'issuer = "https://id.example.com"\nclient_id = "tenon"\nclient_secret = "s3cret"\n'
REFERENCE = Path(__file__).parents[2] / "docs/reference/settings.md"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(text: str, **env: str) -> Settings:
        (tmp_path / "tenon.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path / "tenon.toml", env)

    return reading


def test_a_provider_is_read_with_its_defaults(read: Read) -> None:
    assert read(f"[oidc.my_corp]\n{GOOD}").oidc == {
        "my_corp": OidcProvider("my_corp", "https://id.example.com", "tenon", "s3cret", label="My corp")
    }
    assert read("").oidc == {}


def test_all_of_it_is_read(read: Read) -> None:
    more = 'label = "Corp"\nscopes = ["openid", "email"]\ncreate_users = true\ndomains = ["example.com"]\n'
    roles = (
        'roles_claim = "groups"\ntrust_second_step = true\n[oidc.corp.roles]\n"crm-managers" = "manager"\n'
    )
    corp = read(f"[oidc.corp]\n{GOOD}{more}{roles}").oidc["corp"]
    assert (corp.label, corp.scopes, corp.create_users) == ("Corp", ("openid", "email"), True)
    assert (corp.domains, corp.roles_claim, corp.trust_second_step) == (("example.com",), "groups", True)
    assert corp.roles == {"crm-managers": "manager"}


def test_the_secret_may_come_from_the_environment_and_is_never_shown(read: Read) -> None:
    text = "[oidc.corp]\n" + GOOD.replace('client_secret = "s3cret"\n', "")
    settings = read(text, TENON_OIDC__CORP__CLIENT_SECRET="from outside")
    assert settings.oidc["corp"].client_secret == "from outside"
    assert "from outside" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('oidc = "google"', "[oidc], line 1 must be a table of tables"),
        (f"[oidc.Corp]\n{GOOD}", "'Corp' in [oidc], line 1 must be a table whose name is lower-case"),
        ("[oidc.corp]\n", "[oidc.corp], line 1 needs 'client_secret' (or $TENON_OIDC__CORP__CLIENT_SECRET)"),
        (
            f'[oidc.corp]\n{GOOD}isuer = "x"',
            "unknown key 'isuer' in [oidc.corp], line 5: did you mean 'issuer'?",
        ),
        (
            f"[oidc.corp]\n{GOOD.replace('https', 'http')}",
            "line 2 must be an address that begins with https://",
        ),
        (f'[oidc.corp]\n{GOOD}scopes = ["email"]', 'must have "openid" among them'),
        (
            f'[oidc.corp]\n{GOOD}create_users = "maybe"',
            "'create_users' in [oidc.corp], line 5 must be true or false",
        ),
        (f'[oidc.corp]\n{GOOD}[oidc.corp.roles]\na = "b"', "has roles and needs 'roles_claim'"),
        (f"[oidc.corp]\n{GOOD}roles = 7", "'roles' in [oidc.corp], line 5 must be a table"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(read: Read, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        read(text)
    assert sentence in str(wrong.value)
    assert "s3cret" not in str(wrong.value)


def test_this_machine_may_be_a_provider_without_https(read: Read) -> None:
    assert read(f"[oidc.corp]\n{GOOD.replace('https://id.example.com', 'http://127.0.0.1:9400')}").oidc


def test_every_key_is_documented_with_its_default() -> None:
    section = REFERENCE.read_text(encoding="utf-8").partition("### [oidc.NAME]")[2].partition("\n## ")[0]
    rows = {found[1]: found[0] for found in re.finditer(r"^\| `([^`]+)` \|.*$", section, re.MULTILINE)}
    assert list(rows) == [*(setting.key for setting in PROVIDER_KEYS), ROLES]
    for setting in PROVIDER_KEYS:
        assert setting.help in rows[setting.key]
        assert ("| required |" in rows[setting.key]) == setting.required
        assert setting.default is None or f"`{shown(setting.default)}`" in rows[setting.key]
