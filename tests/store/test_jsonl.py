from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import msgspec
import pytest

from scraper.errors import StoreError
from scraper.model import Shallower
from scraper.store import JsonlStore, PipeClosed
from scraper.store.sink import _wait_until_writable
from tests.store.examples import lowered, outcomes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.jsonl"


def write(path: Path, number: int) -> bytes:
    path.unlink(missing_ok=True)
    store = JsonlStore(path)
    store.write(outcomes(number))
    store.close()
    return path.read_bytes()


def test_a_tail_torn_at_any_byte_is_cut_off(path: Path) -> None:
    whole = write(path, 3)
    last = whole[:-1].rindex(b"\n") + 1
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        store = JsonlStore(path, resume=True)
        assert list(store.read()) == outcomes(2)
        store.write(outcomes(3)[2:])
        store.close()
        assert path.read_bytes() == whole


def test_a_first_line_torn_at_any_byte_is_cut_off(path: Path) -> None:
    whole = write(path, 1)
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        store = JsonlStore(path, resume=True)
        assert list(store.read()) == []
        store.close()
        assert path.read_bytes() == b""


def test_a_last_line_that_is_no_record_is_cut_off(path: Path) -> None:
    whole = write(path, 2)
    path.write_bytes(whole + b"\0" * 200_000 + b"\n")
    store = JsonlStore(path, resume=True)
    assert list(store.read()) == outcomes(2)
    store.close()
    assert path.read_bytes() == whole


def test_damage_in_the_middle_is_named_by_its_line(path: Path) -> None:
    lines = write(path, 4).splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b'{"schema":1,"url":3}\n', *lines[3:]]))
    store = JsonlStore(path, resume=True)
    with pytest.raises(StoreError, match=r"a\.jsonl:3: no record: .*url.*; mend or remove the line"):
        list(store.read())
    store.close()


@pytest.mark.parametrize("line", [b'{"schema":2,"url":"http://a/","outcome":"fetched"}\n', b'{"schema":7}\n'])
def test_another_schema_is_refused(path: Path, line: bytes) -> None:
    path.write_bytes(line)
    with pytest.raises(StoreError, match=r"holds records of schema \d, this version reads 1"):
        JsonlStore(path, resume=True)
    assert path.read_bytes() == line


def test_a_correction_keeps_the_rest_of_the_file_and_its_mode(path: Path) -> None:
    path.touch()
    path.chmod(0o640)
    store = JsonlStore(path)
    store.write(outcomes(3))
    store.write([Shallower("https://example.com/1", 0, None)])
    store.close()
    assert path.stat().st_mode & 0o777 == 0o640
    depths = [msgspec.json.decode(line)["depth"] for line in path.read_bytes().splitlines()]
    assert depths == [2, 0, 2]


def test_a_correction_goes_through_a_link(path: Path) -> None:
    link = path.with_name("link.jsonl")
    link.symlink_to(path)
    store = JsonlStore(link)
    store.write(outcomes(1))
    store.write([Shallower("https://example.com/0", 0, None)])
    store.close()
    assert link.is_symlink()
    store = JsonlStore(path, resume=True)
    assert list(store.read()) == [lowered(outcomes(1)[0], 0, None)]
    store.close()


def test_the_standard_output_gets_lines_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    store = JsonlStore("-")
    store.write(outcomes(2))
    assert len(raw.getvalue().splitlines()) == 2
    assert list(store.read()) == []
    store.close()
    assert not raw.closed


def test_a_closed_pipe_is_its_own_signal(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    store = JsonlStore(fifo)
    store.write(outcomes(1))
    os.close(reader)
    with pytest.raises(PipeClosed, match="nobody reads it any more"):
        store.write(outcomes(1))
    store.close()


def test_a_pipe_that_blocks_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    read = bytearray()

    def empty(fd: int) -> None:
        assert fd == writer
        read.extend(os.read(reader, 1 << 20))

    monkeypatch.setattr("scraper.store.sink._wait_until_writable", empty)
    with io.open(writer, "w") as stdout:  # noqa: UP020 - a descriptor
        monkeypatch.setattr(sys, "stdout", stdout)
        store = JsonlStore("-")
        store.write(outcomes(1000))
        store.close()
    assert read
    read.extend(os.read(reader, 1 << 20))
    os.close(reader)
    assert read.count(b"\n") == 1000


def test_waiting_for_a_pipe_ends_when_it_is_read_or_left() -> None:
    reader, writer = os.pipe()
    _wait_until_writable(writer)
    os.close(reader)
    _wait_until_writable(writer)
    os.close(writer)
