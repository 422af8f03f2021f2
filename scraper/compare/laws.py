"""Laws of scaling, fitted to rates over N: what a further worker brings, and where it ends.

Amdahl (1967): a share of the work is serial, and no N makes it shorter. Gustafson (1988): the work grows with N, and
only its parallel share does. The Universal Scalability Law (Gunther, *Guerrilla Capacity Planning*, 2007): besides
contention, which is Amdahl's serial share, everyone must agree with everyone, which takes N (N - 1).

Rates are disturbed by factors, so it is logarithms that are fitted, by least squares. All parameters but the rate lie
between 0 and 1; one that the points would drive out of there stands at its bound. The ends of the intervals are where
the profile likelihood falls off (:func:`scraper.compare.solve.reach`), so they hold at the bounds too.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from scraper.compare.figures import f_tail, t_quantile
from scraper.compare.model import Fit, Interval
from scraper.compare.solve import Bounds, Errors, Solution, minimise, reach

__all__ = ["FEWEST", "LAWS", "fits", "karp_flatt", "rate_at"]

FEWEST = 5
"""Different N that a fit needs."""

_MOST = 1e9
"""An N beyond which there are no requests in flight, but only mistakes."""

_BEYOND = 10
"""A peak that is further than so many times the largest N measured is a guess, and not given."""

_GUESSES = (0.0, 0.001, 0.03, 0.3, 1.0)
"""Where the search may begin: the best of these, for each parameter, is near enough."""

_CHANCE = 0.05
"""The probability from which on it is not chance that a law misses the means."""

_EXACT = 1e-9
"""An error below which a law is exact: what rounding leaves decides nothing."""

_LARGEST = 709.0
"""The logarithm of the largest number that there is."""

_Shape = Callable[[float, Sequence[float]], tuple[float, tuple[float, ...]]]
"""Of N and parameters: the logarithm of the rate at N over that at 1, and its derivatives by the parameters."""


def _contended(n: float, at: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """Amdahl's law: N / (1 + s (N - 1))."""
    drag = 1.0 + at[0] * (n - 1)
    return math.log(n / drag), ((1.0 - n) / drag,)


