from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scraper.check.asking.config import Maintenance
from scraper.check.health import Change, Rules
from scraper.check.history.retention import Retention
from scraper.check.history.store import Committed, History
from scraper.check.model import Result, Target, Verdict
from scraper.check.notices.message import headline
from scraper.check.notices.notice import State, Told
from scraper.check.timing.maintenance import Windows
from scraper.errors import StoreError
from scraper.store import SqliteStore
from tests.check.audit import audit, rows
from tests.check.examples import BEGIN, DOWN, UP, result, stream, target, targets

Open = Callable[..., History]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watch.sqlite"


@pytest.fixture
def open_history(path: Path) -> Iterator[Open]:
    """Opens the history; the one that is open is let go first."""
    histories: list[History] = []

    def begin(over: Sequence[Target] | None = None, **options: Any) -> History:
        if histories:
            histories[-1].close()
        histories.append(History(path, targets(3) if over is None else over, **options))
        return histories[-1]

    yield begin
    if histories:
        histories[-1].close()
        audit(path)


def record(history: History, *results: Result) -> None:
    history.write(results)
    history.commit()


def outage(minutes: str, about: Target | None = None) -> list[Result]:
    """A result a minute: ``-`` is down, anything else is up."""
    about = about or target(0, "g0")
    return [result(about, 60.0 * n, DOWN if each == "-" else UP) for n, each in enumerate(minutes)]


def test_groups_are_committed_half_a_second_apart(open_history: Open, path: Path) -> None:
    now = 0.0
    history = open_history(clock=lambda: now)
    history.write(outage("+"))
    assert rows(path, "SELECT count(*) FROM results") == [(0,)]
    now = 0.5
    history.write([])
    assert rows(path, "SELECT count(*) FROM results") == [(1,)]


def test_what_was_written_is_counted_in_hours_and_days(open_history: Open, path: Path) -> None:
    history = open_history(retention=Retention(raw=None))
    record(history, *islice(stream(targets(3), 1, 600.0), 900))
    assert rows(path, "SELECT count(*) FROM results") == [(900,)]
    assert rows(path, "SELECT sum(up + slow + cert + blocked + down + maintenance) FROM days") == [(900,)]
    assert rows(path, "SELECT count(*) FROM hours") > [(100,)]
    audit(path)


def test_a_result_is_recorded_once(open_history: Open, path: Path) -> None:
    committed: list[Committed] = []
    history = open_history(committed=committed.append)
    record(history, *outage("+-"))
    record(history, *outage("+-+"))
    history = open_history()
    record(history, *outage("+-+"))
    assert rows(path, "SELECT up, down FROM days") == [(2, 1)]
    assert [len(group.results) for group in committed] == [2, 1]


def test_it_goes_on_where_it_was(open_history: Open, path: Path) -> None:
    every = outage("+++---+-++--++++-")
    for each in every:
        record(open_history(), each)
    apart = rows(path, "SELECT kind, started, opened, ended, closed FROM incidents")
    counts = rows(path, "SELECT * FROM hours") + rows(path, "SELECT * FROM days")
    path.unlink()
    record(open_history(), *every)
    assert rows(path, "SELECT kind, started, opened, ended, closed FROM incidents") == apart
    assert rows(path, "SELECT * FROM hours") + rows(path, "SELECT * FROM days") == counts


def test_incidents_open_and_close(open_history: Open, path: Path) -> None:
    committed: list[Committed] = []
    history = open_history(committed=committed.append)
    record(history, *outage("+--"))
    assert rows(path, "SELECT started, opened, ended, verdict, reason, detail FROM incidents") == [
        (round((BEGIN + 60) * 1000), round((BEGIN + 120) * 1000), None, "down", "timeout", "no answer")
    ]
    record(history, *outage("+--++"))
    assert rows(path, "SELECT ended, closed FROM incidents") == [
        (round((BEGIN + 180) * 1000), round((BEGIN + 240) * 1000))
    ]
    changes = [change for group in committed for change in group.changes]
    assert [(change.opened, change.key, change.started) for change in changes] == [
        (True, "g0/t0", BEGIN + 60),
        (False, "g0/t0", BEGIN + 60),
    ]


