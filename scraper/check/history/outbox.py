"""The outbox: notices in the history's own file, so that they are written in one transaction with what they tell.

:mod:`scraper.check.notices.notice` tells their life.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from scraper.check.health import Change
from scraper.check.history.tables import encoded, milliseconds
from scraper.check.model import Target
from scraper.check.notices.notice import Notice, State, Told
from scraper.store.database import Database, translated

__all__ = ["Box", "Tell", "as_notice", "nobody", "put_notices"]

Tell: TypeAlias = Callable[[Change, Target], Iterable[str]]
"""The names of those who are to be told of a change, of a target that may have been removed."""

_INSERT = """INSERT OR IGNORE INTO notices (change, receiver, at, state, again, tries, trouble)
    VALUES (?, ?, ?, 'pending', ?, 0, '')"""
_NEXT = """SELECT 1 FROM notices
    WHERE id = (SELECT min(id) FROM notices WHERE state = 'pending' AND receiver = ?) AND again <= ?"""
_FIRST = """SELECT id, receiver, change, tries FROM notices WHERE state = 'pending' AND receiver = ?
    ORDER BY id LIMIT ?"""
_SENDING = "SELECT id, receiver, change, tries FROM notices WHERE state = 'sending' ORDER BY id"
_BEGIN = "UPDATE notices SET state = 'sending' WHERE id = ?"
_END = "UPDATE notices SET state = ?, told = ?, again = ?, trouble = ?, tries = tries + ? WHERE id = ?"
_PENDING = "SELECT DISTINCT receiver FROM notices WHERE state = 'pending'"
_RETIRE = """UPDATE notices SET state = 'failed', told = ?, trouble = 'there is no such receiver any more'
    WHERE state = 'pending' AND receiver = ?"""


def nobody(change: Change, target: Target) -> Iterable[str]:
    """Nobody is told."""
    return ()


class Box(Database):
    """A database with an outbox, :class:`scraper.check.notices.notice.Outbox`; the base of the history."""

    def interrupted(self) -> list[Notice]:
        """Those that are ``sending``: when a watch begins, what was under way at the death of the one before it."""
        with translated(self.name, self._again):
            return [as_notice(*row) for row in self._database.execute(_SENDING)]

    def hand_out(self, now: float, free: Collection[str], most: Mapping[str, int]) -> list[list[Notice]]:
        """For each of the receivers ``free`` its oldest pending notice, if the time of that has come.

        With it come the ones after it, ``most`` in all; 1 where nothing is said.

        That they are ``sending`` from now on is committed before this returns.
        """
        at, db = milliseconds(now), self._database
        with translated(self.name, self._again):
            ready = [name for name in free if db.execute(_NEXT, (name, at)).fetchone()]
            found = [[as_notice(*row) for row in db.execute(_FIRST, (name, most.get(name, 1)))] for name in ready]
        if found:
            with self._transaction():
                db.executemany(_BEGIN, [(notice.id,) for notices in found for notice in notices])
        return found

    def told(self, done: Sequence[Told]) -> None:
        """Keep what came of them, durable at once."""
        rows = [
            (told.state.value, milliseconds(told.at), milliseconds(told.again), told.detail, _tried(told), told.id)
            for told in done
        ]
        with self._transaction() as db:
            db.executemany(_END, rows)

    def retire(self, now: float, receivers: Collection[str]) -> None:
        """Whatever is pending for others than ``receivers`` has ``failed``: nobody will ever send it."""
        at = milliseconds(now)
        with self._transaction() as db:
            gone = {row[0] for row in db.execute(_PENDING)} - set(receivers)
            db.executemany(_RETIRE, [(at, name) for name in gone])


def put_notices(db: sqlite3.Connection, change: Change, names: Iterable[str]) -> None:
    """Write a notice of ``change`` for each of the receivers ``names``, in whatever transaction is open."""
    at = milliseconds(change.at)
    db.executemany(_INSERT, [(encoded(change), name, at, at) for name in names])


def as_notice(number: int, receiver: str, change: str, tries: int) -> Notice:
    """The notice of a row."""
    return Notice(id=number, receiver=receiver, change=msgspec.json.decode(change, type=Change), tries=tries)


def _tried(told: Told) -> bool:
    """Whether it was sent in vain."""
    return told.state in (State.PENDING, State.FAILED)
