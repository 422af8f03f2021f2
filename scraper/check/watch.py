"""A watch: checks on a schedule, their history, the page that shows it, and the notices.

Everything is decided and recorded on one thread, the engine's. The page and the receivers of notices have threads of
their own, which no check ever waits for: the page reads what is committed, out of the file; what it asks for comes in
by a queue (:mod:`scraper.check.asked`); notices go out and come back by queues (:mod:`scraper.check.notices.notify`).
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import tzinfo
from types import TracebackType
from typing import Self

import msgspec

from scraper.backends import create
from scraper.backends.base import Backend
from scraper.check.api import choose_backend, for_checks
from scraper.check.asked import Asked
from scraper.check.asking.config import Checklist, Notify
from scraper.check.core import Checks
from scraper.check.health import Rules
from scraper.check.history.reader import HistoryReader
from scraper.check.history.retention import Retention
from scraper.check.history.store import Committed, History
from scraper.check.model import Result, Target, Verdict
from scraper.check.notices.notify import Notifier
from scraper.check.notices.receivers import Receiver, receivers, wanting
from scraper.check.timing.every import read_every
from scraper.check.timing.maintenance import Windows
from scraper.check.timing.rounds import Rounds
from scraper.check.timing.zones import zone_of
from scraper.check.web.probe import modules_of
from scraper.check.web.server import WebServer
from scraper.check.web.silence import deadline
from scraper.run import Run
from scraper.settings import Settings

__all__ = ["Plan", "Watch", "open_watch"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a watch is to do.

    :ivar checks: targets, and the tables of their file.
    :ivar store: the file of the history.
    :ivar backend: a name; ``auto`` too.
    :ivar listen: where the page is; None for none.
    :ivar token: for what changes something there.
    """

    checks: Checklist
    store: str
    settings: Settings = Settings()
    backend: str = "auto"
    listen: tuple[str, int] | None = None
    token: str | None = None

    @property
    def engine(self) -> tuple[str, str]:
        """The backend that is meant, by its name, and why."""
        return choose_backend(self.backend, len(self.checks.targets), once=False)


