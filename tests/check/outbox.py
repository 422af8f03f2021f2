"""An outbox in memory, which keeps what one in a database keeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from scraper.check.health import Change
from scraper.check.notices.notice import Notice, State, Told

__all__ = ["MemoryOutbox"]


class MemoryOutbox:
    """See :class:`scraper.check.notices.notice.Outbox`."""

    def __init__(self) -> None:
        self.notices: dict[int, Notice] = {}
        self.states: dict[int, State] = {}
        self.said: list[Told] = []
        self._again: dict[int, float] = {}

    def add(self, receiver: str, change: Change, state: State = State.PENDING) -> int:
        number = len(self.notices) + 1
        self.notices[number] = Notice(id=number, receiver=receiver, change=change)
        self.states[number] = state
        return number

    def interrupted(self) -> list[Notice]:
        return [self.notices[number] for number, state in self.states.items() if state is State.SENDING]

    def hand_out(self, now: float, free: Collection[str], most: Mapping[str, int]) -> list[list[Notice]]:
        waiting: dict[str, list[Notice]] = {}
        for number, state in self.states.items():
            if state is State.PENDING and self.notices[number].receiver in free:
                waiting.setdefault(self.notices[number].receiver, []).append(self.notices[number])
        due = [each[: most.get(name, 1)] for name, each in waiting.items() if self._again.get(each[0].id, 0) <= now]
        self.states.update({notice.id: State.SENDING for notices in due for notice in notices})
        return due

    def retire(self, now: float, receivers: Collection[str]) -> None:
        for number, notice in self.notices.items():
            if self.states[number] is State.PENDING and notice.receiver not in receivers:
                self.states[number] = State.FAILED

    def told(self, done: Sequence[Told]) -> None:
        for each in done:
            notice = self.notices[each.id]
            self.notices[each.id] = msgspec.structs.replace(notice, tries=notice.tries + 1)
            self.states[each.id] = each.state
            self._again[each.id] = each.again
            self.said.append(each)
