from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.check.asking.config import Every, Maintenance, Seconds
from scraper.check.health import SET_BACK, TELLS, Change, Health, Rules, Seen, step
from scraper.check.model import Target, Verdict
from scraper.check.timing.maintenance import Windows
from scraper.errors import ConfigError

U, D, B, C, S = Verdict.UP, Verdict.DOWN, Verdict.BLOCKED, Verdict.CERT, Verdict.SLOW


def walk(
    verdicts: Iterable[Verdict], rules: Rules | None = None, kind: Verdict = D, calm: Sequence[int] = ()
) -> tuple[Health, list[Change]]:
    """One result a minute; those with the numbers ``calm`` are in maintenance."""
    health, changes = Health(), []
    for number, verdict in enumerate(verdicts):
        seen = Seen(60.0 * (number + 1), verdict, verdict.value, f"the {number}th")
        health, change = step(health, seen, rules or Rules(), kind, maintenance=number in calm)
        changes += [change] if change else []
    return health, changes


def times(changes: Iterable[Change]) -> list[tuple[str, float, float]]:
    """What it was, when it began, or ended, in minutes, and when that was known."""
    return [
        ("opened", each.started / 60, each.at / 60) if each.opened else ("closed", (each.ended or 0) / 60, each.at / 60)
        for each in changes
    ]


def test_one_bad_result_opens_nothing_and_one_good_one_closes_nothing() -> None:
    assert times(walk([U, D, U, U])[1]) == []
    assert times(walk([U, D, D, U, D, U, U])[1]) == [("opened", 2, 3), ("closed", 6, 7)]


def test_the_state_begins_with_the_first_of_the_results_that_made_it() -> None:
    assert [(walk([U, D, D, D, U, U][:n])[0].state, walk([U, D, D, D, U, U][:n])[0].since) for n in range(7)] == [
        ("unknown", None),
        ("up", 60.0),
        ("up", 60.0),
        ("down", 120.0),
        ("down", 120.0),
        ("down", 120.0),
        ("up", 300.0),
    ]


def test_a_change_says_what_opened_it_also_when_it_closes() -> None:
    opened, closed = walk([D, D, U, U])[1]
    assert opened == Change(True, D, 120.0, 60.0, None, D, "down", "the 1th")
    assert closed == Change(False, D, 240.0, 60.0, 180.0, D, "down", "the 1th")


@pytest.mark.parametrize(("fall", "rise"), [(1, 1), (1, 3), (4, 2)])
def test_so_many_in_a_row_as_the_rules_say(fall: int, rise: int) -> None:
    rules = Rules(fall, rise)
    short = [*[U] * 3, *[D] * (fall - 1), U, *[D] * fall, *[U] * (rise - 1), D]
    assert [each.opened for each in walk(short, rules)[1]] == [True]
    assert [each.opened for each in walk([*[D] * fall, *[U] * rise], rules)[1]] == [True, False]


def test_flapping_is_one_incident() -> None:
    health, changes = walk([U, D] * 50)
    assert [(each.opened, each.flapping) for each in changes] == [(True, True)]
    assert (changes[0].started, health.state) == (120.0, "down")
    _, changes = walk([*[U, D] * 50, *[U] * 5])
    assert [each.opened for each in changes] == [True, False]


def test_now_and_then_a_bad_result_is_no_flapping() -> None:
    assert walk([U, U, D] * 50)[1] == []
    assert walk([U, D] * 50, Rules(flap=0))[1] == []


def test_flapping_opens_nothing_before_so_many_results_as_fall_are_bad() -> None:
    assert walk([*[D] * 7, U, U], Rules(fall=8))[1] == []
    assert [each.flapping for each in walk([D] * 8, Rules(fall=8))[1]] == [False]


@pytest.mark.parametrize("kind", TELLS)
def test_what_tells_nothing_changes_nothing(kind: Verdict) -> None:
    """Blocked says neither that a server works nor that it does not."""
    silent = [verdict for verdict in Verdict if verdict is not kind and verdict not in TELLS[kind]]
    for each in silent:
        assert times(walk([U, kind, each, kind, each, each, U, each, U], kind=kind)[1]) == [
            ("opened", 2, 4),
            ("closed", 7, 9),
        ]


