"""Checks out of turn: what is asked for on the page's thread, and checked on the engine's."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, InvalidStateError

import msgspec

from scraper.check.core import Checks
from scraper.check.model import Result, Target

__all__ = ["Asked"]


class Asked:
    """The way of a question to the engine, and of its answer back.

    :param watched: by their keys; a check out of turn of one of them, just as it is watched, is recorded as any other.
    """

    def __init__(self, watched: Mapping[str, Target]) -> None:
        self._watched = watched
        self._questions: queue.SimpleQueue[tuple[Target, Future[Result]]] = queue.SimpleQueue()
        self._open: dict[int, tuple[Target, Future[Result]]] = {}
        self._closed = False

    def ask(self, target: Target) -> Future[Result]:
        """Have ``target`` checked soon; from any thread. What is asked for at the end is cancelled."""
        future: Future[Result] = Future()
        self._questions.put((target, future))
        if self._closed:
            future.cancel()
        return future

    def begin(self, core: Checks, now: float) -> None:
        """Let ``core`` check what was asked for; ``now`` as it has it."""
        while not self._questions.empty():
            target, future = self._questions.get()
            if future.cancelled():
                continue
            target = msgspec.structs.replace(target)  # its result is known by this very object
            self._open[id(target)] = target, future
            core.ask(target, now)

    def sift(self, results: Sequence[Result]) -> Sequence[Result]:
        """Answer with those of ``results`` that were asked for; the ones that are to be recorded."""
        if not self._open:
            return results
        return [result for result in results if self._is_recorded(result)]

    def close(self) -> None:
        """Cancel what is not answered yet."""
        self._closed = True
        while not self._questions.empty():
            self._questions.get()[1].cancel()
        for _, future in self._open.values():
            future.cancel()
        self._open.clear()

    def _is_recorded(self, result: Result) -> bool:
        target = result.target
        _, future = self._open.pop(id(target), (None, None))
        if future is None:
            return True
        with contextlib.suppress(InvalidStateError):  # whoever asked has gone
            future.set_result(result)
        return self._watched.get(target.key) == target
