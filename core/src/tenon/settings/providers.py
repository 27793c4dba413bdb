"""The ``[oidc.<name>]`` tables: providers that people sign in with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..nearest import did_you_mean, listed
from .model import OidcProvider
from .setting import Setting, shown

PREFIX = "TENON_OIDC__"
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PROVIDER_KEYS = (
    Setting("issuer", required=True, help="The provider's own address, exactly as it spells it"),
    Setting("client_id", required=True, help="What the provider calls this deployment"),
    Setting("client_secret", required=True, secret=True, help="The secret that the provider gave for it"),
    Setting("label", help="What the button says; the name where it is left out"),
    Setting("scopes", "list", ("openid", "email", "profile"), help="What is asked of the provider"),
    Setting("create_users", "boolean", False, help="Make a user of whoever signs in for the first time"),
    Setting("domains", "list", (), help="Domains of the e-mail addresses that may sign in; any when absent"),
    Setting("roles_claim", help="The claim that holds groups or roles; dots lead into it"),
    Setting(
        "trust_second_step",
        "boolean",
        False,
        help="The provider asks for a second step itself, so Tenon asks for none of its own",
    ),
)
ROLES = "roles"

At = Callable[..., str]
Typed = Callable[[Setting, Any, str], Any]
Tell = Callable[[str, str], None]


def read_providers(
    tables: Any, env: Mapping[str, str], at: At, typed: Typed, problem: Tell
) -> dict[str, OidcProvider]:
    """The providers of the file, with what the environment overrides.

    ``at`` gives a key's line, ``typed`` a value of its type, ``problem`` takes what is wrong.
    """
    if not isinstance(tables, dict):
        problem("wrong-type", f"[oidc]{at('oidc')} must be a table of tables: [oidc.google]")
        return {}
    overrides = _environment(env)
    found = {}
    for name in sorted({*tables, *overrides}):
        table = tables.get(name, {})
        if not isinstance(table, dict) or not NAME.fullmatch(name):
            place = f"{name!r} in [oidc]{at('oidc', name)}"
            problem("wrong-type", f"{place} must be a table whose name is lower-case letters, digits and _")
            continue
        provider = _provider(name, table, overrides.get(name, {}), at, typed, problem)
        if provider is not None:
            found[name] = provider
    return found


def _provider(
    name: str, table: Mapping[str, Any], override: Mapping[str, str], at: At, typed: Typed, problem: Tell
) -> OidcProvider | None:
    known = {setting.key: setting for setting in PROVIDER_KEYS}
    for key in {*table, *override} - {*known, ROLES}:
        meant = did_you_mean(key, [*known, ROLES]) or f"; the keys here are {listed([*known, ROLES])}"
        problem("unknown-key", f"unknown key {key!r} in [oidc.{name}]{at('oidc', name, key)}{meant}")
    values: dict[str, Any] = {}
    for key, setting in known.items():
        if key in override:
            values[key] = typed(setting, override[key], f"${PREFIX}{name.upper()}__{key.upper()}")
        elif key in table:
            place = f"{key!r} in [oidc.{name}]{at('oidc', name, key)}"
            values[key] = typed(setting, table[key], place)
        else:
            values[key] = setting.default
    missing = [key for key, setting in known.items() if setting.required and not values[key]]
    for key in missing:
        variable = f" (or ${PREFIX}{name.upper()}__{key.upper()})" if known[key].secret else ""
        problem("missing-key", f"[oidc.{name}]{at('oidc', name)} needs {key!r}{variable}")
    roles = _roles(name, table.get(ROLES, {}), at, problem)
    if not missing:
        _sense(name, values, roles, at, problem)
    values["label"] = values["label"] or name.replace("_", " ").capitalize()
    return None if missing else OidcProvider(name=name, roles=roles, **values)


def _roles(name: str, table: Any, at: At, problem: Tell) -> dict[str, str]:
    if isinstance(table, dict) and all(isinstance(role, str) and role for role in table.values()):
        return dict(table)
    problem(
        "wrong-type",
        f"'roles' in [oidc.{name}]{at('oidc', name, ROLES)} must be a table of the provider's groups "
        f"and the roles they stand for, not {shown(table)}",
    )
    return {}


def _sense(name: str, values: Mapping[str, Any], roles: Mapping[str, str], at: At, problem: Tell) -> None:
    address = urlsplit(values["issuer"])
    private = address.scheme == "http" and address.hostname in LOOPBACK
    if not address.netloc or (address.scheme != "https" and not private):
        place = f"'issuer' in [oidc.{name}]{at('oidc', name, 'issuer')}"
        problem("wrong-value", f"{place} must be an address that begins with https://")
    if "openid" not in values["scopes"]:
        place = f"'scopes' in [oidc.{name}]{at('oidc', name, 'scopes')}"
        problem("wrong-value", f'{place} must have "openid" among them')
    if roles and not values["roles_claim"]:
        problem("missing-key", f"[oidc.{name}]{at('oidc', name)} has roles and needs 'roles_claim' for them")


def _environment(env: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for variable, value in env.items():
        name, separator, key = variable.removeprefix(PREFIX).partition("__")
        if variable.startswith(PREFIX) and separator:
            found.setdefault(name.lower(), {})[key.lower()] = value
    return found
