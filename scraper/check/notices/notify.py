"""Telling of changes: from the outbox of the history to those who want to know.

The engine's thread is the only one that writes the history, so it hands notices out and takes back what came of them,
in :meth:`Notifier.step`, which never waits. Each receiver has a thread of its own and one notice at a time, people all
that wait: a dead receiver slows neither the checks nor the others, and none of its notices overtakes another.

Never twice for one change. What is found under way when a watch begins was sent, or not, by one that was killed;
nobody can know. A webhook is sent again, under the same ``webhook-id``: its receiver drops what it has. People would
see it twice, so a service of Apprise is not told again: the notice is ``unsure``, and said to be so, in the log and on
the page. For both, what was refused, or could not be delivered, is tried again, later and later.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from scraper.check.history.setback import Setback
from scraper.check.notices.message import headline
from scraper.check.notices.notice import Notice, Outbox, State, Told
from scraper.check.notices.receivers import Receiver
from scraper.check.notices.webhook import Answer
from scraper.store.database import Passing

__all__ = ["FIRST_WAIT", "LONGEST_WAIT", "Notifier", "wait_before"]

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds before the second try, and before later ones at most; each waits twice as long as the one before it."""
_LOOK = 0.2
"""Seconds between two looks into the outbox: it is asked on the thread of the checks."""
_GONE = Answer(False, stop=True, detail="it answered 410 before: it wants no notices any more")
_OLD = Answer(False, detail="it is old news")


class _Try(NamedTuple):
    """What came of notices that were sent together, once; ``at`` is seconds since the epoch."""

    notices: Sequence[Notice]
    answer: Answer
    at: float


class _Lane:
    """A receiver and its thread.

    :ivar busy: a notice is on its way; changed by the engine's thread only.
    :ivar gone: it wants no more.
    """

    def __init__(self, receiver: Receiver, done: queue.SimpleQueue[_Try], clock: Callable[[], float]) -> None:
        self.receiver, self.busy, self.gone = receiver, False, False
        self._done, self._clock = done, clock
        self._notices: queue.SimpleQueue[Sequence[Notice] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, name=receiver.name, daemon=True)
        self.thread.start()

    def send(self, notices: Sequence[Notice]) -> None:
        """Let the thread try ``notices`` once."""
        self.busy = True
        if self.gone:
            self._done.put(_Try(notices, _GONE, self._clock()))
        else:
            self._notices.put(notices)

    def end(self) -> None:
        """Let the thread end when it has sent what it has."""
        self._notices.put(None)

    def _work(self) -> None:
        while (notices := self._notices.get()) is not None:
            try:
                answer = self.receiver.send(notices, self._clock())
            except Exception as error:  # noqa: BLE001 - a bug of ours must not leave the receiver without a thread
                answer = Answer(False, detail=f"internal error: {type(error).__name__}")
            self._done.put(_Try(notices, answer, self._clock()))
        self.receiver.close()


class Notifier:
    """Sends what the outbox holds; use it on the engine's thread.

    :param expire: seconds after which a notice is old news, and not tried again.
    :param say: is given one line for each notice that arrives, and for what goes wrong with one.
    :param chance: gives numbers from 0 to 1; those who failed together do not try again together.
    :param clock: seconds since the epoch.
    """

    def __init__(
        self,
        receivers: Sequence[Receiver],
        outbox: Outbox,
        expire: float,
        say: Callable[[str], None],
        chance: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbox, self._expire, self._say, self._chance, self._clock = outbox, expire, say, chance, clock
        self._done: queue.SimpleQueue[_Try] = queue.SimpleQueue()
        self._lanes = {each.name: _Lane(each, self._done, clock) for each in receivers}
        self._told: list[Told] = []
        self._looked = 0.0
        self._setback = Setback("what came of notices", say)
        self._recover()

    def step(self, now: float) -> None:
        """Take back what came of notices, and hand out others; never waits.

        :param now: seconds on a steady clock.
        """
        if self._done.empty() and (abs(now - self._looked) < _LOOK or self._setback.holds(now)):
            return
        self._looked = now
        self._told += self._judged()
        if self._setback.holds(now):
            return
        try:
            self._take_back()
            self._hand_out()
        except Passing as error:
            self._setback.strike(now, error)
        else:
            self._setback.pass_over()

    def _take_back(self) -> None:
        """Keep what came of notices; where that is refused it is not forgotten."""
        if self._told:
            self._outbox.told(self._told)
            self._told = []

    def _hand_out(self) -> None:
        now = self._clock()
        free = [name for name, lane in self._lanes.items() if not lane.busy]
        most = {name: lane.receiver.most for name, lane in self._lanes.items()}
        for notices in self._outbox.hand_out(now, free, most) if free else ():
            fresh = [each for each in notices if now <= each.change.at + self._expire]
            self._told += [self._judge(each, _OLD, now) for each in notices if now > each.change.at + self._expire]
            if fresh:
                self._lanes[fresh[0].receiver].send(fresh)

    def close(self, patience: float = 5.0) -> None:
        """Let what is under way arrive, as far as that takes no longer than ``patience`` seconds; may come twice."""
        for lane in self._lanes.values():
            lane.end()
        until = time.monotonic() + patience
        for lane in self._lanes.values():
            lane.thread.join(max(0.0, until - time.monotonic()))
        self._told += self._judged()
        self._take_back()

    def _recover(self) -> None:
        """What an earlier watch left under way, or for those who are not told any more; see the module."""
        now, told = self._clock(), []
        self._outbox.retire(now, self._lanes)
        for notice in self._outbox.interrupted():
            lane = self._lanes.get(notice.receiver)
            if lane is not None and lane.receiver.again:
                told.append(Told(notice.id, State.PENDING, now, now))
            else:
                detail = "the watch was killed while it was sent; it is not sent again"
                told.append(Told(notice.id, State.UNSURE, now, detail=detail))
                self._say(f"{notice.receiver} may not know that {headline(notice.change)}: {detail}")
        if told:
            self._outbox.told(told)

    def _judged(self) -> list[Told]:
        told = []
        while not self._done.empty():
            each = self._done.get()
            lane = self._lanes[each.notices[0].receiver]
            lane.busy, lane.gone = False, lane.gone or each.answer.stop
            told += [self._judge(notice, each.answer, each.at) for notice in each.notices]
        return told

    def _judge(self, notice: Notice, answer: Answer, now: float) -> Told:
        what = f"{notice.receiver}: {headline(notice.change)}"
        told = Told(notice.id, State.FAILED, now, detail=answer.detail)
        if answer.taken:
            self._say(f"told {what}")
            return msgspec.structs.replace(told, state=State.SENT)
        again = now + max(answer.wait, wait_before(notice.tries + 1, self._chance()))
        if answer.stop or again > notice.change.at + self._expire:
            self._say(f"not told {what}: {answer.detail}; not tried again")
            return told
        if notice.tries == 0:
            self._say(f"not told yet {what}: {answer.detail}; tried again")
        return msgspec.structs.replace(told, state=State.PENDING, again=again)


def wait_before(tries: int, chance: float) -> float:
    """Seconds after the try with this number, 1 for the first, until the next; up to a tenth less, by ``chance``."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries - 1, 30)) * (1 - 0.1 * chance)
