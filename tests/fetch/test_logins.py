"""Who is told what: logins and cookies go where they belong, and nowhere else."""

from __future__ import annotations

import base64

import pytest

from scraper.errors import ConfigError
from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.blocking import BlockingFetcher
from scraper.fetch.headers import RequestHeaders, basic, cookies_of, joined
from scraper.model import Fetched, Kind, Request
from scraper.settings import Identity, Limits, Settings
from scraper.url import origin
from tests.fetch.conftest import Border
from tests.fetch.test_connections import sent
from tests.fetch.test_tls import CERTS, ROOMY, tls_server
from tests.server import ScriptedServer, ok


def test_basic_login_goes_to_its_origin(border: Border, server: ScriptedServer) -> None:
    here = server.script("/", ok())
    border.be(Identity(auth=("J\u00f6rg", "p:\u20ac"), origins=frozenset({origin(here)})))
    with ScriptedServer() as other:
        there = other.script("/robots.txt", ok())
        border.visit(Request(here))
        border.visit(Request(server.url("/robots.txt"), kind=Kind.ROBOTS))
        border.visit(Request(there, kind=Kind.ROBOTS, via=here))
        border.visit(Request(server.url("/", "localhost"), via=here))
        assert "authorization" not in sent(other)
    own = "Basic " + base64.b64encode("J\u00f6rg:p:\u20ac".encode()).decode()
    assert [sent(server, number).get("authorization") for number in range(3)] == [own, own, None]


def test_another_scheme_is_another_origin(border: Border) -> None:
    with tls_server() as secure:
        url = secure.script("/", ok())
        border.be(
            Identity(auth=("a", "b"), ca_file=str(CERTS / "ca.pem"), origins=frozenset({"http" + origin(url)[5:]})),
            ROOMY,
        )
        border.fetch(url)
        assert "authorization" not in sent(secure)


@pytest.mark.parametrize("auth", [("a:b", "c"), ("a\n", "c"), ("a", "c\x00"), ("a", "\x7f"), ("\ud800", "")])
@pytest.mark.parametrize("fetcher", [BlockingFetcher, AsyncFetcher])
def test_logins_that_basic_cannot_hold(fetcher: type, auth: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="RFC 7617"):
        fetcher(Limits(), Identity(auth=auth))


def test_the_example_of_the_rfc() -> None:
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic("test", "123\u00a3") == "Basic dGVzdDoxMjPCow=="  # RFC 7617, 2.1


def test_two_logins_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="two logins"):
        BlockingFetcher(Limits(), Identity(auth=("a", "b"), headers=(("authorization", "Bearer x"),)))


def test_a_cookie_is_of_its_request_alone(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", ok())
    for cookie in ("a=1; b=\u00e9", None, "c=3"):
        border.visit(Request(url, cookie=cookie))
    assert [sent(server, number).get("cookie") for number in range(3)] == ["a=1; b=\u00c3\u00a9", None, "c=3"]
    assert server.connections == 1


def test_a_cookie_joins_the_users_own(border: Border, server: ScriptedServer) -> None:
    """RFC 6265, 5.4: there is one Cookie header."""
    url = server.script("/", ok())
    border.be(Identity(headers=(("cookie", "own=1"),), origins=frozenset({origin(url)})))
    border.visit(Request(url, cookie="a=1"))
    border.visit(Request(server.url("/", "localhost"), cookie="b=2"))
    assert [sent(server, number)["cookie"] for number in range(2)] == ["own=1; a=1", "b=2"]


@pytest.mark.parametrize("cookie", ["a=1\r\nX-Evil: 1", "a\n", "a\x00b", "a\ud800"])
def test_a_cookie_cannot_end_its_line(border: Border, server: ScriptedServer, cookie: str) -> None:
    assert isinstance(border.visit(Request(server.script("/", ok()), cookie=cookie)), Fetched)
    assert "cookie" not in sent(server)
    assert b"Evil" not in server.requests[0]


def cookies(border: Border, server: ScriptedServer, *values: str) -> tuple[str, ...]:
    headers = "".join(
        f"{name}: {value}\r\n" for name, value in zip(["Set-Cookie", "set-cookie"] * 100, values, strict=False)
    )
    (outcome,) = border.fetch(server.script("/", ok(headers=headers)))
    assert isinstance(outcome, Fetched)
    return outcome.cookies


def test_cookies_of_an_answer(border: Border, server: ScriptedServer) -> None:
    border.be(Identity(cookies=True), ROOMY)
    given = ("a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/", "b=2, c=3", 'd="x, y"', "")
    assert cookies(border, server, *given) == given
    assert cookies(border, server) == ()


def test_cookies_are_off_by_default(border: Border, server: ScriptedServer) -> None:
    assert cookies(border, server, "a=1") == ()


def test_no_more_cookies_than_browsers_take() -> None:
    values = [("Set-Cookie", f"c{number}={'x' * (5_000 if number % 10 == 0 else 10)}") for number in range(100)]
    found = cookies_of(joined(values))
    assert len(found) == 50
    assert found[0].startswith("c1=")
    assert all(len(value) <= 4_096 for value in found)


def test_nothing_of_a_login_is_shown() -> None:
    identity = Identity(
        headers=(("X-Key", "hush1"),), auth=("me", "hush2"), proxy="http://me:hush3@127.0.0.1", cookies=True
    )
    for shown in (repr(identity), str(identity), f"{Settings(identity=identity)!r}"):
        assert "hush" not in shown


def test_nothing_of_a_header_that_cannot_be_sent_is_shown() -> None:
    with pytest.raises(ConfigError, match="X-Key") as raised:
        RequestHeaders(Identity(headers=(("X-Key", "hush\r\nX: 1"),)))
    assert "hush" not in str(raised.value)
