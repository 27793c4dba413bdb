from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from tenon.errors import SettingsError
from tenon.exchange import AddressRefused, HttpClient, Rejected, Transient, UnknownOutcome, from_status
from tenon.exchange.addresses import endpoint, is_public
from tenon.exchange.http import resolve
from tests.exchange.receiver import receiving

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]

PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"]

HOSTILE = [
    "http://127.0.0.1/",
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://localhost.:{port}/",
    "http://LOCALHOST:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0X7F.1:{port}/",
    "http://127.0.0.0x1:{port}/",
    "http://127.000.000.001:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[fe80::1%lo]:{port}/",
    "http://[::1/",
    "http://127.0.0.1:{port}@example.org/",
    "http://example.org@127.0.0.1:{port}/",
    "http://user:secret@127.0.0.1:{port}/",
    "http://example.org#@127.0.0.1:{port}/",
    "http://example.org\\@127.0.0.1:{port}/",
    "http://127.0.0.1\\.example.org:{port}/",
    "http://127.0.0.1:{port}\t/",
    "http://127.0.0.1:{port}\r\nHost: example.org/",
    "\thttp://127.0.0.1:{port}/",
    " http://127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "http://:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://１２７.0.0.1:{port}/",
    "http://ⓛocalhost:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://127.0.0.1%00.example.org:{port}/",
    "http://127.0.0.1%2f.example.org:{port}/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:{port}{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "dict://127.0.0.1:{port}/",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,x",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "",
]


