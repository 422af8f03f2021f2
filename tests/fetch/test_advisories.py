"""What peers were warned of at this border, and what shows that it is impossible here.

The table names the test for each advisory; those that had none elsewhere are below.
"""

from __future__ import annotations

from importlib import import_module

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.model import Failed, Fetched, Kind, Reason, Request
from scraper.settings import Identity
from scraper.url import canonical, origin
from tests.fetch.conftest import LIMITS, Border, word
from tests.fetch.socks_server import SocksServer
from tests.fetch.test_connections import sent, tunnel
from tests.fetch.test_tls import ROOMY, TRUSTING, tls_server
from tests.server import ScriptedServer, close, ok, raw, redirect, status

HERE = __name__.rpartition(".")[2]

SHOWN_BY: dict[str, tuple[str, ...]] = {
    # credentials to another origin by redirect, or to its robots.txt
    f"{HERE}:test_a_login_does_not_follow_a_redirect": (
        *("CVE-2024-3574", "CVE-2024-1968", "CVE-2022-0577", "CVE-2021-41125", "CVE-2014-1829", "CVE-2018-18074"),
        *("CVE-2018-20060", "CVE-2018-25091", "CVE-2023-43804", "CVE-2026-44431", "CVE-2024-37891"),
        *("CVE-2026-34518", "CVE-2026-47265", "CVE-2018-1000007", "CVE-2022-27774", "CVE-2022-27776"),
        *("CVE-2021-31879", "CVE-2022-21712", "CVE-2022-23607"),
    ),
    "test_logins:test_basic_login_goes_to_its_origin": ("CVE-2021-41125", "GHSA-jwqp-28gf-p498"),
    "test_logins:test_another_scheme_is_another_origin": ("CVE-2024-1968", "GHSA-4qqq-9vqf-3h3f"),
    # credentials of proxies
    f"{HERE}:test_the_login_of_a_proxy_is_for_the_proxy": (
        *("GHSA-9x8m-2xpf-crp3", "GHSA-jm3v-qxmh-hxwv", "CVE-2014-1830", "CVE-2023-32681", "CVE-2026-97687"),
    ),
    "test_socks:test_what_is_no_proxy": ("CVE-2021-28363",),  # TLS to the proxy itself is not spoken at all
    # credentials that nobody gave
    "test_connections:test_environment_is_not_used": ("CVE-2024-47081", "GHSA-9hjg-9r4m-mvj7"),
    f"{HERE}:test_a_login_in_a_url_goes_nowhere": ("CVE-2026-94266", "CVE-2024-47081"),
    # cookies
    f"{HERE}:test_the_border_keeps_no_cookie": ("CVE-2015-2296", "CVE-2026-54279", "GHSA-mfjm-vh54-3f96"),
    # other schemes
    f"{HERE}:test_only_the_web_is_fetched": ("GHSA-23j4-mw76-5v7h", "CVE-2016-4971", "GHSA-76g3-c3x4-crvx"),
    # addresses
    "test_guard:test_refused_before_anything_is_sent": ("CVE-2026-46497", "GHSA-3r75-xc34-5f44", "CVE-2026-57573"),
    "test_guard:test_every_way_to_write_it": ("CVE-2025-28197", "CVE-2026-56266", "CVE-2024-10524"),
    "test_guard:test_a_name_server_of_many_answers": ("CVE-2026-109239",),
    # TLS
    "test_tls:test_trust_does_not_stick_to_a_connection": ("CVE-2024-35195",),
    "test_tls:test_why_nobody_is_believed": ("CVE-2016-9015", "CVE-2019-11324"),
    "test_tls:test_a_certificate_is_asked_for_each_host": ("CVE-2014-7143",),
    # smuggling and desynchronised connections
    f"{HERE}:test_an_answer_of_doubtful_length_is_none": (
        *("CVE-2023-37276", "CVE-2023-47627", "CVE-2023-47641", "CVE-2024-23829", "CVE-2025-69224", "CVE-2020-10108"),
        *("CVE-2020-10109", "CVE-2022-24801", "CVE-2023-46137", "CVE-2025-43859"),
    ),
    f"{HERE}:test_a_redirect_without_its_end_costs_nothing": ("CVE-2026-21441", "GHSA-38jv-5279-wg99"),
    "test_connections:test_unasked_answer_while_idle": ("CVE-2023-46137",),
    # injection into requests
    f"{HERE}:test_a_url_cannot_become_a_header": (
        *("CVE-2019-11236", "CVE-2019-9740", "CVE-2020-26137", "CVE-2019-12387", "CVE-2023-49081", "CVE-2023-49082"),
        "CVE-2025-60876",
    ),
    f"{HERE}:test_no_text_makes_a_url_that_could": ("CVE-2019-11236", "CVE-2019-9740"),
    "test_connections:test_headers_that_cannot_be_sent": ("CVE-2023-49081", "CVE-2019-12387"),
    "test_logins:test_a_cookie_cannot_end_its_line": ("CVE-2019-12387",),
}


