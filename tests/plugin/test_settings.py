from __future__ import annotations

import os
import stat
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenon.errors import SettingsError
from tenon.settings import Settings, load_settings
from tenon.settings.keys import SECTIONS
from tenon.settings.setting import Setting, format_duration, shown, typed
from tenon.settings.tomlfile import parse_toml


@pytest.fixture
def read(tmp_path):
    def read(text, **env):
        path = tmp_path / "tenon.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, env)

    return read


def refused(read, text, **env):
    with pytest.raises(SettingsError) as caught:
        read(text, **env)
    return [problem.detail for problem in caught.value.problems]


def test_without_a_file_the_settings_are_those_of_a_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings(env={})
    assert settings.modes == {"b2b", "b2c"}
    assert settings.access == "open"
    assert settings.plugins.enabled is None
    assert settings.database.url == f"sqlite:///{tmp_path}/var/tenon.db"
    assert settings.worker.embedded


def test_with_a_file_a_policy_is_required_unless_it_says_otherwise(read):
    assert read("").access == "policy"
    assert read('access = "open"').access == "open"


def test_the_file_in_the_working_directory_is_found(tmp_path, monkeypatch):
    (tmp_path / "tenon.toml").write_text("[server]\nport = 81")
    monkeypatch.chdir(tmp_path)
    assert load_settings(env={}).server.port == 81


def test_the_environment_names_the_file(tmp_path):
    (tmp_path / "other.toml").write_text("[server]\nport = 82")
    settings = load_settings(env={"TENON_SETTINGS": str(tmp_path / "other.toml")})
    assert settings.server.port == 82


def test_a_relative_database_lies_beside_the_settings_file(read, tmp_path):
    assert read('[database]\nurl = "sqlite:///crm.db"').database.url == f"sqlite:///{tmp_path}/crm.db"
    assert read('[database]\nurl = "sqlite:////srv/crm.db"').database.url == "sqlite:////srv/crm.db"
    assert read('[database]\nurl = "sqlite://"').database.url == "sqlite://"


def test_the_environment_overrides_the_file(read):
    settings = read(
        "[server]\nport = 1\n[plugins]\nenabled = []",
        TENON_PORT="9000",
        TENON_DATABASE="postgresql://db/crm",
        TENON_MODES="b2c",
        TENON_WORKER="no",
        TENON_PLUGINS="one, two",
        TENON_PLUGINS__ERP_BRIDGE__TOKEN="t0ken",
    )
    assert settings.server.port == 9000
    assert settings.database.url == "postgresql://db/crm"
    assert settings.modes == {"b2c"}
    assert not settings.worker.embedded
    assert settings.plugins.enabled == ("one", "two")
    assert settings.plugins.table("erp_bridge").values == {"token": "t0ken"}


def test_plugins_are_chosen_and_set_by_the_file(read):
    settings = read('[plugins]\nenabled = ["a", "b", "a"]\n[plugins.a]\nsize = 3\non_error = "quarantine"')
    assert settings.plugins.enabled == ("a", "b")
    assert settings.plugins.table("a").values == {"size": 3}
    assert settings.plugins.table("a").on_error == "quarantine"
    assert settings.plugins.table("b").on_error == "fail"


def test_a_typo_is_answered_with_its_line_and_the_nearest_key(read):
    assert refused(read, "\n\n[server]\ndatabse = 3") == [
        "unknown key 'databse' in [server], line 4: did you mean 'database'?"
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mods = []", "unknown key 'mods', line 1: did you mean 'modes'?"),
        ("[sever]\nport = 1", "unknown key 'sever', line 1: did you mean 'server'?"),
        ("[server]\nprot = 1", "unknown key 'prot' in [server], line 2: did you mean 'port'?"),
        ('[server]\nport = "80x"', "'port' in [server], line 2 must be a whole number, not \"80x\""),
        ("[server]\nport = 70000", "'port' in [server], line 2 must be at most 65535, not 70000"),
        ("server = 3", "[server], line 1 must be a table, not 3"),
        ("plugins = 3", "[plugins], line 1 must be a table"),
        ('modes = ["b2x"]', "'modes', line 1 must be a list of b2b, b2c, not [\"b2x\"]"),
        ("modes = []", "'modes', line 1 must be at least one of b2b, b2c"),
        ('access = "opn"', "'access', line 1 must be one of open, policy, not \"opn\": did you mean 'open'?"),
        ("[plugins]\nenabeld = []", "'enabeld' in [plugins], line 2 must be a table [plugins.enabeld]"),
        (
            '[plugins.a]\non_error = "fial"',
            "must be one of fail, quarantine, not \"fial\": did you mean 'fail'?",
        ),
        ('[locale]\ntimezone = "Berlin"', "'timezone' in [locale], line 2 must be an IANA name"),
        ('[locale]\ncurrency = "Euro"', "'currency' in [locale], line 2 must be an ISO 4217 code"),
        ('[locale]\ndefault = "de"', "'default' in [locale], line 2 must be one of the locales"),
        ("[limits]\npage_size = 500", "'page_size' in [limits], line 2 must be at most max_page_size"),
        ('[session]\nlifetime = "2 days"', "'lifetime' in [session], line 2 must be a duration"),
        ('[database]\nurl = "mysql://x"', "'url' in [database], line 2 must be a URL that begins with"),
    ],
)
def test_each_mistake_has_its_sentence(read, text, says):
    [detail] = refused(read, text)
    assert says in detail


