"""Notices: what is told, to whom, and how far that has come. Values only; they live in the outbox of the history.

The life of a notice: it is written ``pending``, in the transaction of the results that made the change. When its time
comes it is ``sending``, and that is durable before the first byte of it leaves. Then it is ``sent``; or ``pending``
again, for later; or ``failed``, for good: refused, or too old. What is found ``sending`` when a watch begins was under
way when the one before it died, and nobody knows whether it arrived. A webhook is sent again, under the same id, by
which its receiver knows it; people would just see it twice, so for them it is ``unsure``, and not sent again.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec

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

    :ivar id: of the notice, in the outbox.
    :ivar change: of the change: the same for all its receivers, each time it is sent, over restarts too.
    :ivar receiver: the name of who is told; see :class:`scraper.check.notify.Notifier`.
    :ivar kind: ``opened`` or ``closed``, of an incident.
    :ivar key: the target's; ``group``, ``title`` and ``url`` are its own.
    :ivar at: when it changed; ``started`` is when the incident began: the first check of its run. Seconds since the
        epoch, as all times here.
    :ivar verdict: a value of :class:`scraper.check.model.Verdict`, with ``reason`` and ``detail``: what opened the
        incident, or of a closed one what the last check came to.
    :ivar tries: how often it was sent before, in vain.
    """

    id: int
    change: str
    receiver: str
    kind: str
    key: str
    group: str = ""
    title: str = ""
    url: str = ""
    at: float
    started: float
    verdict: str
    reason: str = ""
    detail: str = ""
    tries: int = 0


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

    def hand_out(self, now: float, room: int) -> list[Notice]:
        """At most ``room`` that are pending and whose time has come, the oldest first.

        That they are ``sending`` from now on is committed before this returns.
        """

    def told(self, done: Sequence[Told]) -> None:
        """Keep what came of them; durable with the next group."""