@pytest.mark.parametrize("test", SHOWN_BY)
def test_the_tests_of_the_table_exist(test: str) -> None:
    module, _, name = test.partition(":")
    assert callable(getattr(import_module(f"tests.fetch.{module}"), name))


SECRETS = (("Authorization", "Bearer hush"), ("Cookie", "id=hush"), ("X-Api-Key", "hush"))


@pytest.mark.parametrize("target", ["other port", "other host", "other scheme"])
def test_a_login_does_not_follow_a_redirect(border: Border, target: str) -> None:
    """Followed as the core does: the target is a request like any other, and so is its robots.txt."""
    with ScriptedServer() as here, ScriptedServer() as there, tls_server() as secure:
        secure.script("/", ok())
        there.script("/", ok())
        here.script("/", ok())
        url = {"other port": there.url("/"), "other host": here.url("/", "localhost"), "other scheme": secure.url("/")}
        start = here.script("/start", redirect(url[target]))
        identity = msgspec.structs.replace(TRUSTING, headers=SECRETS, origins=frozenset({origin(start)}))
        first = border.be(identity, ROOMY).visit(Request(start))
        assert isinstance(first, Fetched)
        assert first.location == url[target]
        second = border.visit(Request(first.location, via=start, redirects=1))
        border.visit(Request(first.location + "robots.txt", via=start, kind=Kind.ROBOTS))
        assert word(second) == "200"
        assert b"hush" in here.requests[0]
        later = [*here.requests[1:], *there.requests, *secure.requests]
        assert len(later) == 2
        assert not any(b"hush" in request for request in later)


def test_the_login_of_a_proxy_is_for_the_proxy(border: Border, server: ScriptedServer) -> None:
    """Not for the server behind a tunnel, nor in what is told of trouble."""
    with tls_server() as secure:
        secure.script("/", redirect("http://a.test/next"))
        server.script("CONNECT", tunnel(secure.port))
        server.script("/next", ok())
        border.be(msgspec.structs.replace(TRUSTING, proxy=f"http://me:hush@127.0.0.1:{server.port}"), ROOMY)
        border.fetch(secure.url("/", "localhost"), "http://a.test/next")
        assert "proxy-authorization" not in sent(secure)
        assert [sent(server, number)["proxy-authorization"] for number in range(2)] == ["Basic bWU6aHVzaA=="] * 2


@pytest.mark.parametrize(
    "behaviour", [status(407), status(502), close(), raw(b"SMTP\r\n"), redirect("https://b.test/")]
)
@pytest.mark.parametrize("url", ["http://a.test/", "https://a.test/"])
def test_trouble_with_a_proxy_tells_no_login(
    border: Border, server: ScriptedServer, url: str, behaviour: object
) -> None:
    for path in ("CONNECT", "/"):
        server.script(path, behaviour)  # type: ignore[arg-type]
    (outcome,) = border.be(Identity(proxy=f"http://me:hush@127.0.0.1:{server.port}")).fetch(url)
    assert "hush" not in repr(outcome)
    assert "bWU6aHVzaA" not in repr(outcome)


def test_trouble_with_a_tunnel_is_told_alike(border: Border, server: ScriptedServer) -> None:
    server.script("CONNECT", status(407))
    (outcome,) = border.be(Identity(proxy=server.url(""))).fetch("https://a.test/")
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.detail) == (Reason.PROXY, "the proxy answered 407")


def test_a_login_in_a_url_goes_nowhere(border: Border, server: ScriptedServer) -> None:
    url = canonical(server.script("/", ok()).replace("http://", "http://me:hush@"))
    assert url == server.url("/")
    (outcome,) = border.fetch(url)
    assert "authorization" not in sent(server)
    assert "hush" not in repr(outcome)