def test_every_kind_has_incidents_of_its_own(open_history: Open, path: Path) -> None:
    history = open_history(rules=Rules(1, 1, kinds=(DOWN, Verdict.CERT)))
    verdicts = [UP, Verdict.CERT, DOWN, Verdict.CERT, UP]
    record(history, *(result(target(0, "g0"), 60.0 * n, verdict) for n, verdict in enumerate(verdicts)))
    found = rows(path, "SELECT kind, started / 1000, ended / 1000 FROM incidents ORDER BY started")
    assert found == [("cert", BEGIN + 60, BEGIN + 240), ("down", BEGIN + 120, BEGIN + 180)]


def test_maintenance_counts_for_nothing(open_history: Open, path: Path) -> None:
    begin, end = (datetime.fromtimestamp(BEGIN + each, UTC) for each in (60, 239))
    history = open_history(windows=Windows([Maintenance(start=begin, end=end, groups=("g0",))]))
    record(history, *outage("+---+"), *outage("+---+", target(1, "g1")))
    assert rows(path, "SELECT up, down, maintenance, answers FROM days ORDER BY target") == [(2, 0, 3, 2), (2, 3, 0, 2)]
    assert rows(path, "SELECT key FROM incidents JOIN targets ON targets.id = target") == [("g1/t1",)]
    audit(path)


def test_what_is_not_watched_is_not_recorded(open_history: Open, path: Path) -> None:
    history = open_history(targets(1))
    elsewhere = Target(url="http://elsewhere/", name="t0", group="g0")
    record(history, *outage("+"), result(target(7), 1.0), result(elsewhere, 2.0))
    assert rows(path, "SELECT count(*) FROM results") == [(1,)]


def test_who_is_removed_stays_and_its_incident_ends(open_history: Open, path: Path) -> None:
    told: list[Change] = []

    def tell(change: Change, about: Target) -> list[str]:
        assert about.group == "g0"  # those who want one group only want to know of its end too
        told.append(change)
        return ["hook"]

    record(open_history(tell=tell), *outage("+--"))
    open_history(targets(3)[1:], tell=tell)
    assert rows(path, "SELECT ended / 1000 FROM incidents") == [(BEGIN + 120,)]
    assert [(each.opened, each.key, each.removed) for each in told] == [(True, "g0/t0", False), (False, "g0/t0", True)]
    assert headline(told[1]) == "g0/t0 is not watched any more after 1m00s"
    assert rows(path, "SELECT key FROM targets WHERE place IS NULL") == [("g0/t0",)]
    record(open_history(tell=tell), *outage("+----+"))
    assert rows(path, "SELECT down FROM days") == [(4,)]
    assert [each.opened for each in told] == [True, False, True]


def test_a_check_in_between_leaves_others_as_they_are(open_history: Open, path: Path) -> None:
    record(open_history(), *outage("+--"))
    record(open_history([target(1, "g1"), target(7)], only=False, rules=Rules(kinds=())), result(target(7), 9.0))
    assert rows(path, "SELECT ended FROM incidents") == [(None,)]
    assert [key for (key,) in rows(path, "SELECT key FROM targets ORDER BY place")] == ["g0/t0", "g1/t1", "g2/t2", "t7"]


def test_kinds_that_are_watched_no_more_end(open_history: Open, path: Path) -> None:
    record(open_history(rules=Rules(1, 1)), *outage("+--"))
    open_history(rules=Rules(kinds=(Verdict.CERT,)))
    assert rows(path, "SELECT ended IS NOT NULL FROM incidents") == [(1,)]


def test_when_it_was_checked_last_survives(open_history: Open) -> None:
    record(open_history(), *outage("++"))
    assert open_history().last_checked() == {"g0/t0": BEGIN + 60 - 0.2}


