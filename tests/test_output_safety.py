"""Whatever a server, a page or a name of a file holds, no output of ours is steered, torn or run by it."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.cli import run
from scraper.cli.dry import dry_run
from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request, Shallower
from scraper.options import make_settings
from scraper.printing import on_its_line, printable
from scraper.report.hints import hints
from scraper.report.summary import summary
from scraper.run import recall
from scraper.settings import Identity
from scraper.stats import Stats
from scraper.store import CsvWriter, JsonlStore, JsonWriter, SqliteStore, TextWriter, open_store
from scraper.store.lines import LineStore
from scraper.url import canonical
from tests.server import ScriptedServer, page

HOSTILE = {
    "title of the terminal": "\x1b]0;owned\x07",
    "colour": "\x1b[31mred",
    "cursor": "\x1b[2J\x1b[H",
    "C1 controls": "\x9b31m\x9d0;owned\x9c\x85",
    "backspaces": "ok\x08\x08no",
    "null": "a\x00b",
    "delete": "a\x7fb",
    "bidi override": "gpj.\u202eexe",
    "bidi isolate": "a\u2066b\u2069\u2068",
    "bidi marks": "\u200e\u200f\u061c",
    "zero width": "a\u200bb\ufeffc\u2060d",
    "annotation": "a\ufff9b\ufffac\ufffb",
    "line feed": 'one\n{"schema":1,"url":"http://forged/"}',
    "carriage return": "200      http://real/\r404",
    "vertical tab, form feed": "a\x0bb\x0cc",
    "separators of files": "a\x1cb\x1dc\x1ed",
    "line separators": "a\u2028b\u2029c\u0085d",
    "tab": "a\tb",
    "formula": "=cmd|'/C calc'!A0",
    "formula, plus": "+1+1",
    "formula, minus": "-1+1",
    "formula, at": "@SUM(1)",
    "formula behind a tab": "\t=1+1",
    "formula behind a line": "\r=1+1",
    "formula behind a space": " =1+1",
    "formula, full width": "\uff1d1+1",
    "quotes": 'a","b',
    "markup": "<script>alert(1)</script>",
    "lone surrogate": "a\udc9bb",
}
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What no text may hold; a tab and a line feed only separate."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
WRITERS: dict[str, Callable[[Path], LineStore]] = {
    "text": TextWriter,
    "csv": CsvWriter,
    "json": JsonWriter,
    "jsonl": JsonlStore,
}


def outcomes_with(text: str) -> list[Outcome]:
    """Outcomes with ``text`` wherever something of a server's can stand."""
    request = Request("http://a.test/")
    full = Page(text, charset="utf-8", data={"k": text, text.encode("ascii", "ignore").decode(): [text]}, robots=text)
    return [
        Fetched(request, 200, full, content_type=text),
        Fetched(Request("http://a.test/2"), 200, Page(error=text)),
        Failed(Request("http://a.test/3"), Reason.TLS, text),
        Refused(Request("http://a.test/4"), Reason.TRAP, text),
        Fetched(Request("http://a.test/robots.txt", kind=Kind.ROBOTS), 200, Page(data=text), content_type=text),
    ]


def written(kind: str, folder: Path, outcomes: list[Outcome]) -> str:
    path = folder / f"out.{kind}"
    path.unlink(missing_ok=True)
    writer = WRITERS[kind](path)
    writer.write(outcomes)
    writer.write([Shallower("http://a.test/", 0, None)])
    writer.close()
    return path.read_bytes().decode()


def check(kind: str, content: str) -> None:
    """What holds for an output of five outcomes, of which the last is no page."""
    if kind == "text":
        assert not STEERING.search(content)
        assert len(content.splitlines()) == 4
    elif kind == "csv":
        rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
        assert [len(row) for row in rows] == [len(CsvWriter.COLUMNS)] * 5
        assert not STEERING.search(content.replace("\r\n", "\n"))
        assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
    elif kind == "jsonl":
        assert [json.loads(line)["schema"] for line in content.splitlines()] == [1] * 5
    else:
        assert len(json.loads(content)) == 5
        assert len(content.splitlines()) == 7


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", WRITERS)
def test_no_output_is_broken_by_a_hostile_text(tmp_path: Path, kind: str, text: str) -> None:
    check(kind, written(kind, tmp_path, outcomes_with(text)))


