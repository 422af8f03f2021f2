"""A core, a backend and a store joined together, for the command line and for Python alike.

The life of a crawl: :func:`open_run` makes it, replays what the store holds, and admits the seeds; :meth:`Run.rounds`
drives it; :meth:`Run.stop` lets what is in flight come in, :meth:`Run.break_off` does not; :meth:`Run.close` ends the
workers and makes everything durable.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec

from scraper.addresses import is_own_address
from scraper.backends import choose, create
from scraper.backends.auto import Auto
from scraper.backends.base import Backend
from scraper.backends.look import Outlook
from scraper.core import Crawl
from scraper.engine import Core, run
from scraper.errors import StoreError
from scraper.model import Entry, Kind, Outcome, Request, Shallower
from scraper.options import KEPT, Options
from scraper.settings import Scope, Settings
from scraper.stats import Stats
from scraper.store.base import Store, Writer
from scraper.store.sqlite import SqliteStore
from scraper.url import host_key, hostname, origin

__all__ = ["CrawlRun", "Nowhere", "Run", "around", "auto_of", "open_run", "pick", "recall"]

_E = TypeVar("_E")


class Run(Generic[_E]):
    """A core that is under way. Use it as a context manager, on one thread; the backend and the store are its own.

    :ivar core: it knows what waits and what is in flight.
    :ivar begun: the backend's clock when it began.
    """

    def __init__(self, core: Core[_E], backend: Backend, store: Writer[_E]) -> None:
        self.core = core
        self.backend = backend
        self.store = store
        self.begun = backend.clock()
        self.stopped = False
        self._broken_off = False
        self._collecting = False
        self._dismissing = False

    def rounds(self) -> Iterator[list[_E]]:
        """Drive it; what became final, round by round, often nothing. Ends when all is done, or after a stop."""
        try:
            for entries in run(self.core, _Watched(self), self.store):
                yield entries
                if self._broken_off:
                    return
        except _BrokenOff:
            return

    def stop(self) -> None:
        """Start nothing any more; what is in flight still comes in. Safe in a signal handler."""
        self.stopped = True
        self.core.stop()

    def break_off(self) -> None:
        """End :meth:`rounds` at the next look, without what is in flight; for a signal handler on the run's thread.

        A backend that does its visits itself looks up only after one; it is broken off inside by an exception. No
        exception strikes anywhere else: not while the store writes, above all.
        """
        self.stop()
        self._broken_off = True
        if self._collecting and self.backend.capacity == 1:
            raise _BrokenOff

    def save(self) -> None:
        """Make durable what is recorded, before the process ends hard; for a signal handler on the run's thread.

        Only while the backend is at work: the store may be in the middle of something else, and whole only as after
        a kill.
        """
        if self._collecting or self._dismissing:
            with contextlib.suppress(StoreError):
                self.store.close()

    @property
    def stats(self) -> Stats:
        """What was done so far: the workers' figures."""
        return self.backend.stats()

    @property
    def elapsed(self) -> float:
        """Seconds since the start, by the backend's clock."""
        return self.backend.clock() - self.begun

    def close(self) -> None:
        """End the workers, make everything durable; may be called twice."""
        self._dismissing = True
        try:
            self.backend.close()
        finally:
            self._dismissing = False
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class CrawlRun(Run[Entry]):
    """A crawl that is under way.

    :ivar crawl: the core.
    :ivar recorded: outcomes of pages that the store held already.
    :ivar begun: the backend's clock when the seeds were in: reading a large store is no part of the crawl's pace.
    """

    def __init__(self, settings: Settings, backend: Backend, store: Store, chance: Callable[[], float]) -> None:
        self.crawl = Crawl(settings, chance)
        super().__init__(self.crawl, backend, store)
        self.recorded = 0
        self._refused: list[Entry] = []
        self._counted = Stats()

    def replay(self, log: Iterable[Outcome], seeds: Iterable[str] = ()) -> None:
        """Take over what an earlier run recorded, before :meth:`seed` is given ``seeds``."""
        self.store.write(self.crawl.replay(self._counting(log), seeds))

    def seed(self, urls: Iterable[str]) -> None:
        """Admit canonical ``urls``; those that the settings refuse are recorded at once, and the first round's."""
        refused = self.crawl.seed(urls)
        self.store.write(refused)
        self._count(refused)
        self._refused += refused

    def rounds(self) -> Iterator[list[Entry]]:
        """Crawl; what became final, round by round, often nothing. Ends when all is done, or after a stop."""
        if self._refused:
            yield [*self._refused]
        for entries in super().rounds():
            self._count(entries)
            yield entries

    @property
    def stats(self) -> Stats:
        """What this run has done so far: the workers' figures and the engine's."""
        return self._counted.merge(super().stats)

    def outlook(self) -> Outlook:
        """What a backend that chooses should know: how much there is to fetch, as far as it is known."""
        waiting, budget = self.crawl.waiting, self.crawl.pages_left
        return Outlook(waiting if budget is None else min(waiting, budget), self.crawl.hosts)

    def _counting(self, log: Iterable[Outcome]) -> Iterator[Outcome]:
        for outcome in log:
            self.recorded += outcome.request.kind is Kind.PAGE
            yield outcome

    def _count(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if not isinstance(entry, Shallower):
                self._counted.count_final(entry)


class _BrokenOff(BaseException):
    """Not an Exception, so that a worker that never raises does not take it for trouble with a page."""


class _Watched:
    """The backend as the engine sees it; it notes when the engine waits in :meth:`collect`."""

    def __init__(self, owner: Run[Any]) -> None:
        self._run = owner
        self._backend = owner.backend
        self.submit: Callable[[Request], None] = owner.backend.submit
        self.close = owner.backend.close
        self.clock = owner.backend.clock
        self.stats = owner.backend.stats
        self.describe = owner.backend.describe

    @property
    def capacity(self) -> int:
        return self._backend.capacity

    def collect(self, timeout: float) -> list[Outcome]:
        self._run._collecting = True
        try:
            return self._backend.collect(timeout)
        finally:
            self._run._collecting = False


class Nowhere:
    """The store of a run that keeps nothing."""

    def write(self, entries: Sequence[object]) -> None:
        """Let ``entries`` go."""

    def read(self) -> Iterator[Outcome]:
        """There is nothing."""
        return iter(())

    def close(self) -> None:
        """There is nothing to close."""


def recall(store: Store | None, options: Options, seeds: Sequence[str]) -> tuple[Options, list[str]]:
    """Options and seeds of a crawl that goes on in ``store``: what it remembers, and over it what is given now.

    Only SQLite remembers; it is told what is new. Headers, logins and the proxy are not kept: they may be secrets.
    """
    if not isinstance(store, SqliteStore):
        return options, list(seeds)
    known = {**(store.meta("options") or {}), **options}
    kept = {name: value for name, value in known.items() if name in KEPT}
    store.save_meta("options", kept)
    before = store.seeds()
    store.save_seeds(seeds)
    whole: Any = {**kept, **options}
    return whole, list(dict.fromkeys([*before, *seeds]))


def around(settings: Settings, seeds: Sequence[str]) -> Settings:
    """``settings`` with scope, logins and own addresses bound to the canonical ``seeds``, unless they are already.

    Calendars are measured from this year. Where there are sitemaps and no seeds, they are what the crawl is around.
    """
    scope, identity, safety, traps = settings.scope, settings.identity, settings.safety, settings.traps
    given = [*seeds, *settings.discovery.given]
    if not scope.anchors:
        scope = Scope.around(seeds or given, scope.mode, scope.include, scope.exclude)
    if not identity.origins:
        identity = msgspec.structs.replace(identity, origins=frozenset(map(origin, seeds or given)))
    if not safety.named:
        named = frozenset(host_key(url) for url in given if is_own_address(hostname(url)))
        safety = msgspec.structs.replace(safety, named=named)
    if traps.this_year is None:
        traps = msgspec.structs.replace(traps, this_year=time.gmtime().tm_year)
    return msgspec.structs.replace(settings, scope=scope, identity=identity, safety=safety, traps=traps)


def pick(name: str, settings: Settings, seeds: Sequence[str]) -> tuple[str, str]:
    """The backend that ``name`` means, and why: what ``auto`` can tell beforehand, or what was asked for."""
    return choose(settings, seeds) if name == "auto" else (name, "as asked for")


def auto_of(backend: Backend) -> Auto | None:
    """The backend that goes over to others, if ``backend`` is one, or stands around one as a recorder does."""
    inner = getattr(backend, "inner", backend)
    return inner if isinstance(inner, Auto) else None


def open_run(
    settings: Settings,
    seeds: Sequence[str],
    backend: str | Backend,
    store: Store,
    chance: Callable[[], float] = random.random,
) -> CrawlRun:
    """Join a run that goes on where ``store``'s log ends; nothing is fetched yet.

    :param seeds: canonical URLs, those of earlier runs included.
    :param backend: a name, ``auto`` too, or a backend of one's own.
    :raises ConfigError: for an unknown backend.
    :raises StoreError: when the store cannot be read.
    """
    try:
        settings = around(settings, seeds)
        if isinstance(backend, str):
            backend = create(pick(backend, settings, seeds)[0], settings)
        made = CrawlRun(settings, backend, store, chance)
        if (auto := auto_of(backend)) is not None:
            auto.outlook = made.outlook
    except BaseException:
        store.close()
        raise
    try:
        made.replay(store.read(), seeds)
        made.seed(seeds)
        made.begun = backend.clock()
    except BaseException:
        made.close()
        raise
    return made
