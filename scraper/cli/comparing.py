"""What ``scraper compare`` does once its arguments are read: find the work, measure it, show what came of it."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from scraper.archive.replay import Recording
from scraper.check.outputs.anew import AnewSink
from scraper.cli.codes import FAILURES, INTERRUPTED, PIPE_CLOSED
from scraper.cli.interrupt import command_as_shown
from scraper.cli.notes import Notes, shown
from scraper.cli.plans import listed, plan_of, source_of
from scraper.cli.recording import recorded
from scraper.cli.signals import interrupt_early
from scraper.compare.api import Comparing, Plan, Step
from scraper.compare.changes import changes
from scraper.compare.model import Comparison
from scraper.compare.outputs.document import from_json, to_json
from scraper.compare.outputs.page import to_html
from scraper.compare.outputs.text import table
from scraper.errors import ConfigError, ScraperError
from scraper.report.human import human_count, human_duration
from scraper.report.progress import Progress
from scraper.report.style import wants_color
from scraper.store.files import STDOUT, is_stream
from scraper.store.sink import PipeClosed, Sink, StreamSink

__all__ = ["drive"]


def drive(given: dict[str, Any], asked: Collection[str], words: Sequence[str]) -> int:
    """Make the comparison that ``given``, the command's parameters, ask for; the exit code.

    :param asked: the names of those that the user gave.
    :param words: the whole command line, for the report.
    """
    interrupt_early()
    if given["workload"] == "list":
        click.echo(listed(), nl=False)
        return 0
    notes = Notes.asked_for(given)
    source = source_of(given)
    plan = plan_of(given, source, command_as_shown(words))
    before = _before(given["against"])
    if source == "replay":
        Recording(given["replay"])  # what is wrong with it is told before anything is begun
    try:
        with contextlib.ExitStack() as stack:
            results = stack.enter_context(contextlib.closing(_Results(given, notes, before)))
            if source == "targets":
                plan = stack.enter_context(recorded(plan, given, notes))
            return _Job(plan, given, notes, results).run()
    except PipeClosed:
        return PIPE_CLOSED


def _before(file: str | None) -> Comparison | None:
    """The comparison that this one is set against."""
    if file is None:
        return None
    try:
        return from_json(Path(file).read_bytes(), file)
    except OSError as error:
        raise ConfigError(f"--against {file}: {error.strerror or error}") from error


class _Results:
    """Where the result goes: opened before anything is measured, so that nothing is measured in vain."""

    def __init__(self, given: Mapping[str, Any], notes: Notes, before: Comparison | None) -> None:
        self._notes, self._before, self._mode = notes, before, given["color"]
        self._sinks: list[tuple[str, str, Sink]] = []
        places = [(kind, given[kind]) for kind in ("html", "json") if given[kind] is not None]
        self._told = not any(file in STDOUT for _, file in places)
        self._passing = bool(given["targets"]) and given["record"] is None
        _check_apart(given)
        try:
            for kind, file in places:
                self._sinks.append((kind, file, StreamSink(file) if is_stream(file) else AnewSink(file)))
        except BaseException:
            self.close()
            raise

    def write(self, comparison: Comparison) -> None:
        """Show ``comparison`` and write its files; a recording that is not kept is not named."""
        if self._passing:
            works = (msgspec.structs.replace(work, recording=None) for work in comparison.workloads)
            comparison = msgspec.structs.replace(comparison, workloads=tuple(works))
        if self._told:
            self._show(comparison)
        for kind, file, sink in self._sinks:
            sink.put(to_json(comparison) if kind == "json" else to_html(comparison).encode(), 1)
            sink.finish()
            if file not in STDOUT:
                self._notes.say(f"{'page' if kind == 'html' else 'data'}: {file}")

    def _show(self, comparison: Comparison) -> None:
        color = wants_color(self._mode, sys.stdout)
        width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
        text = table(comparison, color=color, width=width)
        if self._before is not None:
            text += "\n" + shown("".join(f"{line}\n" for line in changes(comparison, self._before)))
        out = StreamSink("-")
        out.put(text.encode("utf-8", "replace"), 1)

    def close(self) -> None:
        """Let the files go; what is not finished leaves no trace."""
        for _, _, sink in self._sinks:
            sink.close()


def _check_apart(given: Mapping[str, Any]) -> None:
    """Whether no result would take the place of another one, or of what is read."""
    lists = [("the list", file) for file in given["targets"] if file not in STDOUT and Path(file).is_file()]
    seen: dict[str, str] = {}
    for flag, file in (*((f"--{name}", given[name]) for name in ("html", "json", "record", "replay")), *lists):
        if file is not None:
            other = seen.setdefault(_place(file), flag)
            if other != flag:
                raise ConfigError(f"{other} and {flag} are the same file: {file}")


def _place(file: str) -> str:
    return "-" if file in STDOUT else str(Path(file).resolve())


class _Told(Progress):
    """How a comparison goes: ``latency/threads/64  round 2 of 5  41 s left``."""

    def told(self, step: Step) -> None:
        """Tell what comes next, if it is time to."""
        if self.due:
            self.show([step.case.name, step.doing, f"{human_duration(round(step.left))} left"])


class _Job:
    """One comparison, ready to begin."""

    def __init__(self, plan: Plan, given: Mapping[str, Any], notes: Notes, results: _Results) -> None:
        self._plan, self._notes, self._results = plan, notes, results
        self._progress = _Told(sys.stderr, quiet=notes.quiet, color=wants_color(given["color"], sys.stderr))

    def run(self) -> int:
        """Measure, show what came of it, and give the exit code; broken off, what there is by then."""
        comparing = Comparing(self._plan, tell=self._tell)
        self._announce(comparing)
        try:
            comparing.run()
        except (KeyboardInterrupt, ScraperError) as error:
            self._progress.clear()
            self._broken_off(comparing, error)
            if isinstance(error, KeyboardInterrupt):
                return INTERRUPTED
            raise
        self._progress.clear()
        comparison = comparing.comparison()
        self._results.write(comparison)
        return 0 if all(row.same for row in comparison.rows) else FAILURES

    def _tell(self, step: Step) -> None:
        if self._notes.verbose:
            self._progress.clear()
            self._notes.explain(f"{step.case.name}  {step.doing}")
        self._progress.told(step)

    def _announce(self, comparing: Comparing) -> None:
        plan, cases = self._plan, human_count(comparing.cases, "case")
        rounds = human_count(plan.rounds, "round")
        works = human_count(len(plan.workloads), "workload")
        took = human_duration(round(comparing.estimate.left))
        self._notes.say(f"comparing {cases} of {works}, {rounds} each: about {took}")

    def _broken_off(self, comparing: Comparing, error: BaseException) -> None:
        """Show what there is; one more Ctrl-C ends that, too."""
        comparison = comparing.comparison()
        if comparison.runs:
            self._results.write(comparison)
        elif isinstance(error, KeyboardInterrupt):
            self._notes.say("interrupted before the first run was over")
