"""The Python front doors: :func:`crawl` for ``for``, :func:`acrawl` for ``async for``.

Both are the same engine. The asynchronous one runs it on one worker thread of its own, and hands over what became
final round by round: while the consumer is busy with one round, the engine waits before the next, so nothing piles up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import PathLike, fspath
from typing import TYPE_CHECKING, Self, Unpack

from scraper.errors import ConfigError
from scraper.model import Kind, Outcome, Shallower
from scraper.options import Options, make_settings, settled
from scraper.run import Nowhere, open_run, recall
from scraper.seeds import seed_url
from scraper.store import open_store

if TYPE_CHECKING:
    from scraper.backends.base import Backend
    from scraper.settings import Settings

__all__ = ["Outcomes", "acrawl", "crawl", "no_loop_here"]


def crawl(
    *seeds: str,
    settings: Settings | None = None,
    backend: str | Backend = "auto",
    store: str | PathLike[str] | None = None,
    resume: bool = False,
    **options: Unpack[Options],
) -> Iterator[Outcome]:
    """Crawl from ``seeds``; the outcomes, as they become final.

    ::

        for outcome in scraper.crawl("https://example.org", depth=1, delay=1.0):
            print(outcome.url, outcome)

    Everything is closed when the loop ends, also when it is left early. With ``backend="asyncio"``, which ``auto`` may
    choose, the thread must not run an event loop of its own: use :func:`acrawl` there.

    While the loop's body works, the engine waits. With asyncio nothing is fetched meanwhile either; that time does not
    count for the timeouts of what is in flight, but a server may lose its patience.

    :param seeds: URLs; ``example.org`` is taken as ``https://example.org``.
    :param settings: what ``options`` change; the defaults where there is none.
    :param backend: ``auto``, ``sequential``, ``threads``, ``processes``, ``asyncio``, ``hybrid``, or one of your own,
        such as :class:`scraper.Simulated`; it is closed at the end.
    :param store: a file that keeps the whole crawl: SQLite, or JSON Lines where it ends in ``.jsonl``.
    :param resume: go on where ``store`` ends; what it holds is not given again. The seeds are in it, if it is SQLite.
    :param options: see :class:`scraper.options.Options`.
    :raises ConfigError: for what cannot be meant: options and seeds at once, the rest when the loop begins.
    :raises StoreError: when the store cannot be opened or written.
    :raises BackendError: when the workers cannot be kept alive.
    """
    if backend in ("auto", "asyncio"):
        no_loop_here("use 'async for' with scraper.acrawl")
    return _outcomes(_Plan(seeds, settings, backend, store, resume, options))


def acrawl(
    *seeds: str,
    settings: Settings | None = None,
    backend: str | Backend = "auto",
    store: str | PathLike[str] | None = None,
    resume: bool = False,
    **options: Unpack[Options],
) -> Outcomes:
    """:func:`crawl` for ``async for``, with the same arguments.

    ::

        async for outcome in scraper.acrawl("https://example.org", depth=1):
            ...

    Leaving the loop and being cancelled close everything; ``async with`` also waits until that is done::

        async with scraper.acrawl("https://example.org", depth=1) as outcomes:
            async for outcome in outcomes:
                ...
    """
    return Outcomes(_Plan(seeds, settings, backend, store, resume, options).rounds())


class Outcomes:
    """What :func:`acrawl` gives: final outcomes, from an engine on a thread of its own.

    Not an asynchronous generator: a cancelled task that has one drops it, and when the event loop ends just then, its
    ``finally`` is never run. This one closes without an event loop.
    """

    def __init__(self, rounds: Generator[list[Outcome], None, None]) -> None:
        self._rounds = rounds
        self._batch: deque[Outcome] = deque()
        self._thread: ThreadPoolExecutor | None = ThreadPoolExecutor(1, "crawl")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome:
        while not self._batch:
            if self._thread is None:
                raise StopAsyncIteration
            loop = asyncio.get_running_loop()
            try:
                batch = await loop.run_in_executor(self._thread, next, self._rounds, None)
            except BaseException:
                await self.aclose()
                raise
            if batch is None:
                await self.aclose()
            else:
                self._batch.extend(batch)
        return self._batch.popleft()

    async def aclose(self) -> None:
        """End the crawl and wait until everything is closed; a round that is under way ends first."""
        closing = self._close()
        if closing is not None:
            await asyncio.shield(asyncio.wrap_future(closing))  # cancelled once more, it closes on its own

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._close()

    def _close(self) -> Future[None] | None:
        """Let the engine's thread close what it opened, and end."""
        thread, self._thread = self._thread, None
        if thread is None:
            return None
        self._batch.clear()
        closing = thread.submit(self._rounds.close)
        thread.shutdown(wait=False)
        return closing


class _Plan:
    """What was asked for, checked as far as that goes without opening anything."""

    def __init__(
        self,
        seeds: tuple[str, ...],
        settings: Settings | None,
        backend: str | Backend,
        store: str | PathLike[str] | None,
        resume: bool,
        options: Options,
    ) -> None:
        if not isinstance(backend, str) and not hasattr(backend, "submit"):
            raise ConfigError(f"backend must be a name, such as 'asyncio', or a Backend, not {backend!r}")
        if resume and store is None:
            raise ConfigError("resume needs the store that it can go on with: store=FILE")
        for seed in seeds:
            if not isinstance(seed, str):
                raise ConfigError(f"a seed must be a URL as a text, not {seed!r}; of a list, write crawl(*urls)")
        self._settings, self._options = settings, settled(options)
        make_settings(settings, **self._options)  # only to be sure: what the store remembers is still missing
        self._seeds = list(dict.fromkeys(seed_url(seed) for seed in seeds))
        self._backend, self._resume = backend, resume
        self._store = None if store is None else fspath(store)
        if not seeds and not (resume and store) and not self._options.get("sitemap"):
            raise ConfigError("there is nothing to crawl: give at least one URL")

    def rounds(self) -> Generator[list[Outcome], None, None]:
        """The final outcomes of each round; opens everything at the first and closes it at the end."""
        store = Nowhere() if self._store is None else open_store(self._store, resume=self._resume)
        with contextlib.closing(store):
            options, seeds = recall(store, self._options, self._seeds)
            settings = make_settings(self._settings, **options)
            with open_run(settings, seeds, self._backend, store) as run:
                for entries in run.rounds():
                    yield [entry for entry in entries if not isinstance(entry, Shallower) and _is_page(entry)]


def _is_page(outcome: Outcome) -> bool:
    """Whether it is what was asked for; robots files and sitemaps are in the store only."""
    return outcome.request.kind is Kind.PAGE


def _outcomes(plan: _Plan) -> Iterator[Outcome]:
    for batch in plan.rounds():
        yield from batch


def no_loop_here(advice: str) -> None:
    """Refuse a thread that runs an event loop.

    :param advice: what to do instead.
    :raises ConfigError: when one is running.
    """
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise ConfigError(f"an event loop is running in this thread: {advice}")
