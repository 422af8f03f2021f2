"""Between the event loop and the board: questions go to the board's thread, and news of commits are gathered for it.

The loop never reads the database and never renders; the board's thread does, one question after the other. News are
gathered for a moment, so that seventy results a second are one refresh; and where nobody has looked lately, nothing is
read.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from scraper.check.web.board import Board
from scraper.check.web.events import Broadcaster
from scraper.errors import ScraperError

__all__ = ["Desk"]

T = TypeVar("T")
_LATELY = 120.0
"""Seconds for which who asked is expected to ask again."""
_RELOAD = 300.0
"""Seconds after which everything is read anew: days pass, and with them what the bars show."""


class Desk:
    """Asks the board, on its own thread.

    :param beat: seconds that news are gathered for.
    :param look: seconds after which it is seen again whether the watch has fallen silent.
    """

    def __init__(self, make: Callable[[], Board], broadcaster: Broadcaster, beat: float, look: float) -> None:
        self._make, self._broadcaster, self._beat, self._look = make, broadcaster, beat, look
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="status-board")
        self._board: Board | None = None
        self._news: set[str] = set()
        self._refreshed = self._loaded = self._asked = 0.0
        self._ticking: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Make the board, and the first page with it."""
        loop = asyncio.get_running_loop()
        self._board = await loop.run_in_executor(self._thread, self._make)
        self._refreshed = self._loaded = time.monotonic()
        await self.ask(lambda board: board.index())
        self._look_again()

    def _look_again(self) -> None:
        """See from time to time whether the watch has fallen silent: then no commit is announced."""
        if self._broadcaster.clients and self._board is not None and self._board.turned:
            self._tick()
        self._looking = asyncio.get_running_loop().call_later(self._look, self._look_again)

    async def ask(self, question: Callable[[Board], T]) -> T:
        """The board's answer, of a version that is at most a beat old."""
        assert self._board is not None
        board = self._board

        def answer() -> T:
            board.look()
            return question(board)

        self._asked = time.monotonic()
        await self._catch_up()
        return await asyncio.get_running_loop().run_in_executor(self._thread, answer)

    def announce(self, keys: Iterable[str]) -> None:
        """Take in that results of the targets ``keys`` are committed; those who look are told after the next beat."""
        self._news.update(keys)
        lately = self._broadcaster.clients or time.monotonic() - self._asked < _LATELY
        if self._news and self._ticking is None and lately:
            wait = max(0.0, self._refreshed + self._beat - time.monotonic())
            self._ticking = asyncio.get_running_loop().call_later(wait, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        task = asyncio.get_running_loop().create_task(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self) -> None:
        with contextlib.suppress(ScraperError):  # whoever asks next is told
            await self._catch_up()
        self.announce(())

    async def _catch_up(self) -> None:
        """Let the board read what is new, unless it just did; and tell those who look."""
        now = time.monotonic()
        whole = now - self._loaded > _RELOAD
        turned = self._board is not None and self._board.turned
        if not (whole or turned) and (not self._news or now - self._refreshed < self._beat):
            return
        news, self._news, self._refreshed = self._news, set(), now
        try:
            version, changed = await asyncio.get_running_loop().run_in_executor(self._thread, self._read, news, whole)
        except BaseException:
            self._news |= news
            raise
        if whole:
            self._loaded = now
        if changed:
            self._broadcaster.tell(version, changed)

    def _read(self, news: set[str], whole: bool) -> tuple[str, list[str]]:
        assert self._board is not None
        changed = self._board.load() if whole else self._board.refresh(news)
        self._board.warm()
        if self._board.look():
            changed.append("summary")
        return self._board.version, changed

    async def close(self) -> None:
        """End the thread, with the reader that lives on it."""
        for timer in (self._ticking, self._looking):
            if timer is not None:
                timer.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._board is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._board.close)
        self._thread.shutdown()
