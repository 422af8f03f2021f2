from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.fetch.errors import FetchError
from scraper.fetch.framing import AnswerReader, Head
from scraper.model import Reason

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello"
HINTS = b"HTTP/1.1 103 E\r\n\r\n"
CHUNKED = HINTS + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a\r\nhello\r\n1\n!\n0\r\nT: 1\r\n\r\n"
OPEN = b"HTTP/1.0 404 No\n\nhello"
BROKEN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n"


def read(*pieces: bytes, header: int = 1_000, size: int = 1_000) -> tuple[object, ...]:
    """All that can be told of an answer that came in ``pieces`` before the server closed."""
    reader = AnswerReader(header, size)
    body = b""
    try:
        for piece in pieces:
            body += reader.feed(piece)
        keep = reader.keep
        reader.end()
    except FetchError as error:
        return error.reason, _told(reader.head)
    return _told(reader.head), body, reader.done, keep


def _told(head: Head | None) -> Head | None:
    return head and head._replace(block=b"")


@given(st.sampled_from([SIZED, CHUNKED, OPEN, BROKEN, SIZED[:-1], CHUNKED[:-2]]), st.lists(st.integers(0, 150)))
def test_pieces_make_no_difference(answer: bytes, cuts: list[int]) -> None:
    ends = sorted(cuts)
    pieces = [answer[a:b] for a, b in zip([0, *ends], [*ends, len(answer)], strict=True) if a < b]
    assert read(*pieces) == read(answer)


@given(st.binary(), st.binary(max_size=60), st.integers(0, 100))
def test_junk_raises_nothing_else(tail: bytes, inserted: bytes, at: int) -> None:
    read(tail)
    read(CHUNKED[:at] + inserted + CHUNKED[at:] + tail)
    read(SIZED[:at] + inserted + SIZED[at:])


def test_what_is_told() -> None:
    assert read(SIZED) == (Head(200, {"content-length": "5", "x-a": "1, 2"}), b"hello", True, True)
    assert read(CHUNKED) == (Head(200, {"transfer-encoding": "Chunked"}), b"hello!", True, True)
    assert read(OPEN) == (Head(404, {}, "1.0"), b"hello", True, False)


@pytest.mark.parametrize(("line", "keep"), [
    ("HTTP/1.1 200 OK\r\n", True),
    ("HTTP/1.1 200 OK\r\nConnection: Close\r\n", False),
    ("HTTP/1.1 200 OK\r\nConnection: x, close\r\n", False),
    ("HTTP/1.0 200 OK\r\n", False),
    ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", True),
])  # fmt: skip
def test_keeping(line: str, *, keep: bool) -> None:
    reader = AnswerReader(1_000, 1_000)
    reader.feed(f"{line}Content-Length: 0\r\n\r\n".encode())
    assert (reader.done, reader.keep) == (True, keep)


def test_bytes_behind_an_answer_end_the_connection() -> None:
    assert read(SIZED + b"H")[-1] is False
    assert read(SIZED, b"H")[-1] is False


def test_header_texts() -> None:
    head, *_ = read("HTTP/1.1 301 M\r\nLocation: /caf\u00e9\r\n\r\n".encode())
    assert head == Head(301, {"location": "/caf\u00e9"})
    head, *_ = read(b"HTTP/1.1 301 M\r\nLocation:\t/caf\xe9 \r\n\r\n")
    assert head == Head(301, {"location": "/caf\u00e9"})


@pytest.mark.timeout(20)
def test_one_byte_at_a_time_is_not_quadratic() -> None:
    reader = AnswerReader(65_536, 1_000)
    reader.feed(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(65_000):
        reader.feed(b"a")
    with pytest.raises(FetchError) as caught:
        reader.feed(b"a" * 1_000)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.timeout(5)  # a quadratic pattern takes many times that
@pytest.mark.parametrize(
    "line", ["X:" + " " * 60_000 + "x", "X" * 60_000, " " * 60_000 + "x", "\t\n" * 30_000, ":" * 60_000]
)
def test_headers_are_read_in_linear_time(line: str) -> None:
    read(f"HTTP/1.1 200 OK\r\nA: b\r\n{line}\r\n\r\n".encode(), header=65_536)


@pytest.mark.parametrize(("size", "reason"), [(1, Reason.TOO_LARGE), (63, Reason.TOO_LARGE), (64, None)])
def test_too_many_small_chunks(size: int, reason: Reason | None) -> None:
    reader = AnswerReader(1_000, 10_000_000)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%b\r\n" % (size, b"a" * size)
    assert len(reader.feed(chunk * 99_999)) == 99_999 * size
    found = None
    try:
        reader.feed(chunk * 2)
    except FetchError as error:
        found = error.reason
    assert found is reason


def test_many_small_chunks_are_one_piece() -> None:
    reader = AnswerReader(1_000, 100_000)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert reader.feed(b"1\r\na\r\n" * 10_000) == b"a" * 10_000


def test_the_head_is_kept_as_it_came() -> None:
    block = b"HTTP/1.1 200 Fine\nX-Odd:  1\r\nContent-Length: 0"
    reader = AnswerReader(1_000, 1_000)
    for byte in b"HTTP/1.1 100 Wait\r\n\r\n" + block + b"\n\r\n":
        reader.feed(bytes([byte]))
    assert reader.head is not None
    assert reader.head.block == block
