"""Where the results of checks go: files and standard output, each in its format, several at once."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from scraper.check.asking.config import Checklist
from scraper.check.model import Result
from scraper.check.outputs import FORMATS, Output, Summary, format_of, open_output
from scraper.errors import ConfigError
from scraper.store.base import Writer
from scraper.store.files import STDOUT, is_stream

__all__ = ["Plan", "Reports", "plan_reports"]

STDIN = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_BESIDE = ("-wal", "-shm", "-journal")
"""Endings of what SQLite keeps beside a database: sqlite.org/tempfiles.html."""


class Plan(NamedTuple):
    """What is to be opened.

    :ivar places: (file, format) each; the file ``-`` is standard output.
    :ivar store: the file of a history; None for none.
    """

    places: tuple[tuple[str, str], ...]
    store: str | None = None

    def open(self, checks: Checklist, *, color: bool, verbose: bool) -> Reports:
        """Open all of it, or nothing.

        :param checks: what the history is of.
        :param color: whether text on standard output is coloured.
        :raises ConfigError: for a file that must not be replaced.
        :raises StoreError: for one that cannot be written.
        """
        opened: list[Output] = []
        try:
            for file, form in self.places:
                opened.append(open_output(form, file, color=color and file in STDOUT, verbose=verbose))
            history = None if self.store is None else _history(self.store, checks)
        except BaseException:
            for output in opened:
                output.abandon()
            raise
        return Reports(opened, self.places, history)


def _history(file: str, checks: Checklist) -> Writer[Result]:
    """The history that ``scraper watch`` keeps, too; nobody is told of changes."""
    from scraper.check.health import Rules  # here and below: schedules are heavy, and seldom asked for
    from scraper.check.history.retention import Retention
    from scraper.check.history.store import History
    from scraper.check.timing.maintenance import Windows
    from scraper.check.timing.zones import zone_of

    if format_of(file) is not None or is_stream(file):
        raise ConfigError(f"--store {file}: a history is a SQLite file; for a report write -o {file}")
    zone = zone_of(checks.watch.timezone)
    keep = checks.history
    return History(
        file,
        checks.targets,
        only=False,
        rules=Rules(checks.watch.fall, checks.watch.rise),
        windows=Windows(checks.maintenance, zone),
        retention=Retention(keep.keep, keep.hourly, keep.daily),
    )


def plan_reports(
    files: Sequence[str], form: str | None, store: str | None = None, inputs: Sequence[str | None] = ()
) -> Plan:
    """What ``-o`` and ``-f`` ask for.

    A file has the format of its ending. ``-f`` is the format of standard output; where a file's ending says nothing, it
    is the file's instead. Without any of them standard output gets text.

    :param inputs: files that are read, and arguments that name none; ``-`` is the standard input. None is one of them.
    :raises ConfigError: for a file that has no format, for one that is there twice, and for one that is read.
    """
    places: list[tuple[str, str]] = []
    free = form
    for file in files:
        chosen = format_of(file) if file not in STDOUT else None
        if chosen is None:
            chosen, free = form or ("text" if is_stream(file) else None), None
        if chosen is None:
            raise ConfigError(
                f"{file}: the name tells no format: end it in .txt, .jsonl, .json, .csv, .md, .xml or .html, "
                f"or name one with -f ({', '.join(FORMATS)})"
            )
        places.append((file, chosen))
    if free is not None or not files:
        places.append(("-", free or "text"))
    written = [*(file for file, _ in places), *([store] if store else [])]
    _check_apart(written)
    _check_unread(written, [file for file in inputs if file])
    _check_beside(written, store)
    return Plan(tuple(places), store)


def _check_apart(files: Sequence[str]) -> None:
    seen: set[str] = set()
    for file in files:
        place = "-" if file in STDOUT else str(Path(file).resolve())
        if place in seen:
            raise ConfigError(f"{file} is there twice: one format a file")
        seen.add(place)


def _check_unread(written: Sequence[str], read: Sequence[str]) -> None:
    """Whether nothing that is read would be written over: the list of what is checked, above all."""
    sources = {_identity(0 if file in STDIN else file) for file in read}
    for file in written:
        if not is_stream(file) and _identity(file) in sources - {None}:
            raise ConfigError(f"{file} is read by this command, and would be written over: name another file")


def _identity(file: str | int) -> tuple[int, int] | None:
    """Which file it is, whatever it is called; None for what is no regular file."""
    try:
        about = os.stat(file)  # noqa: PTH116 - of descriptors, too
    except (OSError, ValueError):
        return None
    return (about.st_dev, about.st_ino) if stat.S_ISREG(about.st_mode) else None


def _check_beside(written: Sequence[str], store: str | None) -> None:
    """Whether no report would be a file that SQLite keeps beside the history."""
    beside = {str(Path(f"{store}{ending}").resolve()) for ending in _BESIDE} if store else set()
    for file in written:
        if str(Path(file).resolve()) in beside:
            raise ConfigError(f"{file} belongs to --store {store}: name another file")


class Reports:
    """Opened outputs, as one store of a run.

    :ivar places: the files.
    :ivar told: whether the table on standard output, with the sum at its end, is what a person looks at.
    """

    def __init__(
        self, outputs: Sequence[Output], places: Sequence[tuple[str, str]], history: Writer[Result] | None = None
    ) -> None:
        self._outputs, self._history = outputs, history
        self.places = [file for file, _ in places if file not in STDOUT]
        self.told = any(file in STDOUT and form == "text" for file, form in places) and not _is_kept(sys.stdout)

    def write(self, results: Sequence[Result]) -> None:
        """Give ``results`` to each; see :class:`scraper.check.outputs.Output`."""
        for output in self._outputs:
            output.write(results)
        if self._history is not None:
            self._history.write(results)

    def finish(self, summary: Summary) -> None:
        """End all of them, tables included."""
        for output in self._outputs:
            output.close(summary)
        if self._history is not None:
            self._history.close()

    def close(self) -> None:
        """End what is open still, as after trouble: without tables."""
        for output in self._outputs:
            output.close()
        if self._history is not None:
            self._history.close()


def _is_kept(stream: TextIO) -> bool:
    """Whether ``stream`` goes to a file or to nowhere; a terminal shows it, and so does who reads a pipe."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not stream.isatty())