@given(st.text())
@pytest.mark.parametrize("kind", WRITERS)
def test_no_output_is_broken_by_any_text(tmp_path_factory: pytest.TempPathFactory, kind: str, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    check(kind, written(kind, folder, outcomes_with(text)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["x.sqlite", "x.jsonl"])
def test_what_is_kept_is_exact_all_the_same(tmp_path: Path, name: str, text: str) -> None:
    store = open_store(tmp_path / name)
    store.write(outcomes_with(text))
    first = next(store.read())
    store.close()
    assert isinstance(first, Fetched)
    assert first.page is not None
    assert first.page.title == text.encode("utf-8", "replace").decode()


@given(st.text())
def test_a_canonical_url_is_printable_ascii(text: str) -> None:
    for url in (canonical(f"http://a.test/{text}?{text}"), canonical(text, "http://a.test/"), canonical(text)):
        assert url is None or (url.isascii() and url.isprintable() and " " not in url)


@given(st.text())
def test_a_line_of_json_stays_one_and_the_same(text: str) -> None:
    line = json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")
    shown = on_its_line(line)
    assert json.loads(shown) == json.loads(line)
    assert len(shown.decode().splitlines()) == 1


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_summary_is_steered_by_nothing(text: str) -> None:
    settings = make_settings(ignore_robots=f"our own {text}")
    stats = Stats(outcomes={"200": 1}, hosts={text: 1})
    told = summary(stats, 1.0, results=text, go_on=text, hints=hints(stats, settings, []))
    assert not STEERING.search(told)
    assert len(told.splitlines()) == 6


ARGUMENTS = {
    "all of them": "".join(text for text in HOSTILE.values() if "\0" not in text),
    "colour": HOSTILE["colour"],
    "bidi override": HOSTILE["bidi override"],
    "lone surrogate": HOSTILE["lone surrogate"],
}
"""No argument holds a null."""


@pytest.mark.parametrize("text", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize(
    "arguments",
    [
        ["crawl", "{}"],
        ["crawl", "http://{}/"],
        ["crawl", "http://127.0.0.1:9/", "--{}"],
        ["crawl", "http://127.0.0.1:9/", "--scope", "{}"],
        ["crawl", "http://127.0.0.1:9/", "--include", "({}"],
        ["crawl", "http://127.0.0.1:9/", "-H", "{}"],
        ["crawl", "http://127.0.0.1:9/", "--trap", "{}=3"],
        ["crawl", "http://127.0.0.1:9/", "--follow", "{}"],
        ["crawl", "http://127.0.0.1:9/", "--store", "none/{}"],
        ["crawl", "http://127.0.0.1:9/", "-o", "{}.csv", "--dry-run"],
        ["crawl", "http://127.0.0.1:9/{}", "--dry-run", "--user-agent", "me"],
        ["why", "http://a/{}", "--store", "{}"],
        ["{}"],
    ],
    ids=lambda arguments: " ".join(arguments[-2:]),
)
def test_errors_and_dry_runs_are_steered_by_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    run([argument.replace("{}", text) for argument in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "internal error" not in captured.err
    assert not STEERING.search(captured.out + captured.err)


def test_a_crawl_of_hostile_pages_steers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    title = "\x1b]0;x\x07\u202e\n=1+1\u2028".encode()
    hostile = b"<title>" + title + b'</title><a href="/%1b[31m?\xe2\x80\xae=\n1">x</a><a href="/2\x1b[31m">y</a>'
    with ScriptedServer() as server:
        root = server.script("/", page(hostile.decode()))
        for form in ("text", "csv", "jsonl", "json"):
            run(["crawl", root, "-d", "1", "-f", form, "-v", "--backend", "asyncio"])
            captured = capsys.readouterr()
            assert not STEERING.search(captured.err)
            if form in ("text", "csv"):
                assert not STEERING.search(captured.out.replace("\r\n", "\n"))
            if form == "jsonl":
                assert [json.loads(line)["schema"] for line in captured.out.splitlines()]
    assert list(tmp_path.iterdir()) == [], "no name of a file comes from a server"


SECRET = "hunter2"


def test_secrets_are_in_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Login, header and cookie are sent, and then they are nowhere."""
    monkeypatch.chdir(tmp_path)
    Path("login").write_text(f"me:{SECRET}\n")
    with ScriptedServer() as server:
        cookie = f"Set-Cookie: sid={SECRET}; Path=/\r\n"
        root = server.script("/", page("<title>A</title><a href=/2>x</a>", cookie))
        server.script("/2", page("<title>B</title>", cookie))
        secrets = ["--auth-file", "login", "-H", f"X-Api-Key: {SECRET}", "--cookies"]
        for kept in (["--store", "a.sqlite"], ["-o", "a.jsonl"], ["-o", "a.csv"], ["-o", "a.json"], []):
            run(["crawl", root, *secrets, *kept, "-v", "--backend", "asyncio", "--max-pages", "1"])
        run(["crawl", root, *secrets, "--store", "a.sqlite", "--resume", "-v", "--backend", "asyncio"])
        run(["crawl", root, *secrets, "--dry-run"])
        run(["why", f"{root}2", "--store", "a.sqlite"])
        assert any(f"X-Api-Key: {SECRET}".encode() in request for request in server.requests)
    captured = capsys.readouterr()
    assert SECRET not in captured.out + captured.err
    for file in tmp_path.iterdir():
        assert file.name == "login" or SECRET.encode() not in file.read_bytes(), file


def test_no_value_shows_a_secret_when_it_is_printed() -> None:
    request = Request("http://a/", cookie=f"sid={SECRET}")
    identity = Identity(auth=("me", SECRET), proxy=f"http://me:{SECRET}@x", headers=(("X", SECRET),))
    fetched = Fetched(request, 200, cookies=(f"sid={SECRET}",))
    values: list[Any] = [request, fetched, identity, make_settings(auth=f"me:{SECRET}"), Failed(request, Reason.DNS)]
    for value in values:
        assert SECRET not in repr(value) + str(value) + f"{[value]}"


def test_a_store_keeps_no_secret_option(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.sqlite")
    options: Any = {"auth": f"me:{SECRET}", "proxy": f"socks5://{SECRET}@x", "headers": {"X": SECRET}}
    options |= {"cookies": True, "ignore_robots": "our own site"}
    whole, _ = recall(store, options, ["http://a/"])
    store.close()
    assert whole["auth"] == f"me:{SECRET}"
    assert SECRET.encode() not in (tmp_path / "a.sqlite").read_bytes()
    with sqlite3.connect(tmp_path / "a.sqlite") as database:
        [(kept,)] = database.execute("SELECT value FROM meta WHERE key = 'options'")
    database.close()
    assert json.loads(kept) == {"cookies": True, "ignore_robots": "our own site"}


def test_names_of_files_that_are_no_text_are_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    name = str(tmp_path / "\udcff\x1b[31m.csv")
    given = {"store": None, "output": name, "form": None, "resume": False, "backend": "asyncio"}
    assert dry_run(given, {}, ["http://a/"]) == 0
    assert printable(name) in capsys.readouterr().out
