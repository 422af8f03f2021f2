"""From what was seen of a watched run to a picture of it: a lane for each worker, and one for the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from scraper.compare.model import Case, Lane, Timeline
from scraper.evidence import Span

__all__ = ["Act", "Visit", "Watched", "timeline_of"]

_REQUESTS = 200
"""Requests that are drawn: enough to see what repeats."""
_LANES = 64
_ACTS = 400
"""Of the engine's acts the longest: the others would be thinner than a pixel. With four states for each request a
timeline has 1,200 spans at most."""
_LOOPS = frozenset({"asyncio", "hybrid"})


class Visit(NamedTuple):
    """A request, from its submission to when its outcome was collected."""

    submitted: float
    collected: float
    span: Span


class Act(NamedTuple):
    """What the engine did: ``decide`` or ``write``."""

    state: str
    began: float
    ended: float


class Watched(NamedTuple):
    """What was seen of a run; all times are seconds of one clock."""

    visits: Sequence[Visit] = ()
    acts: Sequence[Act] = ()


def timeline_of(case: Case, watched: Watched) -> Timeline:
    """The picture of ``case``, and the shares of its parsing time of the whole run.

    It begins when as many requests as may be in flight have been started: the very first ones make connections and
    start threads. Where worker threads do one thing after the other, each is a lane, and waits only while it has
    nothing else to do; of an event loop each request in flight is one, in the first that is free.
    """
    visits = sorted(watched.visits, key=lambda visit: visit.span.began)
    drawn = _stretch(visits, case.concurrency)
    lock, core = _shares(visits)
    if not drawn:
        return Timeline(case, (), lock, core)
    begin, end = min(visit.submitted for visit in drawn), max(visit.span.parsed for visit in drawn)
    places = _places_of_loops(drawn) if case.backend in _LOOPS else _places_of_threads(drawn)
    locked = _contended(visits)
    lanes = [Lane(name, _cut(_states(lane, locked), begin, end)) for name, lane in _thinned(_named(case, places))]
    acts = sorted(watched.acts, key=lambda act: act.ended - act.began)
    engine = _cut(((act.state, act.began, act.ended) for act in acts if act.ended > begin), begin, end)
    longest = sorted(engine, key=lambda span: span[1] - span[2])[:_ACTS]
    return Timeline(case, (*lanes, Lane("engine", tuple(sorted(longest, key=lambda span: span[1])))), lock, core)


_States = Iterable[tuple[str, float, float]]
_Place = tuple[int, int]
"""A process, and the number of a lane in it."""


def _stretch(visits: Sequence[Visit], places: int) -> Sequence[Visit]:
    """The requests that are drawn; of a run that is too short for a warm-up the last ones."""
    first = max(0, min(places, len(visits) - _REQUESTS))
    return visits[first : first + _REQUESTS]


def _contended(visits: Iterable[Visit]) -> frozenset[int]:
    """Processes in which several threads work: only there somebody else can hold the interpreter's lock."""
    threads: defaultdict[int, set[int]] = defaultdict(set)
    for visit in visits:
        threads[visit.span.process].add(visit.span.thread)
    return frozenset(process for process, found in threads.items() if len(found) > 1)


def _shares(visits: Sequence[Visit]) -> tuple[float, float]:
    """Of all time of parsing, the share that was waited for the lock, and the share spent on a core."""
    whole = sum(visit.span.parsed - visit.span.fetched for visit in visits) * 1e6
    if whole <= 0:
        return 0.0, 0.0
    locked = _contended(visits)
    lock = sum(visit.span.lock_us for visit in visits if visit.span.process in locked)
    return min(1.0, lock / whole), min(1.0, sum(visit.span.cpu_us for visit in visits) / whole)


def _places_of_threads(visits: Iterable[Visit]) -> dict[_Place, list[Visit]]:
    found: defaultdict[_Place, list[Visit]] = defaultdict(list)
    for visit in visits:
        found[visit.span.process, visit.span.thread].append(visit)
    return found


def _places_of_loops(visits: Iterable[Visit]) -> dict[_Place, list[Visit]]:
    """Each request gets the first place of its process that is free: as few as can be (interval colouring)."""
    found: dict[_Place, list[Visit]] = {}
    counts: defaultdict[int, int] = defaultdict(int)
    for visit in visits:
        process = visit.span.process
        places = ((process, number) for number in range(counts[process]))
        free = next((place for place in places if found[place][-1].span.parsed <= visit.span.began), None)
        if free is None:
            free = process, counts[process]
            counts[process] += 1
            found[free] = []
        found[free].append(visit)
    return found


def _named(case: Case, places: dict[_Place, list[Visit]]) -> list[tuple[str, list[Visit]]]:
    """The lanes with their names, numbered from 1: ``thread 3``, ``request 3``, ``process 1 / 3``."""
    processes = {process: number for number, process in enumerate(sorted({place[0] for place in places}), 1)}
    word = "request" if case.backend in _LOOPS else "thread"
    named, counts = [], dict.fromkeys(processes, 0)
    for process, number in sorted(places):
        counts[process] += 1
        name = f"process {processes[process]} / {counts[process]}" if case.workers else f"{word} {counts[process]}"
        named.append((name, places[process, number]))
    return named


def _thinned(lanes: list[tuple[str, list[Visit]]]) -> list[tuple[str, list[Visit]]]:
    """Of too many lanes every second, or third: all processes are seen, and each lane is whole."""
    return lanes[:: -(-len(lanes) // _LANES)] if lanes else lanes


def _states(visits: Sequence[Visit], locked: frozenset[int]) -> _States:
    """What happened in one lane. What a parse waited for the lock is drawn behind the rest of it, in one piece."""
    free = 0.0
    for visit in sorted(visits, key=attrgetter("span.began")):
        span = visit.span
        lock = span.lock_us / 1e6 if span.process in locked else 0.0
        yield "wait", max(free, visit.submitted), span.began
        yield "fetch", span.began, span.fetched
        yield "parse", span.fetched, span.parsed - lock
        yield "lock", span.parsed - lock, span.parsed
        free = span.parsed


def _cut(states: _States, begin: float, end: float) -> tuple[tuple[str, int, int], ...]:
    """Those between ``begin`` and ``end``, in microseconds from there; what takes none is left out."""
    found = []
    for state, since, until in states:
        start, stop = (round((min(max(at, begin), end) - begin) * 1e6) for at in (since, until))
        if stop > start:
            found.append((state, start, stop))
    return tuple(found)