def _scaled(n: float, at: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """Gustafson's law: N - s (N - 1)."""
    gain = n - at[0] * (n - 1)
    return math.log(gain), ((1.0 - n) / gain,)


def _coherent(n: float, at: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """The USL: N / (1 + a (N - 1) + b N (N - 1))."""
    drag = 1.0 + (at[0] + at[1] * n) * (n - 1)
    return math.log(n / drag), ((1.0 - n) / drag, n * (1.0 - n) / drag)


LAWS: dict[str, tuple[str, ...]] = {
    "amdahl": ("rate", "serial"),
    "gustafson": ("rate", "serial"),
    "usl": ("rate", "contention", "coherence"),
}
"""The laws, with the names of their parameters."""

_SHAPES: dict[str, _Shape] = {"amdahl": _contended, "gustafson": _scaled, "usl": _coherent}


class _Group(NamedTuple):
    """The rates of one N: the mean of their logarithms, and the root of their number."""

    n: float
    log: float
    weight: float


class _Sample(NamedTuple):
    """All rates: by their N, and how they vary within them; ``centre`` is taken off all logarithms."""

    groups: tuple[_Group, ...]
    rates: int
    within: float
    centre: float


def fits(
    points: Sequence[tuple[int, float]],
    *,
    workload: str = "",
    backend: str = "",
    workers: int = 0,
    laws: Iterable[str] = LAWS,
) -> tuple[Fit, ...]:
    """Each law, fitted to ``points``: N and the rate of one run with it; there may be several of one N.

    Of which one is ``best`` Akaike's criterion decides, corrected for small samples (Hurvich and Tsai, 1989). Rates
    that are none, 0 for one, are left out. Fewer than five different N fit anything, so none is tried.
    """
    sample = _sample(points)
    if len(sample.groups) < FEWEST:
        return ()
    found = [_fit(law, sample) for law in laws]
    criteria = [_criterion(sample, fit) for fit in found]
    best = criteria.index(min(criteria))
    named = {"workload": workload, "backend": backend, "workers": workers}
    return tuple(msgspec.structs.replace(fit, **named, best=index == best) for index, fit in enumerate(found))


def rate_at(fit: Fit, n: float) -> float:
    """The rate that a fitted law expects with ``n`` in flight."""
    rate, *shape = (fit.parameters[name].value for name in LAWS[fit.law])
    return rate * math.exp(_SHAPES[fit.law](n, shape)[0])


def karp_flatt(speedup: float, n: int) -> float | None:
    """The serial fraction that a measured speedup betrays: e = (1/S - 1/N) / (1 - 1/N) (Karp and Flatt, 1990).

    Where it grows with N, it is overhead that grows, and no serial share. It is below 0 where the speedup is more than
    N. None for an N of 1, which tells nothing, and for a speedup that is none.
    """
    if n <= 1 or not 0 < speedup < math.inf:
        return None
    return (1 / speedup - 1 / n) / (1 - 1 / n)


def _sample(points: Sequence[tuple[int, float]]) -> _Sample:
    """``points`` by their N, in order, so that the order in which they were measured changes no digit."""
    good = sorted((float(n), math.log(rate)) for n, rate in points if 1 <= n <= _MOST and 0 < rate < math.inf)
    centre = statistics.fmean(log for _, log in good) if good else 0.0
    groups, within = [], []
    for n, members in itertools.groupby(good, lambda point: point[0]):
        logs = [log - centre for _, log in members]
        mean = statistics.fmean(logs)
        groups.append(_Group(n, mean, math.sqrt(len(logs))))
        within += [(log - mean) ** 2 for log in logs]
    return _Sample(tuple(groups), len(good), math.fsum(within), centre)


def _fit(law: str, sample: _Sample) -> Fit:
    names = LAWS[law]
    bounds = [(-math.inf, math.inf), *[(0.0, 1.0)] * (len(names) - 1)]
    errors = _errors(_SHAPES[law], sample)
    best = minimise(errors, _start(errors, len(names) - 1), bounds)
    rate, *shape = _intervals(errors, best, bounds, sample)
    parameters = dict(zip(names, (_rate(rate, sample.centre), *shape), strict=True))
    return Fit(
        workload="",
        backend="",
        workers=0,
        law=law,
        parameters=parameters,
        peak=_peak(parameters, sample) if law == "usl" else None,
        points=len(sample.groups),
        error=math.sqrt((sample.within + best.squares) / sample.rates),
    )


def _errors(shape: _Shape, sample: _Sample) -> Errors:
    """What :func:`minimise` asks for; the first parameter is the logarithm of the rate."""

    def errors(at: Sequence[float]) -> tuple[list[float], list[tuple[float, ...]]]:
        level, rest = at[0], at[1:]
        values, slopes = [], []
        for n, log, weight in sample.groups:
            height, steep = shape(n, rest)
            values.append(weight * (level + height - log))
            slopes.append((weight, *[weight * slope for slope in steep]))
        return values, slopes

    return errors


def _start(errors: Errors, shapes: int) -> tuple[float, ...]:
    """The best of the guesses, each with the rate that suits it: a weighted mean."""

    def squares(guess: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
        values, slopes = errors((0.0, *guess))
        weights = [slope[0] for slope in slopes]
        level = -sum(map(math.prod, zip(weights, values, strict=True))) / sum(weight**2 for weight in weights)
        return sum((value + weight * level) ** 2 for value, weight in zip(values, weights, strict=True)), (
            level,
            *guess,
        )

    return min(squares(guess) for guess in itertools.product(_GUESSES, repeat=shapes))[1]


def _intervals(errors: Errors, best: Solution, bounds: Bounds, sample: _Sample) -> list[Interval]:
    """Each parameter, with all values whose best sum of squares is no worse than chance makes it in 19 of 20 cases."""
    variance, dof = _noise(best.squares, len(best.at), sample)
    rise = t_quantile(dof) ** 2 * variance
    if rise < 1e-20:
        return [Interval(at, at, at) for at in best.at]
    ends = ([reach(errors, best, k, bounds, rise, side) for side in (-1, 1)] for k in range(len(best.at)))
    return [Interval(at, min(at, low), max(at, high)) for at, (low, high) in zip(best.at, ends, strict=True)]


def _noise(between: float, parameters: int, sample: _Sample) -> tuple[float, int]:
    """The variance of one rate's logarithm, and its degrees of freedom.

    Where the law misses the means by more than the repeats explain (an F test of the lack of fit), repeats say nothing
    of how wrong the law is: then only the distances of the means count, as if each N had been measured once.
    """
    lack, pure = len(sample.groups) - parameters, sample.rates - len(sample.groups)
    if pure and between * pure > 0:
        f = (between / lack) / (sample.within / pure) if sample.within else math.inf
        if f_tail(f, lack, pure) < _CHANCE:
            return between / lack, lack
    return (between + sample.within) / (lack + pure), lack + pure


def _criterion(sample: _Sample, fit: Fit) -> float:
    """Akaike's criterion, corrected: the less the better. The variance of the noise is one parameter more."""
    count, parameters = sample.rates, len(fit.parameters) + 1
    if count - parameters - 1 <= 0:
        return math.inf
    squares = max(fit.error, _EXACT) ** 2
    return count * math.log(squares) + 2 * parameters * count / (count - parameters - 1)


def _peak(usl: dict[str, Interval], sample: _Sample) -> float | None:
    """The N of the highest rate; None where the points do not show that there is one, or that it is anywhere near."""
    contention, coherence = usl["contention"].value, usl["coherence"]
    if coherence.low <= 0:
        return None
    peak = max(1.0, math.sqrt((1 - contention) / coherence.value))
    return peak if peak <= _BEYOND * sample.groups[-1].n else None


def _rate(log: Interval, centre: float) -> Interval:
    value, low, high = (math.exp(min(end + centre, _LARGEST)) for end in (log.value, log.low, log.high))
    return Interval(value, low, high)
