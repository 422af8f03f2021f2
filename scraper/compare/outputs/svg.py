"""What all charts are made of: elements of SVG, scales, and a frame with its axes.

Every text goes through :func:`tag`, which escapes it; nothing else makes markup. Charts hold no style but classes, so
that the page's style sheet decides what they look like by day and by night, and no ids, so that many fit on one page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from scraper.printing import printable

__all__ = ["Frame", "Linear", "Log", "Scale", "group", "label", "path", "svg", "tag", "ticks"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def tag(name: str, *inside: str, **attributes: str | float) -> Markup:
    """One element; texts inside are escaped, markup is not; ``_`` of an attribute is ``-``, and ``cls`` its class."""
    told = "".join(_attribute(key, value) for key, value in attributes.items() if value != "")
    body = "".join(part if isinstance(part, Markup) else escape(printable(part)) for part in inside)
    return Markup(f"<{name}{told}>{body}</{name}>" if body else f"<{name}{told}/>")  # noqa: S704 - escaped above


def _attribute(key: str, value: str | float) -> str:
    text = value if isinstance(value, str) else _short(value)
    return f' {"class" if key == "cls" else key.replace("_", "-")}="{escape(printable(text))}"'


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if math.isfinite(value) else "0"


def svg(width: float, height: float, said: str, *inside: Markup, cls: str = "") -> Markup:
    """A picture as large as its column allows.

    :param said: what it shows, for those who do not see it; an ornament shows nothing.
    """
    box = f"0 0 {_short(width)} {_short(height)}"
    if not said:
        return tag("svg", *inside, viewBox=box, aria_hidden="true", cls=cls)
    return tag("svg", *inside, viewBox=box, role="img", aria_label=said, cls=cls)


def group(*inside: Markup, title: str = "", cls: str = "") -> Markup:
    """Elements that share a class, and a text that is shown when one points at them."""
    return tag("g", *((tag("title", title),) if title else ()), *inside, cls=cls)


def label(x: float, y: float, text: str, cls: str = "", anchor: str = "") -> Markup:
    """A text; ``anchor`` is ``middle`` or ``end`` where it does not start at x."""
    return tag("text", text, x=x, y=y, cls=cls, text_anchor=anchor)


def path(points: Iterable[tuple[float, float]], cls: str = "") -> Markup:
    """A line through ``points``."""
    return tag("path", d="M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points), cls=cls)


class Linear(NamedTuple):
    """From ``low`` to ``high`` in equal steps, drawn between the places ``start`` and ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where ``value`` is drawn; what is outside is drawn at the edge."""
        share = (value - self.low) / (self.high - self.low or 1.0)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


class Log(NamedTuple):
    """The same, in equal quotients: ``low`` is more than 0."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where ``value`` is drawn; what is outside is drawn at the edge."""
        share = math.log(max(value, self.low) / self.low) / (math.log(self.high / self.low) or 1.0)
        return self.start + min(share, 1.0) * (self.end - self.start)


Scale = Linear | Log


def ticks(scale: Scale, most: int = 6) -> list[float]:
    """Round numbers to be written at an axis, ``most`` of them at most."""
    if isinstance(scale, Log):
        return _log_ticks(scale, most)
    wide = scale.high - scale.low
    if not (wide > 0 and math.isfinite(wide)):
        return [scale.low]
    rough = wide / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in _STEPS if power * each >= rough * 0.999)
    first = math.ceil(scale.low / step - 1e-9)
    return [step * index for index in range(first, math.floor(scale.high / step + 1e-9) + 1)]


def _log_ticks(scale: Log, most: int) -> list[float]:
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**power for power in powers for step in steps]
        inside = [value for value in found if scale.low * 0.999 <= value <= scale.high * 1.001]
        if len(inside) <= most:
            break
    return inside


class Frame(NamedTuple):
    """The place of a chart's data: edges, and the scales of both directions."""

    x: Scale
    y: Scale

    def axes(
        self,
        across: Sequence[tuple[float, str]],
        up: Sequence[tuple[float, str]],
        titles: tuple[str, str],
    ) -> Markup:
        """Thin lines for what is written ``up``, ticks for what is written ``across``; both as (value, text)."""
        left, right, bottom, top = self.x.start, self.x.end, self.y.start, self.y.end
        lines = [path([(left, self.y(value)), (right, self.y(value))], "grid") for value, _ in up]
        lines += [path([(self.x(value), bottom), (self.x(value), bottom + 5)], "axis") for value, _ in across]
        texts = [label(left - 8, self.y(value) + 4, text, "tick", "end") for value, text in up]
        texts += [label(self.x(value), bottom + 19, text, "tick", "middle") for value, text in across]
        named = [
            label((left + right) / 2, bottom + 38, titles[0], "name", "middle") if titles[0] else Markup(),
            label(left - 8, top - 12, titles[1], "name") if titles[1] else Markup(),
        ]
        return group(*lines, path([(left, bottom), (right, bottom)], "axis"), *texts, *named)
