"""What every store promises, one body for all of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scraper.errors import ConfigError, ScraperError, StoreError
from scraper.model import Fetched, Outcome, Request, Shallower
from scraper.store import CsvWriter, JsonlStore, MemoryStore, SqliteStore, Store, Tee, open_output, open_store
from scraper.store.sink import GROUP
from tests.store.examples import OTHERS, SHAPES, lowered, outcomes


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


FILES = {"jsonl": JsonlStore, "sqlite": SqliteStore}
STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: MemoryStore(),
    "jsonl": lambda folder: JsonlStore(folder / "a.jsonl"),
    "sqlite": lambda folder: SqliteStore(folder / "a.sqlite"),
    "tee": lambda folder: Tee(SqliteStore(folder / "a.sqlite"), JsonlStore(folder / "a.jsonl"), MemoryStore()),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path)


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"crawl.{request.param}"


def recorded(path: Path) -> list[Outcome]:
    store = open_store(path, resume=True)
    try:
        return list(store.read())
    finally:
        store.close()


def test_what_is_written_is_read_in_order(store: Store) -> None:
    store.write(SHAPES[:3])
    store.write([])
    store.write(SHAPES[3:])
    assert list(store.read()) == SHAPES
    store.close()


def test_robots_files_and_sitemaps_are_read_too(store: Store) -> None:
    store.write([*OTHERS[:1], *SHAPES, *OTHERS[1:]])
    assert list(store.read()) == [*OTHERS[:1], *SHAPES, *OTHERS[1:]]
    store.close()


def test_a_correction_is_for_the_page(store: Store) -> None:
    page = Fetched(Request(OTHERS[0].url, 2), 200)
    store.write([OTHERS[0], page, OTHERS[1], Shallower(page.url, 1, None)])
    assert list(store.read()) == [OTHERS[0], lowered(page, 1, None), OTHERS[1]]
    store.close()


def test_a_correction_is_read(store: Store) -> None:
    store.write(SHAPES)
    store.write([Shallower(SHAPES[1].url, 1, "https://example.com/way"), Shallower("https://other/", 1, None)])
    store.write([Shallower(SHAPES[4].url, 0, None)])
    wanted = list(SHAPES)
    wanted[1] = lowered(SHAPES[1], 1, "https://example.com/way")
    wanted[4] = lowered(SHAPES[4], 0, None)
    assert list(store.read()) == wanted
    store.close()


def test_closing_twice_is_closing(store: Store) -> None:
    store.close()
    store.close()


def test_a_store_is_resumed(path: Path) -> None:
    for number in range(3):
        store = open_store(path, resume=True)
        assert list(store.read()) == outcomes(number)
        store.write(outcomes(number + 1)[-1:])
        store.close()
    assert recorded(path) == outcomes(3)


def test_corrections_are_there_after_closing(path: Path) -> None:
    store = open_store(path)
    store.write(outcomes(4))
    store.write([Shallower("https://example.com/2", 1, None)])
    store.close()
    wanted = outcomes(4)
    assert recorded(path) == [*wanted[:2], lowered(wanted[2], 1, None), wanted[3]]
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_crawl_is_left_alone(path: Path) -> None:
    open_and_fill(path)
    with pytest.raises(ConfigError, match="already exists: add --resume"):
        open_store(path)
    assert len(recorded(path)) == 5


def test_an_empty_file_is_no_crawl(path: Path) -> None:
    path.touch()
    open_and_fill(path)
    assert len(recorded(path)) == 5


def open_and_fill(path: Path) -> None:
    store = open_store(path)
    store.write(outcomes(5))
    store.close()


@pytest.mark.parametrize("kind", FILES)
def test_a_group_is_written_when_it_is_old_or_large_enough(kind: str, tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / f"a.{kind}"
    store = FILES[kind](path, clock=clock)
    store.write(outcomes(3))
    clock.now = 0.4
    store.write([])
    assert copied(path) == []
    clock.now = 0.5
    store.write([])
    assert copied(path) == outcomes(3)
    store.write(outcomes(3 + GROUP)[3:])
    assert copied(path) == outcomes(3 + GROUP)
    store.close()


def copied(path: Path) -> list[Outcome]:
    """What another process would find if ours ended now."""
    folder = path.parent / f"copy{len(list(path.parent.iterdir()))}"
    folder.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        (folder / file.name).write_bytes(file.read_bytes())
    return recorded(folder / path.name)


def test_a_symbolic_link_is_no_way_round_the_lock(path: Path) -> None:
    link = path.with_name(f"link{path.suffix}")
    link.symlink_to(path.name)
    store = open_store(path)
    with pytest.raises(StoreError, match="in use by another process"):
        open_store(link, resume=True)
    store.close()
    open_store(link, resume=True).close()
    assert sorted(path.parent.iterdir()) == sorted([path, link])


def test_foreign_files_are_refused(path: Path) -> None:
    path.write_text("my thesis, all of it\nand more\n" * 300)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"crawl\.\w+.* (no file of records|no SQLite database)"):
        open_store(path, resume=True)
    assert path.read_bytes() == before


def test_places_that_cannot_hold_a_file_are_named(path: Path) -> None:
    with pytest.raises(StoreError, match="its folder does not exist: create it first"):
        open_store(path.parent / "none" / path.name)
    path.mkdir()
    with pytest.raises(StoreError, match="it is a folder: name a file in it"):
        open_store(path, resume=True)


def test_a_file_that_may_not_be_written_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    open_and_fill(path)
    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, who is never refused
    with pytest.raises(StoreError, match="may not be written: check its permissions"):
        open_store(path, resume=True)


def test_one_trouble_in_a_tee_closes_all(tmp_path: Path) -> None:
    class Broken(MemoryStore):
        def close(self) -> None:
            raise StoreError("broken")

    last = SqliteStore(tmp_path / "a.sqlite")
    with pytest.raises(StoreError, match="broken"):
        Tee(Broken(), last).close()
    with pytest.raises(StoreError, match="is closed"):
        list(last.read())


def test_outputs_are_refilled_from_the_store(tmp_path: Path) -> None:
    open_and_fill(tmp_path / "a.sqlite")
    (tmp_path / "real.csv").write_bytes(CsvWriter.head + b"https://example.com/0,old\n" * 100)
    (tmp_path / "a.csv").symlink_to("real.csv")
    store = open_store(tmp_path / "a.sqlite", resume=True)
    tee = Tee(store, open_output(tmp_path / "a.csv", refill=store.read()))
    tee.write(outcomes(6)[5:])
    tee.close()
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 7
    assert (tmp_path / "a.csv").is_symlink()


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.txt", "a.jsonl"])
def test_only_an_earlier_output_is_refilled(tmp_path: Path, name: str) -> None:
    for foreign in (b"my notes\n", b"[1, 2]\n", b"[\n1]\n", b"url,title\r\n", b'{"schema":2}\n', b"200 shops\n"):
        (tmp_path / name).write_bytes(foreign)
        with pytest.raises(ConfigError, match=rf"{name} holds something else than records"):
            open_output(tmp_path / name, refill=outcomes(3))
        assert (tmp_path / name).read_bytes() == foreign
    (tmp_path / name).unlink()
    for number in (0, 3, 1):
        output = open_output(tmp_path / name, refill=outcomes(number))
        assert in_use(tmp_path / name)
        output.close()
        assert (tmp_path / name).read_text().count("https://example.com/0") == min(1, number) * (1 + 3 * ("j" in name))


@pytest.mark.parametrize(("name", "held"), [("a.csv", 3), ("a.json", 5), ("a.txt", 3), ("a.jsonl", 5)])
def test_an_output_is_refilled_behind_a_robots_file(tmp_path: Path, name: str, held: int) -> None:
    log = [*OTHERS[:2], *outcomes(3)]
    for _ in range(2):
        open_output(tmp_path / name, refill=log).close()
        text = (tmp_path / name).read_text()
        assert text.count("https://example.com/0") > 0
        assert text.count("robots.txt") == (2 if held == 5 else 0)


def test_a_csv_of_before_is_refilled(tmp_path: Path) -> None:
    head = CsvWriter.head.partition(b",unfollowed")[0] + b"\r\n"
    (tmp_path / "a.csv").write_bytes(head + b"https://example.com/0,old\r\n")
    open_output(tmp_path / "a.csv", refill=outcomes(2)).close()
    assert (tmp_path / "a.csv").read_bytes().startswith(CsvWriter.head)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.txt", "a.jsonl"])
def test_the_output_of_another_crawl_is_left_alone(tmp_path: Path, name: str) -> None:
    open_output(tmp_path / name, refill=outcomes(3)).close()
    before = (tmp_path / name).read_bytes()
    with pytest.raises(ConfigError, match=rf"{name} holds the records of another crawl"):
        open_output(tmp_path / name, refill=outcomes(3)[1:])
    assert (tmp_path / name).read_bytes() == before


def in_use(path: Path) -> bool:
    with pytest.raises(StoreError, match="in use by another process"):
        open_output(path)
    return True


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.txt", "a.jsonl"])
def test_a_refill_that_fails_costs_nothing(tmp_path: Path, name: str) -> None:
    def torn() -> Iterator[Outcome]:
        yield from outcomes(500)
        raise StoreError("the store is damaged")

    output = open_output(tmp_path / name, refill=outcomes(3))
    output.close()
    before = (tmp_path / name).read_bytes()
    with pytest.raises(StoreError, match="damaged"):
        open_output(tmp_path / name, refill=torn())
    assert (tmp_path / name).read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_what_a_killed_rewriting_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".a.jsonl.rewriting").write_text("half")
    open_output(tmp_path / "a.jsonl").close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]


def test_only_what_can_be_gone_on_with_says_so(tmp_path: Path) -> None:
    for name in ("a.csv", "a.json", "a.txt"):
        (tmp_path / name).write_text("something\n")
        with pytest.raises(ConfigError, match="already exists: name another file"):
            open_output(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "format_", "message"),
    [
        ("a.dat", None, "the name tells no format"),
        ("a.csv", "xml", "'xml' is no format: choose jsonl, json, csv, text"),
    ],
)
def test_unknown_formats_are_refused(tmp_path: Path, name: str, format_: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_output(tmp_path / name, format_)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.txt", "-", "/dev/null"])
def test_what_cannot_be_resumed_is_no_store(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScraperError, match="cannot be"):
        open_store(name if name[0] in "-/" else tmp_path / name)


def test_only_json_lines_can_be_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="csv cannot be gone on with"):
        open_output(tmp_path / "a.csv", resume=True)
    output = open_output(tmp_path / "a.ndjson", resume=True)
    assert isinstance(output, JsonlStore)
    output.close()
