"""How fast cases will be, from few of them, and how long a comparison will take yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scraper.compare.model import Case

__all__ = ["Estimate", "ends", "expected"]

_AROUND = 0.8
"""Seconds that a run takes beside what is measured, before any was seen: a process, its imports, its end."""


class Estimate:
    """What is left to run, and how much longer than planned runs have taken so far.

    :param warm: warm-up runs, of about ``brief`` seconds each; ``runs`` the others, of about ``seconds``.
    """

    def __init__(self, warm: int, runs: int, brief: float, seconds: float) -> None:
        self._warm, self._runs, self._brief, self._seconds = warm, runs, brief, seconds
        self._over, self._seen = _AROUND, 1

    def took(self, seconds: float, *, warm: bool) -> None:
        """One more run is over, after ``seconds``."""
        if warm:
            self._warm -= 1
        else:
            self._runs -= 1
        self._over += seconds - (self._brief if warm else self._seconds)
        self._seen += 1

    @property
    def left(self) -> float:
        """Seconds until the end, about."""
        over = max(0.0, self._over / self._seen)
        return max(0, self._warm) * (self._brief + over) + max(0, self._runs) * (self._seconds + over)


def ends(cases: Iterable[Case]) -> list[Case]:
    """Of each backend with each number of workers, the cases with the least and the most requests in flight."""
    least: dict[tuple[str, int], Case] = {}
    most: dict[tuple[str, int], Case] = {}
    for case in sorted(cases, key=lambda case: case.concurrency):
        least.setdefault((case.backend, case.workers), case)
        most[case.backend, case.workers] = case
    return list(dict.fromkeys([*least.values(), *most.values()]))


def expected(case: Case, seen: Mapping[Case, float]) -> float:
    """The rate that ``case`` may have, by those of the :func:`ends`: N times as fast, until it is as fast as it gets.

    0 where nothing was seen.
    """
    alike = sorted(
        (other.concurrency, rate)
        for other, rate in seen.items()
        if (other.backend, other.workers) == (case.backend, case.workers)
    )
    if not alike:
        return 0.0
    (least, slowest), (_, fastest) = alike[0], alike[-1]
    return seen.get(case, min(slowest * case.concurrency / least, fastest))
