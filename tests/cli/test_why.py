"""``scraper why``, over stores that real crawls have left."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.command import Site, scraper
from tests.server import page
from tests.store.test_sqlite import OF_BEFORE

ASYNC = ("--backend", "asyncio", "-q")


@pytest.mark.parametrize("name", ["x.sqlite", "x.jsonl"])
def test_a_url_is_explained(here: Path, site: Site, capsys: pytest.CaptureFixture[str], name: str) -> None:
    site.server.script("/5", page("<title>Five</title><a href=/deep>x</a><a rel=nofollow href=/never>y</a>"))
    scraper(capsys, "crawl", site.root, "-d", "1", "--store", name, *ASYNC)
    before = (here / name).read_bytes()
    for path, words in (
        ("", "it was fetched, status 200 (given as a seed, depth 0)"),
        ("never", "marked rel=nofollow"),
        ("1/", f"known are:\n    {site.root}1\n"),
        ("nowhere", "nobody links to it"),
        ("deep", "beyond the depth limit of 1" if name == "x.sqlite" else "it is not recorded; the file does not keep"),
    ):
        result = scraper(capsys, "why", f"{site.root}{path}", "--store", name)
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(f"{site.root}{path}\n")
        assert words in result.out
        assert ("judged by the default settings" in result.out) == (name == "x.jsonl" and path != "")
    found = json.loads(scraper(capsys, "why", f"{site.root}never", "--store", name, "-f", "json").out)
    assert (found["verdict"], found["sources"][0]["page"]) == ("not-followed", f"{site.root}5")
    assert (here / name).read_bytes() == before
    assert list(here.iterdir()) == [here / name]


def test_the_options_of_the_crawl_hold(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    scraper(capsys, "crawl", site.root, "--store", "x.sqlite", "--exclude", "/5", "--strip-params", "ref", *ASYNC)
    assert "matches --exclude '/5'" in scraper(capsys, "why", f"{site.root}5", "--store", "x.sqlite").out
    told = scraper(capsys, "why", f"{site.root}1?ref=2", "--store", "x.sqlite").out
    assert f"it is taken for {site.root}1," in told


def test_a_store_in_use_is_read(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    scraper(capsys, "crawl", site.root, "--store", "x.sqlite", *ASYNC)
    other = sqlite3.connect("x.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert scraper(capsys, "why", f"{site.root}1", "--store", "x.sqlite").code == 0
    finally:
        other.close()


def test_a_store_of_before_is_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect("x.sqlite") as database:
        database.executescript(OF_BEFORE)
    database.close()
    before = Path("x.sqlite").read_bytes()
    told = scraper(capsys, "why", "http://x/1", "--store", "x.sqlite").out
    assert "http://x/ (a, depth 0)" in told
    assert Path("x.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["http://x/"], 2, "Missing option '--store'"),
        (["htp//x", "--store", "foreign.sqlite"], 2, "did you mean 'http://x'?"),
        (["http://x/", "--store", "none.sqlite"], 2, "there is no store none.sqlite"),
        (["http://x/", "--store", "-"], 2, "cannot be read back"),
        (["http://x/", "--store", "foreign.sqlite"], 3, "it is no SQLite database"),
        (["http://x/", "--store", "other.sqlite"], 3, "holds no records of schema 1"),
        (["http://x/", "--store", "foreign.jsonl"], 3, "foreign.jsonl:1: no record"),
        (["http://x/", "--store", "folder"], 2, "folder is a folder: name the file"),
        (["mailto:a@b", "--store", "foreign.sqlite"], 2, "'mailto:a@b' is no http(s) URL"),
    ],
)
def test_what_cannot_be_read_is_named(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    Path("folder").mkdir()
    Path("foreign.sqlite").write_text("my thesis\n" * 100)
    Path("foreign.jsonl").write_text("my thesis\n")
    with sqlite3.connect("other.sqlite") as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    assert scraper(capsys, "why", *arguments).is_one_message(code, message)
