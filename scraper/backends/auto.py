"""A backend that begins with asyncio, looks at what its first pages cost, and goes over to another one if that pays.

Its life: *looking*, until :class:`~scraper.backends.look.Look` has seen enough and
:func:`~scraper.bounds.choose_by` says what to go on with. If that is another backend, its workers *start* while asyncio
goes on. When they are ready, new requests go to them, and what asyncio has in flight still comes in: a
:class:`~scraper.backends.passage.Passage`. Then asyncio is closed. A backend that cannot start is let go, and asyncio
stays.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable

import msgspec

from scraper.backends import BEGIN, cores, create
from scraper.backends.base import Backend
from scraper.backends.look import Look, Outlook
from scraper.backends.passage import Passage
from scraper.bounds import Load, choose_by
from scraper.errors import ScraperError
from scraper.model import Outcome, Request
from scraper.settings import Settings
from scraper.stats import Stats

__all__ = ["Auto"]

_TURN = 0.05
"""Seconds between two looks at workers that start, while nothing comes in."""
_PATIENCE = 30.0
"""Seconds that workers may take to start."""


class Auto:
    """Asyncio, and what comes after it.

    :param make: makes the other backend, by its name.
    :param look: looks at the first pages.
    :param choose: says what to go on with.
    :ivar why: what was decided, and why.
    :ivar outlook: is asked what is known of the crawl; whoever knows more than nothing puts a function here.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        make: Callable[[str, Settings], Backend] = create,
        look: Look | None = None,
        choose: Callable[[Load], tuple[str, str]] = choose_by,
    ) -> None:
        from scraper.backends.asyncio import Asyncio

        self.why = BEGIN
        self.outlook: Callable[[], Outlook] = Outlook
        self._settings, self._make, self._choose = settings, make, choose
        self._asyncio = Asyncio(settings)
        self._now: Backend = self._asyncio
        self._cores = min(cores(), settings.workers)
        self._look: Look | None = look or Look(settings.concurrency, self._cores)
        self._coming: Backend | None = None
        self._coming_name, self._coming_by = "", 0.0
        self._passage: Passage | None = None
        self._flying: dict[str, Request] = {}
        self._delay = 0.0

    @property
    def capacity(self) -> int:
        """That of the backend which new requests go to; what the other one still has counts with it."""
        if self._passage is None:
            return self._now.capacity
        return min(self._settings.concurrency, self._now.capacity + self._passage.open)

    def submit(self, request: Request) -> None:
        """Start ``request`` on the backend of the moment."""
        if self._look is None and self._coming is None and self._passage is None:
            self._now.submit(request)
        elif self._passage is not None:
            self._passage.submit(request)
        else:
            self._flying[request.url] = request
            self._delay = max(self._delay, request.delay)
            if self._look is not None:
                self._look.submitted(request)
            self._now.submit(request)

    def collect(self, timeout: float) -> list[Outcome]:
        """As the law has it.

        :raises BackendError: as the backend of the moment does; not because another one cannot be started.
        """
        if self._look is not None:
            return self._collect_looking(self._look, timeout)
        if self._coming is not None:
            return self._collect_starting(self._coming, timeout)
        if self._passage is not None:
            return self._collect_passing(self._passage, timeout)
        return self._now.collect(timeout)

    def close(self) -> None:
        """End the workers of all, also where one of them cannot be ended, or Ctrl-C comes again."""
        with contextlib.ExitStack() as stack:
            for backend in (self._asyncio, self._coming, self._now):
                if backend is not None:
                    stack.callback(backend.close)
            self._coming = None

    def clock(self) -> float:
        """The machine's steady clock, as all of them have it."""
        return time.monotonic()

    def stats(self) -> Stats:
        """What was counted by all."""
        if self._now is self._asyncio:
            return self._asyncio.stats()
        return Stats.total((self._asyncio.stats(), self._now.stats()))

    def describe(self) -> Iterable[str]:
        """What was decided, then what each backend says."""
        yield f"auto: {self.why}"
        if self._passage is not None:
            yield from self._passage.describe()
        yield from self._now.describe()
        if self._coming is not None:
            yield from self._coming.describe()

    def _collect_looking(self, look: Look, timeout: float) -> list[Outcome]:
        flying = len(self._flying)
        look.enter()
        outcomes = self._asyncio.collect(timeout)
        self._landed(outcomes)
        if look.leave(outcomes, flying):
            self._decide(look)
        return outcomes

    def _landed(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._flying.pop(outcome.url, None)

    def _decide(self, look: Look) -> None:
        load = look.load(self.outlook())
        name, why = self._choose(load)
        self._look = None
        if name == "asyncio":
            again = self._choose(msgspec.structs.replace(load, left=None))[0] != "asyncio"
            if not again or self.why == BEGIN:  # how few are left is news only once
                self.why = f"asyncio stays: {why}"
            if again:
                self._look = Look(load.places, self._cores, 2 * look.enough)  # more may be found by then
            else:
                self._flying.clear()
            return
        self.why = f"{name} from here on: {why}"
        try:
            self._coming = self._make(name, self._settings)
        except _TROUBLE as error:
            self._stay(name, error)
        self._coming_name, self._coming_by = name, time.monotonic() + _PATIENCE

    def _stay(self, name: str, error: object) -> None:
        """Let go of what cannot be started."""
        self.why = f"asyncio stays: {name} was wanted, and cannot be started: {error}"
        self._flying.clear()
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.close()

    def _collect_starting(self, coming: Backend, timeout: float) -> list[Outcome]:
        """What asyncio gives, while the workers of ``coming`` are looked for again and again."""
        end = time.monotonic() + timeout
        while not self._is_ready(coming):
            patience = end - time.monotonic()
            outcomes = self._asyncio.collect(max(0.0, min(patience, _TURN)))
            self._landed(outcomes)
            if outcomes or patience <= 0 or self._coming is None:
                return outcomes
        longest_hold = self._settings.politeness.longest_hold
        self._passage = Passage(self._asyncio, coming, [*self._flying.values()], self._delay, longest_hold)
        self._now, self._coming, self._flying = coming, None, {}
        return self._collect_passing(self._passage, max(0.0, end - time.monotonic()))

    def _is_ready(self, coming: Backend) -> bool:
        try:
            coming.collect(0.0)
            if coming.capacity >= self._settings.concurrency:
                return True
        except _TROUBLE as error:
            self._stay(self._coming_name, error)
        else:
            if time.monotonic() > self._coming_by:
                self._stay(self._coming_name, f"no worker was ready after {_PATIENCE:.0f} s")
        return False

    def _collect_passing(self, passage: Passage, timeout: float) -> list[Outcome]:
        outcomes = passage.collect(timeout)
        if passage.over:
            self._passage = None
        return outcomes


_TROUBLE = (ScraperError, OSError, ImportError)
"""Why a backend cannot be made or started: its workers, the system, a library that is not there."""
