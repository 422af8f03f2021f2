"""The timeline: what every worker did, backend by backend, on one axis of time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from statistics import median
from typing import NamedTuple

from markupsafe import Markup

from scraper.compare.model import Lane
from scraper.compare.outputs.marks import mark, style
from scraper.compare.outputs.svg import Frame, Linear, group, label, path, svg, tag, ticks
from scraper.compare.outputs.words import milliseconds, percent

__all__ = ["STATES", "Track", "timeline"]

STATES = {
    "fetch": "waiting for a server",
    "wait": "waiting in our own queues",
    "parse": "parsing",
    "lock": "wanting to parse, waiting for the interpreter's lock",
    "write": "writing the store (engine)",
    "decide": "deciding what is next (engine)",
}
"""What a lane can do, in words, in the order of the legend."""
_COMPUTING = frozenset({"parse", "write", "decide"})
WIDE = 1080
_LEFT, _RIGHT, _TOP = 98, 1066, 8
_DETAILS = ((20, 0.1), (20, 0.5), (20, 2.0), (10, 4.0), (5, 8.0))
"""Lanes of one backend at most, evenly chosen, and units of the picture between two spans that are drawn apart: less
and less of it."""
_HEAD, _STRIP, _BETWEEN = 24, 34, 18
_BIN = 4
"""Units of the picture over which what computes is averaged."""
_PARSES, _FETCHES, _LIVES = 40, 3.5, 1.5
"""Parses, or fetches, that one after the other fill the picture; and fetches of the backend where they take longest."""
_FINEST = 0.1
"""Units of the picture that a span has at least, so that it can be seen."""


class Track(NamedTuple):
    """One backend: its name, what is said beside it, its lanes.

    :ivar whole: whether these are all that it had.
    :ivar core: the share of its parsing, without the waiting for the lock, that was spent on a core.
    """

    name: str
    backend: str
    about: str
    lanes: Sequence[Lane]
    whole: bool = True
    core: float = 1.0


class _Shown(NamedTuple):
    """:ivar strip: how many lanes compute, over time; nothing where not all are known."""

    track: Track
    strip: Sequence[float]
    lanes: Sequence[Lane] = ()

    @property
    def high(self) -> float:
        """Of a lane: few may be thick."""
        return 16.0 if len(self.lanes) <= 4 else 12.0 if len(self.lanes) <= 10 else 7.0

    @property
    def above(self) -> float:
        """What is above the lanes."""
        return _HEAD + (_STRIP + 6 if self.strip else 0)

    @property
    def height(self) -> float:
        return self.above + self.high * len(self.lanes) + _BETWEEN


def timeline(tracks: Sequence[Track], cores: int, *, room: int = 200_000) -> Markup:
    """The whole picture; nothing where nobody did anything.

    :param room: bytes that it may take; where that is little, what is close together is joined.
    """
    ends = [max((span[2] for lane in track.lanes for span in lane.spans), default=0) for track in tracks]
    if not any(ends):
        return Markup()
    until = min(max(ends), _window(tracks))
    across = Linear(0, until, _LEFT, _RIGHT)
    tracks = [track._replace(lanes=_begun(track.lanes, end, until)) for track, end in zip(tracks, ends, strict=True)]
    shown = [_Shown(track, _at_once(until, track) if track.whole else ()) for track in tracks]
    for most, apart in _DETAILS:
        shown = [each._replace(lanes=_chosen(each.track.lanes, most)) for each in shown]
        drawn = _drawn(shown, across, cores, apart)
        if len(drawn) <= room:
            break
    return drawn


def _window(tracks: Sequence[Track]) -> float:
    """A stretch in which parses are wide enough to be seen, and in which a lane fetches a few times.

    Parses and fetches are taken from the backend where they are shortest: where nothing else is in them. A page's life
    must have room also where it is longest, as on a loop that is asked for more than it can read.
    """
    parses, fetches = _usual(tracks, "parse"), _usual(tracks, "fetch")
    least, most = min(fetches, default=0.0), max(fetches, default=0.0)
    return max(_PARSES * min(parses, default=0.0), _FETCHES * least, _LIVES * most) or math.inf


def _usual(tracks: Sequence[Track], state: str) -> list[float]:
    """How long a span of that kind is, for each backend that has some.

    Of its spans that is the upper quartile: files of robots are among them, and are short.
    """
    spans = (
        [end - begin for lane in track.lanes for kind, begin, end in lane.spans if kind == state] for track in tracks
    )
    return [sorted(found)[len(found) * 3 // 4] for found in spans if found]


def _begun(lanes: Sequence[Lane], end: float, until: float) -> Sequence[Lane]:
    """From when half of the lanes have begun to fetch: before that only the start is to be seen."""
    firsts = [next((span[1] for span in lane.spans if span[0] == "fetch"), None) for lane in lanes]
    begun = min(median([first for first in firsts if first is not None] or [0]), max(0.0, end - until))
    begin = int(begun)
    if not begin:
        return lanes
    return [
        Lane(lane.name, tuple((state, max(0, a - begin), b - begin) for state, a, b in lane.spans if b > begin))
        for lane in lanes
    ]


def _chosen(lanes: Sequence[Lane], most: int) -> Sequence[Lane]:
    """All, or some of the workers, evenly; and the last lane, the engine's."""
    if len(lanes) <= most:
        return lanes
    workers, picked = lanes[:-1], most - 1
    return [*(workers[index * len(workers) // picked] for index in range(picked)), lanes[-1]]


def _drawn(shown: Sequence[_Shown], across: Linear, cores: int, apart: float) -> Markup:
    tops = list(accumulate((each.height for each in shown), initial=float(_TOP)))
    bottom = tops[-1]
    frame = Frame(across, Linear(0, 1, bottom, _TOP))
    tracks = [_track(frame, each, top, cores, apart) for each, top in zip(shown, tops, strict=False)]
    times = ticks(frame.x, 8)
    grid = [path([(frame.x(value), _TOP + _HEAD), (frame.x(value), bottom)], "grid") for value in times]
    texts = [label(frame.x(value), bottom + 16, _time(value), "tick", "middle") for value in times]
    said = f"What every worker did in {_time(across.high)}, for {', '.join(each.track.name for each in shown)}"
    return svg(WIDE, bottom + 26, said, group(*grid), *tracks, group(*texts), cls="lanes")


def _time(us: float) -> str:
    return f"{milliseconds(us / 1e6)} ms"


def _track(frame: Frame, shown: _Shown, top: float, cores: int, apart: float) -> Markup:
    track, y = shown.track, top + _HEAD
    lanes = _lanes_text(shown)
    head = [
        mark(track.backend, 8, top + 13),
        label(20, top + 18, track.name, f"end {style(track.backend)}"),
        label(_RIGHT, top + 18, ". ".join(part for part in (track.about, lanes) if part), "tick", "end"),
    ]
    if shown.strip:
        head.append(_strip(shown.strip, y, cores))
    y = top + shown.above
    places = [y + shown.high * (index + 0.5) for index in range(len(shown.lanes))]
    drawn = [_lane(frame, lane, place, shown.high, apart) for lane, place in zip(shown.lanes, places, strict=True)]
    ground = "".join(f"M{_LEFT} {place:.1f}H{_RIGHT}" for place in places)
    level = tag("path", d=ground, cls="ground", stroke_width=_thick(shown.high))
    return group(*head, level, *drawn)


def _lanes_text(shown: _Shown) -> str:
    whole = len(shown.track.lanes)
    return f"{len(shown.lanes) - 1} of {whole - 1} lanes, and the engine's" if len(shown.lanes) < whole else ""


def _thick(high: float) -> float:
    """The stroke of a lane so high."""
    return high - 1.5


def _strip(counts: Sequence[float], top: float, cores: int) -> Markup:
    """How many lanes compute at once, over time; a line where there are as many as cores."""
    most = max(cores, 1) * 1.25
    scale = Linear(0, most, top + _STRIP, top + 2)
    points = [(_LEFT + _BIN * index, scale(value)) for index, value in enumerate(counts)]
    outline = [step for (x, y) in points for step in ((x, y), (x + _BIN, y))]
    area = path([(_LEFT, top + _STRIP), *_straight(outline), (_RIGHT, top + _STRIP)], "busy")
    level = path([(_LEFT, scale(cores)), (_RIGHT, scale(cores))], "guide")
    mean = sum(counts) / len(counts)
    texts = [
        label(_LEFT - 6, scale(cores) + 4, f"{cores} core{'s' * (cores != 1)}", "tiny", "end"),
        label(_LEFT - 6, top + _STRIP, f"mean {mean:.2f}", "tiny", "end"),
    ]
    base = path([(_LEFT, top + _STRIP), (_RIGHT, top + _STRIP)], "axis")
    return group(area, base, level, *texts, title=f"lanes that compute at once: {mean:.2f} on average")


def _at_once(until: float, track: Track) -> list[float]:
    """Lanes that compute, on average, in each stretch of :data:`_BIN`."""
    bins = [0.0] * ((_RIGHT - _LEFT) // _BIN)
    wide = until / len(bins)
    for lane in track.lanes:
        for share, begin, end in _computing(lane, track.core):
            for index in range(int(begin / wide), min(int(end / wide) + 1, len(bins))):
                bins[index] += share * max(0.0, min(end, (index + 1) * wide) - max(begin, index * wide)) / wide
    return bins


def _computing(lane: Lane, core: float) -> Iterable[tuple[float, float, float]]:
    """Stretches with the share of them that was spent computing.

    A parse and its waiting, for the lock or for a core, are one: they took turns, and only the sums are known.
    """
    share, since, until = 0.0, 0, -1
    for state, begin, end in lane.spans:
        if state not in _COMPUTING and state != "lock":
            continue
        if begin - until > 1 or until < 0:
            if until > since:
                yield share / (until - since), since, until
            share, since = 0.0, begin
        share += (end - begin) * (core if state == "parse" else state in _COMPUTING)
        until = end
    if until > since:
        yield share / (until - since), since, until


def _straight(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the points in the middle of level stretches."""
    inner = zip(points, points[1:], points[2:], strict=False)
    return [*points[:1], *(b for a, b, c in inner if not abs(a[1] - b[1]) < 0.05 > abs(b[1] - c[1])), *points[-1:]]


def _lane(frame: Frame, lane: Lane, y: float, high: float, apart: float) -> Markup:
    """A stroke for each state, whose dashes are its spans."""
    strokes: dict[str, list[str]] = defaultdict(list)
    sums: dict[str, int] = defaultdict(int)
    for state, begin, end in _joined(frame, lane, apart):
        strokes[state].append(f"M{begin:.1f} {y:.1f}h{end - begin:.1f}")
    for state, begin, end in lane.spans:
        sums[state] += end - begin
    whole = sum(sums.values()) or 1
    shares = (f"{state} {percent(sums[state] / whole)}" for state in STATES if sums[state])
    paths = [tag("path", d="".join(strokes[state]), cls=f"s-{state}") for state in STATES if strokes[state]]
    name = [label(_LEFT - 6, y + 3.5, lane.name, "tiny", "end")] if high > 10 or lane.name == "engine" else []
    lines = tag("g", *paths, stroke_width=_thick(high))
    return group(*name, lines, title=f"{lane.name}: {', '.join(shares)}")


def _joined(frame: Frame, lane: Lane, apart: float) -> Iterable[tuple[str, float, float]]:
    """Spans as they are drawn: those of one state that nearly touch are one."""
    last: dict[str, tuple[float, float]] = {}
    for state, begin, end in lane.spans:
        if begin >= frame.x.high or state not in STATES:
            continue
        x, stop = frame.x(begin), frame.x(end)
        open_ = last.get(state)
        if open_ and x - open_[1] < apart:
            last[state] = (open_[0], max(stop, open_[1]))
            continue
        if open_:
            yield state, *open_
        last[state] = (x, max(stop, x + _FINEST))
    for state, (x, stop) in last.items():
        yield state, x, stop
