"""What a history knows of each target: its number, and how it does. Read at a start, written with each group."""

from __future__ import annotations

import sqlite3
from typing import Any, TypeAlias

import msgspec

from scraper.check.health import Health
from scraper.check.history.tables import Kept
from scraper.check.model import Target, Verdict

__all__ = ["Healths", "Watched", "states"]

Healths: TypeAlias = dict[Verdict, Health]
"""A health for each kind of trouble."""

_STATES = "SELECT id, key, place, definition, health, result FROM targets LEFT JOIN states ON target = id"


class Watched:
    """What is known of one target.

    :ivar last: its last result.
    """

    __slots__ = ("health", "id", "last", "target")

    def __init__(self, number: int, target: Target, health: Healths, last: Kept | None) -> None:
        self.id, self.target, self.health, self.last = number, target, health, last


def states(db: sqlite3.Connection) -> list[tuple[str, int | None, Watched]]:
    """Every target with its key and its place among those that are watched."""
    return [_state(*row) for row in db.execute(_STATES)]


def _state(
    number: int, key: str, place: int | None, definition: str, health: str | None, last: Any
) -> tuple[str, int | None, Watched]:
    target = msgspec.json.decode(definition, type=Target)
    healths = msgspec.json.decode(health, type=Healths) if health else {}
    return key, place, Watched(number, target, healths, msgspec.json.decode(last, type=Kept) if last else None)