def test_all_mistakes_are_told_at_once(read):
    details = refused(read, 'modes = 3\n[server]\nport = "x"\n[databas]\nurl = 1', TENON_DATABSE="x")
    assert len(details) == 4
    assert "unknown environment variable TENON_DATABSE: did you mean TENON_DATABASE?" in details


def test_an_environment_variable_of_others_is_no_mistake(read):
    assert read("", TENON_TEST_DATABASE="x", TENON_HOME="/srv").server.port == 8000


def test_a_value_in_the_environment_is_blamed_on_its_variable(read):
    assert refused(read, "", TENON_PORT="eighty") == ['$TENON_PORT must be a whole number, not "eighty"']


def test_a_file_that_is_no_toml_is_refused_with_its_line(read):
    with pytest.raises(SettingsError, match="line 2 is not TOML"):
        read("[server]\nport = ")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "tenon.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_settings(tmp_path / "tenon.toml", {})


def test_a_file_that_is_not_there_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file") as caught:
        load_settings(tmp_path / "absent.toml", {})
    assert "--settings" in caught.value.hint


# Secrets


def test_a_secret_key_is_made_once_and_kept_from_others(read, tmp_path):
    key = read("").secret_key
    assert len(key) >= 48
    assert read("").secret_key == key
    assert stat.S_IMODE((tmp_path / "var" / "secret").stat().st_mode) == 0o600
    assert os.listdir(tmp_path / "var") == ["secret"]


def test_processes_that_start_together_have_one_key(read):
    settings, keys = read(""), set()
    threads = [threading.Thread(target=lambda: keys.add(settings.secret_key)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1


def test_nothing_is_written_until_the_key_is_asked_for(read, tmp_path):
    read("")
    assert not (tmp_path / "var").exists()


def test_a_given_secret_key_is_used_and_never_shown(read):
    settings = read('secret_key = "correct horse battery"', TENON_DATABASE="postgresql://crm:hunter2@db/crm")
    assert settings.secret_key == "correct horse battery"
    assert "horse" not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert settings.database.safe_url == "postgresql://crm:***@db/crm"


def test_a_secret_key_that_is_too_short_is_refused_without_showing_it(read):
    [detail] = refused(read, 'secret_key = "hunter2"')
    assert "16 characters" in detail
    assert "hunter2" not in detail


def test_a_database_url_of_the_wrong_type_is_not_shown(read):
    [detail] = refused(read, '[database]\nurl = ["postgresql://crm:hunter2@db"]')
    assert "hunter2" not in detail


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    (tmp_path / "tenon.toml").write_text("")
    with pytest.raises(SettingsError, match="cannot be read or written"):
        load_settings(tmp_path / "tenon.toml", {}).secret_key  # noqa: B018


# For tests


def test_settings_for_tests_take_what_differs():
    settings = Settings.for_tests(
        modes=["b2b"],
        database="sqlite:///x.db",
        limits={"max_body": 10},
        plugins={"erp": {"url": "https://erp.example", "on_error": "quarantine"}},
    )
    assert settings.modes == {"b2b"}
    assert settings.database.url == "sqlite:///x.db"
    assert (settings.limits.max_body, settings.limits.page_size) == (10, 50)
    assert settings.plugins.enabled == ("erp",)
    assert settings.plugins.table("erp").values == {"url": "https://erp.example"}
    assert Settings.for_tests().plugins.enabled == ()


# Durations, lines


@given(st.integers(0, 10**8))
def test_a_duration_is_read_as_it_is_written(seconds):
    value = timedelta(seconds=seconds)
    assert typed(Setting("x", "duration"), format_duration(value)) == value


@pytest.mark.parametrize("text", ["", "5", "m", "5m5d", "-5m", "1.5h", "5 m", "٣m"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="a duration"):
        typed(Setting("x", "duration"), text)


@pytest.mark.parametrize("raw", [True, "x", [], float("nan"), "1e999999999999", None])
def test_what_is_no_decimal_is_refused(raw):
    with pytest.raises(ValueError, match="number"):
        typed(Setting("x", "decimal"), raw)


def test_lines_are_found_behind_texts_of_several_lines():
    text = 'a = """\n[b]\nc = 1\n"""\n[b]\n"c" = { d = 1 }\nf.g = 2\n[[h]]\ni = 3\n'
    file = parse_toml(text, "x.toml")
    assert file.line("a") == 1
    assert file.line("b") == 5
    assert file.line("b", "c") == 6
    assert file.line("b", "c", "d") == 6
    assert file.line("b", "f", "g") == 7
    assert file.line("h", "i") == 9
    assert file.where("b", "absent") == "x.toml:5"
    assert file.where("absent") == "x.toml"


def test_a_key_in_a_comment_or_a_text_is_not_taken_for_the_key():
    file = parse_toml('# port = 1\ntext = "port = 2"\nport = 3\n', "x.toml")
    assert file.line("port") == 3


def test_every_default_is_a_value_of_its_type():
    for keys in SECTIONS.values():
        for key in keys:
            if key.setting.default is not None:
                assert typed(key.setting, key.setting.default) == key.setting.default
                assert shown(key.setting.default)
