"""Nonlinear least squares with a few bounded parameters: the method of Levenberg and Marquardt.

The steps are those of Gauss and Newton, shortened (Marquardt, 1963) until they help; a parameter that stands at a bound
and would be driven out of it is left out of the step. A parameter whose bounds are equal is fixed, and so :func:`reach`
walks along one of them while the others make the best of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import mul
from typing import NamedTuple

__all__ = ["Bounds", "Errors", "Solution", "minimise", "reach", "solve"]

Errors = Callable[[Sequence[float]], tuple[list[float], list[tuple[float, ...]]]]
"""Of parameters: the weighted errors, and of each of them the derivatives by all parameters."""

Bounds = Sequence[tuple[float, float]]
"""The least and the most that each parameter may be."""

_ROUNDS = 100
_LEAST, _MOST = 1e-9, 1e9
"""Between these is the damping, in units of the normal equations' diagonal."""


class Solution(NamedTuple):
    """Parameters, the sum of the squares of the errors there, half its slope, and the matrix of the normal equations.

    The covariance of the parameters is the inverse of that matrix, times the variance of the errors.
    """

    at: tuple[float, ...]
    squares: float
    slope: list[float]
    normal: list[list[float]]


def minimise(errors: Errors, start: Sequence[float], bounds: Bounds) -> Solution:
    """The parameters within ``bounds``, near ``start``, that make the sum of the squares of the errors least."""
    now, damping = _look(errors, tuple(start)), _LEAST
    for _ in range(_ROUNDS):
        step = _step(now, bounds, damping)
        gain = -sum(map(mul, step, now.slope))
        if gain <= 1e-16 * now.squares + 1e-24:
            break
        then = _look(
            errors, tuple(min(max(a + d, lo), hi) for a, d, (lo, hi) in zip(now.at, step, bounds, strict=True))
        )
        if then.squares < now.squares:
            now, damping = then, max(damping / 10, _LEAST)
        elif damping < _MOST:
            damping = max(damping * 10, 1e-4)
        else:
            break
    return now


def reach(errors: Errors, best: Solution, k: int, bounds: Bounds, rise: float, side: int) -> float:
    """How far up (``side`` 1) or down (-1) parameter ``k`` goes until the least sum of squares has grown by ``rise``.

    The others are fitted anew for each of its values: the profile likelihood. The root of the growth is nearly linear
    in the parameter (Bates and Watts, 1988, 6.1), so a secant finds the place in a few steps. The bounds are the end.
    """
    end = bounds[k][side > 0]
    limit = min if side > 0 else max
    warm = best

    def growth(x: float) -> float:
        nonlocal warm
        held = [*bounds[:k], (x, x), *bounds[k + 1 :]]
        warm = minimise(errors, (*warm.at[:k], x, *warm.at[k + 1 :]), held)
        return math.sqrt(max(0.0, warm.squares - best.squares) / rise) - 1.0

    inside, low, step = best.at[k], -1.0, side * math.sqrt(rise * _variance(best, k))
    outside = limit(inside + step, end)
    while (high := growth(outside)) < 0 and outside != end:
        inside, low, step = outside, high, 2 * step
        outside = limit(outside + step, end)
    found = outside if high <= 0 else _root(growth, (inside, low), (outside, high))
    return min(max(found, bounds[k][0]), bounds[k][1])


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a few equations whose matrix is symmetric and positive, by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k, pivot in enumerate(rows):
        for row in rows[k + 1 :]:
            factor = row[k] / pivot[k]
            row[k:] = [a - factor * b for a, b in zip(row[k:], pivot[k:], strict=True)]
    found: list[float] = []
    for k in reversed(range(len(rows))):
        found.insert(0, (rows[k][-1] - sum(map(mul, rows[k][k + 1 : -1], found))) / rows[k][k])
    return found


def _look(errors: Errors, at: tuple[float, ...]) -> Solution:
    values, slopes = errors(at)
    columns = list(zip(*slopes, strict=True))
    normal = [[sum(map(mul, a, b)) for b in columns] for a in columns]
    return Solution(at, sum(map(mul, values, values)), [sum(map(mul, a, values)) for a in columns], normal)


def _step(now: Solution, bounds: Bounds, damping: float) -> list[float]:
    """The damped step of those parameters that are free to move; in units of their own diagonal, so none is tiny."""
    free = [
        k
        for k, (at, slope, (low, high)) in enumerate(zip(now.at, now.slope, bounds, strict=True))
        if not (low == high or (at <= low and slope > 0) or (at >= high and slope < 0)) and now.normal[k][k] > 0
    ]
    unit = {k: math.sqrt(now.normal[k][k]) for k in free}
    matrix = [[now.normal[i][j] / (unit[i] * unit[j]) + damping * (i == j) for j in free] for i in free]
    step = [0.0] * len(now.at)
    for k, length in zip(free, solve(matrix, [-now.slope[k] / unit[k] for k in free]), strict=True):
        step[k] = length / unit[k]
    return step


def _variance(best: Solution, k: int) -> float:
    """Of parameter ``k``, for errors of variance 1, as the tangent plane has it."""
    units = [math.sqrt(row[i]) or 1.0 for i, row in enumerate(best.normal)]
    matrix = [
        [value / (units[i] * units[j]) + _LEAST * (i == j) for j, value in enumerate(row)]
        for i, row in enumerate(best.normal)
    ]
    return solve(matrix, [float(i == k) for i in range(len(units))])[k] / units[k] ** 2


def _root(growth: Callable[[float], float], inside: tuple[float, float], outside: tuple[float, float]) -> float:
    """Where ``growth`` is 0 between two places with their values (regula falsi, after the Illinois rule)."""
    (a, low), (b, high) = inside, outside
    for _ in range(_ROUNDS):
        c = b - high * (b - a) / (high - low)
        value = growth(c)
        if abs(value) < 1e-7:
            return c
        a, low = (b, high) if value * high < 0 else (a, low / 2)
        b, high = c, value
    return b
