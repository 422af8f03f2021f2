"""What is to be checked: URLs, lists, TOML files and standard input, mixed, become complete targets.

An argument means what it means for a crawl (:mod:`scraper.seeds`), and ``*.toml`` is a file of checks
(:mod:`scraper.check.asking.config`). In a list, and in an argument too, conditions may stand behind the URL
(:mod:`scraper.check.asking.lines`).

Of several places that say something, the nearest to the check holds: its own keys; those of its group; what the caller
gave, the command line; the file's ``[defaults]``; the usual.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from scraper.check.asking.config import Checklist
from scraper.check.asking.document import read_document
from scraper.check.asking.keys import KEYS, REPEATABLE, read_keys, unknown
from scraper.check.asking.lines import split_line
from scraper.check.model import Target
from scraper.errors import ConfigError
from scraper.lists import BadText, Text
from scraper.seeds import SHOWN, seed_url, texts_of

__all__ = ["read_checks"]


def read_checks(
    arguments: Iterable[str],
    *,
    given: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    stdin: BinaryIO | None = None,
) -> Checklist:
    """What ``arguments`` name, complete.

    :param given: keys and values that hold for all, unless a check or its group says otherwise.
    :param skip_bad: go on without lines and checks that are wrong; they are in the result.
    :param stdin: what ``-`` reads; the process's own by default.
    :raises ConfigError: for what cannot be read, and for all bad lines and checks together.
    """
    fields, wrong = read_keys(given or {})
    if wrong:
        raise ConfigError("\n".join(wrong))
    reading = _Reading(fields)
    for argument in arguments:
        if _is_document(argument):
            reading.document(Path(argument))
        else:
            for text in texts_of(argument, stdin):
                reading.line(text)
    found = reading.result()
    if found.bad and not (skip_bad and not reading.wrong_tables):
        raise ConfigError(found.complaint())
    return found


def _is_document(argument: str) -> bool:
    return argument.lower().endswith(".toml") and "://" not in argument and Path(argument).is_file()


class _Reading:
    """What was read so far.

    :ivar wrong_tables: whether something is wrong that is no check, and cannot be gone on without.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self.wrong_tables = False
        self._given = given
        self._list = Checklist()
        self._targets: dict[str, Target] = {}
        self._seen: set[Target] = set()
        self._tables: dict[str, str] = {}
        self._namesakes: Counter[str] = Counter()
        self._again: list[str] = []
        self._guessed: list[tuple[str, str]] = []

    def document(self, path: Path) -> None:
        """Take the checks and tables of a file."""
        read = read_document(path, self._complain)
        self.wrong_tables |= read.broken
        for name, table in read.tables.items():
            if self._tables.setdefault(name, str(path)) != str(path) and name != "maintenance":
                raise ConfigError(f"both {self._tables[name]} and {path} have a table [{name}]: one must do")
            old = getattr(self._list, name)
            setattr(self._list, name, [*old, *table] if name == "maintenance" else table)
        for found in read.checks:
            place, where = found.place, f"{found.where}: "
            target = self._target(place, where, found.url, {**read.defaults, **self._given, **found.fields})
            if target is not None:
                self._add(target, where)

    def line(self, text: Text) -> None:
        """Take a line of a list, or an argument."""
        if isinstance(text.text, BadText):
            self._complain(text.place, str(text.text))
            return
        try:
            url, pairs = split_line(text.text)
            fields, wrong = read_keys(_together(pairs))
        except BadText as error:
            self._complain(text.place, str(error))
            return
        for complaint in wrong:
            self._complain(text.place, complaint)
        target = None if wrong else self._target(text.place, "", url, {**self._given, **fields})
        if target is not None:
            self._add(target)

    def result(self) -> Checklist:
        """All of it."""
        self._list.targets = list(self._targets.values())
        if self._guessed:
            more = f", and {len(self._guessed) - 1} more alike" if len(self._guessed) > 1 else ""
            self._list.notes.append(f"{self._guessed[0][0]} is taken as {self._guessed[0][1]}{more}")
        if self._again:
            more = f", and {len(self._again) - 1} more alike" if len(self._again) > 1 else ""
            self._list.notes.append(f"{self._again[0]} is there already, and checked once{more}")
        return self._list

    def _complain(self, place: str, text: str) -> None:
        self._list.bad_count += 1
        if len(self._list.bad) < SHOWN:
            self._list.bad.append(f"{place}: {text}" if place else text)

    def _target(self, place: str, where: str, text: str, fields: dict[str, Any]) -> Target | None:
        try:
            url = seed_url(text)
        except ConfigError as error:
            self._complain(place, f"{where}{error}")
            return None
        if "://" not in text:
            self._guessed.append((text, url))
        target = Target(url=url, place=place, **fields)
        if target.method == "head" and (target.texts or target.patterns or target.values):
            self._complain(place, f"{where}method: an answer to HEAD has no body for match and json: get, or auto")
            return None
        return target

    def _add(self, target: Target, where: str = "") -> None:
        """Take ``target``; from a file of checks, it says ``where``, and its key must be its own."""
        bare = msgspec.structs.replace(target, place="")
        if bare in self._seen and not where:
            self._again.append(f"{target.place}: {target.url}" if target.place else target.url)
            return
        self._seen.add(bare)
        if not where:
            target = self._named_apart(target)
        other = self._targets.setdefault(target.key, target)
        if other is not target:
            before = f", at {other.place}" if other.place else ""
            self._complain(target.place, f"{where}there is a check {target.key!r} already{before}: name them apart")

    def _named_apart(self, target: Target) -> Target:
        """``target``, whose name gets its URL, and a number, if another one has it."""
        if target.key not in self._targets:
            return target
        name = f"{target.name} {target.url}".strip()
        target = msgspec.structs.replace(target, name=name)
        while target.key in self._targets:
            self._namesakes[name] += 1
            target = msgspec.structs.replace(target, name=f"{name} ({self._namesakes[name] + 1})")
        return target


def _together(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The pairs of a line as a mapping; what is repeated there is a list.

    :raises BadText: for a key that nobody knows, and for one that is there twice and has one value.
    """
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key not in KEYS:
            raise BadText(unknown(key, KEYS))
        if key in REPEATABLE:
            values.setdefault(key, []).append(value)
        elif key in values:
            raise BadText(f"{key} is there twice")
        else:
            values[key] = value
    return values