def test_evidence_is_kept_of_trouble_once_an_hour(open_history: Open, path: Path) -> None:
    first = 3600 - BEGIN % 3600
    minutes = [result(target(0, "g0"), first + 60.0 * n, DOWN if n else UP) for n in range(130)]
    record(open_history(), *minutes, result(target(0, "g0"), first + 130 * 60, DOWN, reason="dns"))
    kept = rows(path, "SELECT at / 1000 FROM results WHERE evidence IS NOT NULL")
    assert [(at - BEGIN - first) / 60 for (at,) in kept] == [1, 60, 120, 130]


def test_hostile_texts_are_kept_short_and_whole(open_history: Open, path: Path) -> None:
    about = target(0, "g0")
    bad = result(about, 0.0, DOWN)
    hops = tuple(msgspec.structs.replace(bad.attempts[0].hops[0], url="http://h/" + "x" * 8000) for _ in range(10))
    attempt = msgspec.structs.replace(bad.attempts[0], hops=hops, detail="\ud800\x1b[2J" * 9999)
    bad = msgspec.structs.replace(bad, detail="\udcff" * 9999, attempts=(attempt,) * 3)
    record(open_history(rules=Rules(1, 1)), bad)
    assert rows(path, "SELECT length(detail) < 5000 FROM incidents") == [(1,)]
    assert rows(path, "SELECT length(evidence) < 20000, length(result) < 20000 FROM results, states") == [(1, 1)]


def notices(path: Path) -> list[tuple[str, str]]:
    found = rows(path, "SELECT receiver, state FROM notices ORDER BY id")
    return [(str(receiver), str(state)) for receiver, state in found]


def two(change: Change, about: Target) -> list[str]:
    return ["hook", "mail"] if change.opened else ["hook"]


def test_a_notice_is_handed_out_once_and_in_order(open_history: Open, path: Path) -> None:
    history = open_history(tell=two)
    record(history, *outage("--++"))
    assert notices(path) == [("hook", "pending"), ("mail", "pending"), ("hook", "pending")]
    now = BEGIN + 600
    first = [each for (each,) in history.hand_out(now, ["hook", "mail", "other"], {})]
    assert [(each.receiver, each.change.opened, each.tries) for each in first] == [("hook", True, 0), ("mail", True, 0)]
    assert notices(path)[0] == ("hook", "sending")
    history.told([Told(first[0].id, State.PENDING, now, again=now + 60, detail="503")])
    assert history.hand_out(now, ["hook"], {}) == []
    ((again,),) = history.hand_out(now + 60, ["hook"], {})
    assert (again.id, again.uid, again.tries) == (first[0].id, first[0].uid, 1)
    history.told([Told(again.id, State.SENT, now + 60)])
    ((last,),) = history.hand_out(now + 60, ["hook"], {})
    assert not last.change.opened


def test_notices_survive_and_say_what_was_under_way(open_history: Open, path: Path) -> None:
    history = open_history(tell=two)
    record(history, *outage("--"))
    ((notice,),) = history.hand_out(BEGIN + 600, ["mail"], {})
    history = open_history(tell=two)
    assert history.interrupted() == [notice]
    history.told([Told(notice.id, State.UNSURE, BEGIN + 601)])
    assert history.interrupted() == []
    record(history, *outage("--"))
    assert notices(path) == [("hook", "pending"), ("mail", "unsure")]


def test_results_go_by_hours_and_hours_by_days(open_history: Open, path: Path) -> None:
    retention = Retention(raw=7200.0, hourly=86_400.0, daily=3 * 86_400.0)
    history = open_history(retention=retention)
    everything = stream(targets(3), 2, 600.0)
    for _ in range(250):
        record(history, *islice(everything, 18))
        audit(path, quick=True)
    (newest,) = rows(path, "SELECT max(at) FROM results")[0]
    for table, column, length, kept in (
        *(("results", "at", 1, 7200 + 4 * 3600), ("hours", "hour", 3_600_000, 2 * 86_400)),
        ("days", "day", 86_400_000, 4 * 86_400),
    ):
        (oldest,) = rows(path, f"SELECT min({column}) FROM {table}")[0]
        assert newest - oldest * length <= kept * 1000, table
    assert rows(path, "SELECT sum(down) > 0 FROM days") == [(1,)]


