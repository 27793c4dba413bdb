"""Which addresses Tenon may call.

Whoever may set a webhook's URL must not reach what only this machine can reach:
its own services, the private network, a cloud's metadata service (server-side
request forgery, OWASP API7:2023). So an address has to be one of the public
internet, unless an administrator allowed the host *and* the port.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from ..errors import SettingsError
from ..messages import _
from .errors import AddressRefused

# IANA's special-purpose registries (RFC 6890 and updates), kept here because what
# ``ipaddress`` calls global differs between versions of Python.
_NOT_PUBLIC_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# Of IPv6 only global unicast is public, without the parts that carry an IPv4 address
# within (Teredo, 6to4) or are set aside. Mapped addresses and NAT64 lie outside it.
_PUBLIC_6 = ip_network("2000::/3")
_NOT_PUBLIC_6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))

_DOTTED = re.compile(r"(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}")
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Endpoint:
    """Where a URL leads: the host as it is written there, and the port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def endpoint(url: str) -> Endpoint:
    """Where ``url`` leads. ``AddressRefused`` for one that can be read in two ways."""
    if not url.isascii() or any(character <= " " or character in "\\\x7f" for character in url):
        raise _refused(url, _("it holds a blank, a backslash or a letter beyond ASCII"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused(url, _("it cannot be read")) from None
    if parts.scheme not in PORTS:
        raise _refused(url, _("it must begin with https:// or http://"))
    if "@" in parts.netloc:
        raise _refused(url, _("it holds a user name; send credentials in a header"))
    host = (parts.hostname or "").rstrip(".")
    _check_notation(url, host)
    return Endpoint(parts.scheme, host, PORTS[parts.scheme] if port is None else port)


def _check_notation(url: str, host: str) -> None:
    """Refuse numbers that some programs read as an address: ``2130706433``, ``0x7f.1``, ``127.1``."""
    if ":" in host:
        try:
            if "%" not in host and ip_address(host):
                return
        except ValueError:
            pass
        raise _refused(url, _("%(host)s is not an IPv6 address", host=host))
    if not _HOST.fullmatch(host):
        raise _refused(url, _("it names no host"))
    if _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]) and not _is_dotted(host):
        raise _refused(url, _("%(host)s is not how an address is written", host=host))


def _is_dotted(host: str) -> bool:
    return bool(_DOTTED.fullmatch(host)) and all(int(part) < 256 for part in host.split("."))


def is_public(address: str) -> bool:
    """Whether ``address`` (of IPv4 or IPv6) is one of the public internet."""
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_4)
    return _is_public_6(found)


def _is_public_6(address: IPv6Address) -> bool:
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


class AllowList:
    """The ``host:port`` pairs an administrator allowed, as URLs write them."""

    def __init__(self, pairs: Iterable[str] = ()) -> None:
        self._pairs = frozenset(_pair(pair) for pair in pairs)

    def __contains__(self, place: Endpoint) -> bool:
        return (place.host.lower(), place.port) in self._pairs

    def check(self, place: Endpoint, addresses: Iterable[str]) -> None:
        """``AddressRefused`` when the host has an address that is not public and it is not allowed."""
        bad = [] if place in self else [address for address in addresses if not is_public(address)]
        if bad:
            why = _("%(address)s is not a public address", address=bad[0])
            raise AddressRefused(
                _("Tenon does not call %(url)s: %(why)s", url=place, why=why),
                hint=_('An administrator can allow it: [outgoing] allow = ["%(place)s"].', place=place),
            )


def _pair(pair: str) -> tuple[str, int]:
    host, _colon, port = pair.strip().rpartition(":")
    if not host or not port.isdigit():
        raise SettingsError(
            _("%(pair)s in [outgoing] allow is not host:port", pair=repr(pair)),
            hint=_("Write for instance 127.0.0.1:9000 or erp.internal:8069."),
        )
    return host.strip("[]").lower(), int(port)


def _refused(url: str, why: str) -> AddressRefused:
    return AddressRefused(_("Tenon does not call %(url)s: %(why)s", url=url[:200], why=why))