@contextmanager
def canary() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and the connections that were made to it."""
    listener = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    listener.settimeout(0.05)
    met: list[object] = []
    open_ = [True]

    def accept() -> None:
        while open_[0]:
            try:
                connection, address = listener.accept()
            except TimeoutError:
                continue
            met.append(address)
            connection.close()

    thread = Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], met
        time.sleep(0.1)
    finally:
        open_[0] = False
        thread.join()
        listener.close()


def only_this_machine(host: str, port: int) -> list[str]:
    """The system's resolver, for whatever it can answer without asking another machine."""
    if "example.org" in host:
        raise socket.gaierror("no such name")
    return resolve(host, port)


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where ``talk`` has the word once, after the request was read."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _address = listener.accept()
        with connection:
            connection.recv(65536)
            with suppress(OSError):
                talk(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(5)
        listener.close()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_public_internet_is_known(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_known(address):
    assert is_public(address)


def test_no_spelling_of_a_url_reaches_this_machine():
    with canary() as (port, met):
        client = HttpClient(timeout=1, resolve=only_this_machine)
        for url in HOSTILE:
            with pytest.raises((AddressRefused, Transient)):
                client.get(url.format(port=port))
    assert met == []


def test_without_the_guard_the_same_urls_do_reach_it():
    import httpx

    with canary() as (port, met):
        for url in ("http://localhost:{port}/", "http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/"):
            with pytest.raises(httpx.HTTPError):
                httpx.get(url.format(port=port), timeout=1)
    assert len(met) == 3


def test_a_name_is_resolved_once_and_the_answer_is_what_is_called():
    answers = iter([["1.1.1.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with canary() as (port, met):
        client = HttpClient(timeout=0.3, resolve=rebinding)
        with pytest.raises((Transient, UnknownOutcome)):
            client.get(f"http://rebind.example.org:{port}/")
    assert asked == ["rebind.example.org"]
    assert met == []


def test_one_private_address_among_public_ones_refuses_the_host():
    client = HttpClient(resolve=lambda _host, _port: ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1 is not a public address"):
        client.get("https://example.org/")


def test_an_administrator_allows_a_host_together_with_its_port():
    with receiving() as receiver:
        client = HttpClient(allow=[receiver.allowed])
        assert client.post(receiver.url, content=b"x").status_code == 204
        with pytest.raises(AddressRefused, match="allow"):
            client.post(f"http://127.0.0.1:{receiver.port + 1}/")
        with pytest.raises(AddressRefused):
            client.post(f"http://localhost:{receiver.port}/")


@pytest.mark.parametrize("pair", ["127.0.0.1", ":80", "example.org:", "example.org:http"])
def test_an_allowance_without_a_port_is_a_mistake_in_the_settings(pair):
    with pytest.raises(SettingsError, match="host:port"):
        HttpClient(allow=[pair])


def test_the_host_header_is_the_one_of_the_url():
    with receiving() as receiver:
        client = HttpClient(allow=[f"erp.example.org:{receiver.port}"], resolve=lambda *_: ["127.0.0.1"])
        client.get(f"http://erp.example.org:{receiver.port}/x?y=1")
        (got,) = receiver.received
    assert got.headers["host"] == f"erp.example.org:{receiver.port}"
    assert got.path == "/x?y=1"


def test_a_redirect_is_handed_back_and_not_followed():
    with canary() as (port, met), receiving() as receiver:
        receiver.answer = lambda _got: (302, {"Location": f"http://127.0.0.1:{port}/"})
        assert HttpClient(allow=[receiver.allowed]).get(receiver.url).status_code == 302
    assert met == []


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    with canary() as (port, met), receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert HttpClient(allow=[receiver.allowed]).get(receiver.url).status_code == 204
    assert met == []


def drip(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"X")
        time.sleep(0.05)


def drip_a_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    drip(connection)


@pytest.mark.parametrize("talk", [drip, drip_a_body], ids=["header", "body"])
def test_an_answer_that_drips_is_cut_off_in_time(talk):
    with speaking(talk) as port:
        started = time.monotonic()
        with pytest.raises(UnknownOutcome):
            HttpClient(allow=[f"127.0.0.1:{port}"], timeout=0.5).get(f"http://127.0.0.1:{port}/")
        assert time.monotonic() - started < 1.5


def test_an_answer_that_is_too_long_is_not_read_to_its_end():
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with speaking(talk) as port, pytest.raises(UnknownOutcome, match="longer than 100000"):
        HttpClient(allow=[f"127.0.0.1:{port}"], max_bytes=100_000).get(f"http://127.0.0.1:{port}/")


def test_a_compressed_answer_that_nobody_asked_for_is_refused():
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx")

    with speaking(talk) as port, pytest.raises(UnknownOutcome, match="gzip"):
        HttpClient(allow=[f"127.0.0.1:{port}"]).get(f"http://127.0.0.1:{port}/")


def test_a_closed_port_means_that_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Transient, match="cannot be reached"):
        HttpClient(allow=[f"127.0.0.1:{port}"]).get(f"http://127.0.0.1:{port}/")


def test_a_name_that_does_not_exist_means_that_nothing_was_sent():
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(Transient, match="cannot be found"):
        HttpClient(resolve=unknown).get("https://nowhere.example.org/")


def test_a_connection_cut_after_the_request_leaves_the_outcome_unknown():
    with speaking(lambda _connection: None) as port, pytest.raises(UnknownOutcome):
        HttpClient(allow=[f"127.0.0.1:{port}"]).get(f"http://127.0.0.1:{port}/")


def test_a_certificate_is_checked_against_the_name_in_the_url():
    client = HttpClient()
    assert client._tls.verify_mode is ssl.CERT_REQUIRED
    assert client._tls.check_hostname


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, type(None)),
        (204, type(None)),
        (302, Rejected),
        (404, Rejected),
        (429, Transient),
        (500, Transient),
    ],
)
def test_a_status_says_whether_to_try_again(status, kind):
    assert type(from_status(status)) is kind


def test_a_url_leads_where_it_says():
    place = endpoint("https://example.org/path?x=1#y")
    assert (place.host, place.port) == ("example.org", 443)
    assert str(endpoint("http://[2606:4700::1]:81/")) == "[2606:4700::1]:81"


def test_this_machine_resolves_itself():
    assert "127.0.0.1" in resolve("localhost", 80)