def test_room_is_given_back(open_history: Open, path: Path) -> None:
    history = open_history(retention=Retention(raw=None))
    everything = stream(targets(3), 3, 60.0)
    record(history, *islice(everything, 30_000))
    (before,) = rows(path, "PRAGMA page_count")[0]
    history = open_history(retention=Retention(raw=7200.0))
    for _ in range(200):
        record(history, *islice(everything, 3))
    (after,) = rows(path, "PRAGMA page_count")[0]
    assert after < before / 2


def test_results_that_come_late_count_where_they_belong(open_history: Open, path: Path) -> None:
    """As after a clock that was set back."""
    history = open_history()
    minutes = [0, 10, 1000, 1010, 20, 30, 1020, 40]
    for minute in minutes:
        record(history, result(target(0, "g0"), 60.0 * minute, DOWN if minute == 30 else UP))
    assert rows(path, "SELECT up, down FROM days ORDER BY day") == [(4, 1), (3, 0)]
    assert rows(path, "SELECT value FROM meta WHERE key = 'late'") == [("3",)]


def test_an_incident_moves_with_a_clock_that_is_set_back(open_history: Open, path: Path) -> None:
    history = open_history(tell=two)
    for hours, verdict in ((100, DOWN), (101, DOWN), (1, DOWN), (2, UP), (3, UP)):
        record(history, result(target(0, "g0"), 3600.0 * hours, verdict))
        audit(path)
    ((started, opened, ended),) = rows(path, "SELECT started, opened, ended FROM incidents")
    assert (started, opened, ended) == (BEGIN * 1000 - 1, BEGIN * 1000 + 3_599_999, BEGIN * 1000 + 7_200_000)


def test_a_failed_group_is_tried_again(open_history: Open, path: Path) -> None:
    committed: list[Committed] = []
    history = open_history(committed=committed.append)
    record(history, *outage("+-"))
    history._database.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        history.write(outage("+----"))
        with pytest.raises(StoreError, match="another program is writing to it: close that, then start it again"):
            history.commit()
    history.write([])
    record(history, *outage("+----+"))
    assert rows(path, "SELECT up, down FROM days") == [(2, 4)]
    assert rows(path, "SELECT count(*) FROM incidents") == [(1,)]
    assert [len(group.results) for group in committed] == [2, 4]


def everything_in(path: Path) -> list[list[Any]]:
    return [rows(path, f"SELECT * FROM {table}") for table in ("results", "hours", "days", "states", "incidents")]


def test_nothing_of_a_group_that_breaks_off_stays(open_history: Open, path: Path) -> None:
    """The disk is full somewhere in the middle of it."""
    history = open_history(tell=two)
    record(history, result(target(0, "g0"), -60.0))
    before = everything_in(path)
    (pages,) = history._database.execute("PRAGMA page_count").fetchone()
    history._database.execute(f"PRAGMA max_page_count = {pages}")
    everything = list(islice(stream(targets(3), 4), 3000))
    with pytest.raises(StoreError, match="the disk is full: make room, then start it again"):
        history.write(everything * 8)
    del history._waiting[3000:]
    assert [
        rows(path, f"SELECT * FROM {each}") for each in ("results", "hours", "days", "states", "incidents")
    ] == before
    history._database.execute("PRAGMA max_page_count = 1000000")
    history.commit()
    assert rows(path, "SELECT count(*) FROM results") == [(3001,)]


def test_a_full_disk_ends_nothing_and_all_is_written_when_there_is_room(open_history: Open, path: Path) -> None:
    now = 0.0
    said: list[str] = []
    history = open_history(clock=lambda: now, say=said.append)
    (pages,) = history._database.execute("PRAGMA page_count").fetchone()
    history._database.execute(f"PRAGMA max_page_count = {pages}")
    for each in islice(stream(targets(3), 4), 600):
        now += 1.0
        history.write([each])
    history._database.execute("PRAGMA max_page_count = 1000000")
    assert rows(path, "SELECT count(*) < 200 FROM results") == [(1,)]
    now += 30
    history.write([])
    assert rows(path, "SELECT count(*) FROM results") == [(600,)]
    assert [line.partition(":")[0] for line in said] == [
        "the history cannot be written, and waits",
        "the history is written again; nothing is lost",
    ]


