"""How rates, intervals, times and cases are written, in the table and on the page alike."""

from __future__ import annotations

import math

from scraper.compare.model import Case, Comparison, Interval, Quantiles, Workload
from scraper.printing import printable
from scraper.report.human import human_bytes, human_count

__all__ = [
    "LAWS",
    "THIRD",
    "between",
    "case_label",
    "count",
    "machine_words",
    "milliseconds",
    "number",
    "percent",
    "place",
    "quantiles",
    "share_between",
    "source",
    "spread",
    "tick",
    "times",
]

THIRD = 1 / 3
"""The share of the machine beyond which the local server is part of what was measured."""
LAWS = {"amdahl": "Amdahl", "gustafson": "Gustafson", "usl": "USL"}
"""The laws, as people write them."""
_MANY = 10_000


def number(value: float) -> str:
    """Three digits that count, more only before the point.

    >>> number(9.8712), number(58.06), number(712.4), number(3022.2)
    ('9.87', '58.1', '712', '3,022')
    """
    if not math.isfinite(value):
        return "-"
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{value:,.{digits}f}"


def tick(value: float) -> str:
    """The same, without noughts behind the point: as it stands at an axis."""
    text = number(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def spread(found: Interval) -> str:
    """``712 ± 14``: the value and half the interval, as fine as the value; without one where nobody knows."""
    half = (found.high - found.low) / 2
    if not half > 0:
        return number(found.value)
    digits = 0 if found.value >= 99.95 else 1 if found.value >= 9.995 else 2
    return f"{number(found.value)} ± {half:,.{max(digits, 0)}f}"


def between(found: Interval) -> str:
    """``1.24 (95 %: 1.19 to 1.29)``; the value alone where nobody knows more."""
    if not found.high > found.low:
        return number(found.value)
    return f"{number(found.value)} (95 %: {number(found.low)} to {number(found.high)})"


def times(found: Interval | None) -> str:
    """``58.1x``, or a dash."""
    return "-" if found is None else f"{number(found.value)}x"


def percent(share: float | None, digits: int = 0) -> str:
    """``91 %``, or a dash."""
    return "-" if share is None or not math.isfinite(share) else f"{100 * share:.{digits}f} %"


def milliseconds(seconds: float) -> str:
    """Only the figure: ``0.31``, ``2.1``, ``104``, ``12,400``."""
    ms = seconds * 1000
    return f"{ms:,.0f}" if ms >= 9.95 or ms == 0 else f"{ms:.1f}" if ms >= 0.995 else f"{ms:.2f}"


def quantiles(found: Quantiles) -> str:
    """``93/190/260``: milliseconds that half, 95 and 99 of 100 do not exceed."""
    return "/".join(map(milliseconds, (found.p50, found.p95, found.p99)))


def count(value: int) -> str:
    """``987``, ``12.3k``, ``1.2M``."""
    if value < _MANY:
        return str(value)
    return (
        f"{value / 1000:.1f}k"
        if value < 99_950
        else f"{value / 1000:.0f}k"
        if value < 999_500
        else f"{value / 1e6:.1f}M"
    )


def place(case: Case) -> str:
    """Requests in flight, and the processes that share them: ``64``, ``64x2``."""
    return f"{case.concurrency}" + (f"x{case.workers}" if case.workers else "")


def case_label(case: Case) -> str:
    """``hybrid 64x2``."""
    return printable(f"{case.backend} {place(case)}")


def source(workload: Workload) -> str:
    """What its pages come from, and how they are crawled."""
    pages = workload.fixture or (f"recording {workload.recording}" if workload.recording else "")
    options = ", ".join(f"{name} = {value}" for name, value in workload.options.items())
    return printable(f"{pages}; {options}" if pages and options else pages or options)


def share_between(found: Interval | None) -> str:
    """``0.28 % (0.25 to 0.31)``: a share with its interval; the value alone where nobody knows more; or a dash."""
    if found is None:
        return "-"
    value, low, high = (_fine(100 * each) for each in (found.value, found.low, found.high))
    return f"{value} % ({low} to {high})" if found.high > found.low else f"{value} %"


def _fine(value: float) -> str:
    """Two digits that count, however small."""
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else "-"
    return f"{value:.{min(6, max(0, 1 - math.floor(math.log10(abs(value)))))}f}"


def machine_words(comparison: Comparison) -> str:
    """The machine in one line."""
    machine = comparison.machine
    cores = human_count(machine.cores, "core")
    parts = (machine.processor, cores, human_bytes(machine.memory) if machine.memory else "", machine.system)
    return printable(", ".join(part for part in (*parts, machine.python) if part))
