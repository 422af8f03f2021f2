"""Charts over N, the requests in flight: a line for each backend, its repeats as dots, its law dashed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from scraper.compare.outputs.marks import mark, names, style
from scraper.compare.outputs.svg import Frame, Linear, Log, Scale, group, label, path, svg, tag, ticks

__all__ = ["Axes", "Guide", "Line", "lines"]

WIDE, HIGH = 530, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 404, 36, 328
_APART = 26
"""Pixels between two numbers at the axis, at least."""

Points = Sequence[tuple[float, float]]


class Line(NamedTuple):
    """One backend.

    :ivar points: (N, value), the dots' means; ``titles`` what is said when one points at them.
    :ivar dots: each repeat; ``curve`` the law.
    """

    name: str
    backend: str
    points: Points
    titles: Sequence[str] = ()
    dots: Points = ()
    curve: Points = ()
    hollow: bool = False


class Guide(NamedTuple):
    """A line that is no backend's: an ideal, a ceiling."""

    name: str
    points: Points


class Axes(NamedTuple):
    """What is written at them.

    :ivar log: whether N and the values are drawn in equal quotients.
    :ivar upright: a value of N to be marked, and its name.
    """

    said: str
    across: str
    up: str
    text: Callable[[float], str]
    log: tuple[bool, bool] = (True, False)
    upright: tuple[float, str] | None = None


def lines(given: Sequence[Line], guides: Sequence[Guide], axes: Axes) -> Markup:
    """The whole chart; nothing where there is nothing to draw."""
    found = [point for line in given for point in (*line.points, *line.dots)]
    if not found:
        return Markup()
    frame = _frame(found, guides, axes)
    numbers = sorted({n for line in given for n, _ in line.points})
    across = [(n, f"{n:g}") for n in _apart(numbers, frame.x)]
    up = [(value, axes.text(value)) for value in ticks(frame.y)]
    drawn = [frame.axes(across, up, (axes.across, axes.up))]
    if axes.upright:
        drawn.append(_upright(frame, *axes.upright))
    drawn += [path(_placed(frame, guide.points), "guide") for guide in guides if guide.points]
    drawn += [_line(frame, line) for line in given]
    return svg(WIDE, HIGH, axes.said, *drawn, _names(frame, given, guides, axes.text))


def _frame(found: Points, guides: Sequence[Guide], axes: Axes) -> Frame:
    """A guide may leave the chart at its top, but not squeeze what was measured."""
    across, values = [n for n, _ in found], [value for _, value in found]
    highest = max(values)
    guided = [value for guide in guides for _, value in guide.points if value <= 1.25 * highest]
    top = max([highest, *guided])
    x: Scale = Linear(0, max(across) * 1.03, _LEFT, _RIGHT)
    if axes.log[0]:
        x = Log(min(across) * 0.88, max(across) * 1.08, _LEFT, _RIGHT)
    y: Scale = Linear(0, top * 1.06 or 1, _BOTTOM, _TOP)
    if axes.log[1]:
        low = max(min(values), top / 1e6) or 1.0
        y = Log(low / 1.5, max(top, low) * 1.15, _BOTTOM, _TOP)
    return Frame(x, y)


def _apart(numbers: Sequence[float], scale: Scale) -> list[float]:
    """Those that can be written without touching, the largest first."""
    kept: list[float] = []
    for n in reversed(numbers):
        if not kept or scale(kept[-1]) - scale(n) >= _APART:
            kept.append(n)
    return kept


def _placed(frame: Frame, points: Points) -> list[tuple[float, float]]:
    """Cut at the top: a guide ends where it leaves the chart."""
    placed: list[tuple[float, float]] = []
    for (n, value), before in zip(points, (None, *points), strict=False):
        if value > frame.y.high:
            if before and before[1] < frame.y.high:
                share = (frame.y.high - before[1]) / (value - before[1])
                placed.append((frame.x(before[0] + share * (n - before[0])), frame.y.end))
            break
        placed.append((frame.x(n), frame.y(value)))
    return placed


def _upright(frame: Frame, n: float, name: str) -> Markup:
    x = frame.x(n)
    if not frame.x.low <= n <= frame.x.high:
        return Markup()
    return group(path([(x, _BOTTOM), (x, _TOP)], "guide"), label(x + 5, _TOP + 10, name, "tick"))


def _line(frame: Frame, line: Line) -> Markup:
    spots = "".join(f"M{frame.x(n):.1f} {frame.y(value):.1f}h0" for n, value in line.dots)
    dots = [tag("path", d=spots, cls="dots")] if spots else []
    curve = [path(_placed(frame, line.curve), "curve")] if len(line.curve) > 1 else []
    placed = [(frame.x(n), frame.y(value)) for n, value in line.points]
    drawn = [path(placed, "line")] if len(placed) > 1 else []
    titles = line.titles or [""] * len(placed)
    marks = [mark(line.backend, x, y, title, line.hollow) for (x, y), title in zip(placed, titles, strict=True)]
    return group(*curve, *drawn, *dots, *marks, cls=style(line.backend))


def _names(frame: Frame, given: Sequence[Line], guides: Sequence[Guide], text: Callable[[float], str]) -> Markup:
    """At the right edge what ends there; beside its last point what ends before."""
    last = max(n for line in given for n, _ in line.points)
    ends, early, first = [], [], float(_RIGHT)
    cut: list[Markup] = []
    for line in given:
        if not line.points:
            continue
        n, value = line.points[-1]
        if n == last:
            ends.append((frame.y(value), f"{line.name} {text(value)}", f"end {style(line.backend)}"))
        else:
            early.append((frame.y(value) + 15, line.name, f"end {style(line.backend)}"))
            first = min(first, frame.x(n) + 9)
    for guide in guides:
        if placed := _placed(frame, guide.points):
            x, y = placed[-1]
            if x > _RIGHT - 40:
                ends.append((y, guide.name, "tick"))
            else:
                cut.append(label(x - 7, y + 11 + 15 * len(cut), guide.name, "tick", "end"))
    return group(*cut, names(early, first, _TOP, _BOTTOM), names(ends, _RIGHT + 9, _TOP, _BOTTOM))