def test_another_program_that_writes_for_long_ends_nothing(open_history: Open, path: Path) -> None:
    now = 0.0
    history = open_history(clock=lambda: now)
    history._database.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for each in outage("+--+"):
            now += 60
            history.write([each])
        other.execute("ROLLBACK")
    now += 60
    history.write([])
    assert rows(path, "SELECT count(*) FROM results") == [(4,)]


def test_the_log_is_short_again_after_somebody_has_read_for_long(open_history: Open, path: Path) -> None:
    history = open_history()
    everything = list(islice(stream(targets(3), 4), 3000))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM results").fetchone()
        for start in range(0, len(everything), 5):
            record(history, *everything[start : start + 5])
        reader.execute("ROLLBACK")
    log = Path(f"{path}-wal")
    assert log.stat().st_size > 20_000_000
    record(history, result(target(0, "g0"), 86_400.0 * 8))
    record(history, result(target(0, "g0"), 86_400.0 * 9))
    assert log.stat().st_size <= 16_000_000


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_gone_is_noticed(path: Path, replaced: bool) -> None:
    """Else all that is found would go, for months, to a file that nobody can open."""
    history = History(path, targets(3))
    record(history, *outage("+"))
    path.rename(path.with_suffix(".old"))
    if replaced:
        path.touch()
    history.write(outage("+-"))
    with pytest.raises(StoreError, match="was deleted or replaced while it was written"):
        history.commit()
    with pytest.raises(StoreError, match="was deleted or replaced"):
        history.close()
    assert not replaced or path.stat().st_size == 0


def test_those_who_want_it_get_all_that_waits_at_once(open_history: Open) -> None:
    history = open_history(targets(9), tell=two, rules=Rules(fall=1))
    record(history, *(result(each, 0.0, DOWN) for each in targets(9)))
    one, several = history.hand_out(BEGIN + 60, ["hook", "mail"], {"mail": 5})
    assert (len(one), len(several), len({each.id for each in several})) == (1, 5, 5)
    history.told([Told(each.id, State.PENDING, BEGIN + 60, BEGIN + 90) for each in several])
    assert history.hand_out(BEGIN + 80, ["mail"], {"mail": 5}) == []
    (again,) = history.hand_out(BEGIN + 90, ["mail"], {"mail": 50})
    assert [each.tries for each in again] == [1] * 5 + [0] * 4


def test_one_watch_at_a_time(open_history: Open, path: Path) -> None:
    open_history()
    with pytest.raises(StoreError, match="in use by another process"):
        History(path, [])


def test_a_crawl_s_store_is_no_history_and_the_other_way_round(tmp_path: Path) -> None:
    crawl, watch = tmp_path / "crawl.sqlite", tmp_path / "watch.sqlite"
    SqliteStore(crawl).close()
    History(watch, []).close()
    with pytest.raises(StoreError, match="holds records of a crawl, not the history of a watch: name another file"):
        History(crawl, [])
    with pytest.raises(StoreError, match="holds the history of a watch, not the records of a crawl"):
        SqliteStore(watch, resume=True)
    with closing(sqlite3.connect(watch)) as db:
        db.execute("UPDATE meta SET value = '9' WHERE key = 'schema'")
        db.commit()
    with pytest.raises(StoreError, match="holds the history of a watch of schema 9, this version reads 1"):
        History(watch, [])
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as db:
        db.execute("CREATE TABLE t (a)")
    with pytest.raises(StoreError, match="is the database of another program"):
        History(tmp_path / "x.sqlite", [])


def test_sql_tools_can_read_it(open_history: Open, path: Path) -> None:
    record(open_history(), *outage("+-"))
    assert rows(path, "SELECT key, verdict, reason, status, server_us FROM checks") == [
        ("g0/t0", "up", None, 200, 20_000),
        ("g0/t0", "down", "timeout", None, 20_000),
    ]
    assert rows(path, "SELECT key, day, up, down FROM uptime") == [("g0/t0", "2026-09-21", 1, 1)]
