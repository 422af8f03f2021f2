"""Notices: what is told, to whom, and how far that has come. Values only; they live in the outbox of the history.

The life of a notice: it is written ``pending``, in the transaction of the results that made the change. When its time
comes it is ``sending``, and that is durable before the first byte of it leaves. Then it is ``sent``; or ``pending``
again, for later; or ``failed``, for good: refused, or too old. What is found ``sending`` when a watch begins was under
way when the one before it died, and nobody knows whether it arrived. A webhook is sent again, under the same id, by
which its receiver knows it; people would just see it twice, so for them it is ``unsure``, and not sent again.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from scraper.check.health import Change

__all__ = ["Notice", "Outbox", "State", "Told"]


class State(enum.Enum):
    """How far a notice has come; see the module."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One change, to be told to one receiver.

    :ivar id: of the notice, in the outbox: one for each change and receiver.
    :ivar receiver: the name of who is told; see :func:`scraper.check.notices.receivers.receivers`.
    :ivar change: exactly the same each time it is read: what is sent again is known by it.
    :ivar tries: how often it was sent before, in vain.
    """

    id: int
    receiver: str
    change: Change
    tries: int = 0

    @property
    def uid(self) -> str:
        """What the change is known by wherever it is told: the same for all receivers, each time, over restarts."""
        change = self.change
        facts = (change.key, change.kind.value, change.opened, change.started, change.at)
        return f"msg_{hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:32]}"


class Told(msgspec.Struct, frozen=True):
    """What came of sending a notice once.

    :ivar again: when it is to be tried again, for ``pending`` ones; seconds since the epoch.
    :ivar detail: why it did not arrive, for a person; no secrets.
    """

    id: int
    state: State
    at: float
    again: float = 0.0
    detail: str = ""


class Outbox(Protocol):
    """What a watch needs of the history to tell of changes. All on the engine's thread: it is the one that writes."""

    def interrupted(self) -> list[Notice]:
        """Those that are ``sending``: when a watch begins, what was under way at the death of the one before it."""

    def hand_out(self, now: float, free: Collection[str], most: Mapping[str, int]) -> list[list[Notice]]:
        """For each of the receivers ``free`` its oldest pending notice, if the time of that has come.

        With it come the ones after it, ``most`` in all: what has come together is told together.

        None overtakes another on the way to one receiver. That they are ``sending`` from now on is committed before
        this returns. It is asked several times a second, so it is quick where there is nothing.
        """

    def told(self, done: Sequence[Told]) -> None:
        """Keep what came of them, durable at once."""

    def retire(self, now: float, receivers: Collection[str]) -> None:
        """Whatever is pending for others than ``receivers`` has ``failed``: nobody will ever send it."""
