"""The file of a recording: what other tools find in it, and what happens to one that is torn, foreign or full."""

from __future__ import annotations

import gzip
import random
import resource
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import given
from hypothesis import strategies as st

from scraper.archive.about import About
from scraper.archive.reading import Recorded, read_block, scan
from scraper.archive.records import framed
from scraper.archive.replay import Recording
from scraper.archive.writing import Writer
from scraper.errors import ConfigError, StoreError
from scraper.fetch.framing import AnswerReader
from scraper.model import Exchange, Failed, Fetched, Kind, Outcome, Reason, Request, Timings
from scraper.settings import Identity, Settings

URL = "http://a.test/"
SIZED = Exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=1", b"hello")
CHUNKED = Exchange(b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked", b"hello")
ABOUT = About((URL,), {"depth": 3})


def fetched(name: str = "", exchange: Exchange = SIZED, **fields: Any) -> Fetched:
    return Fetched(Request(URL + name), 200, exchange=exchange, at=1_700_000_000.25, **fields)


def written(path: Path, *outcomes: Outcome, resume: bool = False) -> Path:
    writer = Writer(path, ABOUT, resume=resume)
    writer.write(outcomes)
    writer.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.warc.gz"


def test_what_another_tool_finds(path: Path) -> None:
    failed = Failed(Request(f"{URL}late", kind=Kind.ROBOTS, attempt=2), Reason.TIMEOUT, "read: not a byte", at=5.0)
    times = Timings(server_us=1_500, body_us=70)
    written(path, fetched("sized", timings=times, address="127.0.0.1"), fetched("chunked", CHUNKED), failed)
    info, sized, chunked, late = _frozen(path)
    assert str(info.record_type) == "warcinfo"
    assert b"\r\nformat: WARC File Format 1.1\r\n" in info.reader.read()
    fields = dict(sized.headers)
    assert fields["WARC-Date"] == "2023-11-14T22:13:20.250000Z"
    assert (fields["WARC-Target-URI"], fields["WARC-IP-Address"]) == (f"{URL}sized", "127.0.0.1")
    assert fields["Content-Type"] == "application/http; msgtype=response"
    assert [fields[f"Scraper-{name}"] for name in ("Kind", "Attempt", "Server-Us", "Body-Us")] == [
        "page", "1", "1500", "70",
    ]  # fmt: skip
    for record, exchange in ((sized, SIZED), (chunked, CHUNKED)):
        assert record.verify_block_digest()
        record.parse_http(auto_decode="transfer")
        assert record.reader.read() == exchange.body
    assert str(late.record_type) == "metadata"
    assert late.reader.read() == b'{"outcome":"failed","reason":"timeout","detail":"read: not a byte","refused":false}'
    with path.open("rb") as file:
        assert all(record.verify_payload_digest() for record in ArchiveIterator(file) if record.is_http)


def _frozen(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for record in ArchiveIterator(file, parse_http=False):
            record.freeze()
            yield record


def test_each_record_is_a_gzip_member(path: Path) -> None:
    written(path, fetched("1"), fetched("2"))
    index = scan(str(path))
    for entry in index.entries:
        start, length = entry.place
        member = zlib.decompressobj(31)
        assert member.decompress(path.read_bytes()[start : start + length]).endswith(b"hello\r\n\r\n")
        assert (member.eof, member.unused_data) == (True, b"")


@given(
    st.binary(max_size=50), st.sampled_from(["200 OK", "204 No Content", "304 Not Modified", "599 x"]), st.booleans()
)
def test_a_framed_message_reads_as_the_same_exchange(body: bytes, status: str, chunked: bool) -> None:
    header = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = f"HTTP/1.1 {status}\r\n{header}\nX: y".encode()
    body = b"" if status[:3] in ("204", "304") else body
    reader = AnswerReader(1_000, 1_000)
    assert reader.feed(framed(Exchange(head, body))) == body
    assert reader.done
    assert reader.head is not None
    assert reader.head.block.removesuffix(b"\r") == head


def test_what_was_asked_is_told_without_logins(path: Path) -> None:
    identity = Identity(
        user_agent="me", headers=(("X-Api-Key", "secret1"), ("Accept-Language", "de")), auth=("u", "secret2"),
        proxy="http://u:secret3@p.test:1",
    )  # fmt: skip
    Writer(path, About.of(Settings(identity=identity), [URL])).close()
    text = gzip.decompress(path.read_bytes())
    assert b"secret" not in text
    assert b"http-header-user-agent: me\r\n" in text
    assert b"http-header-accept-language: de\r\n" in text
    assert About.read(text).seeds == (URL,)


def test_a_file_that_was_cut_anywhere_keeps_what_is_whole(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.warc.gz", fetched("1"), fetched("2")).read_bytes()
    last = scan(str(tmp_path / "whole.warc.gz")).entries[-1].place[0]
    torn = tmp_path / "torn.warc.gz"
    for end in [*range(last, last + 15), *range(last + 15, len(whole) - 12, 7), *range(len(whole) - 12, len(whole))]:
        torn.write_bytes(whole[:end])
        index = scan(str(torn))
        assert [entry.url for entry in index.entries] == [f"{URL}1"], end
        assert (index.end, index.cut) == (last, end - last)
    writer = Writer(torn, ABOUT, resume=True)
    writer.write([fetched("3")])
    writer.close()
    assert writer.cut == len(whole) - 1 - last
    assert [entry.url for entry in scan(str(torn)).entries] == [f"{URL}1", f"{URL}3"]


@pytest.mark.parametrize("body", [random.Random(1).randbytes(700_000), bytes(3_000_000)], ids=["dense", "thin"])
def test_a_large_record_at_the_end_is_whole_or_torn(path: Path, body: bytes) -> None:
    large = Exchange(b"HTTP/1.1 200 OK", body)
    data = written(path, fetched("1"), fetched("2", large)).read_bytes()
    index = scan(str(path))
    assert (index.end, index.cut) == (len(data), 0)
    with path.open("rb") as file:
        assert read_block(file.fileno(), index.entries[-1], packed=True) == framed(large)
    path.write_bytes(data[:-1])
    assert [entry.url for entry in scan(str(path)).entries] == [f"{URL}1"]


def test_a_file_without_one_whole_record_begins_anew(path: Path) -> None:
    path.write_bytes(written(path, fetched()).read_bytes()[:50])
    with pytest.raises(ConfigError, match="holds no recorded answer"):
        Recording(path)
    written(path, fetched("1"), resume=True)
    assert len(Recording(path).pages()) == 1


def test_going_on_appends(path: Path) -> None:
    written(path, fetched("1"))
    with pytest.raises(ConfigError, match="already exists: add --resume"):
        Writer(path, ABOUT)
    Writer(path, About((f"{URL}more",), {"depth": 1}), resume=True).close()
    recording = Recording(path)
    assert (recording.seeds, recording.options) == ([URL, f"{URL}more"], {"depth": 1})


def test_one_process_at_a_time(path: Path) -> None:
    first = Writer(path, ABOUT)
    with pytest.raises(StoreError, match="in use"):
        Writer(path, ABOUT, resume=True)
    first.close()


@pytest.mark.parametrize("content", [
    pytest.param(b"", id="empty"),
    pytest.param(b"<html>", id="html"),
    pytest.param(gzip.compress(b"<html>" * 99), id="gzip"),
    pytest.param(b"WARC/1.1\r\nhello", id="torn"),
])  # fmt: skip
def test_what_is_no_recording_is_said_to_be_none(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.warc\.gz"):
        Recording(path)
    if content:
        with pytest.raises(ConfigError):
            Writer(path, ABOUT, resume=True)
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_told_and_nothing_is_cut(path: Path) -> None:
    data = bytearray(written(path, *(fetched(str(n)) for n in range(9))).read_bytes())
    start = scan(str(path)).entries[4].place[0]
    data[start + 20 : start + 60] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="damaged"):
        Recording(path)
    with pytest.raises(ConfigError, match="damaged"):
        Writer(path, ABOUT, resume=True)
    assert path.stat().st_size == len(data)


def test_a_plain_file_is_read_and_one_member_for_all_is_not(path: Path, tmp_path: Path) -> None:
    written(path, fetched("1"), fetched("2"))
    plain, lump = tmp_path / "x.warc", tmp_path / "lump.warc.gz"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    lump.write_bytes(gzip.compress(plain.read_bytes()))
    index = scan(str(plain))
    with plain.open("rb") as file:
        assert read_block(file.fileno(), index.entries[-1], packed=False) == framed(SIZED)
    plain.write_bytes(plain.read_bytes()[:-3])
    assert [entry.url for entry in scan(str(plain)).entries] == [f"{URL}1"]
    with pytest.raises(ConfigError, match="record by record"):
        Recording(lump)
    path.write_bytes(plain.read_bytes())
    with pytest.raises(ConfigError, match="is not compressed"):
        Writer(path, ABOUT, resume=True)


def test_a_full_disk_keeps_what_was_recorded(path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = Writer(path, ABOUT)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    try:
        with pytest.raises(StoreError, match="the disk is full"):
            for number in range(50):
                writer.write([fetched(str(number))])
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    index = scan(str(path))
    assert index.cut == 0
    assert 0 < len(index.entries) == number


@pytest.mark.parametrize(
    "fields",
    [
        {"Scraper-Kind": "\u00e4?", "Scraper-Attempt": "-1", "Scraper-Server-Us": "9" * 11, "Scraper-Body-Us": "nan"},
        {"WARC-Target-URI": "http://["},
        {"WARC-Target-URI": ""},
        {"WARC-Type": "metadata", "Scraper-Kind": "page"},
        {"WARC-Type": "unheard-of"},
        {"Content-Type": "text/plain"},
    ],
)
def test_strange_fields_end_nothing(path: Path, fields: dict[str, str]) -> None:
    written(path, fetched("1"))
    odd = {"WARC-Type": "response", "WARC-Record-ID": "<urn:x:1>", "WARC-Target-URI": f"{URL}odd", **fields}
    odd = {"Content-Type": "application/http; msgtype=response", **odd}
    lines = "".join(f"{name}: {value}\r\n" for name, value in odd.items())
    with path.open("ab") as file:
        file.write(gzip.compress(f"WARC/1.1\r\n{lines}Content-Length: 4\r\n\r\nHTTP\r\n\r\n".encode()))
    recording = Recording(path)
    assert recording.pages()[0].server == 0.0
    assert all(0 <= page.server <= 3_600 and page.attempt > 0 for page in recording.pages())
    source = recording.source(latency=True)
    for page in recording.pages():
        assert source.answer(page.url, 0) is not None


def _member(kind: str, block: bytes) -> bytes:
    """A record of another tool's, with the fields that make its block count here."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:x:1>\r\nWARC-Target-URI: {URL}odd\r\nScraper-Kind: page"
    )
    return gzip.compress(f"{head}\r\nContent-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n", 1)


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        ("warcinfo", b'scraper-options: {"a":' + b"[" * 30_000),
        ("metadata", b'{"outcome":"failed","reason":"dns","x":' + b"[" * 30_000),
        ("metadata", b'{"outcome":"failed","reason":"\xff"}'),
        ("warcinfo", bytes(70_000_000)),
        ("metadata", bytes(70_000_000)),
    ],
    ids=["deep options", "deep trouble", "no text", "large info", "large trouble"],
)
def test_hostile_blocks_are_passed_over_in_little_memory(path: Path, kind: str, block: bytes) -> None:
    written(path, fetched("1"))
    with path.open("ab") as file:
        file.write(_member(kind, block))
    written(path, fetched("2"), resume=True)
    tracemalloc.start()
    assert [page.url for page in Recording(path).pages()] == [f"{URL}1", f"{URL}2"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_what_stands_behind_a_block_in_its_member_is_not_read(path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    record = (
        f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {URL}\r\nContent-Length: {len(head)}\r\n\r\n".encode()
    )
    large = gzip.compress(record + head + b"\r\n\r\n" + random.Random(1).randbytes(1 << 20))
    path.write_bytes(large)
    entry = Recorded(URL, size=len(head), place=(0, len(large)))
    tracemalloc.start()
    with path.open("rb") as file:
        assert read_block(file.fileno(), entry, packed=True) == head
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 800_000
