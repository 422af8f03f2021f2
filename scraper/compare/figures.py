"""What several measurements of one thing come to: means with intervals, ratios, quantiles, and what lies far off.

Rates are multiplied by what disturbs them (a core that is shared halves them), so they are looked at by their
logarithms: means are geometric ones, and the inverse of a ratio is the ratio the other way round (Fleming and Wallace,
1986).
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scraper.compare.model import Case, Interval, Quantiles, Row

__all__ = ["Agreement", "agree", "f_tail", "interval", "outliers", "quantiles", "ratio", "t_quantile"]

_BEYOND = 0.05
"""The probability that is left outside of an interval, both sides together."""

_FEW = 10
"""Values under which what is far off is judged with more care."""

_FINE = 0.001
"""Of a spread, what counts as none: a thousandth is finer than any run can be repeated."""


class Agreement(NamedTuple):
    """What two tables have to say of each other.

    :ivar rows: cases that are in both; ``apart`` those of them whose rates cannot be the same, by their intervals.
    """

    rows: int
    apart: tuple[Case, ...]


def interval(values: Sequence[float]) -> Interval:
    """The geometric mean, and where it lies by Student's t on the logarithms.

    Of one value nobody knows how it varies: both ends are the value. Where one is zero, or less, so is the mean, and
    the interval reaches up to the largest.

    :raises ValueError: when there is none.
    """
    least, most = min(values), max(values)
    if least == most:
        return Interval(least, least, most)
    if least <= 0:
        return Interval(0.0, 0.0, max(most, 0.0))
    logs = [math.log(value) for value in values]
    mean = statistics.fmean(logs)
    half = t_quantile(len(logs) - 1) * statistics.stdev(logs, mean) / math.sqrt(len(logs))
    return Interval(_exp(mean), _exp(mean - half), _exp(mean + half))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """How many times theirs ours is, paired by position: what disturbed a round disturbed both, and cancels.

    Pairs in which theirs is zero are left out.

    :raises ValueError: when there is no other, or when the numbers of both differ.
    """
    return interval([our / their for our, their in zip(ours, theirs, strict=True) if their > 0])


def outliers(values: Sequence[float]) -> tuple[int, ...]:
    """The positions of values far from the median, as the median absolute deviation of the logarithms measures it.

    Far is a modified z-score of 3.5 (Iglewicz and Hoaglin, 1993). Of five well-behaved values that would name one in
    every fifth sample, so under ten values it is 10, as in hyperfine, which names one in every thirtieth. Under four
    values there is no telling.
    """
    if len(values) < 4 or min(values) <= 0:
        return ()
    logs = [math.log(value) for value in values]
    middle = statistics.median(logs)
    distances = [abs(log - middle) for log in logs]
    spread = max(statistics.median(distances), _FINE) / statistics.NormalDist().inv_cdf(0.75)
    far = 10.0 if len(values) < _FEW else 3.5
    return tuple(index for index, distance in enumerate(distances) if distance > far * spread)


def quantiles(values: Sequence[float]) -> Quantiles:
    """What half, 95 of 100, and 99 of 100 of ``values`` do not exceed: always one of them; zeros when there is none."""
    if not values:
        return Quantiles()
    ordered = sorted(values)
    p50, p95, p99 = (ordered[-(-len(ordered) * percent // 100) - 1] for percent in (50, 95, 99))
    return Quantiles(p50, p95, p99, statistics.fmean(ordered))


def agree(ours: Sequence[Row], theirs: Sequence[Row]) -> Agreement:
    """Whether two comparisons of the same cases found the same rates: whether their intervals overlap."""
    rates = {row.case: row.rate for row in theirs}
    both = [row for row in ours if row.case in rates]
    return Agreement(len(both), tuple(row.case for row in both if not row.rate.overlaps(rates[row.case])))


@functools.cache
def t_quantile(dof: int) -> float:
    """How many standard errors an interval of 95 % reaches to either side, with ``dof`` degrees of freedom (Student).

    >>> round(t_quantile(4), 3)
    2.776
    """
    low, high = 0.0, 1.0  # t² is distributed as F(1, dof); its square root is mapped on the line from 0 to 1
    for _ in range(60):
        middle = (low + high) / 2
        beyond = f_tail((middle / (1 - middle)) ** 2, 1, dof)
        low, high = (middle, high) if beyond > _BEYOND else (low, middle)
    return low / (1 - low)


def f_tail(f: float, above: int, below: int) -> float:
    """The probability that two estimates of one variance have a ratio beyond ``f``.

    :param above: degrees of freedom of the one that is divided; ``below`` of the other.
    """
    return _beta(below / (below + above * f), below / 2, above / 2)


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, by Lentz's method)."""
    if not 0.0 < x < 1.0:
        return float(x >= 1.0)
    if x > (a + 1) / (a + b + 2):  # where it converges slowly, the other end converges fast
        return 1.0 - _beta(1.0 - x, b, a)
    log = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    upper, lower = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1))
    fraction = lower
    for m in range(1, 500):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            upper = 1.0 + term / upper
            lower = 1.0 / (1.0 + term * lower)
            fraction *= upper * lower
        if abs(upper * lower - 1.0) < 1e-14:
            break
    return math.exp(log) * fraction / a


def _exp(log: float) -> float:
    """Its exponential, or the largest number that there is."""
    return math.exp(min(log, 709.0))
