"""``scraper compare``: what it refuses before anything runs, one small comparison from end to end, and how it ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from scraper.compare.outputs.document import from_json, to_json
from tests.cli.command import Site, scraper, started
from tests.server import ok

SMALL = ("--fixture", "web:hosts=4,pages=40,latency=5ms", "--repeat", "2", "--seconds", "50ms", "--warmup", "0")
TWO = ("--backends", "threads,asyncio", "--concurrency", "8")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--backends", "thread"], ["no backend 'thread'", "did you mean 'threads'?"]),
        (["--backends", "threads,,asyncio"], ["no list of names"]),
        (["--backends", ""], ["no list of names"]),
        (["--workload", "latncy"], ["no workload 'latncy'", "did you mean 'latency'?"]),
        (["--workload", "near", "--fixture", "web:"], ["--fixture and --workload", "two kinds of work"]),
        (["--fixture", "web:", "--replay", "x.warc.gz"], ["two kinds of work"]),
        (["https://example.org", "--workload", "near"], ["URLs and --workload"]),
        (["--fixture", "web:pags=10"], ["pags"]),
        (["--fixture", "nonsense"], ["nonsense"]),
        (["--replay", "none.warc.gz"], ["none.warc.gz", "no such file"]),
        (["--replay", __file__], ["no WARC file"]),
        (["--replay", ""], ["no such file"]),
        (["--fixture", ""], ["unknown kind of fixture ''"]),
        (["--workload", ""], ["no list of names"]),
        (["none.txt"], ["none.txt"]),
        (["--concurrency", "1,2,...,7,...,9,8,5,...,6"], ["5"]),
        (["--concurrency", "0"], ["'0' is no number"]),
        (["--workers", "1,...,4"], ["two numbers before"]),
        (["--repeat", "0"], ["--repeat must be 1 or more"]),
        (["--warmup", "-1"], ["--warmup must be 0 or more"]),
        (["--seconds", "0"], ["--seconds must be between"]),
        (["--seconds", "2h"], ["--seconds must be between"]),
        (["https://example.org", "--max-pages", "0"], ["--max-pages must be 1 or more"]),
        (["--depth", "1"], ["--depth is for URLs"]),
        (["--fixture", "web:", "--record", "x.warc.gz"], ["--record is for URLs"]),
        (["--polite"], ["--polite is for work of your own"]),
        (["--parse", "nothing.there:f"], ["nothing.there"]),
        (["--parser", "lxbor"], ["lxbor"]),
        (["--against", "none.json"], ["--against none.json"]),
        (["--html", "/dev/full/x.html"], ["/dev/full/x.html", "no folder"]),
        (["--html", "none/x.html"], ["none/x.html", "folder does not exist"]),
        (["--html", "x.html", "--json", "x.html"], ["the same file"]),
        (["https://example.org", "--record", "here.txt"], ["here.txt"]),
        (["-q", "-v"], ["exclude each other"]),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_runs(
    arguments: list[str], parts: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scraper(capsys, "compare", *arguments).is_one_message(2, *parts)
    assert list(here.iterdir()) == []


def test_what_is_no_comparison_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "before.json").write_text('{"schema": 1}')
    assert scraper(capsys, "compare", "--against", "before.json").is_one_message(2, "holds no comparison")


def test_the_named_workloads_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    found = scraper(capsys, "compare", "--workload", "list")
    assert found.code == 0
    assert [line.split()[0] for line in found.out.splitlines()][:2] == ["latency", "near"]


def test_a_comparison_from_end_to_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ("--html", "page.html", "--json", "data.json")
    found = scraper(capsys, "compare", *SMALL, *TWO, *files)
    assert found.code == 0, found.err
    assert "comparing 2 cases of 1 workload, 2 rounds each" in found.err
    assert "page: page.html\ndata: data.json" in found.err
    for text in ("threads", "asyncio", "pages/s", "2 rounds say little"):
        assert text in found.out
    comparison = from_json((here / "data.json").read_bytes())
    assert [row.case.name for row in comparison.rows] == ["fixture/threads/8", "fixture/asyncio/8"]
    assert all(row.same and row.pages == 24 for row in comparison.rows)
    assert len(comparison.runs) == 4
    assert len(comparison.timelines) == 2
    assert str(here) not in to_json(comparison).decode()
    page = (here / "page.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "fixture" in page
    left = sorted(file.name for file in here.iterdir() if not file.name.startswith(".coverage"))  # when it is measured
    assert left == ["data.json", "page.html"]

    again = scraper(capsys, "compare", *SMALL, "--backends", "asyncio", "--concurrency", "8", "--against", "data.json")
    assert "since then: " in again.out
    assert "of 1 cases have the same rate" in again.out


def test_json_on_standard_output_is_alone_there(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    from scraper.cli import run

    one = ("--backends", "asyncio", "--concurrency", "4", "--parse", "json:loads")
    code = run(["compare", *SMALL, *one, "--json", "-", "-q"])
    captured = capsysbinary.readouterr()
    assert (code, captured.err) == (0, b"")
    found = from_json(captured.out)
    assert found.rows[0].case.concurrency == 4
    assert {run.failed for run in found.runs} == {found.rows[0].pages}
    assert "TypeError: the JSON object must be" in found.notes[0]


def test_urls_are_recorded_once_and_replayed(site: Site, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "urls.txt").write_text("".join(f"{url}\n" for url in site.urls))
    brief = ("--backends", "asyncio", "--concurrency", "2", "--repeat", "1", "--warmup", "0", "--json", "data.json")
    found = scraper(capsys, "compare", "urls.txt", *brief, "--record", "site.warc.gz")
    assert found.code == 0, found.err
    assert "recording up to 6 pages, politely" in found.err
    assert "recorded 6 pages; half of them took" in found.err
    assert "--replay site.warc.gz" in found.err
    assert set(site.hits.values()) == {1}
    comparison = from_json((here / "data.json").read_bytes())
    assert all(row.same and row.pages == 6 for row in comparison.rows)

    refused = scraper(capsys, "compare", "urls.txt", "--record", "site.warc.gz")
    assert refused.is_one_message(2, "site.warc.gz already exists", "--replay")
    for option in ("--html", "--json"):
        refused = scraper(capsys, "compare", "--replay", "site.warc.gz", option, "site.warc.gz")
        assert refused.is_one_message(2, f"{option} and --replay are the same file")
    assert scraper(capsys, "compare", "urls.txt", "--html", "urls.txt").is_one_message(2, "--html and the list")

    again = scraper(capsys, "compare", "--replay", "site.warc.gz", *brief)
    assert again.code == 0, again.err
    assert "recorded" not in again.err
    assert set(site.hits.values()) == {1}


def test_without_an_answer_there_is_nothing_to_compare(
    site: Site, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.server.script("/robots.txt", ok(b"User-agent: *\nDisallow: /", "Content-Type: text/plain\r\n"))
    found = scraper(capsys, "compare", site.root)
    assert found.code == 2
    assert "nothing could be recorded, so there is nothing to compare on: refused: robots 1" in found.err
    assert list(here.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_keeps_what_was_measured(here: Path) -> None:
    work = ("--fixture", "web:hosts=4,pages=400,latency=20ms", "--repeat", "400", "--seconds", "50ms", "-v")
    process = started("compare", *work, "--backends", "asyncio", "--concurrency", "16", "--json", "data.json", cwd=here)
    assert process.stderr
    assert any(b"round 2 of 400" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    comparison = from_json((here / "data.json").read_bytes())
    assert 0 < len(comparison.runs) < 400
    assert any("broken off: of 400 rounds" in note for note in comparison.notes)
    assert b"broken off" in out
    assert b"Traceback" not in err


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_ends_the_recording_in_order(site: Site, here: Path) -> None:
    gate = site.gate("/")
    process = started("compare", *site.urls, "--record", "site.warc.gz", cwd=here)
    assert process.stderr
    assert process.stderr.readline().startswith(b"recording up to 6 pages")
    assert gate.asked.wait(20)
    process.send_signal(signal.SIGINT)
    assert b"once more stops at once" in process.stderr.readline()
    gate.open.set()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert b"recording: site.warc.gz, with what came until now" in err
    assert sum(site.hits.values()) < 6