class Watch:
    """A watch that is under way. Use it as a context manager, on one thread.

    :ivar run: what drives it, and is stopped to end it.
    :ivar schedule: it knows the rounds that were missed.
    :ivar url: where the page is; None where there is none.
    """

    def __init__(
        self,
        core: Checks,
        backend: Backend,
        history: History,
        schedule: Rounds,
        asked: Asked,
        wall: Callable[[], float],
    ) -> None:
        self.run: Run[Result] = Run(core, backend, _Recording(history, asked))
        self.schedule = schedule
        self._history, self._closed = history, False
        self.url: str | None = None
        self._core, self._asked, self._wall = core, asked, wall
        self._notifier: Notifier | None = None
        self._web: WebServer | None = None

    def rounds(self) -> Iterator[list[Result]]:
        """Check, round by round, until it is stopped; what the checks of each have come to, often nothing."""
        clock = self.run.backend.clock
        for results in self.run.rounds():
            now = clock()
            self._core.epoch = self._wall() - now
            self._asked.begin(self._core, now)
            if self._notifier is not None:
                self._notifier.step(now)
            yield results

    def ask(self, target: Target) -> Future[Result]:
        """Have ``target`` checked soon, out of turn; from any thread, but it comes to pass in :meth:`rounds`."""
        return self._asked.ask(target)

    def serve(self, web: WebServer) -> None:
        """Show it on ``web``, which it ends with."""
        self.url, self._web = web.start(), web

    def tell(self, notifier: Notifier) -> None:
        """Tell of changes by ``notifier``, which it ends with."""
        self._notifier = notifier

    def announce(self, committed: Committed) -> None:
        """Let the page know what it can read now."""
        if self._web is not None:
            self._web.announce({result.target.key for result in committed.results})

    def close(self) -> None:
        """End the workers, the notices, and the page, and make everything durable; may be called twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.ExitStack() as stack:  # the last comes first, whatever happens in it
            stack.callback(self.run.close)
            if self._web is not None:
                stack.callback(self._web.close)
            stack.callback(self._asked.close)
            if self._notifier is not None:
                stack.callback(self._notifier.close)
            stack.callback(self._history.commit)  # before others are waited for
            stack.callback(self.run.backend.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Recording:
    """The store as the engine sees it: what was asked for out of turn is answered, and the rest is recorded."""

    def __init__(self, history: History, asked: Asked) -> None:
        self._history, self._asked = history, asked
        self.close = history.close

    def write(self, results: Sequence[Result]) -> None:
        self._history.write(self._asked.sift(results))


def open_watch(
    plan: Plan,
    say: Callable[[str], None],
    committed: Callable[[Committed], None] = lambda group: None,
    *,
    backend: Backend | None = None,
    wall: Callable[[], float] = time.time,
    chance: Callable[[], float] = random.random,
) -> Watch:
    """Join a watch that goes on where the history ends; nothing is asked for yet, and the page is there.

    :param say: is given lines about notices, and about a disk that refuses.
    :param committed: is called after each group with what is durable now.
    :param backend: in place of the plan's.
    :param wall: seconds since the epoch.
    :raises ConfigError: for what cannot be meant.
    :raises StoreError: when the history cannot be opened, or another watch is at it.
    """
    checks = plan.checks
    targets = {target.key: target for target in checks.targets}
    found = receivers(checks.notify, targets, checks.web.url)
    zone = zone_of(checks.watch.timezone)
    windows = Windows(checks.maintenance, zone)
    read_every(checks.watch.every, zone)
    settings = for_checks(plan.settings, [target.url for target in checks.targets])
    asked = Asked(targets)
    with contextlib.ExitStack() as stack:
        backend = backend or create(plan.engine[0], settings)
        stack.callback(backend.close)
        news = _News(committed)
        history = _history(plan, found, windows, news, backend.clock, say)
        stack.callback(history.close)
        schedule = _rounds(checks, wall(), chance, history.last_checked(), zone)
        core = Checks(checks.targets, settings, schedule, chance, wall() - backend.clock())
        watch = Watch(core, backend, history, schedule, asked, wall)
        news.watch = watch
        stack.pop_all()
    try:
        watch.tell(Notifier(found, history, checks.notify.expire, say, chance, wall))
        if plan.listen is not None:
            watch.serve(_web(plan, plan.listen, windows, asked, zone))
    except BaseException:
        watch.close()
        raise
    return watch


class _News:
    """Hands on what is committed; the history is there before the watch that it belongs to."""

    def __init__(self, committed: Callable[[Committed], None]) -> None:
        self.watch: Watch | None = None
        self._committed = committed

    def __call__(self, group: Committed) -> None:
        if self.watch is not None:
            self.watch.announce(group)
        self._committed(group)


def _history(
    plan: Plan,
    found: Sequence[Receiver],
    windows: Windows,
    news: _News,
    clock: Callable[[], float],
    say: Callable[[str], None],
) -> History:
    checks = plan.checks
    keep = checks.history
    return History(
        plan.store,
        checks.targets,
        rules=Rules(checks.watch.fall, checks.watch.rise, kinds=_kinds(checks.notify)),
        windows=windows,
        retention=Retention(keep.keep, keep.hourly, keep.daily),
        tell=wanting(found),
        committed=news,
        clock=clock,
        say=say,
    )


def _rounds(checks: Checklist, now: float, chance: Callable[[], float], last: dict[str, float], zone: tzinfo) -> Rounds:
    watch = checks.watch
    return Rounds(checks.targets, watch.every, now, chance, last, jitter=watch.jitter, zone=zone, spread=watch.spread)


def _kinds(notify: Notify) -> tuple[Verdict, ...]:
    """What is an incident: being down, and all else that somebody wants to be told of."""
    wanted = {
        "down",
        *(on for each in notify.webhook for on in each.on),
        *(on for each in notify.apprise for on in each.on),
    }
    return tuple(verdict for verdict in Verdict if verdict.value in wanted and verdict is not Verdict.UP)


def _web(plan: Plan, listen: tuple[str, int], windows: Windows, asked: Asked, zone: tzinfo) -> WebServer:
    table, watch = plan.checks.web, plan.checks.watch
    return WebServer(
        lambda: HistoryReader(plan.store, windows),
        listen=listen,
        token=plan.token,
        title=table.title,
        description=table.description,
        public_url=table.url,
        ask=asked.ask,
        modules=modules_of(plan.checks.module),
        due=deadline((target.every or watch.every for target in plan.checks.targets), zone, watch.jitter),
    )
