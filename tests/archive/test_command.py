"""``scraper crawl --record`` and ``--replay``, as a user has them."""

from __future__ import annotations

import random
import resource
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scraper.archive.reading import scan
from scraper.cli import run
from tests.cli.command import Site, records, scraper
from tests.cli.command import site as site
from tests.server import ScriptedServer, page

FILE = "x.warc.gz"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(name: str) -> list[dict[str, Any]]:
    """The records of a file, without what differs from run to run."""
    timely = {"timings", "fetched_at", "address"}
    found = [msgspec.json.decode(line) for line in Path(name).read_bytes().splitlines()]
    kept = [{key: value for key, value in record.items() if key not in timely} for record in found]
    return sorted(kept, key=lambda record: (record["url"], record["kind"]))


def test_what_was_recorded_is_crawled_again_without_its_site(capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer() as server:
        site = Site(server)
        done = scraper(capsys, "crawl", site.root, "-d", "1", "--record", FILE, "-o", "a.jsonl", "--backend", "threads")
        assert (done.code, done.out) == (0, "")
        assert f"recorded: {FILE}" in done.err
    done = scraper(capsys, "crawl", "--replay", FILE, "-o", "b.jsonl", "--backend", "asyncio")
    assert done.code == 0
    assert f"replaying {FILE}: 6 pages of 1 host; no server but our own is asked" in done.err
    assert "not in the recording" not in done.err
    assert sorted(records(Path("b.jsonl"))) == sorted(site.urls)
    assert lines("b.jsonl") == lines("a.jsonl")


def test_what_was_not_recorded_is_told(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["crawl", site.root, "-q", "-d", "0", "--record", FILE, "-f", "jsonl"]) == 0
    done = scraper(capsys, "crawl", site.root, "--replay", FILE, "-d", "1", "--backend", "sequential")
    assert done.code == 1
    assert "not in the recording: 5 URLs" in done.err
    assert site.hits == {"/": 1}
    done = scraper(capsys, "crawl", "--replay", FILE)
    assert done.code == 0  # to the depth that was recorded
    assert done.out.count("\n") == 1 + done.out.count("robots")


def test_a_dry_run_says_it_and_touches_nothing(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    done = scraper(capsys, "crawl", site.root, "--record", FILE, "--dry-run")
    assert f"record: {FILE}\n" in done.out
    assert not Path(FILE).exists()
    assert run(["crawl", site.root, "-q", "-d", "0", "--record", FILE]) == 0
    capsys.readouterr()
    done = scraper(capsys, "crawl", "--replay", FILE, "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert f"replay: {FILE}: 1 page of 1 host\n" in done.out
    assert "depth 0" in done.out
    assert f"seeds: 1\n  {site.root}\n" in done.out


def test_what_excludes_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert scraper(capsys, "crawl", "--replay", FILE, "--record", "y.warc.gz").is_one_message(2, "--record exclude")
    proxied = scraper(capsys, "crawl", "--replay", FILE, "--proxy", "http://p.test:1")
    assert proxied.is_one_message(2, "--replay and --proxy exclude")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--replay", "none.warc.gz"], "none.warc.gz cannot be read: No such file"),
        (["--replay", "."], "cannot be read: Is a directory"),
        (["--replay", "list.txt"], "list.txt is no recording"),
        (["http://a.test", "--record", "x.txt"], "x.txt: a recording is a file whose name ends in .warc.gz"),
        (["http://a.test", "--record", "no/x.warc.gz"], "its folder does not exist"),
        (["http://a.test", "--record", "here.warc.gz"], "here.warc.gz already exists: add --resume"),
    ],
)
def test_files_that_will_not_do(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("list.txt").write_text("http://a.test\n")
    Path("here.warc.gz").write_bytes(b"\x1f\x8b")
    assert scraper(capsys, "crawl", *arguments).is_one_message(2, message)


def test_going_on_goes_on_with_the_recording(capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer() as server:
        site = Site(server)
        words = ["crawl", site.root, "--store", "x.sqlite", "--record", FILE, "-d", "1", "--backend", "sequential"]
        assert run([*words, "--max-pages", "2"]) == 0
        whole = Path(FILE).read_bytes()
        Path(FILE).write_bytes(whole + whole[:30])
        capsys.readouterr()
        done = scraper(capsys, *words, "--resume")
        assert done.code == 0
        assert f"{FILE}: its last record is torn (30 bytes); it was cut off" in done.err
    assert {entry.url for entry in scan(FILE).entries} >= set(site.urls)
    Path(FILE).write_bytes(Path(FILE).read_bytes()[:-1])
    done = scraper(capsys, "crawl", "--replay", FILE, "-f", "jsonl", "-q")
    assert done.err == ""
    assert len(done.out.splitlines()) >= 6


def test_a_full_disk_ends_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1, 6):
        site.server.script(f"/{number}", page("".join(random.Random(number).choices("abcdefgh", k=9_000))))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, before[1]))
    try:
        done = scraper(capsys, "crawl", site.root, "--record", FILE, "--backend", "sequential", "-f", "jsonl")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.code == 3
    assert "x.warc.gz: the disk is full" in done.err
    assert scan(FILE).cut == 0
    assert site.root in {entry.url for entry in scan(FILE).entries}
