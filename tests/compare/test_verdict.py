"""What is said of a comparison: who is ahead beyond doubt, why, and what to do."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from scraper.bounds import Bound, Finding, judge
from scraper.compare.model import Case, Machine, Quantiles, Row, Run, Timeline, Verdict, Workload
from scraper.compare.rows import row_of
from scraper.compare.verdict import load_of, verdict_of

MS = 0.001
CORES = 2
WORKERS = {"processes": 2, "hybrid": 2}
MACHINE = Machine("Linux", "a CPU", CORES, 8 << 30, "CPython 3.11", {})
NEAR = Workload(name="near", concurrency=(64,))
WOBBLE = (1.0, 1.02, 0.99, 1.01, 0.98)
"""What disturbs all runs of a round alike."""
SHAKES = {name: shift for shift, name in enumerate(("sequential", "threads", "processes", "asyncio", "hybrid"))}


def run(backend: str, rate: float, number: int, **fields: Any) -> Run:
    """A run of 1,000 pages at about ``rate``."""
    places = fields.pop("places", 1 if backend == "sequential" else 64)
    case = Case("near", backend, places, WORKERS.get(backend, 0))
    own = 1 + 0.004 * ((number * 2 + SHAKES[backend]) % 5 - 2)
    usual: dict[str, Any] = {
        "case": case,
        "round": number,
        "pages": 1_000,
        "seconds": 1_000 / (rate * WOBBLE[number] * own),
        "start": 0.6 if case.workers else 0.03,
        "user": 0.5,
        "system": 0.1,
        "start_cpu": 0.1,
        "memory": 60 << 20,
        "switches": (1_000, 100),
        "server": Quantiles(mean=1 * MS),
        "own": Quantiles(mean=10 * MS),
        "parse": Quantiles(mean=0.2 * MS),
        "flying": 60.0,
        "server_cpu": 0.1,
        "late": 0.0,
    }
    return Run(**usual | fields)


def verdict(
    rates: dict[str, float], *, rounds: int = 5, workload: Workload = NEAR, **fields: dict[str, Any]
) -> Verdict:
    """The verdict on backends with these ``rates``.

    :param fields: what is special in a backend's runs, by its name.
    """
    runs = [run(name, rate, number, **fields.get(name, {})) for name, rate in rates.items() for number in range(rounds)]
    baseline = [each for each in runs if each.case.backend == "sequential"]
    rows: list[Row] = []
    for name in rates:
        own = [each for each in runs if each.case.backend == name]
        rows.append(row_of(own, baseline, load_of(own, workload, hosts=20, cores=CORES)))
    return verdict_of(workload, rows, runs, MACHINE)


FAR = {"sequential": 400.0, "threads": 900.0, "asyncio": 1_500.0, "hybrid": 2_400.0}


def test_the_winner_is_named_with_its_lead_and_what_bounds_it() -> None:
    found = verdict(FAR)
    assert found.winner == Case("near", "hybrid", 64, 2)
    assert found.over_second is not None
    assert found.over_sequential is not None
    assert found.over_second.value == pytest.approx(1.6, rel=0.01)
    assert found.over_second.low > 1.5
    assert found.over_sequential.value == pytest.approx(6, rel=0.01)
    who, why, *_ = found.text
    assert who == (
        "hybrid is ahead: 2,400 pages/s with 64 requests in flight and 2 workers, "
        "1.60 times (1.58 to 1.62) asyncio and 6.00 times (5.93 to 6.07) sequential."
    )
    assert why.startswith("hybrid: ")
    assert any(text.startswith("Use hybrid with 2 workers: 2.6") and text.endswith("threads.") for text in found.text)
    assert found.text[-1] == "Below 2,300 pages asyncio is done sooner: hybrid takes 600 ms to start, asyncio 30 ms."


@pytest.mark.parametrize(
    ("rates", "start", "said"),
    [
        ({"asyncio": 1_500.0, "hybrid": 2_400.0}, 0.13, "Below 400 pages asyncio is done sooner"),
        ({"asyncio": 1_500.0, "hybrid": 1_560.0}, 0.6, ""),  # far beyond what was measured
        ({"asyncio": 1_500.0, "hybrid": 1_560.0}, 0.15, "Below 4,700 pages asyncio is done sooner"),
        ({"asyncio": 1_500.0, "hybrid": 1_501.0}, 0.6, ""),  # level: it would be millions
        ({"asyncio": 1_500.0, "hybrid": 2_400.0}, 0.12, ""),
        ({"sequential": 9.0, "hybrid": 610.0}, 0.6, ""),  # five pages
        ({"sequential": 90.0, "hybrid": 610.0}, 0.6, "Below 60 pages sequential is done sooner"),
    ],
)
def test_who_is_done_sooner_is_said_where_the_number_is_known_and_matters(
    rates: dict[str, float], start: float, said: str
) -> None:
    below = [
        text.partition(":")[0] for text in verdict(rates, hybrid={"start": start}).text if text.startswith("Below")
    ]
    assert below == ([said] if said else [])


def test_a_lead_that_may_be_next_to_nothing_says_nothing_of_short_crawls() -> None:
    rates = iter([1_560.0, 1_720.0, 1_560.0, 1_720.0, 1_560.0])
    shaken = [{"seconds": 1_000 / rate, "start": 0.15} for rate in rates]
    runs = [run("hybrid", 1.0, number, **fields) for number, fields in enumerate(shaken)]
    runs += [run("asyncio", 1_500.0, number) for number in range(5)]
    by = {name: [each for each in runs if each.case.backend == name] for name in ("hybrid", "asyncio")}
    rows = [row_of(own, [], load_of(own, NEAR, hosts=20, cores=CORES)) for own in by.values()]
    found = verdict_of(NEAR, rows, runs, MACHINE)
    assert found.winner == Case("near", "hybrid", 64, 2)
    assert not any(text.startswith("Below") for text in found.text)


def test_where_nobody_leads_beyond_doubt_all_are_level() -> None:
    found = verdict({"sequential": 10.0, "threads": 598.0, "asyncio": 601.0, "hybrid": 600.0})
    assert found.winner is None
    assert found.text[0].endswith("are level, within their intervals: 601 pages/s with 64 requests in flight.")
    assert {"threads", "asyncio", "hybrid"} <= set(found.text[0].replace(",", "").split())
    assert not any(text.startswith("Below") for text in found.text)


def test_some_may_be_level_and_others_behind() -> None:
    found = verdict({"sequential": 10.0, "threads": 300.0, "asyncio": 600.0, "hybrid": 601.0})
    assert found.winner == Case("near", "hybrid", 64, 2)
    assert found.text[0].startswith("hybrid and asyncio are level")
    assert found.text[1] == "threads is behind: 300 pages/s with 64 requests in flight."


def test_a_lead_that_nobody_would_notice_is_none() -> None:
    found = verdict({"asyncio": 600.0, "threads": 590.0})
    assert found.winner is None
    assert found.over_second is not None
    assert found.over_second.low > 1


@pytest.mark.parametrize(("rate", "ahead"), [(630.0, False), (700.0, True)])
def test_of_one_round_only_a_large_lead_counts(rate: float, ahead: bool) -> None:
    found = verdict({"asyncio": 600.0, "hybrid": rate}, rounds=1)
    assert (found.winner is not None) == ahead
    assert "(" not in found.text[0]


def test_no_equal_outcomes_no_winner() -> None:
    named = ("http://a/1", "http://a/2: missing", "http://a/3")
    bad = {"different": 5, "differences": (*named, "http://a/4")}
    found = verdict(FAR, hybrid=bad)
    assert (found.winner, found.over_second, found.over_sequential) == (None, None, None)
    assert found.text == (
        f"near/hybrid/64x2 came to other outcomes than the others, in round 1: {', '.join(named)}, and 2 more.",
        "Nobody wins: only equal outcomes can be compared.",
    )


def test_politeness_lets_nobody_be_faster_and_the_cheapest_is_chosen() -> None:
    polite = msgspec.structs.replace(NEAR, options={"delay": 0.1})
    rates = {"sequential": 90.0, "threads": 197.0, "asyncio": 197.5, "processes": 197.0}
    found = verdict(rates, workload=polite, asyncio={"user": 0.4}, processes={"user": 0.8}, threads={"user": 0.6})
    assert found.winner is None
    assert "politeness admits 200 pages/s" in found.text[1]
    assert found.text[2] == (
        "No backend can be faster than what was promised to the hosts. "
        "Choose the cheapest: asyncio takes 0.5 ms of CPU a page, processes 0.9 ms."
    )


def test_a_network_wants_more_requests_in_flight() -> None:
    slow: dict[str, Any] = {"server": Quantiles(mean=100 * MS)}
    found = verdict({"sequential": 9.8, "threads": 610.0, "asyncio": 612.0}, threads=slow, asyncio=slow)
    assert "64 in flight / 100 ms = 640 pages/s at most" in found.text[1]
    assert any(text.startswith("Raise --concurrency: the network is the bound") for text in found.text)


def test_where_concurrency_does_not_pay_it_says_so() -> None:
    found = verdict({"sequential": 100.0, "threads": 98.0, "asyncio": 104.0})
    assert found.winner is None
    assert found.text[0].startswith("Concurrency does not pay here: at best it is 1.04 times (1.0")


def test_nothing_measured_nothing_said() -> None:
    assert verdict_of(NEAR, [], [], MACHINE).text == ("Nothing was measured.",)


def test_one_backend_alone_has_no_rival() -> None:
    found = verdict({"asyncio": 600.0})
    assert found.winner == Case("near", "asyncio", 64)
    assert found.over_second is None
    assert found.text[0] == "asyncio is ahead: 600 pages/s with 64 requests in flight."


def test_the_lock_is_named_with_its_measured_share() -> None:
    heavy: dict[str, Any] = {"user": 20.0, "system": 0.5, "parse": Quantiles(mean=250 * MS), "server_cpu": 0.2}
    runs = [run("threads", 46.0, number, **heavy) for number in range(3)]
    case = runs[0].case
    watched = Timeline(case, (), lock=0.9, core=0.08)
    alone = Timeline(Case("near", "asyncio", 64), (), lock=0.0, core=0.97)
    finding = judge(load_of(runs, NEAR, hosts=20, cores=2, timeline=watched, alone=alone))
    assert finding.bound is Bound.GIL
    assert finding.text.startswith("threads wait 87 % of their parsing time for the interpreter's lock")
    unwatched = judge(load_of(runs, NEAR, hosts=20, cores=2))
    assert unwatched.bound is Bound.CORE


def test_what_a_function_waits_itself_is_not_the_lock() -> None:
    waits: dict[str, Any] = {
        "user": 0.9,
        "parse": Quantiles(mean=21 * MS),
        "server": Quantiles(mean=10 * MS),
        "places": 16,
    }
    runs = [run("threads", 450.0, number, **waits) for number in range(3)]
    watched = Timeline(runs[0].case, (), lock=0.95, core=0.03)
    alone = Timeline(Case("near", "asyncio", 16), (), lock=0.0, core=0.04)
    load = load_of(runs, NEAR, hosts=20, cores=2, timeline=watched, alone=alone)
    assert load.lock == 0
    assert load.idle_parse == pytest.approx(0.97 * 21 * MS)
    assert judge(load).bound is Bound.PARSE


@pytest.mark.parametrize(
    ("options", "hosts", "server", "admitted"),
    [
        ({}, 20, 0.1, None),
        ({"delay": 0.1}, 20, 0.02, 200.0),
        ({"per_host": 4}, 1, 0.05, 80.0),
        ({"per_host": 4}, 20, 0.05, None),
        ({"per_host": 1, "delay": 0.1}, 1, 0.2, 5.0),
        ({"delay": 0}, 1, 0.2, None),
    ],
)
def test_what_politeness_admits(options: dict[str, Any], hosts: int, server: float, admitted: float | None) -> None:
    workload = msgspec.structs.replace(NEAR, options=options)
    runs = [run("asyncio", 50.0, 0, server=Quantiles(mean=server))]
    assert load_of(runs, workload, hosts=hosts, cores=2).admitted == (admitted and pytest.approx(admitted))


def test_losers_are_told_why_the_lock_first() -> None:
    rows, runs = [], []
    for name, rate, finding in (
        ("hybrid", 90.0, Finding(Bound.PARSE, 0.9, "2 cores are full: 20 ms of CPU a page")),
        ("asyncio", 48.0, Finding(Bound.CORE, 1.0, "one core is full: 20 ms of CPU a page")),
        (
            "threads",
            46.0,
            Finding(Bound.GIL, 0.9, "threads wait 90 % of their time for the interpreter's lock"),
        ),
    ):
        own = [run(name, rate, number) for number in range(5)]
        row = row_of(own, [], load_of(own, NEAR, hosts=20, cores=2))
        rows.append(msgspec.structs.replace(row, finding=finding))
        runs += own
    found = verdict_of(NEAR, rows, runs, MACHINE)
    assert found.text[1:5] == (
        "hybrid: 2 cores are full: 20 ms of CPU a page.",
        "threads wait 90 % of their time for the interpreter's lock.",
        "asyncio: one core is full: 20 ms of CPU a page.",
        found.text[4],
    )
    assert found.text[4].startswith("Use hybrid with 2 workers: 1.9")
