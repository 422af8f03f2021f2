from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from scraper.cli.interrupt import command_that_goes_on
from scraper.errors import BackendError
from scraper.store import SqliteStore, open_output
from tests.cli.command import COMMAND, Site, environment, pages, records, scraper, started
from tests.server import free_port, page, status

ASYNC = ("--backend", "asyncio")


def test_text_goes_to_stdout_and_everything_else_to_stderr(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    result = scraper(capsys, "crawl", site.root, *ASYNC)
    assert result.code == 0
    assert sorted(line.split()[1] for line in result.out.splitlines()) == site.urls
    assert "6 pages in" in result.err
    assert "to go on next time" not in result.err


def test_quiet_says_nothing_and_verbose_says_why(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert scraper(capsys, "crawl", site.root, "-d", "0", *ASYNC, "-q").err == ""
    told = scraper(capsys, "crawl", site.root.removeprefix("http://"), "-d", "0", "-v").err
    assert f"is taken as {site.root}" in told
    assert "backend sequential: there is one URL to fetch" in told


@pytest.mark.parametrize("more", [(), ("--record", "x.warc.gz")])
def test_verbose_says_what_auto_begins_with_and_what_it_goes_on_with(
    here: Path, site: Site, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    site.server.script("/", page("".join(f"<a href=/1?{number}>x</a>" for number in range(100))))
    options = ("--parser", "lexbor", "--concurrency", "4", "--backend", "auto", "-v")
    told = scraper(capsys, "crawl", site.root, "-d", "1", *options, *more).err
    assert "backend auto: asyncio to begin with" in told
    assert "backend auto: asyncio stays: " in told  # 101 pages are too few for processes


def test_colours_are_shown_where_they_are_asked_for(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[1m6 pages" in scraper(capsys, "crawl", site.root, "--color", "always", *ASYNC).err
    assert "\x1b" not in scraper(capsys, "crawl", site.root, *ASYNC).err


def test_failures_give_exit_1(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.server.script("/3", status(404))
    assert scraper(capsys, "crawl", site.root, *ASYNC).code == 1
    nobody = f"http://127.0.0.1:{free_port()}/"
    result = scraper(capsys, "crawl", nobody, "--retries", "0", *ASYNC)
    assert (result.code, result.out.split()[0]) == (1, "connect")


@pytest.mark.parametrize("form", ["text", "jsonl", "json", "csv"])
def test_formats_by_name_and_by_ending(here: Path, site: Site, capsys: pytest.CaptureFixture[str], form: str) -> None:
    ending = {"text": "txt"}.get(form, form)
    printed = scraper(capsys, "crawl", site.root, "-d", "0", "-f", form, *ASYNC).out
    assert scraper(capsys, "crawl", site.root, "-d", "0", "-o", f"x.{ending}", *ASYNC).out == ""
    assert site.root in printed
    assert len(Path(f"x.{ending}").read_bytes().splitlines()) == len(printed.splitlines())


def test_a_store_leaves_stdout_alone_unless_a_format_is_named(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scraper(capsys, "crawl", site.root, "--store", "a.sqlite", *ASYNC).out == ""
    printed = scraper(capsys, "crawl", site.root, "--store", "b.sqlite", "-f", "jsonl", *ASYNC).out
    assert len(pages(printed.splitlines())) == 6
    with sqlite3.connect("a.sqlite") as database:
        assert database.execute("select count(*) from outcomes where kind = 'page'").fetchone() == (6,)
    database.close()


def test_options_reach_the_crawl(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    scraper(
        *(capsys, "crawl", site.root, "--exclude", "/[1-4]$", "-H", "X-One: 1", "-H", "X-Two: 2", "--user-agent", "me"),
        *("--max-pages", "2", *ASYNC),
    )
    assert site.hits == {"/": 1, "/5": 1}
    for header in (b"X-One: 1\r\n", b"X-Two: 2\r\n", b"User-Agent: me\r\n"):
        assert header.lower() in site.server.requests[0].lower()


def test_resume_of_a_store_needs_neither_urls_nor_options(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    first = scraper(capsys, "crawl", site.root, "--store", "x.sqlite", "--exclude", "/5", "--max-pages", "2", *ASYNC)
    assert "to go on" in first.err
    second = scraper(capsys, "crawl", "--store", "x.sqlite", "--resume", "--max-pages", "100", *ASYNC)
    assert "going on: 2 already recorded" in second.err
    assert "2 already recorded" in second.err.splitlines()[-1]
    assert site.hits == dict.fromkeys(("/", "/1", "/2", "/3", "/4"), 1)


@pytest.mark.parametrize("kept", [("--store", "x.sqlite"), ("-o", "x.jsonl")])
def test_the_command_that_goes_on_goes_on_behind_a_page_budget(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str], kept: tuple[str, str]
) -> None:
    told = scraper(capsys, "crawl", site.root, *kept, "--max-pages", "2", *ASYNC).err
    for done in (4, 6):
        (line,) = (line for line in told.splitlines() if line.startswith("  to go on"))
        told = scraper(capsys, *shlex.split(line)[6:]).err
        assert sum(site.hits.values()) == done
    assert "to go on" not in told


@pytest.mark.parametrize(
    "spelled",
    [
        ["-H", "Authorization: Bearer hunter2", "--header=Cookie:  hunter2", "-qHX: hunter2"],
        ["--proxy", "http://me:hunter2@127.0.0.1:9"],
        ["--proxy=http://hunter2@127.0.0.1:9"],
        ["--auth", "me:hunter2"],
        ["--auth=me:hunter2"],
        ["--auth", "old:hunter2", "--auth=older:hunter2", "--auth", "me:hunter2"],
        ["--proxy", "http://old:hunter2@127.0.0.1:9", "--proxy=http://127.0.0.1:9"],
    ],
)
def test_the_command_that_goes_on_keeps_secrets(spelled: list[str]) -> None:
    headers = [("Authorization", "Bearer hunter2"), ("Cookie", "hunter2"), ("X", "hunter2")]
    told = command_that_goes_on(["crawl", "http://a/2", *spelled], without_stdin=True, headers=headers)
    assert "hunter2" not in told
    assert told.endswith("  # give once more what *** stands for")
    assert len(shlex.split(told, comments=True)) == 6 + len(spelled)
    assert "***" not in command_that_goes_on(["crawl", "http://a/2"], without_stdin=True, headers=headers)


def test_secrets_are_not_told_on_stderr(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--store", "x.sqlite", "--max-pages", "1", "-H", "Authorization: hunter2", "-v", *ASYNC)
    told = scraper(capsys, "crawl", site.root, *options).err
    assert "-H 'Authorization: ***'" in told
    assert "hunter2" not in told


def test_a_plain_resume_has_no_budget(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    scraper(capsys, "crawl", site.root, "--store", "x.sqlite", "--max-pages", "2", "--max-time", "1h", *ASYNC)
    assert scraper(capsys, "crawl", "--store", "x.sqlite", "--resume", *ASYNC).code == 0
    assert sum(site.hits.values()) == 6


def test_resume_of_a_jsonl_file(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("crawl", site.root, "-o", "x.jsonl", *ASYNC)
    scraper(capsys, *options, "--max-pages", "2")
    Path("x.jsonl").write_bytes(Path("x.jsonl").read_bytes() + b'{"schema":1,"url":"http://torn')
    assert scraper(capsys, *options, "--resume").code == 0
    assert sorted(records(here / "x.jsonl")) == site.urls
    assert set(site.hits.values()) == {1}


def test_resume_writes_the_output_anew_from_the_store(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("crawl", site.root, "--store", "x.sqlite", "-o", "x.json", *ASYNC)
    scraper(capsys, *options, "--max-pages", "2")
    Path("x.json").write_text('[\n{"schema":1,"url":"cut off')
    scraper(capsys, *options, "--resume", "--max-pages", "100")
    found = json.loads(Path("x.json").read_text())
    assert sorted(record["url"] for record in found if record["kind"] == "page") == site.urls


@pytest.mark.parametrize("store", ["typo.sqlite", "begun.sqlite"])
@pytest.mark.parametrize(("name", "content"), [("hours.jsonl", None), ("notes.txt", "my notes\n")])
def test_a_resume_without_a_crawl_leaves_the_output_alone(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str], store: str, name: str, content: str | None
) -> None:
    SqliteStore("begun.sqlite").close()
    if content is None:
        scraper(capsys, "crawl", site.root, "-o", name, *ASYNC)
    else:
        Path(name).write_text(content)
    before = Path(name).read_bytes()
    result = scraper(capsys, "crawl", f"{site.root}1", "--store", store, "--resume", "-o", name, *ASYNC)
    assert result.is_one_message(2, f"{name} already exists, and {store} holds no crawl")
    assert Path(name).read_bytes() == before
    assert not Path("typo.sqlite").exists()


@pytest.mark.parametrize("name", ["x.json", "x.csv", "x.txt", "x.jsonl"])
def test_a_resume_of_a_crawl_that_recorded_nothing_yet(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    SqliteStore("x.sqlite").close()
    open_output(name).close()
    options = ("crawl", site.root, "-d", "0", "--store", "x.sqlite", "-o", name, *ASYNC)
    assert scraper(capsys, *options, "--resume").code == 0
    assert site.root in Path(name).read_text()
    Path("x.sqlite").unlink()
    assert scraper(capsys, *options).is_one_message(2, f"{name} already exists: name another file")


def test_resume_of_what_is_not_there_begins(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    result = scraper(capsys, "crawl", site.root, "--store", "x.sqlite", "--resume", *ASYNC)
    assert result.code == 0
    assert "x.sqlite is not there yet: a new crawl begins" in result.err


def test_resume_of_a_store_without_seeds_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SqliteStore("x.sqlite").close()
    assert scraper(capsys, "crawl", "--store", "x.sqlite", "--resume").is_one_message(2, "x.sqlite holds no seeds")


def test_resume_of_a_store_that_is_not_there_and_no_urls_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = scraper(capsys, "crawl", "--store", "x.sqlite", "--resume")
    assert result.is_one_message(2, "there is no store x.sqlite to go on with")
    assert list(here.iterdir()) == []


def test_headers_are_not_kept_in_the_store(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    scraper(capsys, "crawl", site.root, "--store", "x.sqlite", "-H", "Authorization: hunter2", "-d", "1", *ASYNC)
    with sqlite3.connect("x.sqlite") as database:
        kept = dict(database.execute("select key, value from meta"))
    database.close()
    assert json.loads(kept["options"]) == {"depth": 1}
    assert b"hunter2" not in Path("x.sqlite").read_bytes()


def test_dry_run_fetches_and_writes_nothing(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    result = scraper(
        *(capsys, "crawl", site.root, "--dry-run", "--store", "x.sqlite", "-d", "2", "-H", "Authorization: hunter2")
    )
    assert result.code == 0
    assert "backend: auto" in result.out or "backend: asyncio" in result.out
    assert "depth 2" in result.out
    assert "headers Authorization" in result.out
    assert "hunter2" not in result.out
    assert f"  {site.root}\n" in result.out
    assert site.hits == {}
    assert list(here.iterdir()) == []


def test_a_function_of_ones_own_from_the_current_folder(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    (here / "of_mine_for_the_cli.py").write_text("def f(page):\n    return {'h': page.title.upper()}\n")
    printed = scraper(
        capsys, "crawl", site.root, "-d", "0", "-f", "jsonl", "--parse", "of_mine_for_the_cli:f", *ASYNC
    ).out
    assert json.loads(printed.splitlines()[-1])["data"] == {"h": "ROOT"}


def test_a_bug_is_one_line_and_a_traceback_with_v(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("of ours")

    monkeypatch.setattr("scraper.core.Crawl.take", broken)
    result = scraper(capsys, "crawl", site.root, *ASYNC, "-q")
    assert result.is_one_message(3, "internal error: RuntimeError: of ours; run with -v for the traceback\n")
    assert "Traceback" in scraper(capsys, "crawl", site.root, *ASYNC, "-v").err


def test_a_full_disk_breaks_off_and_says_how_to_go_on(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", full)
        result = scraper(capsys, "crawl", site.root, "-o", "x.jsonl", *ASYNC)
    assert result.is_one_message(3, "error: x.jsonl: the disk is full")
    assert "\nwhat was recorded is kept; to go on: python -m scraper crawl --resume" in result.err
    assert scraper(capsys, "crawl", site.root, "-o", "x.jsonl", "--resume", *ASYNC).code == 0
    assert sorted(records(here / "x.jsonl")) == site.urls


def test_a_pipe_that_nobody_reads_ends_quietly(here: Path, site: Site) -> None:
    gate = site.gate("/3")
    process = started("crawl", site.root, "-q", *ASYNC, "--store", "x.sqlite", "-f", "text", cwd=here)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == f"200      {site.root}  Root\n".encode()
    process.stdout.close()
    gate.open.set()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(20) == 141
    with sqlite3.connect(here / "x.sqlite") as database:
        assert database.execute("select count(*) from outcomes where url = ?", (site.root,)).fetchone() == (1,)
    database.close()


def test_standard_input_is_a_list(here: Path, site: Site) -> None:
    process = started("crawl", "-", "-d", "0", "-f", "jsonl", *ASYNC, cwd=here, stdin=subprocess.PIPE)
    out, err = process.communicate(f"# mine\n{site.root}\n{site.root}1\n".encode(), timeout=20)
    assert process.returncode == 0, err
    assert len(pages(out.splitlines())) == 2


def test_hostile_titles_do_not_reach_the_terminal(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.server.script("/", page("<title>\x1b]0;owned\x07</title>"))
    assert "\x1b" not in scraper(capsys, "crawl", site.root, "-d", "0", *ASYNC).out


def test_verbose_names_failures_when_they_are_final(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.server.script("/3", status(404))
    told = scraper(capsys, "crawl", site.root, *ASYNC, "-v").err
    assert f"404  {site.root}3\n" in told


def test_workers_that_cannot_be_kept_alive_break_off(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*_: object) -> None:
        raise BackendError("workers die")

    monkeypatch.setattr("scraper.backends.asyncio.Asyncio.collect", dying)
    assert scraper(capsys, "crawl", site.root, *ASYNC).is_one_message(3, "error: workers die", "nothing was kept")


@pytest.mark.parametrize("closed", [1, 2])
def test_closed_streams_are_no_trouble(here: Path, site: Site, closed: int) -> None:
    command = shlex.join([*COMMAND, "crawl", site.root, *ASYNC])
    process = subprocess.run(["sh", "-c", f"exec {command} {closed}>&-"], env=environment(), capture_output=True)
    assert process.returncode == 0
    assert b"Traceback" not in process.stderr


def test_a_function_of_ones_own_that_fails_is_a_failure_and_named(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "failing_for_the_cli.py").write_text("def f(page):\n    raise ValueError('boom')\n")
    result = scraper(capsys, "crawl", site.root, "-d", "0", "--parse", "failing_for_the_cli:f", *ASYNC, "-v")
    assert result.code == 1
    assert f"200  {site.root}: ValueError: boom\n" in result.err
    assert "  parse     1 page on which your function failed" in result.err


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")


def shell(here: Path, arguments: list[str], redirected: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command with its streams ``redirected``."""
    command = f"exec {shlex.join([*COMMAND, *arguments])} {redirected}"
    return subprocess.run(["sh", "-c", command], cwd=here, env=environment(), capture_output=True)


@FULL
@pytest.mark.parametrize("arguments", [["crawl", "{root}", "-v", *ASYNC], ["crawl", "{root}", "-q", "-d", "0"]])
def test_a_full_stderr_changes_nothing(here: Path, site: Site, arguments: list[str]) -> None:
    arguments = [argument.format(root=site.root) for argument in arguments]
    assert shell(here, arguments, "2>/dev/full").returncode == 0


@FULL
def test_errors_that_cannot_be_told_keep_their_code(here: Path) -> None:
    assert shell(here, ["crawl"], "2>/dev/full").returncode == 2
    assert shell(here, ["crawl", "nothing.txt"], "2>/dev/full").returncode == 2


@FULL
def test_help_for_a_full_disk_is_one_clear_line(here: Path) -> None:
    process = shell(here, ["--help"], ">/dev/full")
    assert (process.returncode, process.stderr) == (3, b"error: standard output: No space left on device\n")


@pytest.mark.parametrize("command", ["--help", "crawl {root} --dry-run", "crawl --store x.sqlite --resume -f csv -q"])
def test_a_closed_pipe_is_one_wherever_it_closes(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert scraper(capsys, "crawl", site.root, "--store", "x.sqlite", *ASYNC).code == 0
    reader, writer = os.pipe()
    os.close(reader)
    process = started(*command.format(root=site.root).split(), cwd=here, stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (141, b"")


@FULL
def test_a_full_standard_output_is_called_so_and_cannot_be_resumed(here: Path, site: Site) -> None:
    process = shell(here, ["crawl", site.root, "-d", "0"], ">/dev/full")
    assert process.returncode == 3
    assert process.stderr.startswith(b"error: standard output: the disk is full")
    assert b"--resume" not in process.stderr


def test_dry_run_goes_on_with_what_the_store_remembers(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    scraper(capsys, "crawl", site.root, "--store", "x.sqlite", "-d", "0", *ASYNC)
    before = Path("x.sqlite").read_bytes()
    result = scraper(capsys, "crawl", "--store", "x.sqlite", "--resume", "--dry-run")
    assert (result.code, result.err) == (0, "")
    assert "depth 0" in result.out
    assert f"seeds: 1\n  {site.root}\n" in result.out
    assert Path("x.sqlite").read_bytes() == before
    assert list(here.iterdir()) == [here / "x.sqlite"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume"], "--resume needs what it can go on with"),
        (["--resume", "-o", "x.csv"], "csv cannot be gone on with"),
        (["-o", "old.csv"], "old.csv already exists"),
        (["-o", "nameless"], "the name tells no format"),
        (["--store", "a.sqlite", "-o", "./a.sqlite"], "are the same file"),
    ],
)
def test_dry_run_refuses_what_the_run_would(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (here / "old.csv").write_text("something of mine")
    result = scraper(capsys, "crawl", "http://127.0.0.1:9/", "--dry-run", *arguments)
    assert result.is_one_message(2, message)
    assert list(here.iterdir()) == [here / "old.csv"]
