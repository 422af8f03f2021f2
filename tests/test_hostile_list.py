"""A list of 400 hostile and 200 good URLs, by every backend: all of them recorded, and nothing grows or is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.runs import measure
from scraper.backends import NAMES
from tests.behaviours import TABLE
from tests.behaviours.pages import CHARSETS, CONTENTS, TYPES
from tests.behaviours.rows import CERTS, Rows, row
from tests.behaviours.stage import Stage
from tests.kills.group import recorded
from tests.server import page

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="measures by /proc")]

HOSTILE, GOOD, SLOW = 400, 200, 3
TOILSOME = {"very many chunks of a byte", "endless chunks"}
"""Rows whose end a busy machine may not come to in time; they are shown one by one elsewhere."""
MEMORY = {"processes": 700_000_000, "hybrid": 700_000_000}
"""Bytes that the whole tree of processes may have at one time; 400 MB where there is only one."""
MARK = "SCRAPER_TEST_OF_HOSTILE_LIST"


def hostile() -> Rows:
    """Rows of the table that mean harm: all that fail, some that are slow, and pages that no person wrote."""
    alone = {name: row for name, row in TABLE.items() if not row.mannered}
    slow = [name for name, row in alone.items() if row.hasty][:SLOW]
    failing = [name for name, row in alone.items() if row.word != "200" and not row.hasty and name not in TOILSOME]
    return {name: TABLE[name] for name in islice([*slow, *failing, *CONTENTS, *TYPES, *CHARSETS], HOSTILE)}


@pytest.fixture
def stage() -> Iterator[Stage]:
    body = "<title>Good</title><p>" + "well " * 2_000
    good = {f"good {number}": row(page(body), "200", title="Good", size=len(body)) for number in range(GOOD)}
    with Stage({**hostile(), **good}) as made:
        assert len(made.seeds) == HOSTILE + GOOD
        yield made


@pytest.mark.parametrize("backend", NAMES)
def test_every_url_has_its_record(backend: str, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, str(tmp_path))
    seeds, store = tmp_path / "urls.txt", tmp_path / "crawl.sqlite"
    seeds.write_text("".join(f"{url}\n" for url in sorted(stage.seeds, key=hash_of)))
    limits = ["--timeout", "4s", "--connect-timeout", "4s", "--retries", "0", "--max-host-failures", "off"]
    pace = ["--concurrency", "16", "--workers", "2", "--delay", "0", "--per-host", "16", "--depth", "0"]
    trust = ["--ca-file", str(CERTS / "ca.pem"), "--ignore-robots", "a server of our own"]
    command = [sys.executable, "-m", "scraper", "crawl", str(seeds), "-q", "--backend", backend, "--store", str(store)]
    run = measure([*command, *limits, *pace, *trust])
    print(backend, f"{run.memory / 1e6:.0f} MB, {run.wall:.1f} s, {run.cpu:.1f} s of CPU")
    assert run.code == 1, run.errors
    deviations = list(stage.deviations(recorded(store)))
    assert not deviations, "\n".join(deviations)
    assert run.memory < MEMORY.get(backend, 400_000_000)
    deadline = time.monotonic() + 10  # what Python itself starts, its tracker of queues, ends by itself a little later
    while (left := left_behind(f"{MARK}={tmp_path}".encode())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def left_behind(mark: bytes) -> list[str]:
    """The processes that were started with ``mark`` in their environment, and live."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes().split(b"\0"):
                found.append((entry.parent / "cmdline").read_text())
        except OSError:  # it has ended meanwhile, or is not ours
            continue
    return found


def hash_of(url: str) -> int:
    """An order that mixes good and bad, the same in every run but for the ports."""
    path = url.split("/", 3)[-1]
    return sum(ord(letter) * (place + 7) ** 3 for place, letter in enumerate(path)) % 10_007
