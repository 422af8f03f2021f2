"""A history whose writer is killed, again and again: what was committed is there, once, and adds up."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scraper.check.history.store import History
from tests.check.audit import audit, rows
from tests.check.examples import BEGIN, result, targets
from tests.check.writer import TARGETS

pytestmark = pytest.mark.slow

GROUP_AT_MOST = 260
"""Results that may be committed and not said yet when the kill comes: the store's limit, and one write."""
KILLS = 6
SEEDS = range(3 * int(os.environ.get("KILL_SEEDS", "1")))
ROOT = Path(__file__).parents[2]


def start(path: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.check.writer", str(path), *map(str, arguments)]
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=unmeasured)


def said_until_killed(path: Path, seed: int, chance: random.Random) -> list[str]:
    """What a process says it has committed, until it is killed: at any moment, or at a weak one of its own."""
    sql = chance.choice(("anywhere", "BEGIN", "COMMIT", "", "UPDATE", "DELETE", "INSERT OR REPLACE"))
    number = chance.randrange(1, 60) * (30 if not sql else 1)
    with start(path, seed, *(() if sql == "anywhere" else (sql, number))) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(number)] if sql == "anywhere" else []
        if sql == "anywhere":
            process.kill()
        lines += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [said for line in lines if line.endswith("\n") for said in line.split()]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_was_shown_is_lost_or_counted_twice(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "watch.sqlite", random.Random(seed)
    said: list[str] = []
    for _ in range(KILLS):
        said += said_until_killed(path, seed, chance)
        assert len(said) == len(set(said))
        audit(path)
        assert_recorded(path, said)
    assert_goes_on(path)


def assert_recorded(path: Path, said: list[str]) -> None:
    """All of ``said`` that is not older than what is kept; and no more besides than the group of each kill."""
    found = {f"{key}@{at}" for key, at in rows(path, "SELECT key, at FROM results JOIN targets ON target = id")}
    oldest = dict(rows(path, "SELECT key, min(at) FROM results JOIN targets ON target = id GROUP BY 1"))
    kept = {each for each in said if int(each.partition("@")[2]) >= oldest.get(each.partition("@")[0], 0)}
    assert kept <= found
    (counted,) = rows(path, "SELECT sum(up + slow + cert + blocked + down + maintenance) FROM days")[0]
    assert len(said) <= (counted or 0) <= len(said) + KILLS * GROUP_AT_MOST


def assert_goes_on(path: Path) -> None:
    history = History(path, targets(TARGETS))
    (newest,) = rows(path, "SELECT max(at) / 1000 FROM results")[0]
    assert len(history.last_checked()) == TARGETS
    history.write([result(each, newest + 60 - BEGIN) for each in targets(TARGETS)])
    history.close()
    audit(path)
