"""What is sent, by which way, and how connections are kept: the same on both sides."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import msgspec
import pytest

from scraper.errors import ConfigError
from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.blocking import BlockingFetcher
from scraper.model import Failed, Reason, Request
from scraper.settings import Identity, Limits
from scraper.url import canonical, origin
from scraper.visit import visit
from tests.fetch.conftest import ANYWHERE, LIMITS, Border, body_as_page, word
from tests.fetch.test_tls import ROOMY, TRUSTING, tls_server
from tests.server import (
    Behaviour,
    ScriptedServer,
    ask_for_more,
    close,
    free_port,
    ok,
    once_then_close,
    raw,
    sequence,
    stall,
    status,
)


def sent(server: ScriptedServer, number: int = 0) -> dict[str, str]:
    """The headers of a request, with lower-case names, and its first line under ``""``."""
    first, *lines = server.requests[number].decode("iso-8859-1").rstrip("\r\n").split("\r\n")
    return {"": first} | {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def test_request(border: Border, server: ScriptedServer) -> None:
    server.script("/a%20b", ok())
    border.fetch(server.url("/a%20b?q=%C3%A9&r"))
    assert sent(server) == {
        "": "GET /a%20b?q=%C3%A9&r HTTP/1.1",
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "scraper/0.1",
        "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "accept-encoding": "gzip, deflate, br, zstd",
    }


TARGETS = (
    *(
        "",
        "/",
        "/?",
        "/a?",
        "/a??",
        "//",
        "//x//y/",
        "/?//x",
        "/@:80",
        "/%",
        "/%zz",
        "/%2F%2f",
        "/%00\x7f",
        "/a/../%2e%2e/b",
    ),
    *("/|^`{}\\\"<>[]!$&'()*+,;=:@~_-.", "/?a|b^`{}\\\"<>[]'%zz%2f", "/\u00fc\u4e00?\u00fc", "/a b?c d", "/a?#b"),
)


@pytest.mark.parametrize("proxied", [False, True])
def test_a_url_is_asked_for_as_it_stands(border: Border, server: ScriptedServer, proxied: bool) -> None:
    """A URL names a page, whatever fetches it: neither library may escape, unescape or drop any of it."""
    urls = [url for target in TARGETS if (url := canonical(server.url(target)))]
    border.be(Identity(proxy=server.url("") if proxied else None))
    border.fetch(*urls)
    asked = [request.split(b" ")[1].decode() for request in server.requests]
    assert asked == (urls if proxied else [url.removeprefix(server.url("")) for url in urls])
    assert len(asked) == len(TARGETS)


def test_own_headers(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", ok())
    headers = (("X-One", "1"), ("accept", "text/plain"), ("x-one", "2"))
    border.be(Identity("me/1", headers, origins=frozenset({origin(url)})))
    border.fetch(url)
    got = sent(server)
    assert (got["user-agent"], got["accept"], got["x-one"]) == ("me/1", "text/plain", "2")


@pytest.mark.parametrize("fetcher", [BlockingFetcher, AsyncFetcher])
@pytest.mark.parametrize(
    "header",
    [
        ("X-Bad", "a\r\nX-Evil: 1"),
        ("X Bad", "a"),
        ("", "a"),
        ("X-Bad", "\u20ac"),
        ("proxy-Authorization", "Basic c2VjcmV0"),
    ],
)
def test_headers_that_cannot_be_sent(fetcher: type, header: tuple[str, str]) -> None:
    with pytest.raises(ConfigError):
        fetcher(Limits(), Identity(headers=(header,)))


def test_connection_is_kept(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", ok())
    assert [word(outcome) for outcome in border.fetch(*[url] * 5)] == ["200"] * 5
    assert server.connections == 1


def test_connection_is_not_kept_when_told(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", ok(headers="Connection: close\r\n"))
    assert [word(outcome) for outcome in border.fetch(url, url)] == ["200"] * 2
    assert server.connections == 2


def test_stale_connection_is_no_failure(border: Border, server: ScriptedServer) -> None:
    """A server that closes at the second request of a connection is asked again, once, on a new one."""
    url = server.script("/", once_then_close(ok()))
    assert [word(outcome) for outcome in border.fetch(url, url, url)] == ["200"] * 3
    assert server.connections in (2, 3)  # whether the connection of a second try is kept differs
    assert server.hits["/"] >= 4


def test_second_try_is_the_last(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", ask_for_more(ok(), close()))
    assert [word(outcome) for outcome in border.fetch(url, url)] == ["200", "reset"]
    assert server.hits["/"] == 3


def test_closed_while_idle(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    for _ in range(3):
        assert border(url) == "200"
        time.sleep(0.02)
    assert server.hits["/"] == 3


def test_unasked_answer_while_idle(border: Border, server: ScriptedServer) -> None:
    """A 408 that a server says on closing an idle connection answers nothing that is asked later."""

    def late(connection: socket.socket) -> bool:
        time.sleep(0.03)
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        return False

    url = server.script("/", ask_for_more(sequence(ok(), late), ok()))
    assert border(url) == "200"
    time.sleep(0.08)
    assert border(url) == "200"
    assert server.connections == 2


def test_no_cookie_is_kept(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", ok(headers="Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n"))
    border.fetch(url, url)
    assert "cookie" not in sent(server, 1)


def test_redirect_is_not_followed(border: Border, server: ScriptedServer) -> None:
    server.script("/next", ok())
    assert border(server.script("/", status(301, "Location: /next\r\n"))) == "301"
    assert not server.hits["/next"]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A proxy that does not exist, and a login, as both libraries would take them from the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    (tmp_path / ".netrc").write_text("default login user password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))


@pytest.mark.usefixtures("environment")
def test_environment_is_not_used(border: Border, server: ScriptedServer) -> None:
    assert border(server.script("/", ok())) == "200"
    assert "authorization" not in sent(server)


def test_http_proxy(border: Border, server: ScriptedServer) -> None:
    server.script("/x", ok())
    border.be(Identity(proxy=f"http://user:pass@127.0.0.1:{server.port}"))
    assert border("http://example.test/x?q") == "200"
    headers = sent(server)
    assert headers[""] == "GET http://example.test/x?q HTTP/1.1"
    assert headers["host"] == "example.test"
    assert headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"


def test_https_through_a_proxy(border: Border, server: ScriptedServer) -> None:
    with tls_server() as secure:
        secure.script("/x", ok())
        server.script("CONNECT", tunnel(secure.port))
        proxy = f"http://user:pass@127.0.0.1:{server.port}"
        border.be(msgspec.structs.replace(TRUSTING, proxy=proxy), ROOMY)
        assert [word(o) for o in border.fetch(secure.url("/x", "localhost"), secure.url("/x", "localhost"))] == [
            "200"
        ] * 2
        assert server.requests[0].startswith(f"CONNECT localhost:{secure.port} HTTP/1.1\r\n".encode())
        assert sent(server)["proxy-authorization"] == "Basic dXNlcjpwYXNz"
        assert "proxy-authorization" not in sent(secure)
        assert secure.connections == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_is_not_there(border: Border, scheme: str) -> None:
    border.be(Identity(proxy=f"http://127.0.0.1:{free_port()}"))
    assert border(f"{scheme}://example.test/") == "proxy"


def test_proxy_has_no_address(border: Border) -> None:
    border.be(Identity(proxy="http://no-such-proxy.invalid:3128"))
    assert border("http://example.test/") == "proxy"


def test_proxy_refuses_a_tunnel(border: Border, server: ScriptedServer) -> None:
    server.script("CONNECT", status(403))
    border.be(Identity(proxy=server.url("")))
    assert border("https://example.test/") == "proxy"


def test_proxy_is_silent(border: Border, server: ScriptedServer) -> None:
    server.script("CONNECT", stall())
    border.be(Identity(proxy=server.url("")))
    assert border("https://example.test/") == "timeout"


def tunnel(port: int) -> Behaviour:
    """A proxy that connects to ``port`` here, whatever it is asked for."""

    def behave(client: socket.socket) -> bool:
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as far:
            there = threading.Thread(target=pump, args=(client, far), daemon=True)
            there.start()
            pump(far, client)
            there.join(5)
        return False

    return behave


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.mark.timeout(20)  # less than the limits of the fetch: it would hang without its abort
def test_abort_wakes_the_thread(server: ScriptedServer) -> None:
    fetcher = BlockingFetcher(msgspec.structs.replace(LIMITS, read=30.0, total=60.0), Identity(), ANYWHERE)
    url = server.script("/", stall())
    timer = threading.Timer(0.1, fetcher.abort)
    timer.start()
    began = time.perf_counter()
    outcome = visit(fetcher, body_as_page, Request(url), began)
    again = visit(fetcher, body_as_page, Request(url), began)
    timer.join()
    fetcher.close()
    assert isinstance(outcome, Failed)
    assert isinstance(again, Failed)
    assert {outcome.reason, again.reason} == {Reason.RESET}


def test_logins_go_to_their_origin_and_to_no_other(border: Border, server: ScriptedServer) -> None:
    headers = (("Authorization", "Basic c2VjcmV0"), ("cookie", "id=1"), ("X-Api-Key", "k"), ("accept-Language", "de"))
    here = server.script("/here", ok())
    border.be(Identity(headers=headers, origins=frozenset({origin(here)})))
    with ScriptedServer() as other:
        border.fetch(here, other.script("/there", ok()))
        (there,) = other.requests
    (asked,) = server.requests
    assert b"Basic c2VjcmV0" in asked
    assert b"id=1" in asked
    assert b"Basic" not in there
    assert b"id=1" not in there
    assert b"X-Api-Key: k" in asked
    assert b"X-Api-Key" not in there
    assert b"accept-Language: de" in asked
    assert b"accept-Language: de" in there
