"""``make bench-history``: what the history of a watch takes, to write, to keep and to ask.

A year of 1,000 targets checked each minute is half a thousand million results: it is not written here. Three slices of
it are, through the real code, and the table says what was measured and what was multiplied:

* *writing*: all targets, a few hours of it, in groups of half a second, as they come.
* *keeping*: a few targets, each minute, for longer than results and hours are kept. What is left of the file, table by
  table, is multiplied: by targets, and for the days by the days of a year.
* *asking*: all targets, over 100 days, but each a few times a day; a last day each few minutes. As many roll-ups are
  read as in life.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from scraper.check.history.reader import HistoryReader
from scraper.check.history.store import History
from scraper.check.model import Attempt, Hop, Result, Target, Verdict
from scraper.model import Certificate

__all__ = ["asking", "keeping", "main", "writing"]

BEGIN = 1_767_225_600.0
"""The first of January 2026."""
DAY = 86_400.0
YEAR = 366
PER_GROUP = 8
"""Results of half a second, where 1,000 targets are checked each minute."""
PHASES = (0.05, 0.2, 0.25, 0.45, 0.05)
"""Of the server's time: DNS, connect, TLS, first byte, body."""


def main() -> None:
    """Measure the three slices, and print what they say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=120, help="of the first slice")
    parser.add_argument("--few", type=int, default=4, help="targets of the second slice")
    parser.add_argument("--days", type=int, default=104, help="of the second slice")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _print_writing(*writing(Path(folder, "writing.sqlite"), given.targets, given.minutes))
        size = keeping(Path(folder, "keeping.sqlite"), given.few, given.days)
        _print_keeping(size, given.targets, given.few, given.days)
        _print_asking(asking(Path(folder, "asking.sqlite"), given.targets))


def targets(count: int) -> list[Target]:
    """In ten groups."""
    return [
        Target(url=f"https://www.shop-{number}.example/", name=f"shop {number}", group=f"region {number % 10}")
        for number in range(count)
    ]


def checks(over: Sequence[Target], every: float, seed: int, begin: float = BEGIN) -> Iterator[Result]:
    """Each target once in ``every`` seconds, without end: times of its own, and now and then an outage of minutes."""
    chance = random.Random(seed)
    medians = [chance.lognormvariate(11.5, 0.7) for _ in over]
    left = [0] * len(over)
    at = begin
    while True:
        for number, target in enumerate(over):
            if left[number]:
                left[number] -= 1
            elif chance.random() < 0.0002:
                left[number] = chance.randrange(1, 20)
            us = int(medians[number] * chance.lognormvariate(0.0, 0.25))
            yield _result(target, at + every * number / len(over), us, down=left[number] > 0)
        at += every


def _result(target: Target, at: float, us: int, *, down: bool) -> Result:
    dns, connect, tls, first, body = (int(us * share) for share in PHASES)
    status, verdict = (None, Verdict.DOWN) if down else (200, Verdict.UP)
    hop = Hop(
        target.url,
        status=status,
        address="192.0.2.10",
        http=None if down else "1.1",
        dns_us=dns,
        connect_us=connect,
        tls_us=tls,
        first_us=first,
        body_us=body,
    )
    why = ("timeout", "no answer within 10 s") if down else ("", "")
    attempts = (Attempt(at - us / 1e6, verdict, *why, hops=(hop,)),) * (3 if down else 1)
    names = (target.url[8:-1], target.url[12:-1])
    certificate = Certificate(names[0], "R11", names, at - 30 * DAY, at + 60 * DAY, at + 60 * DAY, None, "0" * 64)
    return Result(target, verdict, *why, due=at - us / 1e6, at=at, attempts=attempts, certificate=certificate)


def writing(path: Path, count: int, minutes: int) -> tuple[int, float, float, float, float]:
    """Results, CPU µs and written bytes a result, and milliseconds of a group: the middle one and the longest."""
    over, groups = targets(count), list[float]()
    made = checks(over, 60.0, seed=1)
    history, spent, written, done = History(path, over), 0.0, _written(), 0
    while done < count * minutes:
        batch = list(islice(made, PER_GROUP))
        cpu, wall = time.process_time(), time.perf_counter()
        history.write(batch)
        history.commit()
        spent += time.process_time() - cpu
        groups.append(time.perf_counter() - wall)
        done += len(batch)
    history.close()
    written = _written() - written
    return done, spent / done * 1e6, written / done, statistics.median(groups) * 1e3, max(groups) * 1e3


def keeping(path: Path, few: int, days: int) -> dict[str, int]:
    """The bytes of each table when ``few`` targets were checked each minute for so many ``days``."""
    over = targets(few)
    history = History(path, over)
    made = checks(over, 60.0, seed=2)
    for _ in range(0, few * days * 1440, 100):
        history.write(list(islice(made, 100)))
        history.commit()
    history.close()
    with closing(sqlite3.connect(path)) as db:
        tables = db.execute("SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) GROUP BY 1")
        found = dict(tables.fetchall())
        found["free pages"] = db.execute("PRAGMA freelist_count").fetchone()[0] * 4096
        return found


def asking(path: Path, count: int, days: int = 100) -> dict[str, list[float]]:
    """Milliseconds of each question, several times."""
    over = targets(count)
    history = History(path, over)
    _fill(history, islice(checks(over, DAY / 3, seed=3, begin=BEGIN), 3 * (days - 1) * count))
    last = BEGIN + (days - 1) * DAY
    _fill(history, islice(checks(over, 900.0, seed=4, begin=last), 95 * count))
    now, key = last + 95 * 900.0, over[count // 2].key
    reader, found = HistoryReader(path), dict[str, list[float]]()

    def ask(name: str, question: Callable[[], object], times: int = 30) -> None:
        for _ in range(times):
            began = time.perf_counter()
            question()
            found.setdefault(name, []).append((time.perf_counter() - began) * 1e3)

    ask("all targets, 90 days each, first time", lambda: reader.views(None, now), times=1)
    ask("all targets, nothing new", lambda: reader.views(None, now))
    newer = checks(over, 900.0, seed=5, begin=now)
    for _ in range(30):
        _fill(history, islice(newer, PER_GROUP))
        ask("all targets, after each group", lambda: reader.views(None, now), times=1)
    ask("one target", lambda: reader.views([key], now))
    ask("its last 100 results", lambda: reader.results(key, 100))
    ask("its week by hours", lambda: reader.series(key, "hour", now - 7 * DAY, now))
    ask("its 90 days by days", lambda: reader.series(key, "day", now - 90 * DAY, now))
    ask("the last 100 incidents of all", lambda: reader.incidents(None, 100))
    reader.close()
    history.close()
    return found


def _fill(history: History, results: Iterable[Result]) -> None:
    results = iter(results)
    while batch := list(islice(results, 200)):
        history.write(batch)
        history.commit()


def _written() -> int:
    """Bytes that this process has handed to the kernel: proc(5), /proc/pid/io."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["wchar"])


