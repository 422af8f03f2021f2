"""How long a comparison will take yet. Pure."""

from __future__ import annotations

__all__ = ["Estimate"]

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
