"""When which target is checked.

A schedule reads no clock: it is asked with the time, in seconds since the epoch, and answers with the indices of the
targets whose time has come. Each is given once, and not again until its check has ended.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Once", "Schedule"]


class Schedule(Protocol):
    """Says which targets are due; times are seconds since the epoch, on a clock that may be set.

    It is asked for what is due several times a second, and so knows a clock that was set from time that has passed.
    """

    def due(self, now: float) -> list[int]:
        """The indices of the targets whose time has come at ``now``, in order; each once until :meth:`ended`."""

    def ended(self, index: int, now: float) -> None:
        """The check of the target ``index`` is over: plan its next one."""

    def next(self) -> float | None:
        """When :meth:`due` can next give something, without an end; None when only an end can help, or nothing."""


class Once:
    """All ``count`` targets at once, then nothing more."""

    def __init__(self, count: int) -> None:
        self._left = count

    def due(self, now: float) -> list[int]:
        """All of them the first time, none later."""
        count, self._left = self._left, 0
        return list(range(count))

    def ended(self, index: int, now: float) -> None:
        """There is no next check."""

    def next(self) -> float | None:
        """At once, as long as there is something."""
        return 0.0 if self._left else None