def test_the_border_keeps_no_cookie(border: Border, server: ScriptedServer) -> None:
    """Also where cookies are on: whose they are is for the core to judge, request by request."""
    url = server.script("/", ok(headers="Set-Cookie: a=1; Domain=test\r\nSet-Cookie: b=2\r\n"))
    border.be(Identity(cookies=True))
    border.fetch(url, url)
    border.visit(Request(url, cookie="b=2"))
    border.fetch(url)
    assert [sent(server, number).get("cookie") for number in range(4)] == [None, None, "b=2", None]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "data:text/html,x", "gopher://x/"])
def test_only_the_web_is_fetched(border: Border, server: ScriptedServer, target: str) -> None:
    (outcome,) = border.fetch(server.script("/", redirect(target)))
    assert isinstance(outcome, Fetched)
    assert outcome.location is None
    assert border(target) == "url"


LENGTHS = {
    "length and chunked": "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": "Content-Length: 2\r\nContent-Length: 3\r\n",
    "list of lengths": "Content-Length: 2, 3\r\n",
    "signed": "Content-Length: +2\r\n",
    "underscore": "Content-Length: 1_0\r\n",
    "not ascii": "Content-Length: \u0662\r\n",
    "hexadecimal": "Content-Length: 0x2\r\n",
    "space before the colon": "Content-Length : 2\r\n",
    "coding that is none": "Transfer-Encoding: xchunked\r\n",
    "coding in quotes": 'Transfer-Encoding: "chunked"\r\n',
    "chunked twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunked not last": "Transfer-Encoding: chunked, identity\r\n",
    "bare CR": "X-One: a\rContent-Length: 2\r\n",
    "NUL": "X-One: a\x00b\r\nContent-Length: 2\r\n",
    "bad name": "Content(Length: 2\r\n",
}


@pytest.mark.parametrize("name", LENGTHS)
def test_an_answer_of_doubtful_length_is_none(border: Border, server: ScriptedServer, name: str) -> None:
    """And what comes behind it is not taken for the next one's."""
    bad = f"HTTP/1.1 200 OK\r\n{LENGTHS[name]}\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".encode()
    urls = server.script("/bad", raw(bad, keep=True)), server.script("/good", ok(b"good"))
    first, second = border.fetch(*urls)
    assert word(first) == "protocol"
    assert isinstance(second, Fetched)
    assert second.size == 4
    assert server.connections == 2


def test_a_redirect_without_its_end_costs_nothing(border: Border, server: ScriptedServer) -> None:
    """Its body is neither decompressed nor waited for beyond the limits of any other."""
    packed = "Content-Encoding: gzip\r\nLocation: /next\r\n"
    (outcome,) = border.fetch(server.script("/", ok(b"\x1f\x8b" + b"x" * 1_000, packed, code="302 Found")))
    assert isinstance(outcome, Fetched)
    assert (outcome.location, outcome.size, outcome.wire) == (server.url("/next"), 0, 1_002)


@pytest.mark.parametrize(
    "tail", ["\r\nX-Evil: 1\r\n", " HTTP/1.1\r\nX-Evil: 1", "\n", "\t", "\x00", "\u010a", "\ud800", "\x7f"]
)
def test_a_url_cannot_become_a_header(border: Border, server: ScriptedServer, tail: str) -> None:
    """Not even one that is not canonical, which is never asked for."""
    server.script("/", ok())
    assert border(server.url("/") + tail) == "url"
    assert border(server.url("/?") + tail) == "url"
    assert server.connections == 0


@given(st.text() | st.text(alphabet="\r\n\t \x00\x7f:/@.a?#%"))
def test_no_text_makes_a_url_that_could(text: str) -> None:
    for url in (
        canonical("http://a.test/" + text),
        canonical("http://" + text),
        canonical(text, base="http://a.test/"),
    ):
        if url is not None:
            assert url.isascii()
            assert url.isprintable()
            assert " " not in url


def test_the_login_of_a_socks_proxy_is_for_the_proxy(border: Border, server: ScriptedServer) -> None:
    server.script("/", redirect("http://b.test/"))
    with SocksServer(server.port, login=b"me:hush") as socks:
        outcomes = border.be(Identity(proxy=socks.url("socks5h", "me:hush")), LIMITS).fetch(
            "http://a.test/", "http://b.test/"
        )
    assert not any(b"hush" in request or b"uthorization" in request for request in server.requests)
    assert "hush" not in repr(outcomes)