def _print_writing(done: int, cpu: float, written: float, middle: float, longest: float) -> None:
    print(f"writing {done:,} results in groups of {PER_GROUP}")
    print(f"  CPU a result                      {cpu:8.1f} µs")
    print(f"  written to disk a result          {written / 1000:8.1f} kB  (log, and file)")
    print(f"  a group                           {middle:8.1f} ms, the longest {longest:.1f} ms")
    share, daily = cpu * 1000 / 60 / 1e4, written * 1.44e6 / 1e9
    print(f"  1,000 targets each minute: {share:.2f} % of a core, {daily:.1f} GB written a day")


def _print_keeping(size: dict[str, int], count: int, few: int, days: int) -> None:
    print(f"\nkeeping: {few} targets each minute for {days} days; results 2 days, hours 100 days, days for ever")
    whole = 0.0
    scale = count / few
    for table in sorted(size, key=lambda name: -size[name]):
        factor = scale * (YEAR / days if table in ("days", "incidents") else 1.0)
        whole += size[table] * factor
        if size[table] > 50_000:
            here, there = size[table] / 1e6, size[table] * factor / 1e6
            print(f"  {table:<12} {here:8.2f} MB here, times {factor:6.0f}: {there:8.1f} MB")
    results, raw = count * YEAR * 1440 / 1e6, size["results"] * scale / 2.02 * YEAR / 1e9
    print(f"  {count:,} targets after a year: {whole / 1e6:,.0f} MB", end="")
    print(f"; to keep each of {results:,.0f} million results it would be {raw:,.0f} GB")


def _print_asking(found: dict[str, list[float]]) -> None:
    print("\nasking, milliseconds: the middle one, and the longest")
    for name, times in found.items():
        print(f"  {name:<40} {statistics.median(times):7.2f} {max(times):7.2f}")


if __name__ == "__main__":
    main()
