"""SOCKS proxies of each kind, in both borders: who finds the addresses, and what is said when there is trouble."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import msgspec
import pytest

from scraper.backends import create
from scraper.errors import ConfigError
from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.blocking import BlockingFetcher
from scraper.fetch.route import read_proxy
from scraper.model import Failed, Fetched, Request
from scraper.settings import Identity, Limits, Safety, Settings
from tests.fetch.conftest import LIMITS, Border, word
from tests.fetch.internet import PUBLIC, Internet
from tests.fetch.socks_server import SocksServer
from tests.fetch.test_tls import ROOMY, TRUSTING, tls_server
from tests.server import ScriptedServer, free_port, ok

CAREFUL = Safety()
REFUSED = "refused: private-address"


@pytest.mark.parametrize(("scheme", "asked"), [("socks4", PUBLIC), ("socks5", PUBLIC), ("socks5h", "a.test")])
def test_who_finds_the_address(
    border: Border, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, scheme: str, asked: str
) -> None:
    server.script("/x", ok())
    internet = Internet(monkeypatch, server.port, a_test=[[PUBLIC]])
    with SocksServer(server.port) as socks:
        border.be(Identity(proxy=socks.url(scheme)), LIMITS, CAREFUL)
        outcomes = border.fetch("http://a.test/x", "http://a.test/x")
        assert [word(outcome) for outcome in outcomes] == ["200"] * 2
        assert isinstance(outcomes[0], Fetched)
        assert outcomes[0].address is None
        assert socks.asked == [(asked, 80)]
    assert internet.asked == (["a.test"] if asked == PUBLIC else [])
    assert set(internet.connected) == {"127.0.0.1"}
    assert server.requests[0].startswith(b"GET /x HTTP/1.1\r\nHost: a.test\r\n")


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h"])
@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "[::1]", "127.1"])
def test_addresses_in_urls_are_judged(border: Border, scheme: str, host: str) -> None:
    with SocksServer(1) as socks:
        assert border.be(Identity(proxy=socks.url(scheme)), LIMITS, CAREFUL)(f"http://{host}/") in {REFUSED, "url"}
        assert socks.asked == []


@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
def test_names_that_lead_here_are_judged(border: Border, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    Internet(monkeypatch, 1, a_test=[["10.0.0.1"]])
    with SocksServer(1) as socks:
        assert border.be(Identity(proxy=socks.url(scheme)), LIMITS, CAREFUL)("http://a.test/") == REFUSED
        assert socks.asked == []


def test_https(border: Border) -> None:
    with tls_server() as secure, SocksServer(secure.port) as socks:
        secure.script("/", ok())
        border.be(msgspec.structs.replace(TRUSTING, proxy=socks.url("socks5h")), ROOMY)
        assert [word(outcome) for outcome in border.fetch(*["https://localhost/"] * 2)] == ["200"] * 2
        assert word(border.fetch("https://b.test/")[0]) == "tls"
        assert socks.asked == [("localhost", 443), ("b.test", 443)]
        assert secure.connections == 2


def test_login(border: Border, server: ScriptedServer) -> None:
    server.script("/", ok())
    with SocksServer(server.port, login=b"me:p@ss") as socks:
        border.be(Identity(proxy=socks.url("socks5h", "me:p%40ss")))
        assert border("http://a.test/") == "200"
        assert socks.logins == [b"me:p@ss"]
    assert b"uthorization" not in server.requests[0]


def test_socks4_tells_the_user(border: Border, server: ScriptedServer) -> None:
    server.script("/", ok())
    with SocksServer(server.port) as socks:
        assert border.be(Identity(proxy=socks.url("socks4", "me")))(server.url("/")) == "200"
        assert socks.logins == [b"me"]


@pytest.mark.parametrize(("options", "expected", "detail"), [
    ({"login": b"other:word"}, "proxy", "the proxy says: Username and password authentication failure"),
    ({"reply": 1}, "proxy", "the proxy says: General SOCKS server failure"),
    ({"reply": 2}, "proxy", "the proxy says: Connection not allowed by ruleset"),
    ({"reply": 4}, "connect", "the proxy says: Host unreachable"),
    ({"reply": 5}, "connect", "the proxy says: Connection refused by destination host"),
    ({"reply": 99}, "proxy", "the proxy says: Invalid reply code: 0X63"),
    ({"says": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, "proxy", "the proxy says: Unexpected SOCKS version number: 72"),
    ({"says": b"\x05"}, "proxy", "the proxy says: Connection closed unexpectedly"),
    ({"says": b""}, "proxy", "the proxy says: Connection closed unexpectedly"),
])  # fmt: skip
def test_trouble(border: Border, options: Any, expected: str, detail: str) -> None:
    with SocksServer(1, **options) as socks:
        (outcome,) = border.be(Identity(proxy=socks.url("socks5h", "me:secret"))).fetch("http://a.test/")
    assert isinstance(outcome, Failed)
    assert (outcome.reason.value, outcome.detail) == (expected, detail)


@pytest.mark.parametrize("scheme", ["socks4", "socks5h"])
def test_nobody_there(border: Border, scheme: str) -> None:
    port = free_port()
    (outcome,) = border.be(Identity(proxy=f"{scheme}://me:secret@127.0.0.1:{port}")).fetch("http://8.8.8.8/")
    assert isinstance(outcome, Failed)
    assert (outcome.reason.value, outcome.detail) == ("proxy", f"127.0.0.1:{port}: Connection refused")


def test_no_name(border: Border) -> None:
    assert border.be(Identity(proxy="socks5h://no-such-proxy.invalid:1080"))("http://a.test/") == "proxy"


def test_silence(border: Border, server: ScriptedServer) -> None:
    (outcome,) = border.be(Identity(proxy=f"socks5h://127.0.0.1:{server.port}")).fetch("http://a.test/")
    assert isinstance(outcome, Failed)
    assert outcome.detail == "connect: no connection within 0.4 s"


def test_the_next_address_is_tried(border: Border, monkeypatch: pytest.MonkeyPatch) -> None:
    Internet(monkeypatch, 1, a_test=[["2606:4700:4700::1111", PUBLIC]])
    with SocksServer(1, reply=4) as socks:
        assert border.be(Identity(proxy=socks.url("socks5")), LIMITS, CAREFUL)("http://a.test/") == "connect"
        assert {host for host, _ in socks.asked} == {"2606:4700:4700::1111", PUBLIC}


def test_socks4_knows_no_ipv6(border: Border, monkeypatch: pytest.MonkeyPatch) -> None:
    Internet(monkeypatch, 1, a_test=[["2606:4700:4700::1111"]])
    (outcome,) = border.be(Identity(proxy="socks4://127.0.0.1:1"), LIMITS, CAREFUL).fetch("http://a.test/")
    assert isinstance(outcome, Failed)
    assert outcome.detail == "a socks4 proxy cannot be told an IPv6 address"


@pytest.mark.parametrize("fetcher", [BlockingFetcher, AsyncFetcher])
@pytest.mark.parametrize(("url", "says"), [
    ("https://me:secret@proxy.test:1", "not supported"),
    ("ftp://me:secret@proxy.test", "must be like"),
    ("socks5://me:secret@", "must be like"),
    ("http://me:secret@proxy.test:port", "cannot be read"),
    ("http://me:secret@proxy.test:0", "must be like"),
    ("http://me:secret@a b:80", "must be like"),
    ("http://[::1", "cannot be read"),
    ("secret", "must be like"),
    ("http://me%0d%0a:secret@proxy.test", "control characters"),
    ("http://m%3ae:secret@proxy.test", "colon"),
    ("socks5://secret@proxy.test", "user and a password"),
    ("socks5://me:secr%C3%A9t@proxy.test", "ASCII"),
    (f"socks5://me:{'secret' * 50}@proxy.test", "255"),
])  # fmt: skip
def test_what_is_no_proxy(fetcher: Any, url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        fetcher(Limits(), Identity(proxy=url))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("url", "shown", "login"), [
    ("http://proxy.test", "http://proxy.test:80", None),
    ("http://PROXY.test:3128/", "http://proxy.test:3128", None),
    ("socks5://u:p@[::1]", "socks5://[::1]:1080", ("u", "p")),
    ("http://u%40x:@127.1:8", "http://127.0.0.1:8", ("u@x", "")),
])  # fmt: skip
def test_what_is_one(url: str, shown: str, login: object) -> None:
    proxy = read_proxy(Identity(proxy=url))
    assert proxy is not None
    assert (proxy.url, proxy.login) == (shown, login)
    assert "u%40x" not in repr(proxy)
    assert "u@x" not in repr(proxy)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("python_socks"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.delitem(sys.modules, "scraper.fetch.socks", raising=False)
    monkeypatch.delattr("scraper.fetch.socks", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigError, match=r"pip install 'python-socks>=3\.2,<4'"):
        read_proxy(Identity(proxy="socks5://127.0.0.1"))


@pytest.mark.parametrize("name", ["threads", "asyncio"])
def test_on_the_loops_of_the_backends(server: ScriptedServer, name: str) -> None:
    server.script("/", ok())
    with SocksServer(server.port) as socks:
        backend = create(name, Settings(identity=Identity(proxy=socks.url("socks5h"))))
        try:
            backend.submit(Request("http://a.test/"))
            (outcome,) = next(arrived for _ in range(50) if (arrived := backend.collect(0.2)))
        finally:
            backend.close()
    assert word(outcome) == "200"
