"""What the references of checks and watches show: their files are read, and what they name is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scraper.check.asking.targets import read_checks
from scraper.check.health import Change
from scraper.check.model import Target, Verdict
from scraper.check.notices.message import payload
from scraper.check.web import metrics
from scraper.check.web.badges import KINDS

DOCS = Path(__file__).parents[1] / "docs"
WATCH = (DOCS / "watch.md").read_text()
WEB = (DOCS / "web.md").read_text()
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
