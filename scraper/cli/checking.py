"""What ``scraper check`` does once its arguments are read: check all targets once, tell what they came to."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click

from scraper.check.api import choose_backend, open_checks
from scraper.check.asking.schema import schema_text
from scraper.check.model import TROUBLE, Result, Target, Verdict
from scraper.check.outputs import Summary, annotation, headline
from scraper.check.outputs.words import note
from scraper.cli.codes import FAILURES, INTERRUPTED, PIPE_CLOSED
from scraper.cli.diagnose import Teller, told_on_request
from scraper.cli.drycheck import dry_run
from scraper.cli.given import check_settings, read_targets
from scraper.cli.interrupt import command_as_shown, interruptible
from scraper.cli.notes import Notes, tell
from scraper.cli.reports import Reports, plan_reports
from scraper.cli.signals import interrupt_early
from scraper.errors import ConfigError, ScraperError
from scraper.report.human import human_count, human_duration
from scraper.report.progress import Progress
from scraper.report.style import wants_color
from scraper.run import Run
from scraper.settings import Settings
from scraper.store import PipeClosed
from scraper.tuning import tune

__all__ = ["CheckProgress", "drive", "failing"]

_NOT_AGAIN = ("outputs", "form", "fail_on", "annotations", "dry_run")
"""Parameters that say nothing of checks without an end."""


def drive(given: dict[str, Any], asked: Collection[str], words: Sequence[str]) -> int:
    """Run the checks that ``given``, the command's parameters, ask for; the exit code.

    :param asked: the names of those that the user gave.
    :param words: the whole command line, for the reports.
    """
    interrupt_early()
    if given["schema"]:
        click.echo(schema_text(), nl=False)
        return 0
    if given["every"] is not None:
        return _watch(given, asked)
    with told_on_request() as teller:
        try:
            return _drive(given, asked, words, teller)
        except PipeClosed:
            return PIPE_CLOSED


def _watch(given: dict[str, Any], asked: Collection[str]) -> int:
    """Check again and again, as ``scraper watch`` does."""
    from scraper.cli.watching import drive as watch  # here: the web server is heavy

    for name in _NOT_AGAIN:
        if name in asked:
            option = {"outputs": "-o", "form": "-f"}.get(name, f"--{name.replace('_', '-')}")
            raise click.UsageError(f"--every has no end, and so no {option}: what was found is in the --store")
    return watch(given, asked)


def _drive(given: dict[str, Any], asked: Collection[str], words: Sequence[str], teller: Teller) -> int:
    notes = Notes.asked_for(given)
    settings = check_settings(given, asked)
    checks = read_targets(given, asked, notes)
    if not checks.targets:
        left = " left" if checks.bad_count else f" in {', '.join(given['targets'])}"
        raise ConfigError(f"there is nothing to check{left}")
    plan = plan_reports(
        given["outputs"], given["form"], given["store"], [*given["targets"], given["auth_file"], given["ca_file"]]
    )
    if given["dry_run"]:
        return dry_run(given["backend"], settings, checks.targets)
    reports = plan.open(checks, color=wants_color(given["color"], sys.stdout), verbose=given["verbose"])
    command = command_as_shown(words, given["headers"])
    with contextlib.closing(reports):
        return _Job(given, notes, teller, settings, checks.targets, reports, command).run()


def failing(words: Sequence[Sequence[str]]) -> frozenset[Verdict]:
    """The verdicts that ``--fail-on`` names."""
    named = {word for group in words for word in group} or {"down"}
    if "any" in named:
        return frozenset(Verdict) - {Verdict.UP}
    return frozenset(Verdict(word) for word in named - {"none"})


class CheckProgress(Progress):
    """How checks go: ``120 of 1,000 checked  12.0/s  50 in flight  3 down  1 slow``."""

    def told(self, counts: Mapping[Verdict, int], total: int, in_flight: int, pause: float = 0.0) -> None:
        """Tell how things stand, if it is time to.

        :param pause: seconds until something is started again, as after a ``Retry-After``; told where nothing else
            says why it goes no further.
        """
        if not self.due:
            return
        done = sum(counts.values())
        troubled = [f"{human_count(counts[verdict])} {verdict.value}" for verdict in TROUBLE if counts.get(verdict)]
        flying = f"{in_flight} in flight"
        if not in_flight and pause >= 1.0:
            flying = f"the next is asked in {human_duration(pause)}, for politeness"
        rate = f"{self.rate(done):,.1f}/s"
        self.show([f"{human_count(done)} of {human_count(total)} checked", rate, flying, *troubled])


class _Job:
    """One run of checks, ready to begin."""

    def __init__(
        self,
        given: Mapping[str, Any],
        notes: Notes,
        teller: Teller,
        settings: Settings,
        targets: Sequence[Target],
        reports: Reports,
        command: str,
    ) -> None:
        self._given, self._notes, self._teller, self._reports = given, notes, teller, reports
        self._settings, self._targets, self._command = settings, targets, command
        self._fail_on = failing(given["fail_on"])
        self._counts: Counter[Verdict] = Counter()
        self._started = time.time()
        self._backend = ""
        marked = given["annotations"]
        self._marks = os.environ.get("GITHUB_ACTIONS") == "true" if marked is None else bool(marked)

    def run(self) -> int:
        """Check, tell what it came to, and give the exit code."""
        self._backend, why = choose_backend(self._given["backend"], len(self._targets))
        self._notes.explain(f"backend {self._backend}: {why}")
        tune()
        with open_checks(self._targets, self._settings, self._backend, self._reports) as run:
            code = self._drive(run)
        failed = any(self._counts[verdict] for verdict in self._fail_on)
        return code or (FAILURES if failed else 0)

    def _drive(self, run: Run[Result]) -> int:
        """Run to the end, whichever that is; the reports are written while signals are still in our hands."""
        progress = CheckProgress(
            sys.stderr, quiet=self._notes.quiet, color=wants_color(self._given["color"], sys.stderr)
        )
        with self._teller.about(run), interruptible(run, self._notes.interject):
            try:
                for results in run.rounds():
                    self._take(results, progress)
                    if progress.due:
                        pause = (run.core.wakeup() or 0.0) - run.backend.clock()
                        progress.told(self._counts, len(self._targets), run.core.in_flight, pause)
                progress.clear()
                self._sum_up(run)
            except PipeClosed:
                return PIPE_CLOSED
            except ScraperError as error:
                error.add_note(f"{self._counts.total():,} of {len(self._targets):,} were checked until then")
                raise
            finally:
                progress.clear()
                run.close()
        return INTERRUPTED if run.stopped else 0

    def _take(self, results: Sequence[Result], progress: Progress) -> None:
        for result in results:
            self._counts[result.verdict] += 1
            mark = annotation(result, self._fail_on) if self._marks else None
            if mark or self._notes.verbose:
                progress.clear()
            if mark:
                tell(mark)
            about = f"  {note(result)}" if note(result) else ""
            self._notes.explain(f"{result.verdict.value:<7}  {result.target.title}{about}")

    def _sum_up(self, run: Run[Result]) -> None:
        summary = Summary(
            counts=dict(self._counts),
            elapsed=run.elapsed,
            started=self._started,
            command=self._command,
            fail_on=self._fail_on,
            backend=self._backend,
            unchecked=len(self._targets) - self._counts.total(),
        )
        self._reports.finish(summary)
        if not self._reports.told:  # its table ends with the same line
            color = wants_color(self._given["color"], sys.stderr)
            self._notes.say(headline(summary, color=color), styled=True)
        for place in self._reports.places:
            self._notes.explain(f"written: {place}")
