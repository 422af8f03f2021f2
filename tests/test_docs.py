"""What the references show: files are read, examples are run, and what is named or quoted is there."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scraper.archive.about import About
from scraper.archive.writing import Writer
from scraper.check.asking.targets import read_checks
from scraper.check.health import Change
from scraper.check.model import Target, Verdict
from scraper.check.notices.message import payload
from scraper.check.web import metrics
from scraper.check.web.badges import KINDS
from scraper.cli.crawl import crawl
from scraper.model import Exchange, Fetched, Request
from scraper.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
WATCH = (DOCS / "watch.md").read_text()
WEB = (DOCS / "web.md").read_text()
RECORDINGS = (DOCS / "recordings.md").read_text()
HAZARDS = (DOCS / "hazards.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```", HAZARDS, re.MULTILINE | re.DOTALL)
QUOTED = [text for text in PYTHON if text.startswith("# scraper/")]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", WATCH, re.MULTILINE | re.DOTALL)


def test_the_tables_of_a_watch_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "of the reader")
    monkeypatch.setenv("APPRISE_URL", "json://127.0.0.1")
    tables = "\n".join(text for kind, text in BLOCKS if kind == "toml")
    (tmp_path / "checks.toml").write_text(
        f'{tables}\n[[group.eu.check]]\nname = "shop"\nurl = "https://shop.example/"\n'
    )
    checks = read_checks([str(tmp_path / "checks.toml")])
    assert [target.key for target in checks.targets] == ["eu/shop"]
    assert (float(checks.watch.jitter), float(checks.history.hourly), len(checks.maintenance)) == (2, 8_640_000, 2)
    assert len(checks.notify.webhook) == len(checks.notify.apprise) == 1


def test_the_notice_that_is_shown_is_one() -> None:
    (shown,) = [json.loads(text) for kind, text in BLOCKS if kind == "json"]
    data = shown["data"]
    change = Change(
        True, Verdict.DOWN, 1795255205.123, 1795255145.12, None, Verdict.DOWN, "timeout", data["detail"], key="eu/shop"
    )
    target = Target(url=data["url"], name="shop", group="eu")
    made = json.loads(payload(change, target, None))
    made["timestamp"], made["data"]["started"] = shown["timestamp"], data["started"]
    assert made == shown


def test_the_metrics_and_badges_that_are_named_are_there() -> None:
    assert set(re.findall(r"`((?:probe|scraper_check)_\w+)", WEB)) == metrics.HELP.keys()
    assert set(re.findall(r"uptime-\w+", WEB)) | {"response"} == KINDS


@pytest.mark.parametrize("code", [code for code in PYTHON if code not in QUOTED])
def test_the_hazards_strike_as_it_is_written(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.splitlines()) == (0, re.findall(r"# -> (.*)$", code, re.MULTILINE)), (
        done.stderr
    )


@pytest.mark.parametrize("quoted", QUOTED)
def test_the_guards_that_are_quoted_stand_in_the_code(quoted: str) -> None:
    name, _, text = quoted.removeprefix("# ").partition("\n")
    lines, wanted = (DOCS.parent / name).read_text().splitlines(keepends=True), text.count("\n")
    parts = ("".join(lines[start : start + wanted]) for start in range(len(lines)))
    assert text in parts


def test_each_hazard_has_its_chapter_and_its_tests() -> None:
    chapters = re.findall(r"^## (.*)$", HAZARDS, re.MULTILINE)
    assert [f"#{title.lower().replace(' ', '-')}" for title in chapters] == re.findall(r"\]\((#[\w-]+)\)", HAZARDS)
    files = sorted((DOCS.parent / "tests" / "hazards").glob("test_*.py"))
    assert sorted(re.findall(r"pytest (tests/hazards/\w+\.py)", HAZARDS)) == [f"tests/hazards/{f.name}" for f in files]
    for file in files:
        assert re.search(r"def test_\w*without|\"without", file.read_text()), file.name
    assert all((DOCS.parent / "scraper" / name).exists() for name in re.findall(r"`([a-z/]+\.py)`", HAZARDS))


def test_the_recording_that_is_shown_is_read_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = Writer("example.warc.gz", About.of(Settings(), ["https://example.org/"]))
    exchange = Exchange(b"HTTP/1.1 200 Fine\r\nContent-Length: 2", b"ok")
    writer.write([Fetched(Request("https://example.org/"), 200, exchange=exchange)])
    writer.close()
    (code,) = re.findall(r"^```python\n(.*?)^```", RECORDINGS, re.MULTILINE | re.DOTALL)
    exec(compile(code, "recordings.md", "exec"), {})
    assert capsys.readouterr().out == "https://example.org/ HTTP/1.1 200 Fine\n"
    text = gzip.decompress(Path("example.warc.gz").read_bytes()).decode()
    shown = re.findall(r"`(Scraper-[\w-]+|scraper-\w+|warcinfo|response)`", RECORDINGS)
    assert {"Scraper-Kind", "scraper-seed"} < set(shown)
    assert [name for name in shown if name not in text] == []
    ours = set(re.findall(r"^Scraper-[\w-]+", text, re.MULTILINE))
    assert set(re.findall(r"`(Scraper-[\w-]+)`", RECORDINGS)) == ours


def test_the_options_of_recordings_are_there() -> None:
    known = {name for param in crawl.params for name in param.opts}
    assert {name for name in re.findall(r"(?<![\w-])--?[a-z][\w-]*", RECORDINGS) if name not in known} == set()
