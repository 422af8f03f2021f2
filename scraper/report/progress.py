"""What a crawl is doing right now: one line that is redrawn on a terminal, a line every ten seconds in a pipe."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TextIO

from scraper.report.human import human_count, human_duration
from scraper.report.style import paint
from scraper.stats import Stats, is_failure_label

__all__ = ["Progress", "Rate", "eta"]

LIVE_SECONDS, PLAIN_SECONDS = 0.2, 10.0
"""Seconds between two lines: redrawn on a terminal, added in a pipe."""

_TOP_FAILURES = 3


class Rate:
    """Pages a second over the last ``window`` seconds: what a crawl does now, not what it did on the average."""

    def __init__(self, window: float = 10.0) -> None:
        self._window = window
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, now: float, pages: int) -> float:
        """The rate at ``now``, when ``pages`` are done; 0 before two looks at different times."""
        self._seen.append((now, pages))
        while len(self._seen) > 2 and self._seen[1][0] <= now - self._window:
            self._seen.popleft()
        then, before = self._seen[0]
        return (pages - before) / (now - then) if now > then else 0.0


def eta(rate: float, pages_left: int | None, time_left: float | None) -> float | None:
    """Seconds until a budget ends the crawl, the nearer of both; None when nothing tells."""
    ends = [] if time_left is None else [max(0.0, time_left)]
    if pages_left is not None and rate > 0:
        ends.append(pages_left / rate)
    return min(ends, default=None)


class Progress:
    """Tells on ``stream`` how a crawl goes.

    :param quiet: say nothing at all.
    :param color: see :func:`scraper.report.style.wants_color`.
    :param live: redraw one line; by default where ``stream`` is a terminal that is not dumb.
    :param clock: seconds, steady.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        color: bool = False,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._quiet, self._color, self._clock = stream, quiet, color, clock
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb" if live is None else live
        self._pause = LIVE_SECONDS if self._live else PLAIN_SECONDS
        self._next = clock() + (0.0 if self._live else self._pause)
        self._rate = Rate()
        self._rate.at(clock(), 0)
        self._drawn = False

    @property
    def due(self) -> bool:
        """Whether :meth:`update` would say something now; ask before you work out its arguments."""
        return not self._quiet and self._clock() >= self._next

    def update(
        self,
        stats: Stats,
        *,
        in_flight: int,
        waiting: int,
        hosts: int,
        pages_left: int | None = None,
        time_left: float | None = None,
    ) -> None:
        """Tell how things stand, if it is time to.

        :param pages_left: what is left of the page budget; ``time_left``, seconds left of the time budget.
        """
        if not self.due:
            return
        rate = self.rate(stats.pages)
        parts = [
            human_count(stats.pages, "page"),
            f"{rate:,.1f}/s",
            f"{human_count(in_flight)} in flight",
            f"{human_count(waiting)} waiting",
            human_count(hosts, "host"),
            *_failures(stats),
        ]
        left = eta(rate, pages_left, time_left)
        if left is not None:
            parts.append(f"{human_duration(left)} left")
        self.show(parts)

    def rate(self, done: int) -> float:
        """How many a second now, when ``done`` are done; to be asked once for each :meth:`show`."""
        return self._rate.at(self._clock(), done)

    def show(self, parts: Sequence[str]) -> None:
        """Say ``parts`` in one line now; it is not due for a while then."""
        self._next = self._clock() + self._pause
        self._say("  ".join(parts))

    def clear(self) -> None:
        """Take the live line away, so that something else can be written there."""
        if self._drawn:
            self._drawn = False
            self._write("\r\x1b[K")

    def _say(self, line: str) -> None:
        if not self._live:
            self._write(f"{line}\n")
            return
        line = line[: self._width() - 1]  # the last column would wrap
        self._drawn = True
        self._write(f"\r{paint(line, 'dim', self._color)}\x1b[K")

    def _write(self, text: str) -> None:
        """Nobody may be reading; that is no reason to end a crawl."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._quiet = True

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80


def _failures(stats: Stats) -> list[str]:
    if not stats.failures:
        return []
    failed = sorted((-count, name) for name, count in stats.outcomes.items() if is_failure_label(name))
    if stats.parse_errors:
        failed.insert(0, (-stats.parse_errors, "your function"))
    named = ", ".join(f"{name} {human_count(-count)}" for count, name in failed[:_TOP_FAILURES])
    return [f"{human_count(stats.failures)} failed ({named}{', ...' if len(failed) > _TOP_FAILURES else ''})"]