def test_blocked_alone_is_unknown() -> None:
    assert walk([B] * 9)[0].state == "unknown"


def test_maintenance_neither_opens_nor_closes_and_breaks_runs() -> None:
    assert times(walk([U, D, D, D, U], calm=(1, 2, 3))[1]) == []
    assert times(walk([D, D, D, U, U, U, U], calm=(3, 4))[1]) == [("opened", 1, 2), ("closed", 6, 7)]
    assert times(walk([U, D, U, D, U, U], calm=(2,))[1]) == []


@pytest.mark.parametrize("wrong", [{"fall": 0}, {"rise": 0}, {"flap": -1}, {"kinds": (Verdict.UP,)}])
def test_rules_without_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        Rules(**wrong)  # type: ignore[arg-type]


VERDICTS = st.lists(st.sampled_from([U, U, D, D, B, C, S]), max_size=80)
RULES = st.builds(Rules, fall=st.integers(1, 4), rise=st.integers(1, 4), flap=st.integers(0, 6))


@given(
    VERDICTS,
    RULES,
    st.sets(st.integers(0, 80), max_size=10),
    st.lists(st.sampled_from([-90, 0, 60]), min_size=80, max_size=80),
)
def test_changes_alternate_in_order_and_are_few(
    verdicts: list[Verdict], rules: Rules, calm: set[int], leaps: list[int]
) -> None:
    """Whatever comes, and however the clock is set meanwhile."""
    changes: list[Change] = []
    health, clock, moved = Health(), 1000.0, 0
    for number, verdict in enumerate(verdicts):
        clock += leaps[number]
        moved = len(changes) if clock < health.at - SET_BACK else moved
        health, change = step(health, Seen(clock, verdict), rules, maintenance=number in calm)
        changes += [change] if change else []
    assert [each.opened for each in changes] == [index % 2 == 0 for index in range(len(changes))]
    assert (health.state == "down") == (health.cause is not None) == (len(changes) % 2 == 1)
    assert len(changes) <= 2 * len(verdicts) / (rules.fall + rules.rise) + 1
    moments = [each.started if each.opened else each.ended or 0.0 for each in changes]
    assert all(before < after for before, after in pairwise(moments[moved:]))
    assert all(moment <= each.at for moment, each in zip(moments, changes, strict=True))


def test_what_was_known_moves_with_a_clock_that_is_set_back_by_much() -> None:
    """The machine began with a wrong date: what is down since then is not down since ten years from now."""
    wrong, right = 2_000_000_000.0, 1_700_000_000.0
    health, _ = step(Health(), Seen(wrong, D), Rules())
    health, opened = step(health, Seen(wrong + 60, D), Rules())
    assert opened is not None
    health, _ = step(health, Seen(right, U), Rules())
    assert health.since == pytest.approx(right - 60, abs=0.01)
    assert health.at == right
    health, closed = step(health, Seen(right + 60, U), Rules())
    assert closed is not None
    assert closed.started == pytest.approx(right - 60, abs=0.01)
    assert closed.ended == right
    assert step(health, Seen(right + 30, U), Rules())[0].at == right + 60.001  # by little: it stands still


@given(VERDICTS, RULES)
def test_an_outage_is_never_hidden_and_an_end_is_always_seen(verdicts: list[Verdict], rules: Rules) -> None:
    assert walk([*verdicts, *[D] * rules.fall], rules)[0].state == "down"
    assert walk([*verdicts, *[U] * rules.rise], rules)[0].state == "up"


SHOP = Target(url="http://shop/", name="shop", group="eu")
BERLIN = ZoneInfo("Europe/Berlin")


def local(*when: int, fold: int = 0) -> float:
    return datetime(*when, tzinfo=BERLIN, fold=fold).timestamp()  # type: ignore[misc, arg-type]


