"""Charts of bars, a row for each backend: rates with their repeats, times with their quantiles, costs in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from scraper.compare.outputs.marks import mark, style
from scraper.compare.outputs.svg import Frame, Linear, group, label, path, svg, tag, ticks
from scraper.compare.outputs.words import milliseconds, tick

__all__ = ["Bar", "Stack", "Track", "bars", "quantile_bars", "stacks"]

WIDE = 530
_LEFT, _RIGHT, _TOP, _BELOW = 138, 436, 16, 48
_FOR_THREE = 410
"""The right edge where three figures are written behind the bars."""


class Bar(NamedTuple):
    """A value with its interval and its repeats; ``text`` is written behind it."""

    name: str
    backend: str
    value: float
    low: float
    high: float
    dots: Sequence[float]
    text: str
    title: str = ""


class Track(NamedTuple):
    """Quantiles of one kind of time: ``cls`` its class, ``values`` p50, p95 and p99."""

    cls: str
    values: tuple[float, float, float]
    title: str


class Stack(NamedTuple):
    """Parts of a cost, as (class, value, what is said of it), beside one another; ``band`` is somebody else's."""

    name: str
    backend: str
    parts: Sequence[tuple[str, float, str]]
    text: str
    band: tuple[float, str] | None = None


def bars(given: Sequence[Bar], said: str, unit: str, guide: tuple[float, str] | None = None) -> Markup:
    """Values side by side, from 0 on; ``guide`` is a value that none can pass."""
    top = max((max(bar.high, bar.value, *bar.dots) for bar in given), default=0.0)
    shown = guide if guide and guide[0] <= 1.6 * top else None
    frame, high = _frame(max(top, shown[0] if shown else 0.0), len(given), 50)
    drawn = [_bar(frame, bar, _TOP + 50 * index + 25) for index, bar in enumerate(given)]
    lines = [_guide(frame, *shown)] if shown else []
    return svg(WIDE, high, said, _axes(frame, unit), *drawn, *lines)


def quantile_bars(given: Sequence[tuple[str, str, Sequence[Track]]], said: str, unit: str) -> Markup:
    """For each (name, backend) its tracks in milliseconds, the quantiles paler and paler."""
    top = max((track.values[2] for _, _, tracks in given for track in tracks), default=0.0)
    frame, high = _frame(top, len(given), 50, _FOR_THREE)
    drawn = []
    for index, (name, backend, tracks) in enumerate(given):
        middle = _TOP + 50 * index + 25
        drawn.append(_head(name, backend, middle))
        for place, track in enumerate(tracks):
            drawn.append(_track(frame, track, middle + 18 * (place - (len(tracks) - 1) / 2)))
    return svg(WIDE, high, said, _axes(frame, unit), *drawn)


def stacks(given: Sequence[Stack], said: str, unit: str) -> Markup:
    """Costs side by side, each in its parts."""
    top = max((max(sum(value for _, value, _ in stack.parts), _band(stack)) for stack in given), default=0.0)
    frame, high = _frame(top, len(given), 40)
    drawn = [_stack(frame, stack, _TOP + 40 * index + 20) for index, stack in enumerate(given)]
    return svg(WIDE, high, said, _axes(frame, unit), *drawn)


def _band(stack: Stack) -> float:
    return stack.band[0] if stack.band else 0.0


def _frame(top: float, rows: int, high: int, right: float = _RIGHT) -> tuple[Frame, float]:
    bottom = _TOP + rows * high + 4
    return Frame(Linear(0, top * 1.02 or 1, _LEFT, right), Linear(0, 1, bottom, _TOP)), bottom + _BELOW


def _axes(frame: Frame, unit: str) -> Markup:
    bottom = frame.y.start
    drawn = [path([(_LEFT, bottom), (_LEFT, frame.y.end)], "axis")]
    for value in ticks(frame.x, 5):
        x = frame.x(value)
        drawn += [path([(x, bottom), (x, frame.y.end)], "grid"), label(x, bottom + 18, tick(value), "tick", "middle")]
    return group(*drawn, label((_LEFT + frame.x.end) / 2, bottom + 37, unit, "name", "middle"))


def _head(name: str, backend: str, y: float) -> Markup:
    return group(mark(backend, 10, y), label(22, y + 4, name, f"end {style(backend)}"))


def _box(x: float, y: float, end: float, high: float, cls: str) -> Markup:
    return tag("rect", x=x, y=y - high / 2, width=max(0.0, end - x), height=high, cls=cls)


def _bar(frame: Frame, bar: Bar, y: float) -> Markup:
    drawn = [_head(bar.name, bar.backend, y), _box(_LEFT, y, frame.x(bar.value), 24, "bar")]
    end = frame.x(max(bar.high, bar.value))
    if bar.high > bar.low:
        low = frame.x(bar.low)
        drawn.append(path([(low, y), (end, y)], "whisker"))
        drawn += [path([(x, y - 6), (x, y + 6)], "whisker") for x in (low, end)]
    drawn += [tag("circle", cx=frame.x(value), cy=y, r=2.4, cls="dot") for value in bar.dots]
    farthest = max([end, *(frame.x(value) for value in bar.dots)])
    drawn.append(label(farthest + 9, y + 4, bar.text, "value"))
    return group(*drawn, title=bar.title, cls=style(bar.backend))


def _guide(frame: Frame, value: float, name: str) -> Markup:
    x = frame.x(value)
    end = "end" if x > (_LEFT + _RIGHT) / 2 else ""
    line = path([(x, frame.y.start), (x, frame.y.end)], "guide")
    return group(line, label(x - 5 if end else x + 5, frame.y.end - 3, name, "tick", end))


def _track(frame: Frame, track: Track, y: float) -> Markup:
    """Half of all within the darkest part, 95 of 100 with the next one, 99 with the palest."""
    p50, p95, p99 = (frame.x(value) for value in track.values)
    drawn = [_box(_LEFT, y, p50, 12, "q50"), _box(p50, y, p95, 12, "q95"), _box(p95, y, p99, 12, "q99")]
    text = " / ".join(milliseconds(value / 1000) for value in track.values)
    return group(*drawn, label(p99 + 7, y + 4, text, "tick"), title=track.title, cls=track.cls)


def _stack(frame: Frame, stack: Stack, y: float) -> Markup:
    drawn, at = [_head(stack.name, stack.backend, y)], 0.0
    thick = 14 if stack.band else 20
    for cls, value, title in stack.parts:
        middle = y - 4 if stack.band else y
        drawn.append(group(_box(frame.x(at), middle, frame.x(at + value), thick, cls), title=title))
        at += value
    if stack.band:
        drawn.append(group(_box(_LEFT, y + 8, frame.x(stack.band[0]), 7, "band"), title=stack.band[1]))
    drawn.append(label(frame.x(max(at, _band(stack))) + 8, y + 4, stack.text, "value"))
    return group(*drawn, cls=style(stack.backend))
