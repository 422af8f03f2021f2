from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from scraper.archive.about import About
from scraper.archive.recorder import Recorder
from scraper.archive.writing import Writer
from scraper.backends import NAMES
from scraper.compare.child import outcome_hash
from scraper.compare.model import Case, Workload
from scraper.compare.runs import Bench
from scraper.compare.timeline import Watched, timeline_of
from scraper.compare.tree import Memory, busy, memory_of, tree, used_by
from scraper.errors import BackendError, ConfigError
from scraper.model import Failed, Fetched, Page, Reason, Request, Timings
from scraper.options import make_settings
from scraper.run import Nowhere, around, open_run

WORK = Workload(name="small", fixture="web:hosts=3,pages=60,latency=0ms,size=2KB,links=5")
CASES = [Case("small", name, 1 if name == "sequential" else 4, 2 * (name in ("processes", "hybrid"))) for name in NAMES]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(WORK, seed=1) as made:
        yield made


@pytest.fixture(scope="module")
def outcomes() -> dict[str, int]:
    """What the first backend found, which all others must find."""
    return {}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_every_backend_is_measured_and_finds_the_same(bench: Bench, case: Case, outcomes: dict[str, int]) -> None:
    found = bench.run(case, pages=24, round=3, watch=True)
    run = found.run
    assert (run.case, run.round, run.pages) == (case, 3, 24)
    assert found.outcomes == (outcomes or found.outcomes)
    assert list(found.outcomes.keys() - bench.urls[:24]) == []
    assert len(found.outcomes) == 24
    outcomes.update(found.outcomes)
    assert run.seconds > 0
    assert run.start > 0
    assert run.user + run.system > 0
    assert run.start_cpu > 0
    assert 0 < run.flying <= case.concurrency
    assert 10_000_000 < run.memory < 1_000_000_000
    assert min(run.switches) >= 0
    assert run.others >= 0.0
    assert run.parse.p50 > 0
    assert run.own.p50 > 0
    assert run.server.mean == 0
    seen = found.spans
    assert len(seen.visits) >= 24  # robots files too
    assert len({visit.span.process for visit in seen.visits}) == max(1, case.workers)
    for visit in seen.visits:
        assert visit.submitted <= visit.span.began <= visit.span.fetched <= visit.span.parsed <= visit.collected
    assert {act.state for act in seen.acts} == {"decide", "write"}
    lanes = timeline_of(case, seen).lanes
    assert lanes[-1].name == "engine"
    assert 1 <= len(lanes) - 1 <= 2 * case.concurrency


def test_nobody_is_watched_without_being_asked_for(bench: Bench) -> None:
    assert bench.run(CASES[3], 8, 0).spans == Watched([], ())
    assert bench.total == 60


def test_latencies_are_the_servers_and_what_a_workload_asks_for_holds() -> None:
    work = Workload(
        name="w",
        fixture="web:hosts=1,pages=12,latency=10ms,size=2KB,links=5",
        options={"per_host": 2, "parse": "scraper.compare.functions:a_little"},
    )
    with Bench(work, 1) as bench:
        run = bench.run(Case("w", "asyncio", 8), 12, 0).run
    assert run.server.p50 == pytest.approx(0.01)
    assert run.seconds >= 12 / 2 * 0.01  # two at a time
    assert run.flying <= 2
    assert run.parse.p50 > 0


def record(path: Path) -> list[str]:
    """A crawl of six pages and one that is missing, as WARC."""
    fixture = Bench(msgspec.structs.replace(WORK, fixture="web:hosts=2,pages=6,latency=1ms,size=2KB,links=5"), 1)
    with fixture:
        urls = [*fixture.urls, fixture.urls[0] + "missing"]
        settings = around(make_settings(depth=0, delay=0), urls)
        recorder = Recorder.around("asyncio", settings, Writer(path, About.of(settings, urls)))
        with open_run(settings, urls, recorder, Nowhere()) as run:
            for _ in run.rounds():
                pass
    return urls


def test_a_recording_is_measured_without_its_servers(tmp_path: Path) -> None:
    urls = record(tmp_path / "six.warc.gz")
    with Bench(Workload(name="r", recording=str(tmp_path / "six.warc.gz")), 1) as bench:
        assert sorted(bench.urls) == sorted(urls)
        one, other = (bench.run(Case("r", name, 2), bench.total, 0) for name in ("threads", "asyncio"))
    assert one.outcomes == other.outcomes
    assert len(one.outcomes) == 7
    assert one.run.server.mean >= 0.001 * 6 / 7


