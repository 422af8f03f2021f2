"""What is put around the parts of a crawl to measure it; it must cost next to nothing, being measured too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from scraper.backends.base import Around, Backend
from scraper.compare.timeline import Act, Visit
from scraper.core import Turn
from scraper.engine import Core
from scraper.evidence import SPAN
from scraper.model import Entry, Kind, Outcome, Refused, Request
from scraper.store.base import Writer

__all__ = ["Gauge", "Taken", "WatchedCore", "WatchedStore"]


class Taken(NamedTuple):
    """What a page took, in seconds: from its submission to its outcome, and of that its parse."""

    flight: float
    parse: float


class Gauge(Around):
    """A backend around ``backend`` that notes when each request is submitted and collected.

    :param watch: whether to ask who works on it, and when; see :attr:`visits`.
    :ivar began: when the first request was submitted, by :func:`time.perf_counter`; 0 before.
    :ivar flown: seconds that requests were in flight, added up.
    :ivar pages: what each page took; of one that was tried again, the last time.
    """

    def __init__(self, backend: Backend, *, watch: bool = False) -> None:
        super().__init__(backend)
        self._watch = watch
        self._flying: dict[str, float] = {}
        self.began = self.flown = 0.0
        self.pages: dict[str, Taken] = {}
        self.visits: list[Visit] = []

    def submit(self, request: Request) -> None:
        """Hand ``request`` on."""
        if self._watch:
            request = msgspec.structs.replace(request, wants=request.wants | SPAN)
        now = time.perf_counter()
        self.began = self.began or now
        self._flying[request.url] = now
        self.inner.submit(request)

    def collect(self, timeout: float) -> list[Outcome]:
        """What the backend gives, noted."""
        outcomes = self.inner.collect(timeout)
        now = time.perf_counter()
        for outcome in outcomes:
            self._note(outcome, now)
        return outcomes

    def _note(self, outcome: Outcome, now: float) -> None:
        url = outcome.url
        submitted = self._flying.pop(url)
        self.flown += now - submitted
        if isinstance(outcome, Refused):
            return
        if outcome.request.kind is Kind.PAGE:
            self.pages[url] = Taken(now - submitted, outcome.timings.parse_us / 1e6)
        if outcome.span is not None:
            self.visits.append(Visit(submitted, now, outcome.span))


_NEXT = 20e-6
"""Seconds between two acts of the same kind that count as one: the engine receives outcome after outcome."""


class _Diary:
    """What the engine's thread did, and when."""

    def __init__(self, acts: list[Act]) -> None:
        self._acts = acts

    def note(self, state: str, began: float) -> None:
        ended = time.perf_counter()
        if self._acts and self._acts[-1].state == state and began - self._acts[-1].ended < _NEXT:
            began = self._acts.pop().began
        self._acts.append(Act(state, began, ended))


class WatchedCore(_Diary):
    """A core that notes how long it decides."""

    def __init__(self, core: Core[Entry], acts: list[Act]) -> None:
        super().__init__(acts)
        self._core = core
        self.wakeup: Callable[[], float | None] = core.wakeup
        self.stop: Callable[[], None] = core.stop

    @property
    def in_flight(self) -> int:
        """As the core's, and so are the others."""
        return self._core.in_flight

    @property
    def waiting(self) -> int:
        """Requests that are not in flight."""
        return self._core.waiting

    @property
    def done(self) -> bool:
        """Whether nothing is in flight and nothing will be."""
        return self._core.done

    def take(self, now: float, room: int) -> Turn[Entry]:
        """What may be started."""
        began = time.perf_counter()
        turn = self._core.take(now, room)
        self.note("decide", began)
        return turn

    def receive(self, outcome: Outcome, now: float) -> list[Entry]:
        """What is final by ``outcome``."""
        began = time.perf_counter()
        entries = self._core.receive(outcome, now)
        self.note("decide", began)
        return entries


class WatchedStore(_Diary):
    """A store that notes how long it writes."""

    def __init__(self, store: Writer[Entry], acts: list[Act]) -> None:
        super().__init__(acts)
        self._store = store
        self.close: Callable[[], None] = store.close

    def write(self, entries: Sequence[Entry]) -> None:
        """Write ``entries``; a round without any is no act."""
        began = time.perf_counter()
        self._store.write(entries)
        if entries:
            self.note("write", began)
