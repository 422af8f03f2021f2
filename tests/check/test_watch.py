"""A watch joined together: on a simulated web whose clock jumps, with the history on disk; and a whole hour of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scraper.backends.simulated import Simulated, Web
from scraper.check.asking.config import Checklist, Every, Maintenance, Notify, Seconds, Watch, Webhook
from scraper.check.history.store import Committed
from scraper.check.model import Result, Target, Verdict
from scraper.check.watch import Plan, open_watch
from scraper.check.watch import Watch as UnderWay
from scraper.errors import ConfigError, StoreError
from scraper.model import Fetched
from tests.check.audit import audit, rows
from tests.check.hour import EVERY, HOUR, TARGETS
from tests.check.receiver import WebhookReceiver
from tests.server import ClosedPort, ScriptedServer

START = 1_800_000_000.0
SHOP = Target(url="http://shop.test/", name="shop", group="eu", tries=1)


class Stage:
    """A watch of a simulated web, whose pages are up unless they are in ``down``."""

    def __init__(self, folder: Path, *targets: Target, **tables: Any) -> None:
        self.store = folder / "watch.sqlite"
        self.down: set[str] = set()
        self.offset = START
        self.changes: list[tuple[str, bool]] = []
        self.said: list[str] = []
        watch = tables.pop("watch", Watch(every=Every("10s")))
        listen = tables.pop("listen", None)
        self.checks = Checklist(targets=list(targets or [SHOP]), watch=watch, **tables)
        self.plan = Plan(checks=self.checks, store=str(self.store), listen=listen)
        self.backend = self._backend()

    def _backend(self) -> Simulated:
        web = Web.of(lambda request: Fetched(request, 500 if request.url in self.down else 200))
        return Simulated(web, latency=0.01)

    @contextlib.contextmanager
    def watch(self) -> Iterator[UnderWay]:
        """A watch that goes on where the one before it ended."""
        self.offset += self.backend.clock()
        backend = self.backend = self._backend()
        with open_watch(
            self.plan,
            self.said.append,
            self._committed,
            backend=backend,
            wall=lambda: self.offset + backend.clock(),
            chance=lambda: 0.5,
        ) as watch:
            yield watch
        audit(self.store)

    def run(self, watch: UnderWay, seconds: float) -> list[Result]:
        """Let ``seconds`` of the simulated clock pass; the results."""
        until = self.backend.clock() + seconds
        return self.run_until(watch, lambda: self.backend.clock() >= until)

    def run_until(self, watch: UnderWay, holds: Callable[[], object], each: float = 0.0) -> list[Result]:
        """Go on until ``holds``; wait for so many true seconds in each round, where others are waited for."""
        found: list[Result] = []
        deadline = time.monotonic() + 30
        for results in watch.rounds():
            found += results
            if holds():
                return found
            assert time.monotonic() < deadline
            time.sleep(each)
        raise AssertionError("it ended by itself")

    def at(self, result: Result) -> float:
        return round(result.due - START, 3)

    def _committed(self, group: Committed) -> None:
        self.changes += [(change.key, change.opened) for change in group.changes]


def test_a_target_that_goes_down_and_up_is_one_incident(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with stage.watch() as watch:
        stage.run(watch, 35)
        stage.down.add(SHOP.url)
        stage.run(watch, 60)
        stage.down.clear()
        stage.run(watch, 60)
    assert stage.changes == [("eu/shop", True), ("eu/shop", False)]
    assert rows(stage.store, "SELECT count(*), sum(verdict = 4) FROM results") == [(16, 6)]


def test_a_watch_goes_on_where_the_one_before_it_ended(tmp_path: Path) -> None:
    daily = Target(url="http://daily.test/", every="1d")
    stage = Stage(tmp_path, SHOP, daily)
    stage.down.add(SHOP.url)
    with stage.watch() as watch:
        first = [stage.at(result) for result in stage.run(watch, 30)]
    with stage.watch() as watch:
        second = stage.run(watch, 30)
    assert {result.target.key for result in second} == {SHOP.key}
    shop = [at for at in first if at != first[-1]][-1]
    assert (stage.at(second[0]) - shop + 5) % 10 == pytest.approx(5, abs=0.3)  # on the same grid
    assert stage.changes == [("eu/shop", True)]


def test_a_second_watch_of_one_history_is_refused(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with stage.watch(), pytest.raises(StoreError, match="in use"), stage.watch():
        pass


def test_what_cannot_be_meant_is_refused_before_anything_is_there(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [
        {"watch": Watch(every=Every("soon"))},
        {"watch": Watch(timezone="Europe/Nowhere")},
        {"notify": Notify(webhook=[Webhook(url="nowhere")])},
        {"maintenance": [Maintenance(every=Every("61 * * * *"), duration=Seconds(60))]},
    ]
    for tables in wrong:
        stage = Stage(tmp_path, SHOP, **tables)
        with pytest.raises(ConfigError), stage.watch():
            pass
        assert not stage.store.exists()


def test_a_page_that_cannot_be_served_leaves_nothing_open(tmp_path: Path) -> None:
    with ScriptedServer() as other:
        stage = Stage(tmp_path, listen=("127.0.0.1", other.port))
        for _ in range(2):  # the history is free again
            with pytest.raises(ConfigError, match="cannot listen"), stage.watch():
                pass


def test_whoever_asks_for_a_check_has_it_at_once_and_it_is_recorded_only_where_it_is_watched(tmp_path: Path) -> None:
    hourly = msgspec.structs.replace(SHOP, every="1h")
    other = Target(url="http://other.test/")
    like = msgspec.structs.replace(hourly, method="get")
    stage = Stage(tmp_path, hourly)
    with stage.watch() as watch:
        stage.run(watch, 10)
        asked = [watch.ask(target) for target in (hourly, other, like)]
        gone = watch.ask(other)
        assert gone.cancel()
        stage.run_until(watch, lambda: all(future.done() for future in asked))
        assert [future.result().verdict for future in asked] == [Verdict.UP] * 3
        late = watch.ask(hourly)
    assert late.cancelled()
    assert watch.ask(hourly).cancelled()
    assert rows(stage.store, "SELECT key, count(*) FROM results JOIN targets ON id = target") == [("eu/shop", 2)]


def test_receivers_are_told_of_changes(tmp_path: Path) -> None:
    with WebhookReceiver((500, {})) as receiver:
        stage = Stage(tmp_path, notify=Notify(webhook=[Webhook(url=receiver.url)]))
        stage.down.add(SHOP.url)
        with stage.watch() as watch:
            stage.run_until(watch, lambda: len(receiver.deliveries) == 2, each=0.001)
            stage.down.clear()
            stage.run_until(watch, lambda: len(receiver.deliveries) == 3, each=0.001)
            watch.close()
        texts = [delivery.data["text"] for delivery in receiver.deliveries]
    assert texts[0] == texts[1] == "eu/shop is down: status, 500, expected 200..399"
    assert texts[2].startswith("eu/shop is up again after ")
    assert len({delivery.uid for delivery in receiver.deliveries}) == 2
    assert rows(stage.store, "SELECT state FROM notices") == [("sent",), ("sent",)]


def test_notices_for_a_receiver_that_is_no_more_end(tmp_path: Path) -> None:
    with ClosedPort() as nobody:
        stage = Stage(tmp_path, notify=Notify(webhook=[Webhook(url=nobody.url())]))
        stage.down.add(SHOP.url)
        with stage.watch() as watch:
            stage.run_until(watch, lambda: stage.said, each=0.001)
    stage.plan = msgspec.structs.replace(stage.plan, checks=Checklist(targets=[SHOP]))
    with stage.watch() as watch:
        stage.run(watch, 20)
    assert rows(stage.store, "SELECT state, trouble FROM notices") == [("failed", "there is no such receiver any more")]


def test_in_maintenance_nobody_is_told(tmp_path: Path) -> None:
    with WebhookReceiver() as receiver:
        window = Maintenance(every=Every("* * * * *"), duration=Seconds(61), timezone="UTC")
        stage = Stage(tmp_path, notify=Notify(webhook=[Webhook(url=receiver.url)]), maintenance=[window])
        stage.down.add(SHOP.url)
        with stage.watch() as watch:
            stage.run(watch, 100)
        assert receiver.deliveries == []
    assert stage.changes == []


@pytest.mark.parametrize("leap", [-7200.0, 86_400.0])
def test_a_clock_that_is_set_does_not_stop_it(tmp_path: Path, leap: float) -> None:
    stage = Stage(tmp_path, *(Target(url=f"http://h{n}.test/", tries=1) for n in range(20)))
    with stage.watch() as watch:
        before = stage.run(watch, 60)
        stage.offset += leap
        after = stage.run(watch, 60)
    assert abs(len(before) - len(after)) <= 20
    assert watch.schedule.leaps == 1
    assert watch.schedule.missed == 0
    (kept,) = rows(stage.store, "SELECT count(*) FROM results")[0]
    assert kept == len(before) + len(after)


def test_the_page_shows_what_is_committed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, listen=("127.0.0.1", 0))
    with stage.watch() as watch:
        assert watch.url is not None
        stage.run(watch, 15)

        def shown() -> bool:
            with urllib.request.urlopen(f"{watch.url}api/v1/targets") as answer:
                return b'"up"' in answer.read()

        stage.run_until(watch, shown, each=0.02)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_hour_of_seven_hundred_targets_every_ten_seconds(tmp_path: Path) -> None:
    found = hour_of(tmp_path)
    rounds = HOUR // EVERY
    assert found["due"] == TARGETS * rounds == 252_000
    assert found["results"] == found["committed"] == found["up"] + found["down"]
    assert (found["missed"], found["leaps"]) == (0, 0)
    changes = sorted((key, opened) for key, opened, _ in found["changes"])
    assert changes == [("g0/t7", False), ("g0/t7", True), ("g0/t77", False), ("g0/t77", True), ("g2/t177", True)]
    assert 118 <= found["down"] <= 126  # 60 rounds, 3 rounds, and 60 until the end
    store = tmp_path / "hour.sqlite"
    audit(store)
    assert rows(store, "SELECT count(*) FROM results") == [(found["results"],)]
    memory = {int(minute): size for minute, size in found["memory"].items()}  # each tenth one
    assert memory[60] - memory[10] < 10_000_000
    assert store.stat().st_size < 60 * found["results"]


def hour_of(folder: Path, *arguments: str) -> dict[str, Any]:
    """The hour, in a process that nobody measures: the coverage of 252,000 checks would take minutes."""
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command: Sequence[str] = [sys.executable, "-m", "tests.check.hour", str(folder), *arguments]
    ended = subprocess.run(command, env=unmeasured, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found
