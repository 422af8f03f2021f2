"""Patience with a disk that refuses: when to try again, and what is said of it. Time is an argument."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FIRST_WAIT", "LONGEST_WAIT", "Setback"]

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds until the first further try, and between later ones at most: each can hold up the checks for two seconds."""


class Setback:
    """What was refused, and is tried again and again until it is taken.

    :param what: is refused, for a line.
    :param say: is given one line when it begins, and one when it is over.
    """

    def __init__(self, what: str, say: Callable[[str], None]) -> None:
        self._what, self._say = what, say
        self._times, self._since = 0, 0.0

    def holds(self, now: float) -> bool:
        """Whether it is too early for another try; ``now`` is seconds on a steady clock."""
        if not self._times:
            return False
        return now - self._since < min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self._times - 1))

    def strike(self, now: float, error: Exception) -> None:
        """It was refused, once more or for the first time."""
        if not self._times:
            self._say(f"{self._what} cannot be written, and waits: {error}")
        self._times, self._since = min(self._times + 1, 30), now

    def pass_over(self) -> None:
        """It was taken."""
        if self._times:
            self._times = 0
            self._say(f"{self._what} is written again; nothing is lost")
