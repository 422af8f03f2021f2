"""What servers do, and what comes of it: one table, both fetchers."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from scraper.model import Failed, Fetched
from tests.fetch.conftest import LIMITS, Border, word
from tests.server import (
    Behaviour,
    ScriptedServer,
    bomb,
    chunked,
    close,
    drip,
    endless,
    free_port,
    ok,
    pack,
    page,
    raw,
    redirect,
    reset,
    sequence,
    stall,
    status,
)

OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"Content-Length: 2\r\n\r\nok"
HTML = b"<title>hello</title>" * 50
GZIP = pack("gzip", HTML)


def encoded(coding: str, body: bytes) -> Behaviour:
    return ok(body, f"Content-Encoding: {coding}\r\nContent-Type: text/html\r\n")


def with_length(value: str, body: bytes = b"hello") -> Behaviour:
    return close(OK + f"Content-Length: {value}\r\n\r\n".encode() + body)


def in_chunks(body: bytes) -> Behaviour:
    return close(OK + b"Transfer-Encoding: chunked\r\n\r\n" + body)


TABLE: dict[str, tuple[Behaviour, str]] = {
    # whole answers
    "page": (page("<p>hello"), "200"),
    "empty": (ok(b""), "200"),
    "not found": (status(404), "404"),
    "server error": (status(503, "Retry-After: 7\r\n"), "503"),
    "status without reason": (raw(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"), "200"),
    "unknown status": (status(799), "799"),
    "until close": (close(OK + b"\r\nhello"), "200"),
    "until close, http/1.0": (close(b"HTTP/1.0 200 OK\r\n\r\nhello"), "200"),
    "bare line feeds": (close(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"), "200"),
    "folded header": (close(OK + b"X-Long: one\r\n two\r\nContent-Length: 2\r\n\r\nok"), "200"),
    "latin-1 header": (close(OK + b"X-Name: caf\xe9\r\nContent-Length: 2\r\n\r\nok"), "200"),
    "chunked": (chunked(b"hello", b"world"), "200"),
    "chunked with extensions": (in_chunks(b"5;a=b\r\nhello\r\n0;last\r\n\r\n"), "200"),
    "chunked with trailers": (in_chunks(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"), "200"),
    "204 without a body": (raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True), "204"),
    "304 with a length": (raw(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", keep=True), "304"),
    "103 before the answer": (raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + SHORT), "200"),
    "100 before the answer": (raw(b"HTTP/1.1 100 Continue\r\n\r\n" + SHORT), "200"),
    "same length twice": (with_length("5\r\nContent-Length: 5"), "200"),
    "slow but in time": (drip(OK + b"Content-Length: 5\r\n\r\nhello", 0.01, 4), "200"),
    "bytes behind the answer": (raw(OK + b"Content-Length: 5\r\n\r\nhelloHTTP/1.1 500 No\r\n\r\n", keep=True), "200"),
    "redirect": (redirect("/next"), "302"),
    "redirect without location": (status(301), "301"),
    "redirect with a damaged body": (ok(b"junk", "Location: /\r\nContent-Encoding: gzip\r\n", code="302 F"), "302"),
    # content codings
    "gzip": (encoded("gzip", GZIP), "200"),
    "x-gzip": (encoded("X-GZip", pack("gzip", HTML)), "200"),
    "gzip of two members": (encoded("gzip", GZIP * 2), "200"),
    "gzip, padded": (encoded("gzip", GZIP + bytes(100)), "200"),
    "gzip in chunks": (chunked(GZIP[:30], GZIP[30:], headers="Content-Encoding: gzip\r\n"), "200"),
    "zlib": (encoded("deflate", pack("deflate", HTML)), "200"),
    "raw deflate": (encoded("deflate", pack("raw", HTML)), "200"),
    "brotli": (encoded("br", pack("br", HTML)), "200"),
    "zstd": (encoded("zstd", pack("zstd", HTML)), "200"),
    "identity": (encoded("identity", HTML), "200"),
    "two codings": (encoded("gzip, br", pack("br", pack("gzip", HTML))), "200"),
    "two headers": (ok(pack("br", pack("gzip", HTML)), "Content-Encoding: gzip\r\nContent-Encoding: br\r\n"), "200"),
    "nothing to unpack": (encoded("gzip", b""), "200"),
    "three codings": (encoded("gzip, gzip, gzip", pack("gzip", pack("gzip", pack("gzip", HTML)))), "encoding"),
    "unknown coding": (encoded("compress", HTML), "encoding"),
    "not gzip at all": (encoded("gzip", HTML), "encoding"),
    "gzip cut": (encoded("gzip", GZIP[:-9]), "encoding"),
    "gzip cut in its trailer": (encoded("gzip", GZIP[:-1]), "encoding"),
    "gzip, wrong checksum": (encoded("gzip", GZIP[:-8] + b"abcd" + GZIP[-4:]), "encoding"),
    "gzip, junk behind": (encoded("gzip", GZIP + b"junk"), "encoding"),
    "zlib cut": (encoded("deflate", pack("deflate", HTML)[:-1]), "encoding"),
    "raw deflate cut": (encoded("deflate", pack("raw", HTML)[:-1]), "encoding"),
    "brotli cut": (encoded("br", pack("br", HTML)[:-1]), "encoding"),
    "zstd cut": (encoded("zstd", pack("zstd", HTML)[:-1]), "encoding"),
    "many empty members": (encoded("gzip", gzip.compress(b"") * 2_000), "encoding"),
    # over the limits
    "gzip bomb": (bomb("gzip", 50_000_000), "too-large"),
    "zlib bomb": (bomb("deflate", 50_000_000), "too-large"),
    "raw bomb": (bomb("raw", 50_000_000), "too-large"),
    "brotli bomb": (bomb("br", 50_000_000), "too-large"),
    "zstd bomb": (bomb("zstd", 50_000_000), "too-large"),
    "bomb in a bomb": (encoded("gzip, gzip", pack("gzip", pack("gzip", bytes(50_000_000)))), "too-large"),
    "length over the limit": (stall(OK + b"Content-Length: 100001\r\n\r\n"), "too-large"),
    "length beyond counting": (with_length("9" * 4000), "too-large"),
    "endless body": (endless(OK + b"\r\n", b"hello"), "too-large"),
    "endless chunks": (endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"), "too-large"),
    "a chunk over the limit": (stall(OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n"), "too-large"),
    "endless headers": (endless(OK, b"X-Long: again\r\n"), "too-large"),
    "endless header line": (endless(OK + b"X-Long: ", b"again"), "too-large"),
    "endless status line": (endless(b"HTTP/1.1 200 ", b"OK"), "too-large"),
    "endless chunk line": (endless(OK + b"Transfer-Encoding: chunked\r\n\r\n5;", b"ext"), "too-large"),
    "endless trailers": (endless(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Long: again\r\n"), "too-large"),
    # not HTTP
    "http/0.9": (close(b"<html>hello</html>"), "protocol"),
    "endless http/0.9": (endless(b"", b"hello"), "protocol"),
    "http/2": (close(b"HTTP/2 200 OK\r\n\r\n"), "protocol"),
    "bad status": (close(b"HTTP/1.1 20x OK\r\n\r\n"), "protocol"),
    "status of four digits": (close(b"HTTP/1.1 2000 OK\r\n\r\n"), "protocol"),
    "no status": (close(b"HTTP/1.1\r\n\r\n"), "protocol"),
    "ssh": (close(b"SSH-2.0-OpenSSH_9.6\r\n"), "protocol"),
    "101": (raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "protocol"),
    "endless 1xx": (endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), "protocol"),
    "header without a colon": (close(OK + b"no colon\r\nContent-Length: 2\r\n\r\nok"), "protocol"),
    "space before the colon": (close(OK + b"Content-Length : 2\r\n\r\nok"), "protocol"),
    "bare CR in a header": (close(OK + b"X-Bad: a\rb\r\n\r\nok"), "protocol"),
    "NUL in a header": (close(OK + b"X-Bad: a\0b\r\n\r\nok"), "protocol"),
    "negative length": (with_length("-5"), "protocol"),
    "length that is no number": (with_length("five"), "protocol"),
    "length with a sign": (with_length("+5"), "protocol"),
    "empty length": (with_length(""), "protocol"),
    "two lengths": (with_length("5\r\nContent-Length: 6"), "protocol"),
    "length and chunks": (with_length("5\r\nTransfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"), "protocol"),
    "transfer coding gzip": (close(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "protocol"),
    "chunk size that is no number": (in_chunks(b"five\r\nhello\r\n0\r\n\r\n"), "protocol"),
    "negative chunk size": (in_chunks(b"-5\r\nhello\r\n0\r\n\r\n"), "protocol"),
    "chunk size with an underscore": (in_chunks(b"0_5\r\nhello\r\n0\r\n\r\n"), "protocol"),
    "chunk longer than its size": (in_chunks(b"3\r\nhello\r\n0\r\n\r\n"), "protocol"),
    "empty chunk size": (in_chunks(b"\r\nhello\r\n0\r\n\r\n"), "protocol"),
    # cut
    "closed without a word": (close(), "reset"),
    "reset without a word": (reset(), "reset"),
    "closed in the status line": (close(b"HTTP/1.1 20"), "reset"),
    "closed in the headers": (close(OK + b"Content-Length: 5\r\nX-C"), "reset"),
    "closed before the empty line": (close(OK + b"Content-Length: 5\r\n"), "reset"),
    "closed in the body": (with_length("6"), "reset"),
    "closed before the body": (with_length("6", b""), "reset"),
    "closed in a chunk": (in_chunks(b"6\r\nhello"), "reset"),
    "closed before the last chunk": (in_chunks(b"5\r\nhello\r\n"), "reset"),
    "closed in the trailer": (in_chunks(b"5\r\nhello\r\n0\r\n"), "reset"),
    "reset in the headers": (reset(OK), "reset"),
    "reset in the body": (reset(OK + b"Content-Length: 6\r\n\r\nhello"), "reset"),
    "reset until close": (reset(OK + b"\r\nhello"), "reset"),
    # too slow
    "no answer": (stall(), "timeout"),
    "stall in the headers": (stall(OK + b"Content-"), "timeout"),
    "stall in the body": (stall(OK + b"Content-Length: 6\r\n\r\nhello"), "timeout"),
    "stall in a chunk": (stall(OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\nhello"), "timeout"),
    "stall until close": (stall(OK + b"\r\nhello"), "timeout"),
    "headers for ever": (drip(OK + b"X-Slow: " + b"a" * 500, 0.05), "timeout"),
    "body for ever": (drip(OK + b"Content-Length: 500\r\n\r\n" + b"a" * 500, 0.05), "timeout"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_outcome(border: Border, server: ScriptedServer, name: str) -> None:
    behaviour, expected = TABLE[name]
    url = server.script("/x", behaviour)
    (outcome,) = border.fetch(url)
    assert word(outcome) == expected, outcome
    assert server.hits["/x"] == 1
    if isinstance(outcome, Failed):
        assert outcome.detail.isprintable()
        assert 0 < len(outcome.detail) <= 200


@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name][1] == "200"])
def test_next_request_is_not_confused(border: Border, server: ScriptedServer, name: str) -> None:
    """Whatever came, the next answer on the same fetcher is its own."""
    first, second = border.fetch(server.script("/x", TABLE[name][0]), server.script("/y", page("<p>second")))
    assert isinstance(first, Fetched)
    assert isinstance(second, Fetched)
    assert second.page is not None
    assert second.page.title == "<p>second"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw", "br", "zstd"])
def test_bodies_come_whole(border: Border, server: ScriptedServer, coding: str) -> None:
    packed = pack(coding, HTML)
    (outcome,) = border.fetch(server.script("/x", encoded(coding.replace("raw", "deflate"), packed)))
    assert isinstance(outcome, Fetched)
    assert outcome.page is not None
    assert outcome.page.title == HTML[:100].decode()
    assert (outcome.size, outcome.wire) == (len(HTML), len(packed))


@pytest.mark.parametrize(("limit", "behaviour"), [
    ("read: not a byte for 0.3 s", stall()),
    ("total: the answer was not whole after 0.8 s", drip(OK + b"Content-Length: 99\r\n\r\n" + b"a" * 99, 0.05)),
])  # fmt: skip
def test_timeouts_say_which(border: Border, server: ScriptedServer, limit: str, behaviour: Behaviour) -> None:
    (outcome,) = border.fetch(server.script("/x", behaviour))
    assert isinstance(outcome, Failed)
    assert outcome.detail == limit
    assert outcome.timings.server_us > 250_000


def test_refused(border: Border) -> None:
    assert border(f"http://127.0.0.1:{free_port()}/") == "connect"


def test_unknown_name(border: Border) -> None:
    assert border("http://no-such-host.invalid/") == "dns"


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test"])
def test_impossible_name(border: Border, host: str) -> None:
    assert border(f"http://{host}/") == "url"


def test_bomb_takes_little_memory(border: Border, server: ScriptedServer) -> None:
    urls = [server.script(f"/{coding}", bomb(coding, 100_000_000)) for coding in ("gzip", "br", "zstd")]
    border.fetch(server.script("/warm", ok()))
    tracemalloc.start()
    assert [word(outcome) for outcome in border.fetch(*urls)] == ["too-large"] * 3
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * LIMITS.size + 8_000_000


def test_largest_body_that_is_admitted(border: Border, server: ScriptedServer) -> None:
    assert border(server.script("/x", ok(bytes(LIMITS.size)))) == "200"
    assert border(server.script("/y", sequence(raw(OK + b"\r\n"), raw(bytes(LIMITS.size))))) == "200"
    assert border(server.script("/z", encoded("gzip", pack("gzip", bytes(LIMITS.size))))) == "200"