def test_a_window_that_comes_once() -> None:
    day = Maintenance(start=datetime(2026, 5, 1, 10), end=datetime(2026, 5, 1, 12), timezone="Europe/Berlin")
    windows = Windows([day])
    moments = [local(2026, 5, 1, *when) for when in ((9, 59, 59), (10, 0), (11, 59, 59), (12, 0))]
    assert [windows.cover(SHOP, each) for each in moments] == [False, True, True, False]
    assert windows.cover(SHOP, moments[0], moments[1])
    utc = Maintenance(start=datetime(2026, 5, 1, 8, tzinfo=UTC), end=datetime(2026, 5, 1, 10, tzinfo=UTC))
    assert [Windows([utc], BERLIN).cover(SHOP, each) for each in moments] == [False, True, True, False]


def weekly(line: str = "0 2 * * sun", hours: float = 2) -> Windows:
    return Windows([Maintenance(every=Every(line), duration=Seconds(hours * 3600))], BERLIN)


def test_a_window_that_comes_each_week() -> None:
    windows = weekly()
    moments = [local(2026, 5, day, *when) for day in (3, 4, 10) for when in ((1, 59, 59), (2, 0), (3, 59, 59), (4, 0))]
    expected = [False, True, True, False, *[False] * 4, False, True, True, False]
    assert [windows.cover(SHOP, each) for each in moments] == expected
    assert [windows.cover(SHOP, each) for each in reversed(moments)] == expected[::-1]


def test_a_window_over_midnight_and_windows_that_overlap() -> None:
    night = weekly("30 23 * * *", 1)
    assert [night.cover(SHOP, local(2026, 5, 4, *when)) for when in ((0, 0), (0, 29), (0, 30), (23, 30))] == [
        *(True, True),
        *(False, True),
    ]
    assert all(weekly("0 * * * *", 3).cover(SHOP, local(2026, 5, 4, hour, 59)) for hour in range(24))


def test_where_clocks_are_put_forward_a_window_begins_an_hour_later_by_the_wall_and_lasts_as_long() -> None:
    windows = weekly("30 2 * * *", 1)  # 02:30 is not there on the 29th of March 2026
    assert not windows.cover(SHOP, local(2026, 3, 29, 3, 29))
    assert windows.cover(SHOP, local(2026, 3, 29, 3, 30))
    assert windows.cover(SHOP, local(2026, 3, 29, 4, 29))
    assert not windows.cover(SHOP, local(2026, 3, 29, 4, 30))


def test_where_clocks_are_put_back_a_window_begins_twice() -> None:
    windows = weekly("30 2 * * *", 0.25)
    assert windows.cover(SHOP, local(2026, 10, 25, 2, 35))
    assert not windows.cover(SHOP, local(2026, 10, 25, 2, 50))
    assert windows.cover(SHOP, local(2026, 10, 25, 2, 35, fold=1))


@pytest.mark.parametrize(
    ("groups", "checks", "covered"),
    [
        ((), (), True),
        (("eu",), (), True),
        (("us", "e*"), (), True),
        (("us",), (), False),
        ((), ("shop",), True),
        ((), ("eu/shop",), True),
        ((), ("eu/*",), True),
        ((), ("us/*", "other"), False),
        (("us",), ("shop",), True),
    ],
)
def test_a_window_for_some(groups: tuple[str, ...], checks: tuple[str, ...], covered: bool) -> None:
    start, end = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
    windows = Windows([Maintenance(title="move", start=start, end=end, groups=groups, checks=checks)])
    assert windows.cover(SHOP, start.timestamp()) is covered
    assert windows.titles(SHOP, start.timestamp()) == ["move"] * covered


def test_what_is_no_time_zone_or_no_cron_line_is_refused() -> None:
    with pytest.raises(ConfigError, match="Mars"):
        Windows([Maintenance(every=Every("0 2 * * *"), duration=Seconds(60), timezone="Mars/Olympus")])
    with pytest.raises(ConfigError, match="no cron line"):
        Windows([Maintenance(every=Every("2h"), duration=Seconds(60))])
    with pytest.raises(ConfigError, match="cron line"):
        Windows([Maintenance(every=Every("0 2 * * hello"), duration=Seconds(60))])
