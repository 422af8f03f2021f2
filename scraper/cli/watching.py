"""What ``scraper watch``, and ``scraper check --every``, do once their arguments are read: watch until they are ended.

A SIGHUP ends the watch that runs, in order, and begins another one with the files as they are now: the history is where
it goes on. Files that cannot be read change nothing.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from scraper.check.asking.config import Every, Seconds
from scraper.check.asking.secret import read_secret
from scraper.check.history.store import Committed
from scraper.check.model import Result
from scraper.check.notices.message import headline
from scraper.check.outputs.words import note
from scraper.check.watch import Plan, Watch, open_watch
from scraper.cli.codes import INTERRUPTED
from scraper.cli.diagnose import Teller, told_on_request
from scraper.cli.given import check_settings, read_targets
from scraper.cli.interrupt import interruptible
from scraper.cli.notes import Notes
from scraper.cli.signals import ENDING, interrupt_early
from scraper.errors import ConfigError, StoreError
from scraper.report.human import human_count
from scraper.tuning import tune

__all__ = ["drive"]

_REPORT = 60.0
"""Seconds between two complaints about rounds that were missed."""


def drive(given: Mapping[str, Any], asked: Collection[str]) -> int:
    """Watch what ``given``, the command's parameters, ask for; the exit code.

    :param asked: the names of those that the user gave.
    """
    interrupt_early()
    notes = Notes.asked_for(given)
    with told_on_request() as teller:
        plan = _plan(given, asked, notes)
        tune()
        with _heard() as hang_up:
            return _watch_on(plan, lambda plan: _Job(plan, notes, teller, hang_up, lambda: _plan(given, asked, notes)))


def _watch_on(plan: Plan, job_of: Callable[[Plan], _Job]) -> int:
    """One watch after the other, as the files change; the exit code. After a plan that fails, the last goes on."""
    before: Plan | None = None
    while True:
        job = job_of(plan)
        try:
            code = job.run()
        except (ConfigError, StoreError) as error:
            if before is None or job.begun:
                raise
            job.complain(error)
            plan, before = before, None
            continue
        if job.next is None:
            return code
        before, plan = plan, job.next
        gc.collect()  # the watch that has ended is large, and hangs together


class _HangUp:
    """Whether SIGHUP has come, since that was last taken note of."""

    came = False


@contextlib.contextmanager
def _heard() -> Iterator[_HangUp]:
    """Hear SIGHUP, also between two watches: what it does by itself is to end the process."""
    hang_up = _HangUp()

    def note_it(*_: Any) -> None:
        hang_up.came = True

    before = signal.signal(signal.SIGHUP, note_it)
    try:
        yield hang_up
    finally:
        signal.signal(signal.SIGHUP, before)


def _plan(given: Mapping[str, Any], asked: Collection[str], notes: Notes) -> Plan:
    """What the parameters and the files say, as they are now.

    :raises ConfigError: for what cannot be meant.
    """
    settings = check_settings(given, asked)
    checks = read_targets(given, asked, notes)
    if not checks.targets:
        raise ConfigError("there is nothing left to watch")
    kinds = {"every": Every, "jitter": Seconds}
    changes = {name: kind(given[name]) for name, kind in kinds.items() if given.get(name) is not None}
    checks.watch = msgspec.structs.replace(checks.watch, **changes)
    token_file = given.get("token_file")
    table = (None, token_file) if token_file else (checks.web.token, checks.web.token_file)
    return Plan(
        checks=checks,
        store=given.get("store") or checks.history.file or _beside(given["targets"]),
        settings=settings,
        backend=given["backend"],
        listen=None if given.get("no_web") else _listen(given.get("listen") or checks.web.listen),
        token=read_secret("web token", *table),
    )


def _beside(arguments: Collection[str]) -> str:
    """The history's file where none is named: beside the first file that is."""
    files = (Path(each) for each in arguments if "://" not in each and Path(each).is_file())
    first = next(files, None)
    return str(first.with_suffix(".sqlite")) if first else "watch.sqlite"


