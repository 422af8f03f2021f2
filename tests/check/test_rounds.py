"""Rounds of a watch: spread, on time, never piled up, whatever the clock does."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.check.model import Target
from scraper.check.timing.every import read_every
from scraper.check.timing.rounds import LEAP, Rounds
from scraper.errors import ConfigError

START = 1_700_000_000.0
STEP = 0.25
BERLIN = ZoneInfo("Europe/Berlin")


class Start(NamedTuple):
    """A round as it was given: ``steady`` is the true time, ``clock`` what the clock on the wall said."""

    steady: float
    clock: float
    target: int


def targets(*every: str | None) -> list[Target]:
    return [Target(url=f"http://h{n}/", every=each) for n, each in enumerate(every)]


class Wall:
    """Time as it passes for a watch: looked at every ``STEP``, and set now and then."""

    def __init__(self, rounds: Rounds, takes: float = 0.0, clock: float = START) -> None:
        self.rounds, self.takes = rounds, takes
        self.steady, self.offset = 0.0, clock
        self.starts: list[Start] = []
        self._under_way: list[tuple[float, int]] = []

    @property
    def clock(self) -> float:
        return self.steady + self.offset

    def pass_for(self, seconds: float) -> Wall:
        until = self.steady + seconds
        while self.steady < until:
            self.look()
            self.steady += STEP
        return self

    def look(self) -> None:
        for index in [index for end, index in self._under_way if end <= self.steady]:
            self.rounds.ended(index, self.clock)
        self._under_way = [entry for entry in self._under_way if entry[0] > self.steady]
        for index in self.rounds.due(self.clock):
            self.starts.append(Start(self.steady, self.clock, index))
            if self.takes:
                self._under_way.append((self.steady + self.takes, index))
            else:
                self.rounds.ended(index, self.clock)

    def of(self, index: int) -> list[float]:
        return [start.steady for start in self.starts if start.target == index]


def gaps(times: Sequence[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(times)]


def local(times: Sequence[float]) -> list[str]:
    return [datetime.fromtimestamp(time, BERLIN).strftime("%a %H:%M%z") for time in times]


def chance() -> float:
    return 0.5


def test_many_targets_do_not_begin_together() -> None:
    wall = Wall(Rounds(targets(*["10s"] * 700), "1m", START, chance)).pass_for(30)
    assert all(gap == pytest.approx(10, abs=STEP) for n in range(700) for gap in gaps(wall.of(n)))
    assert {start.target for start in wall.starts} == set(range(700))
    busiest = max(sum(start.steady == at for start in wall.starts) for at in {start.steady for start in wall.starts})
    assert busiest < 40
    assert wall.rounds.missed == 0


def test_few_targets_are_not_waited_for_long() -> None:
    wall = Wall(Rounds(targets(None, "1h", "1d"), "1m", START, chance)).pass_for(5.25)
    assert {start.target for start in wall.starts} == {0, 1, 2}


def test_all_at_once_where_that_is_wanted() -> None:
    assert Rounds(targets("1m", "1h"), "1m", START, chance, spread=False).due(START) == [0, 1]


def test_intervals_do_not_drift_however_long_a_check_takes() -> None:
    wall = Wall(Rounds(targets("10s"), "1m", START, chance, spread=False), takes=7.25).pass_for(100.25)
    assert wall.of(0) == [10.0 * n for n in range(11)]


def test_rounds_that_come_due_while_one_is_under_way_are_missed() -> None:
    wall = Wall(Rounds(targets("10s"), "1m", START, chance, spread=False), takes=24.5).pass_for(91)
    assert wall.of(0) == [0, 30, 60, 90]
    assert wall.rounds.missed == 6


def test_a_round_that_comes_late_does_not_push_the_next_one_close() -> None:
    rounds = Rounds(targets("10s"), "1m", START, chance, spread=False)
    assert rounds.due(START + 9) == [0]
    rounds.ended(0, START + 9)
    assert rounds.next() == START + 20
    assert rounds.missed == 1


def test_nothing_is_given_twice_before_it_has_ended() -> None:
    rounds = Rounds(targets("1s"), "1m", START, chance, spread=False)
    assert [rounds.due(START + n) for n in range(3)] == [[0], [], []]
    assert rounds.next() is None


def test_a_watch_that_is_started_again_goes_on_from_its_history() -> None:
    known = targets("1h", "1h", "1h", "1h")
    last = {"http://h0/": START - 600, "http://h1/": START - 7200, "http://h2/": START + 600}
    wall = Wall(Rounds(known, "1m", START, chance, last)).pass_for(3001)
    assert wall.of(0) == [3000]
    assert all(wall.of(index)[0] <= 5 for index in (1, 2, 3))


def test_jitter_comes_from_the_given_chance() -> None:
    rounds = Rounds(targets("10s"), "1m", START, lambda: 0.5, spread=False, jitter=4)
    assert rounds.next() == START + 2
    assert rounds.due(START + 2) == [0]
    rounds.ended(0, START + 2)
    assert rounds.next() == START + 12


@pytest.mark.parametrize("leap", [-7200.0, -86_400.0, 86_400.0, 1800.0, 40.0])
def test_a_clock_that_is_set_makes_no_burst_and_no_pause(leap: float) -> None:
    wall = Wall(Rounds(targets(*["1m"] * 300), "1m", START, chance)).pass_for(130)
    wall.offset += leap
    wall.pass_for(130)
    for index in range(300):
        assert gaps(wall.of(index)) == pytest.approx([60.0] * 4, abs=STEP) or len(wall.of(index)) >= 4
    busiest = max(sum(start.steady == at for start in wall.starts) for at in {start.steady for start in wall.starts})
    assert busiest < 20
    assert (wall.rounds.missed, wall.rounds.leaps) == (0, 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["2s", "5s", "10s", "1m", "*/1 * * * *"]), min_size=1, max_size=12),
    st.floats(0, 20),
    st.floats(0, 10),
    st.lists(st.tuples(st.floats(1, 40), st.floats(-100_000, 100_000)), max_size=4),
    st.integers(0, 1000),
)
def test_no_target_comes_too_soon_or_starves(
    every: list[str], takes: float, jitter: float, sets: list[tuple[float, float]], seed: int
) -> None:
    rounds = Rounds(targets(*every), "1m", START, random.Random(seed).random, jitter=jitter)
    wall = Wall(rounds, takes)
    for seconds, leap in sets:
        wall.pass_for(seconds)
        wall.offset += leap if abs(leap) >= LEAP else 0.0
    wall.pass_for(100)
    passed = gaps([start.clock for start in wall.starts])
    assert all(gap >= 0 or gap < -LEAP / 2 for gap in passed)  # in order, but for the clock that is set back
    for index, each in enumerate(every):
        seconds = 60.0 if "*" in each else float(read_every(each))  # type: ignore[arg-type]
        longest = seconds + takes + min(jitter, seconds / 2) + 2 * STEP
        between = gaps(wall.of(index))
        if "*" in each:
            assert wall.of(index)
        else:
            assert wall.of(index)[0] <= longest
            assert all(gap >= min(takes, seconds - min(jitter, seconds / 2)) - STEP for gap in between)
            assert all(gap <= longest + seconds for gap in between)


def test_cron_lines_are_about_the_clock() -> None:
    rounds = Rounds(targets("*/10 * * * *"), "1m", START + 1, chance)
    first = rounds.next()
    assert first is not None
    assert first % 600 == 0
    assert rounds.due(first) == [0]
    rounds.ended(0, first + 1)
    assert rounds.next() == first + 600


def test_a_cron_line_misses_what_comes_while_it_is_under_way_but_not_what_a_leap_leaves_out() -> None:
    rounds = Rounds(targets("* * * * *"), "1m", START, chance)
    first = rounds.next()
    assert first is not None
    rounds.due(first)
    for second in range(130):
        rounds.due(first + second)
    rounds.ended(0, first + 130)
    assert (rounds.missed, rounds.next()) == (2, first + 180)
    rounds.due(first + 86_400 + 7)
    assert (rounds.missed, rounds.next()) == (2, first + 86_400 + 60)


def fire_times(line: str, start: datetime, count: int) -> list[float]:
    rounds, times = Rounds(targets(line), "1m", start.timestamp(), chance, zone=BERLIN), []
    for _ in range(count):
        then = rounds.next()
        assert then is not None
        while rounds._seen + 10 < then:  # as a watch does, look often
            rounds.due(rounds._seen + 10)
        assert rounds.due(then) == [0]
        rounds.ended(0, then + 1)
        times.append(then)
    assert rounds.missed == 0
    return times


def test_where_clocks_are_put_forward_a_time_that_is_not_there_comes_an_hour_later() -> None:
    times = fire_times("30 2 * * *", datetime(2026, 3, 28, 0, tzinfo=UTC), 3)
    assert local(times) == ["Sat 02:30+0100", "Sun 03:30+0200", "Mon 02:30+0200"]
    hourly = fire_times("0 * * * *", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 4)
    assert gaps(hourly) == [3600] * 3


def test_where_clocks_are_put_back_a_time_that_comes_twice_is_kept_twice() -> None:
    times = fire_times("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), 3)
    assert local(times) == ["Sun 02:30+0200", "Sun 02:30+0100", "Mon 02:30+0100"]
    hourly = fire_times("0 * * * *", datetime(2026, 10, 24, 22, 30, tzinfo=UTC), 4)
    assert gaps(hourly) == [3600] * 3


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("0 0 * * 0", ["Sun", "Sun"]),
        ("0 0 * * 7", ["Sun", "Sun"]),
        ("0 0 * * 1-3", ["Mon", "Tue", "Wed", "Mon"]),
        ("0 0 * * fri-sun", ["Fri", "Sat", "Sun", "Fri"]),
        ("0 0 * * 5-0", ["Fri", "Sat", "Sun", "Fri"]),
        ("0 0 * * 0,WED", ["Wed", "Sun", "Wed"]),
        ("0 0 * * */3", ["Wed", "Sat", "Sun", "Wed"]),
        ("0 0 * * 4/2", ["Thu", "Sat", "Thu"]),
        ("0 0 3 * 6", ["Wed 03", "Sat 06", "Sat 13"]),  # either
    ],
)
def test_weekdays_are_those_of_crontab(line: str, days: list[str]) -> None:
    trigger = read_every(line)
    assert not isinstance(trigger, float)
    found, now = [], datetime(2024, 1, 1, 12, tzinfo=UTC)  # a Monday; 1-3 begins with Tuesday of that week
    if line == "0 0 * * 1-3":
        now = datetime(2024, 1, 7, 12, tzinfo=UTC)
    for _ in days:
        then = trigger.get_next_fire_time(None, now)
        assert then is not None
        found.append(then.strftime("%a %d"))
        now = then.replace(hour=12)
    assert [day if " " in want else day[:3] for day, want in zip(found, days, strict=True)] == days


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.5s", "too short"),
        ("soon", "neither a duration"),
        ("", "neither a duration"),
        ("61 * * * *", "no cron line"),
        ("* * * * 8", "no day of the week"),
        ("* * * * 3-1", "before the first"),
        ("* * * * mon#1", "no day of the week"),
        ("* * * * */0", "must be 1 or more"),
        ("0 0 30 2 *", "never comes"),
        ("* * * *", "neither a duration"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_every(text)