@pytest.mark.parametrize(("work", "wrong"), [
    (Workload(name="w"), "'w' needs a fixture or a recording"),
    (Workload(name="w", fixture="web:", recording="x"), "one of the two"),
    (Workload(name="w", fixture="wb:"), "did you mean web:"),
    (Workload(name="w", recording="/nowhere.warc"), "nowhere.warc"),
])  # fmt: skip
def test_what_cannot_be_measured(work: Workload, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        Bench(work, 1)


def test_a_function_that_is_not_there_is_told_before_anything_starts() -> None:
    work = msgspec.structs.replace(WORK, options={"parse": "nowhere:f"})
    with Bench(work, 1) as bench, pytest.raises(ConfigError, match="there is no module 'nowhere'"):
        bench.run(CASES[1], 4, 0)


def test_a_run_that_hangs_is_ended_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The function sleeps for an hour; nothing is left of the run."""
    (tmp_path / "sleepers.py").write_text("import time\ndef sleep(page):\n    time.sleep(3600)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "store"))
    (tmp_path / "store").mkdir()
    work = msgspec.structs.replace(WORK, options={"parse": "sleepers:sleep"})
    with Bench(work, 1, patience=-1.0) as bench, pytest.raises(BackendError, match="small/hybrid/4x2 has not ended"):
        bench.run(CASES[4], 4, 0)
    assert not [child for child in multiprocessing.active_children() if child.name == "small/hybrid/4x2"]
    assert not [*(tmp_path / "store").iterdir()]


def test_a_run_that_dies_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "killers.py").write_text("import os\ndef kill(page):\n    os.kill(os.getpid(), 9)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    work = msgspec.structs.replace(WORK, options={"parse": "killers:kill"})
    with (
        Bench(work, 1) as bench,
        pytest.raises(BackendError, match="small/asyncio/4 has died: it was killed by signal 9"),
    ):
        bench.run(CASES[3], 4, 0)


URL = "http://127.0.0.2/"


def fetched(**changes: object) -> Fetched:
    plain = Fetched(Request(URL), 200, Page("t", ("http://127.0.0.2/a",)), size=5, digest=7)
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize("changes", [
    {"status": 404},
    {"digest": 8},
    {"size": 6},
    {"page": None},
    {"page": Page("u", ("http://127.0.0.2/a",))},
    {"page": Page("t", ())},
    {"page": Page("t", ("http://127.0.0.2/a",), error="x")},
    {"page": Page("t", ("http://127.0.0.2/a",), data=1)},
    {"location": URL},
])  # fmt: skip
def test_what_must_be_equal_is_in_the_hash(changes: dict[str, object]) -> None:
    assert outcome_hash(fetched(**changes)) != outcome_hash(fetched())


@pytest.mark.parametrize("changes", [
    {"at": 1.0},
    {"timings": Timings(1, 2, 3, 4)},
    {"address": "127.0.0.9"},
    {"request": Request(URL, depth=3, attempt=2)},
    {"page": Page("t", ("http://127.0.0.2/a",), cut="duplicate")},
])  # fmt: skip
def test_what_may_differ_is_not(changes: dict[str, object]) -> None:
    assert outcome_hash(fetched(**changes)) == outcome_hash(fetched())


def test_a_failure_counts_by_its_reason() -> None:
    failed = [Failed(Request(URL), reason, text) for reason, text in ((Reason.DNS, "a"), (Reason.DNS, "b"))]
    assert len(set(map(outcome_hash, failed))) == 1
    assert outcome_hash(Failed(Request(URL), Reason.TLS)) != outcome_hash(failed[0])


_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "x = bytearray(80_000_000); print('up', flush=True); input()"],
                         stdin=subprocess.PIPE)
sum(range(3_000_000))
child.wait()
"""


def test_a_tree_is_seen_with_its_children() -> None:
    process = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        memory = Memory(process.pid)
        memory.look()
        found = tree(process.pid)
        assert len(found) == 2
        assert memory.peak >= memory_of(found[1:]) > 80_000_000
        used = used_by(found)
        assert used.user > 0
        assert used.waits > 0
        assert used.since(used) == used_by([])
    finally:
        for pid in tree(process.pid)[1:]:
            os.kill(pid, signal.SIGKILL)
        process.communicate()  # its only child has ended, and so does it
    assert used_by(found) == used_by([])
    assert memory_of(found) == 0


def test_what_runs_on_our_cores_is_counted() -> None:
    before = busy()
    if before is None:
        pytest.skip("the system does not tell")
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    after = busy()
    assert after is not None
    assert after - before > 0.05
