"""What bounds a crawl, and what an ``auto`` goes on with: tables of loads as crawls have them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.bounds import Bound, Load, choose_by, judge

SECOND = 1.0
MS = 0.001


def load(rate: float, **fields: Any) -> Load:
    """A thousand pages at ``rate`` a second, on 64 places and two cores, from servers that take 100 ms."""
    usual: dict[str, Any] = {
        "pages": 1_000,
        "seconds": 1_000 / rate,
        "places": 64,
        "flying": 60.0,
        "cores": 2,
        "cpu": 0.6 * MS,
        "server": 100 * MS,
        "waited": 1 * MS,
        "parse": 0.2 * MS,
    }
    return Load(**usual | fields)


def threads(rate: float, **fields: Any) -> Load:
    return load(rate, parsers=64, **fields)


JUDGED = {
    "asyncio at the ceiling": (load(621), Bound.NETWORK),
    "threads at the ceiling": (threads(600, lock=0.1 * MS), Bound.NETWORK),
    "hybrid at the ceiling": (load(630, processes=2, parsers=2), Bound.NETWORK),
    "just at the border": (load(0.85 * 640), Bound.NETWORK),
    "sequential, by the server": (load(9.6, places=1), Bound.NETWORK),
    "sequential, under the ceiling": (load(77, places=1, server=10 * MS, cpu=3 * MS, waited=0.0), Bound.NETWORK),
    "a pause of 100 ms on 20 hosts": (load(198, admitted=200.0), Bound.POLITENESS),
    "politeness above the network": (load(621, admitted=650.0), Bound.NETWORK),
    "politeness that is not reached": (load(100, admitted=200.0, cpu=10 * MS), Bound.CORE),
    "asyncio nearby": (load(1_600, server=0.3 * MS, waited=30 * MS), Bound.CORE),
    "hybrid nearby": (load(3_000, server=0.3 * MS, processes=2, parsers=2, waited=20 * MS), Bound.CORE),
    "asyncio with BeautifulSoup": (load(48, server=10 * MS, cpu=20 * MS, parse=19 * MS), Bound.PARSE),
    "hybrid with it": (
        load(92, server=10 * MS, cpu=20 * MS, parse=19 * MS, processes=2, parsers=2),
        Bound.PARSE,
    ),
    "threads with it": (
        threads(46, server=10 * MS, cpu=21 * MS, parse=280 * MS, parse_cpu=19 * MS, lock=260 * MS),
        Bound.GIL,
    ),
    "threads with it, and nobody has looked": (threads(46, server=10 * MS, cpu=21 * MS, parse=280 * MS), Bound.CORE),
    "the same in processes, all cores full": (
        load(
            92, server=10 * MS, cpu=21 * MS, parse=140 * MS, parse_cpu=19 * MS, lock=110 * MS, processes=2, parsers=64
        ),
        Bound.PARSE,
    ),
    "threads on one core": (threads(46, cores=1, server=10 * MS, cpu=21 * MS, parse=80 * MS, lock=50 * MS), Bound.CORE),
    "threads that wait for little of it": (
        threads(46, server=10 * MS, cpu=21 * MS, parse=25 * MS, parse_cpu=19 * MS, lock=6 * MS),
        Bound.PARSE,
    ),
    "threads with a function that lets go of it": (
        threads(150, server=10 * MS, cpu=12 * MS, parse=30 * MS, parse_cpu=10 * MS, lock=12 * MS),
        Bound.PARSE,
    ),
    "asyncio with a function that waits": (
        load(47, server=10 * MS, cpu=1 * MS, parse=21 * MS, parse_cpu=1 * MS, waited=1 * SECOND),
        Bound.PARSE,
    ),
    "threads with it waiting": (
        threads(500, places=16, server=10 * MS, cpu=1 * MS, parse=21 * MS, parse_cpu=0.3 * MS),
        Bound.PARSE,
    ),
    "queues, and no core full": (load(700, server=20 * MS, waited=70 * MS, processes=8, cores=8), Bound.QUEUE),
    "asyncio nearby, and others have its core": (
        load(1_000, server=0.3 * MS, waited=21 * MS, parse=0.4 * MS, parse_cpu=0.2 * MS),
        Bound.CORE,
    ),
    "the same, with much to parse": (load(60, server=10 * MS, waited=1.0, cpu=10 * MS, parse=9 * MS), Bound.PARSE),
    "others have nearly all of it": (load(500, server=0.3 * MS, waited=60 * MS), Bound.UNKNOWN),
    "sequential nearby": (load(800, places=1, server=0.01 * MS, waited=0.8 * MS), Bound.UNKNOWN),
    "cores that the server fills as well": (load(1_300, server=0.3 * MS, cores=1, server_cpu=0.1 * MS), Bound.CORE),
    "a server that takes a core": (
        load(1_500, server=1 * MS, processes=2, parsers=2, server_cpu=0.6 * MS, waited=30 * MS),
        Bound.SERVER,
    ),
    "a server that is late": (load(400, late=60 * MS), Bound.SERVER),
    "late, but our core is full": (load(1_500, server=1 * MS, late=20 * MS), Bound.CORE),
    "nothing in particular": (load(200, flying=20.0, cpu=1 * MS), Bound.UNKNOWN),
}


@pytest.mark.parametrize(("whole", "expected"), JUDGED.values(), ids=list(JUDGED))
def test_what_bounds_it(whole: Load, expected: Bound) -> None:
    finding = judge(whole)
    assert finding.bound is expected, finding.text
    assert 0 <= finding.share <= 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("asyncio at the ceiling", "64 in flight / 100 ms = 640 pages/s at most, and 97 % of that is reached"),
        ("a pause of 100 ms on 20 hosts", "politeness admits 200 pages/s, and 99 % of that is reached"),
        (
            "threads with it",
            "threads wait 93 % of their parsing time for the interpreter's lock, and 1.0 of 2 cores are idle",
        ),
        ("asyncio with BeautifulSoup", "one core is full: 20 ms of CPU a page, 95 % of it parsing"),
        ("threads with a function that lets go of it", "2 cores are full: 12 ms of CPU a page, 83 % of it parsing"),
        (
            "queues, and no core full",
            "a page waits 70 ms in queues, 78 % of its time, and only 5 % of 8 cores are in use",
        ),
        (
            "asyncio nearby, and others have its core",
            "pages wait 21 ms for an event loop that works 60 % of the time: 0.6 ms of CPU a page, 33 % of it parsing",
        ),
        (
            "cores that the server fills as well",
            "the machine is full, and the crawl has 0.8 of its one core: 0.6 ms of CPU a page, 33 % of it parsing",
        ),
        ("hybrid nearby", "2 cores are full: 0.6 ms of CPU a page, 33 % of it parsing"),
    ],
)
def test_it_says_so_with_the_figures(name: str, text: str) -> None:
    assert judge(JUDGED[name][0]).text == text


def test_the_lock_is_named_only_where_it_was_measured() -> None:
    measured = JUDGED["threads with it"][0]
    unmeasured = judge(msgspec.structs.replace(measured, lock=None, parse_cpu=None))
    assert unmeasured.bound is Bound.CORE
    assert "lock" not in unmeasured.text
    assert "one core is full" in unmeasured.text


def first(**fields: Any) -> Load:
    """What an asyncio start saw of a crawl that fills its core: 1,600 pages/s of 0.6 ms."""
    usual: dict[str, Any] = {"rate": 1_600.0, "server": 35 * MS, "stays": 0.15 * MS, "parse_cpu": 0.2 * MS}
    return load(**usual | fields)


CHOSEN = {
    "a full core": (first(), "hybrid"),
    "an idle core": (first(rate=600), "asyncio"),
    "at the border: two fifths idle": (first(rate=990), "asyncio"),
    "above it": (first(rate=1_010), "hybrid"),
    "one core to use": (first(cores=1), "asyncio"),
    "politeness for one core": (first(admitted=900.0), "asyncio"),
    "politeness for two": (first(admitted=2_500.0), "hybrid"),
    "a caller who computes": (first(stays=0.5 * MS), "asyncio"),
    "too few left": (first(left=2_000), "asyncio"),
    "enough left": (first(left=5_000), "hybrid"),
    "heavy pages, few left": (first(rate=50, cpu=20 * MS, parse=19 * MS, parse_cpu=19 * MS, left=120), "hybrid"),
    "a function that waits": (
        first(rate=47, places=16, cpu=0.9 * MS, parse=21 * MS, parse_cpu=0.3 * MS, quickest=10 * MS),
        "threads",
    ),
    "one that waits, and many places": (
        first(rate=47, cpu=0.9 * MS, parse=21 * MS, parse_cpu=0.3 * MS, quickest=10 * MS),
        "processes",
    ),
    "one that waits, on one core": (
        first(rate=47, cores=1, places=64, cpu=1 * MS, parse=21 * MS, parse_cpu=0.3 * MS),
        "threads",
    ),
    "one that waits and computes": (
        first(rate=25, places=16, cpu=20 * MS, parse=39 * MS, parse_cpu=19 * MS),
        "processes",
    ),
    "one that waits and computes, few left": (
        first(rate=25, places=16, cpu=20 * MS, parse=39 * MS, parse_cpu=19 * MS, left=20),
        "threads",
    ),
    "one that waits next to nothing": (first(rate=600, parse=0.5 * MS, parse_cpu=0.2 * MS), "asyncio"),
}


@pytest.mark.parametrize(("start", "expected"), CHOSEN.values(), ids=list(CHOSEN))
def test_what_to_go_on_with(start: Load, expected: str) -> None:
    name, why = choose_by(start)
    assert name == expected, why


def test_why_it_stays() -> None:
    assert choose_by(first(rate=100)) == ("asyncio", "94 % of the time its core had nothing to do")


@pytest.mark.parametrize(
    ("left", "said"), [(0, "0 pages wait: "), (1, "1 page waits: "), (1_500, "1,500 pages wait: ")]
)
def test_how_few_are_left(left: int, said: str) -> None:
    name, why = choose_by(first(left=left))
    assert (name, why.startswith(said)) == ("asyncio", True), why


def seen(pages: int, seconds: float, places: int, cpu: float, parse: float, parse_cpu: float, **fields: Any) -> Load:
    """What an asyncio start saw of a workload of the comparison; times in milliseconds."""
    times = {"cpu": cpu * MS, "parse": parse * MS, "parse_cpu": parse_cpu * MS, "stays": 0.04 * MS}
    quickest = fields.pop("quickest", 0.0) * MS
    return first(rate=pages / seconds, pages=pages, seconds=seconds, places=places, quickest=quickest, **times | fields)


RECORDED = {
    "latency": (seen(129, 0.160, 64, 0.67, 0.36, 0.36, quickest=30), {"asyncio"}),
    "near": (seen(188, 0.063, 64, 0.33, 0.20, 0.20), {"hybrid"}),
    "parse": (seen(64, 0.547, 16, 7.87, 16.3, 16.3, quickest=11), {"hybrid", "processes"}),
    "function": (seen(64, 0.293, 16, 3.93, 7.19, 7.19, quickest=11), {"hybrid", "processes"}),
    "released": (seen(64, 0.300, 16, 4.11, 3.82, 3.82, quickest=11), {"hybrid", "processes", "threads"}),
    "waits": (seen(64, 1.392, 16, 1.06, 20.8, 1.09, quickest=10), {"threads", "processes"}),
    "mixed": (seen(173, 0.339, 64, 1.82, 2.30, 2.30, quickest=14), {"hybrid", "processes"}),
    "one-host": (seen(64, 0.839, 16, 0.98, 0.42, 0.42, quickest=51, hosts=1), {"asyncio", "threads", "hybrid"}),
    "polite": (seen(64, 0.322, 16, 0.52, 0.23, 0.23, quickest=20, admitted=200.0), {"asyncio", "threads", "hybrid"}),
    "large": (seen(64, 0.180, 16, 1.70, 1.30, 1.30, quickest=21), {"hybrid", "processes"}),
}
"""What ``make bench-auto`` showed on two cores, rounded, and which backends were the fastest or as good as it."""


@pytest.mark.parametrize(("recorded", "good"), RECORDED.values(), ids=list(RECORDED))
def test_the_workloads_of_the_comparison(recorded: Load, good: set[str]) -> None:
    name, why = choose_by(recorded)
    assert name in good, why


@given(
    rate=st.floats(0.1, 1e5),
    places=st.integers(1, 1_000),
    cores=st.integers(1, 64),
    processes=st.integers(1, 64),
    parsers=st.integers(1, 1_000),
    times=st.tuples(*[st.floats(0, 10)] * 8),
    lock=st.none() | st.floats(0, 10),
    admitted=st.none() | st.floats(0.01, 1e5),
    left=st.none() | st.integers(0, 10**9),
)
def test_any_load_has_an_answer(
    rate: float,
    places: int,
    cores: int,
    processes: int,
    parsers: int,
    times: tuple[float, ...],
    lock: float | None,
    admitted: float | None,
    left: int | None,
) -> None:
    cpu, server, waited, parse, parse_cpu, server_cpu, late, stays = times
    any_load = load(
        rate,
        places=places,
        cores=cores,
        processes=processes,
        parsers=parsers,
        cpu=cpu,
        server=server,
        waited=waited,
        parse=parse,
        parse_cpu=parse_cpu,
        server_cpu=server_cpu,
        late=late,
        stays=stays,
        lock=lock,
        admitted=admitted,
        left=left,
    )
    finding = judge(any_load)
    assert 0 <= finding.share <= 1
    assert finding.text
    name, why = choose_by(any_load)
    assert name in {"asyncio", "hybrid", "threads", "processes"}
    assert why
    assert name == "asyncio" or name == "threads" or cores > 1
