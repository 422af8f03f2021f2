"""Robots files and sitemaps have room of their own, and what is longer is read only so far, on either border."""

from __future__ import annotations

import random

import pytest

from scraper.fetch.errors import FetchError
from scraper.fetch.framing import AnswerReader
from scraper.fetch.room import Room, room_for
from scraper.model import Failed, Fetched, Kind, Reason, Request
from scraper.settings import Limits
from tests.fetch.conftest import Border
from tests.server import Behaviour, ScriptedServer, bomb, chunked, close, endless, ok, pack

SIZE = 512 * 1024
NOISE = random.Random(3).randbytes(SIZE + 200_000)


def encoded(coding: str, body: bytes) -> Behaviour:
    return ok(pack(coding, body), f"Content-Encoding: {coding}\r\n")


LONG = {
    "length": ok(b"a" * 900_000),
    "chunks": chunked(*[b"a" * 70_000] * 20),
    "one chunk": endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"a"),
    "no length": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"a"),
    "a lying length": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", b"a"),
    **{f"{coding} bomb": bomb(coding, 20_000_000) for coding in ("gzip", "deflate", "br", "zstd")},
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_robots_file_is_read_so_far(border: Border, server: ScriptedServer, name: str) -> None:
    outcome = border.visit(Request(server.script("/robots.txt", LONG[name]), kind=Kind.ROBOTS))
    assert isinstance(outcome, Fetched), outcome
    assert (outcome.status, outcome.size) == (200, SIZE)
    assert outcome.wire <= SIZE


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_packed_one_that_is_cut_is_unpacked_so_far(border: Border, server: ScriptedServer, coding: str) -> None:
    url = server.script("/robots.txt", encoded(coding, NOISE))
    outcome = border.visit(Request(url, kind=Kind.ROBOTS))
    assert isinstance(outcome, Fetched), outcome
    assert outcome.wire == SIZE
    assert SIZE - 200_000 < outcome.size <= SIZE


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na"), Reason.RESET),
        (ok(pack("gzip", NOISE[:9_000])[:-9], "Content-Encoding: gzip\r\n"), Reason.ENCODING),
        (ok(pack("gzip", NOISE)[:9_000] + b"x" * SIZE, "Content-Encoding: gzip\r\n"), Reason.ENCODING),
    ],
)
def test_a_broken_one_stays_broken(
    border: Border, server: ScriptedServer, behaviour: Behaviour, reason: Reason
) -> None:
    outcome = border.visit(Request(server.script("/robots.txt", behaviour), kind=Kind.ROBOTS))
    assert isinstance(outcome, Failed)
    assert outcome.reason is reason


def test_the_connection_of_a_cut_answer_is_not_used_again(border: Border, server: ScriptedServer) -> None:
    url = server.script("/robots.txt", LONG["chunks"])
    server.script("/", ok())
    assert isinstance(border.visit(Request(url, kind=Kind.ROBOTS)), Fetched)
    assert border(server.url("/")) == "200"
    assert server.connections == 2


def test_a_sitemap_may_be_larger_than_a_page(border: Border, server: ScriptedServer) -> None:
    url = server.script("/map.xml", ok(b" " * 1_000_000))
    outcome = border.visit(Request(url, kind=Kind.SITEMAP))
    assert isinstance(outcome, Fetched)
    assert outcome.size == 1_000_000
    assert border(url) == "too-large"


def test_the_room() -> None:
    limits = Limits(size=1_000)
    assert room_for(Request("http://a/"), limits) == Room(1_000)
    assert room_for(Request("http://a/", kind=Kind.ROBOTS), limits) == Room(SIZE, cut=True)
    assert room_for(Request("http://a/", kind=Kind.SITEMAP), limits) == Room(52_428_801, cut=True)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdefghi",
        b"HTTP/1.1 200 OK\r\n\r\nabcdefghi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabcdefghi\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n4\r\nfghi\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n6\r\ndefghi\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [1, 2, 3, 1_000])
def test_a_reader_that_cuts(answer: bytes, step: int) -> None:
    pieces = [answer[at : at + step] for at in range(0, len(answer), step)]
    reader, body = AnswerReader(1_000, 5, cut=True), b""
    for piece in pieces:
        if not reader.done:
            body += reader.feed(piece)
    assert (body, reader.done, reader.keep) == (b"abcde", True, False)
    with pytest.raises(FetchError):
        AnswerReader(1_000, 5).feed(answer)


def test_a_reader_that_need_not_cut() -> None:
    reader = AnswerReader(1_000, 5, cut=True)
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde") == b"abcde"
    assert (reader.done, reader.keep) == (True, True)
