"""What all outputs have in common: how they are written to, the sum of it all, and where the bytes go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from scraper.check.model import TROUBLE, Result, Verdict
from scraper.check.outputs.anew import AnewSink
from scraper.report.human import human_count, human_duration
from scraper.report.style import paint
from scraper.store.files import is_stream
from scraper.store.sink import Sink, StreamSink

__all__ = ["COLORS", "Output", "Summary", "headline", "open_sink"]

COLORS = {
    Verdict.UP: "green",
    Verdict.SLOW: "yellow",
    Verdict.CERT: "yellow",
    Verdict.BLOCKED: "yellow",
    Verdict.DOWN: "red",
}
"""The styles of :func:`scraper.report.style.paint` for verdicts; the word itself always stands there too."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What all checks of one run came to.

    :ivar counts: results of each verdict.
    :ivar elapsed: seconds that the run took; ``started`` is when it began, in seconds since the epoch.
    :ivar command: the command line, without secrets; empty where there was none.
    :ivar fail_on: the verdicts that count as failures.
    :ivar backend: its name.
    :ivar unchecked: targets without a result, since the run was broken off.
    """

    counts: Mapping[Verdict, int]
    elapsed: float
    started: float
    command: str = ""
    fail_on: Collection[Verdict] = (Verdict.DOWN,)
    backend: str = ""
    unchecked: int = 0

    @property
    def total(self) -> int:
        """Results of all verdicts."""
        return sum(self.counts.values())

    @property
    def failures(self) -> int:
        """Results that count as failures."""
        return sum(self.counts.get(verdict, 0) for verdict in self.fail_on)


class Output(Protocol):
    """Where results go; a :class:`scraper.store.base.Writer`, but for the summary.

    Both methods raise ``StoreError`` when a file or stream takes no more, its ``PipeClosed`` when nobody reads it.
    """

    def write(self, results: Sequence[Result]) -> None:
        """Take ``results``; those of a stream of records are written soon, those of a table at the end.

        An empty sequence gives a file the occasion to write what has waited half a second.
        """

    def close(self, summary: Summary | None = None) -> None:
        """Write what is left and let the file go; may be called twice.

        :param summary: of the run; without one, as after trouble, there is no table.
        """

    def abandon(self) -> None:
        """Let the file go as if it had never been opened: nothing ran. An older one stands."""


def headline(summary: Summary, *, color: bool = False) -> str:
    """The run in a line: ``1 down, 1 slow, 47 up: 49 targets in 33.1 s``."""
    named = [
        paint(f"{human_count(count)} {verdict.value}", COLORS[verdict], color)
        for verdict in TROUBLE
        if (count := summary.counts.get(verdict, 0))
    ]
    if summary.unchecked:
        named.append(f"{human_count(summary.unchecked)} not checked")
    targets = human_count(summary.total, "target")
    return f"{', '.join(named) or 'nothing checked'}: {targets} in {human_duration(summary.elapsed)}"


def open_sink(file: str | None, tail: bytes = b"") -> Sink:
    """Where bytes go: the standard output for None and ``-``; a file of that name is replaced when all is written.

    :param tail: what closes the file.
    :raises ConfigError: for what must not be replaced; see :class:`scraper.check.outputs.anew.AnewSink`.
    :raises StoreError: when it cannot be opened, or is in use by another process.
    """
    name = file or "-"
    return StreamSink(name, tail) if is_stream(name) else AnewSink(name, tail)
