from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from scraper.check.asking.config import Maintenance
from scraper.check.health import Rules
from scraper.check.history.reader import HistoryReader
from scraper.check.history.retention import Retention
from scraper.check.history.store import History
from scraper.check.model import Result, Verdict
from scraper.check.notices.notice import State
from scraper.check.timing.maintenance import Windows
from scraper.check.views import Reader, Span
from scraper.errors import StoreError
from scraper.store import SqliteStore
from tests.check.examples import BEGIN, DOWN, UP, result, stream, target, targets

DAY, HOUR = 86_400.0, 3_600.0
OVER = targets(3)
FIRST = target(0, "g0")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watch.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    options = {"rules": Rules(kinds=(DOWN, Verdict.CERT)), "retention": Retention(raw=None)}
    history = History(path, OVER, tell=lambda change, target: ["hook"], **options)  # type: ignore[arg-type]
    yield history
    history.close()


@pytest.fixture
def reader(history: History, path: Path) -> Iterator[HistoryReader]:
    reader = HistoryReader(path)
    yield reader
    reader.close()


def record(history: History, *results: Result) -> float:
    """Write and commit; the time is that of the last of them."""
    history.write(results)
    history.commit()
    return results[-1].at


def test_it_is_what_the_page_asks_for(reader: HistoryReader) -> None:
    asked: Reader = reader
    views = asked.views(None, BEGIN)
    assert [view.target for view in views] == OVER
    assert {(view.state, view.since, view.result, view.incident, view.days) for view in views} == {
        ("unknown", None, None, None, ())
    }
    assert views[0].uptime == (None,) * 4
    assert (asked.results("g0/t0", 5), asked.incidents(None, 5), asked.results("nobody", 5)) == ([], [], [])


def test_only_what_is_committed_is_seen(history: History, reader: HistoryReader) -> None:
    history.write([result(FIRST, 0.0)])
    assert reader.results("g0/t0", 5) == []
    history.commit()
    assert reader.results("g0/t0", 5) != []


def test_results_come_back_the_newest_first(history: History, reader: HistoryReader) -> None:
    trouble = result(FIRST, 120.0, DOWN, tries=3)
    record(history, result(FIRST, 0.0), result(FIRST, 60.0, tries=3), trouble)
    last, before, first = reader.results("g0/t0", 10)
    assert last == trouble
    assert (before.verdict, before.status, before.server_us, len(before.attempts)) == (UP, 200, 20_000, 3)
    assert (first.at, first.attempts[0].hops[0].dns_us) == (BEGIN, 4_000)
    assert reader.results("g0/t0", 1) == [last]


def test_a_view_has_the_last_result_whole(history: History, reader: HistoryReader) -> None:
    last = result(FIRST, 60.0, tries=2)
    now = record(history, result(FIRST, 0.0), last)
    (view,) = reader.views(["g0/t0", "nobody"], now)
    assert (view.target, view.state, view.since, view.result) == (FIRST, "up", BEGIN, last)


def test_an_incident_shows_while_it_lasts(history: History, reader: HistoryReader) -> None:
    now = record(history, *(result(FIRST, 60.0 * n, DOWN) for n in range(2)), result(OVER[1], 1.0))
    (view,) = reader.views(["g0/t0"], now)
    assert view.incident is not None
    assert (view.state, view.since, view.incident.started, view.incident.ended) == ("down", BEGIN, BEGIN, None)
    record(history, *(result(FIRST, 60.0 * n) for n in range(2, 4)))
    assert reader.views(["g0/t0"], now)[0].incident is None
    (incident,) = reader.incidents("g0/t0", 10)
    assert (incident.ended, incident.verdict, incident.reason) == (BEGIN + 120, DOWN, "timeout")
    assert reader.incidents("g1/t1", 10) == []


def test_a_certificate_s_incident_makes_no_target_down(history: History, reader: HistoryReader) -> None:
    now = record(history, *(result(FIRST, 60.0 * n, Verdict.CERT) for n in range(3)))
    (view,) = reader.views(["g0/t0"], now)
    assert view.state == "up"
    assert view.incident is not None
    assert view.incident.verdict is Verdict.CERT
    now = record(history, *(result(FIRST, 60.0 * n, DOWN) for n in range(3, 6)))
    (view,) = reader.views(["g0/t0"], now)
    assert view.incident is not None
    assert (view.state, view.incident.verdict) == ("down", DOWN)


def test_incidents_that_last_come_first(history: History, reader: HistoryReader) -> None:
    for number, minutes in ((1, "--"), (0, "++--++"), (2, "++++--++")):
        record(history, *(result(OVER[number], 60.0 * n, DOWN if c == "-" else UP) for n, c in enumerate(minutes)))
    assert [each.key for each in reader.incidents(None, 10)] == ["g1/t1", "g2/t2", "g0/t0"]
    assert [each.key for each in reader.incidents(None, 2)] == ["g1/t1", "g2/t2"]


