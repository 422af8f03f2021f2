from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.compare.model import Case, Lane, Timeline
from scraper.compare.timeline import Act, Visit, Watched, timeline_of
from scraper.evidence import Span

THREADS = Case("w", "threads", 2)


def visit(
    began: float,
    fetched: float,
    parsed: float,
    *,
    submitted: float | None = None,
    process: int = 1,
    thread: int = 1,
    cpu: float = 0.0,
) -> Visit:
    """Times in milliseconds, for short."""
    span = Span(process, thread, began / 1e3, fetched / 1e3, parsed / 1e3, int(cpu * 1e3))
    return Visit((began if submitted is None else submitted) / 1e3, parsed / 1e3, span)


def lanes(timeline: Timeline) -> dict[str, tuple[tuple[str, int, int], ...]]:
    return {lane.name: lane.spans for lane in timeline.lanes}


def test_threads_have_a_lane_each_and_wait_only_while_they_are_free() -> None:
    visits = [
        visit(0, 10, 12, thread=7, cpu=2),
        visit(1, 10, 14, thread=8, cpu=1),
        visit(12, 20, 22, thread=7, cpu=2, submitted=5),
        visit(16, 20, 22, thread=8, cpu=2, submitted=14.5),
    ]
    found = timeline_of(THREADS, Watched(visits, [Act("write", 0.013, 0.0135), Act("decide", 0.0, 0.0005)]))
    assert lanes(found) == {
        "thread 1": (
            ("fetch", 0, 10_000),
            ("parse", 10_000, 12_000),
            ("fetch", 12_000, 20_000),
            ("parse", 20_000, 22_000),
        ),
        "thread 2": (
            ("fetch", 1_000, 10_000),
            ("parse", 10_000, 11_000),
            ("lock", 11_000, 14_000),
            ("wait", 14_500, 16_000),
            ("fetch", 16_000, 20_000),
            ("parse", 20_000, 22_000),
        ),
        "engine": (("decide", 0, 500), ("write", 13_000, 13_500)),
    }
    assert found.lock == pytest.approx(0.3)
    assert found.core == pytest.approx(0.7)


def test_where_one_thread_works_nobody_else_can_have_the_lock() -> None:
    """What its function waits for is something else, and part of the parse."""
    found = timeline_of(Case("w", "asyncio", 2), Watched([visit(0, 10, 30, cpu=1), visit(0, 30, 50, cpu=1)]))
    assert found.lock == 0
    assert {state for lane in found.lanes for state, _, _ in lane.spans} == {"fetch", "parse"}


def test_a_loop_has_as_many_lanes_as_requests_in_flight_at_once() -> None:
    visits = [
        visit(0, 10, 11, process=5, thread=5),
        visit(1, 30, 31, process=5, thread=5),
        visit(2, 12, 13, process=6, thread=6),
        visit(11, 20, 21, process=5, thread=5),
        visit(14, 20, 21, process=6, thread=6),
    ]
    found = timeline_of(Case("w", "hybrid", 3, 2), Watched(visits))
    assert [(lane.name, len(lane.spans)) for lane in found.lanes] == [
        ("process 1 / 1", 4),
        ("process 1 / 2", 2),
        ("process 2 / 1", 4),
        ("engine", 0),
    ]
    assert [lane.name for lane in timeline_of(Case("w", "asyncio", 3), Watched(visits[:2])).lanes] == [
        "request 1",
        "request 2",
        "engine",
    ]


def test_a_long_run_is_drawn_from_behind_its_first_wave_and_stays_small() -> None:
    visits = [visit(number, number + 130, number + 131, thread=number % 130, cpu=1) for number in range(2_000)]
    acts = [Act("write", number / 1e3, number / 1e3 + 0.0001) for number in range(2_000)]
    found = timeline_of(Case("w", "threads", 130), Watched(visits, acts))
    assert len(found.lanes) <= 65
    assert sum(len(lane.spans) for lane in found.lanes) <= 1_500
    assert max(end for lane in found.lanes for _, _, end in lane.spans) == 330_000  # requests 130 to 329


def test_nothing_was_seen() -> None:
    assert timeline_of(THREADS, Watched()) == Timeline(THREADS, (), 0.0, 0.0)


MOMENTS = st.floats(0, 50, allow_nan=False)


@given(
    st.lists(st.tuples(MOMENTS, MOMENTS, MOMENTS, st.integers(1, 3), st.integers(0, 60)), max_size=40),
    st.sampled_from(["sequential", "threads", "asyncio", "processes", "hybrid"]),
)
def test_lanes_never_overlap_and_lie_within_the_stretch(
    seen: list[tuple[float, float, float, int, int]], backend: str
) -> None:
    """Of a loop's; threads do one thing after the other, so what they are said to do is made so here."""
    visits, free = [], 0.0
    for began, fetched, parsed, process, cpu in seen:
        since = began if backend in ("asyncio", "hybrid") else free
        fetch, parse = since + fetched, since + fetched + parsed
        free = parse
        visits.append(visit(since, fetch, parse, process=process, cpu=cpu))
    workers = 2 if backend in ("processes", "hybrid") else 0
    found = timeline_of(Case("w", backend, 4, workers), Watched(visits))
    assert all(_apart(lane) for lane in found.lanes)
    assert 0 <= found.lock <= 1
    assert 0 <= found.core <= 1


def _apart(lane: Lane) -> bool:
    ends = [0, *(end for _, _, end in lane.spans)]
    return all(end <= begin < stop for end, (_, begin, stop) in zip(ends, lane.spans, strict=False))
