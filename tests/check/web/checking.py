"""What answers when a check is asked for: at once, or when it is told to."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from scraper.check.model import Result, Target
from tests.check.web.stand import result

__all__ = ["Checker"]


class Checker:
    """Checks that come to ``up``, on a thread of their own, as the engine would.

    :param hold: leave them open until :meth:`finish`.
    """

    def __init__(self, hold: bool = False) -> None:
        self.asked: list[Target] = []
        self.answers: dict[str, Result] = {}
        self.futures: list[Future[Result]] = []
        self._hold = hold

    def ask(self, target: Target) -> Future[Result]:
        future: Future[Result] = Future()
        self.asked.append(target)
        self.futures.append(future)
        if not self._hold:
            answer = self.answers.get(target.url) or result(target)
            thread = threading.Thread(target=future.set_result, args=(answer,))
            thread.start()
            thread.join()
        return future