def test_uptime_counts_what_tells(history: History, reader: HistoryReader) -> None:
    verdicts = [UP, UP, Verdict.SLOW, Verdict.CERT, DOWN, Verdict.BLOCKED, Verdict.BLOCKED]
    now = record(history, *(result(FIRST, 60.0 * n, verdict) for n, verdict in enumerate(verdicts)))
    (view,) = reader.views(["g0/t0"], now)
    assert view.uptime == (0.8, 0.8, 0.8, 0.8)
    assert view.days == (Span(BEGIN // DAY * DAY, 5, 4, 20_000),)


def test_uptime_of_each_span(history: History, reader: HistoryReader) -> None:
    """Down today, up for six days, down for 23, up for 60, down before that."""
    begin = BEGIN // DAY * DAY + 10.0 - BEGIN
    for day in range(100):
        ago = 99 - day
        verdict = DOWN if ago == 0 or 7 <= ago < 30 or ago >= 90 else UP
        now = record(history, result(FIRST, begin + day * DAY, verdict))
    (view,) = reader.views(["g0/t0"], now)
    assert list(view.uptime) == pytest.approx([0.0, 6 / 7, 6 / 30, 66 / 90])
    assert len(view.days) == 90
    assert view.days[-1].at == now // DAY * DAY


def test_what_is_kept_of_the_past_is_never_stale(path: Path) -> None:
    """A reader that has looked all the time sees what a fresh one sees; also of what came late."""
    history, old = History(path, OVER), HistoryReader(path)
    everything = list(islice(stream(OVER, 5, 1700.0), 900))
    late = everything[30::40]
    for number, each in enumerate([each for each in everything if each not in late]):
        now = record(history, each, *(late[number // 40 : number // 40 + 1] if number % 40 == 39 else ()))
        if number % 7 == 0:
            fresh = HistoryReader(path)
            assert old.views(None, each.at) == fresh.views(None, each.at)
            assert old.views(None, each.at + 3 * HOUR) == fresh.views(None, each.at + 3 * HOUR)
            fresh.close()
    assert {len(view.days) for view in old.views(None, now)} == {7}
    old.close()
    history.close()


def test_series_have_percentiles(history: History, reader: HistoryReader) -> None:
    times = [1000 * (n + 1) for n in range(100)]
    begin = HOUR - BEGIN % HOUR
    now = record(history, *(result(FIRST, begin + 30.0 * n, UP, us) for n, us in enumerate(times)), result(FIRST, 9e3))
    (first, *_) = points = reader.series("g0/t0", "hour", BEGIN, now)
    assert sum(point.checks for point in points) == 101
    (day,) = reader.series("g0/t0", "day", BEGIN, BEGIN + HOUR)
    assert (day.least_us, day.most_us, day.up) == (1_000, 100_000, 101)
    assert day.p50_us == pytest.approx(statistics.median(times), rel=0.06)
    assert day.p95_us == pytest.approx(95_000, rel=0.06)
    assert first.at == BEGIN + begin
    assert reader.series("nobody", "day", BEGIN, now) == []


def test_notices_can_be_seen(history: History, reader: HistoryReader) -> None:
    record(history, *(result(FIRST, 60.0 * n, DOWN) for n in range(2)))
    ((notice, told),) = reader.notices(10)
    assert (notice.receiver, notice.change.key, told.state) == ("hook", "g0/t0", State.PENDING)


def test_open_windows_are_told(history: History, path: Path) -> None:
    begin, end = (datetime.fromtimestamp(BEGIN + each, UTC) for each in (0, 60))
    reader = HistoryReader(path, Windows([Maintenance(start=begin, end=end, groups=("g0",))]))
    assert [view.maintenance for view in reader.views(None, BEGIN)] == [True, False, False]
    assert [view.maintenance for view in reader.views(None, BEGIN + 60)] == [False] * 3
    reader.close()


def test_who_is_not_watched_any_more_is_left_out(history: History, path: Path) -> None:
    record(history, result(FIRST, 0.0))
    history.close()
    again, reader = History(path, OVER[:0:-1]), HistoryReader(path)
    assert [view.target.name for view in reader.views(None, BEGIN)] == ["t2", "t1"]
    assert len(reader.results("g0/t0", 5)) == 1
    reader.close()
    again.close()


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "crawl.sqlite").close()
    with pytest.raises(StoreError, match="holds records of a crawl"):
        HistoryReader(tmp_path / "crawl.sqlite")
    with pytest.raises(StoreError, match="cannot be opened"):
        HistoryReader(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()