def _listen(text: str) -> tuple[str, int]:
    """An address and a port: ``127.0.0.1:8600``, ``[::1]:8600``.

    :raises ConfigError: for anything else.
    """
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ConfigError(f"{text!r} is no address to listen on: write it as 127.0.0.1:8600")
    return host, int(port)


class _Job:
    """One watch, from its start to its end.

    :ivar next: the plan of the watch that is to follow this one.
    :ivar begun: whether it could be opened.
    :param reread: makes a plan of the files as they are now.
    """

    def __init__(self, plan: Plan, notes: Notes, teller: Teller, hang_up: _HangUp, reread: Callable[[], Plan]) -> None:
        self.next: Plan | None = None
        self.begun = False
        self._plan, self._notes, self._teller, self._reread = plan, notes, teller, reread
        self._hang_up = hang_up
        self._ended = self._terminated = False
        self._missed = self._leaps = 0
        self._reported = 0.0

    def run(self) -> int:
        """Watch until a signal ends it; the exit code."""
        name, why = self._plan.engine
        self._notes.explain(f"backend {name}: {why}")
        with open_watch(self._plan, self._log, self._tell) as watch:
            self._begin(watch)
            with self._teller.about(watch.run), self._signals(watch):
                try:
                    for results in watch.rounds():
                        self._look(watch, results)
                finally:
                    watch.close()
            interrupt_early()
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._ended:  # be it that the files were to be read again
            self.next = None
        self._end()
        return 0 if self._terminated or self.next else INTERRUPTED

    def complain(self, error: Exception) -> None:
        """Say that what is written in the files cannot be."""
        self._log(f"the files cannot be used, so nothing changes: {error}")

    def _begin(self, watch: Watch) -> None:
        self.begun = True
        what = human_count(len(self._plan.checks.targets), "check")
        self._log(f"watching {what}; the history is in {self._plan.store}")
        if watch.url is not None:
            self._log(f"status page: {watch.url}")

    def _end(self) -> None:
        self._log("the files are read again" if self.next else "ended; the same command goes on with the history")

    @contextlib.contextmanager
    def _signals(self, watch: Watch) -> Iterator[None]:
        """Those that end it, as everywhere, but that SIGTERM is how a service is ended."""
        with interruptible(watch.run, self._notes.interject):
            ending: Any = signal.getsignal(signal.SIGTERM)

            def ended(number: int, frame: Any) -> None:
                self._ended = True
                self._terminated |= number == signal.SIGTERM
                ending(number, frame)

            for number in ENDING:
                signal.signal(number, ended)
            yield

    def _look(self, watch: Watch, results: Collection[Result]) -> None:
        """After each round: tell what there is to tell, and see whether the files are to be read again."""
        if self._notes.verbose:
            for result in results:
                about = f"  {note(result)}" if note(result) else ""
                self._log(f"{result.verdict.value:<7}  {result.target.key}{about}")
        schedule = watch.schedule
        if schedule.leaps != self._leaps:
            self._leaps = schedule.leaps
            self._log("the clock has leapt, or the machine was asleep: rounds go on from now")
        if schedule.missed != self._missed and time.monotonic() - self._reported >= _REPORT:
            self._log(f"rounds missed, as the checks before them were not over: {schedule.missed - self._missed:,}")
            self._missed, self._reported = schedule.missed, time.monotonic()
        if self._hang_up.came and not watch.run.stopped:
            self._hang_up.came = False
            self._reload(watch)

    def _reload(self, watch: Watch) -> None:
        try:
            self.next = self._reread()
        except (ConfigError, click.UsageError) as error:
            self.complain(error)
        else:
            watch.run.stop()

    def _tell(self, committed: Committed) -> None:
        for change in committed.changes:
            self._log(headline(change))

    def _log(self, text: str) -> None:
        self._notes.say(f"{_stamp()}{text}")


def _stamp() -> str:
    """The time, in front of a line; where the journal takes it, that has one itself."""
    return "" if "JOURNAL_STREAM" in os.environ else time.strftime("%Y-%m-%d %H:%M:%S  ")
