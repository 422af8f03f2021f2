"""What ``scraper crawl`` does once its arguments are read: open, crawl, tell how it went."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scraper.backends import BEGIN
from scraper.cli.codes import FAILURES, INTERRUPTED, PIPE_CLOSED
from scraper.cli.diagnose import Teller, told_on_request
from scraper.cli.dry import dry_run
from scraper.cli.interrupt import command_that_goes_on, interruptible
from scraper.cli.login import add_login
from scraper.cli.notes import Notes
from scraper.cli.outputs import Kept, open_kept
from scraper.cli.signals import interrupt_early
from scraper.errors import ConfigError, ScraperError
from scraper.model import Entry, Failed, Fetched, Kind, Outcome, Shallower
from scraper.options import Options, make_settings
from scraper.report.hints import hints
from scraper.report.human import human_count
from scraper.report.named import NamedSitemaps
from scraper.report.progress import Progress
from scraper.report.style import wants_color
from scraper.report.summary import summary
from scraper.run import CrawlRun, around, auto_of, open_run, pick, recall
from scraper.seeds import Seeds, read_seeds
from scraper.settings import Settings
from scraper.stats import is_failure, label, parse_error
from scraper.store import PipeClosed, SqliteStore, printable
from scraper.tuning import tune

if TYPE_CHECKING:
    from scraper.archive.recorder import Recorder
    from scraper.cli.archiving import Archiving

__all__ = ["drive"]

_NO_SETTINGS = frozenset(
    {
        *("seeds", "skip_bad", "auth_file", "backend", "store", "resume"),
        *("output", "form", "record", "replay", "dry_run", "quiet", "verbose", "color"),
    }
)
"""What ``scraper crawl`` takes that is no policy of the crawl."""


def drive(given: dict[str, Any], asked: Collection[str], words: Sequence[str]) -> int:
    """Run the crawl that ``given``, the command's parameters, ask for; the exit code.

    :param asked: the names of those that the user gave.
    :param words: the whole command line, for the command that goes on.
    """
    interrupt_early()
    with told_on_request() as teller:
        try:
            return _drive(given, asked, words, teller)
        except PipeClosed:  # while an output was refilled, or closed
            return PIPE_CLOSED


def _drive(given: dict[str, Any], asked: Collection[str], words: Sequence[str], teller: Teller) -> int:
    notes = Notes.asked_for(given)
    options = _options(given, asked)
    make_settings(**options)
    archiving = _archiving(given, notes)
    if archiving is not None:
        options = archiving.options(options)
    seeds = _seeds(given, notes, archiving)
    if given["dry_run"]:
        return dry_run(given, options, seeds.urls, archiving)
    kept = _opened(given, notes)
    with contextlib.closing(kept.whole):
        options, urls = recall(kept.checkpoint, options, seeds.urls)
        if not urls and not options.get("sitemap"):
            raise ConfigError(f"{kept.place} holds no seeds: give the URLs or the list once more")
        has_seeds = isinstance(kept.checkpoint, SqliteStore)
        headers = given["headers"]
        go_on = command_that_goes_on(words, without_stdin=has_seeds, headers=headers) if kept.checkpoint else None
        job = _Job(given, notes, teller, kept, around(make_settings(**options), urls), urls, go_on)
        return job.crawl(archiving)


def _options(given: dict[str, Any], asked: Collection[str]) -> Options:
    """The options that the user gave; the others are left to the settings, or to what the store remembers."""
    options: Any = {name: given[name] for name in given if name in asked and name not in _NO_SETTINGS}
    if "trap" in options:
        options["trap"] = dict(options["trap"])
    add_login(options, given["auth_file"])
    return options  # type: ignore[no-any-return]


def _archiving(given: dict[str, Any], notes: Notes) -> Archiving | None:
    if given["record"] is None and given["replay"] is None:
        return None
    from scraper.cli.archiving import Archiving  # here: most crawls are neither recorded nor replayed

    return Archiving(given, notes)


def _seeds(given: dict[str, Any], notes: Notes, archiving: Archiving | None) -> Seeds:
    arguments = given["seeds"]
    if not arguments and archiving is not None and given["replay"]:
        return Seeds(urls=archiving.seeds())
    if not arguments and given["sitemap"]:
        return Seeds()
    if not arguments and not (given["resume"] and given["store"]):
        again = "; only a --store keeps the URLs" if given["resume"] else ""
        raise click.UsageError(f"there is nothing to crawl: give a URL, a list file, or - for standard input{again}")
    if not arguments and not Path(given["store"]).exists():
        raise ConfigError(f"there is no store {given['store']} to go on with: give the URLs to begin a new crawl")
    seeds = read_seeds(arguments, skip_bad=given["skip_bad"])
    if seeds.bad_count:
        notes.say(seeds.complaint())
        notes.say(f"passed over: {seeds.bad_count} (--skip-bad)")
    if seeds.guessed is not None:
        more = f", and {seeds.guessed_count - 1} more alike" if seeds.guessed_count > 1 else ""
        notes.explain(f"{seeds.guessed[0]} is taken as {seeds.guessed[1]}{more}")
    if arguments and not seeds.urls:
        raise ConfigError("there is no URL left to crawl")
    return seeds


def _opened(given: dict[str, Any], notes: Notes) -> Kept:
    kept = open_kept(given)
    if kept.began:
        notes.say(f"{kept.place} is not there yet: a new crawl begins")
    return kept


def _is_telling(outcome: Outcome) -> bool:
    """Whether its failure says something: most sites have no robots file, and need none."""
    expected = outcome.request.kind is not Kind.PAGE and isinstance(outcome, Fetched) and outcome.status < 500
    return is_failure(outcome) and not expected


def _ended(run: CrawlRun) -> list[str]:
    """Which budget has ended it, while there was more to do."""
    crawl = run.crawl
    if run.stopped or not crawl.ending or not crawl.waiting:
        return []
    budget = "--max-pages" if crawl.pages_left == 0 else "--max-time"
    what = "URL still waits" if crawl.waiting == 1 else "URLs still wait"
    return [f"ended by {budget}: {human_count(crawl.waiting)} {what}"]


class _Job:
    """One crawl of the command line, opened and ready."""

    def __init__(
        self,
        given: dict[str, Any],
        notes: Notes,
        teller: Teller,
        kept: Kept,
        settings: Settings,
        urls: Sequence[str],
        go_on: str | None,
    ) -> None:
        self._given, self._notes, self._teller, self._kept = given, notes, teller, kept
        self._settings, self._urls, self._go_on = settings, urls, go_on
        self._choice = BEGIN
        self._sitemaps = NamedSitemaps(settings.discovery.given, settings.budget.redirects)
        self._archiving: Archiving | None = None

    def crawl(self, archiving: Archiving | None = None) -> int:
        """Crawl, tell how it went, and give the exit code.

        :param archiving: what records or replays it.
        """
        tune()
        if archiving is None:
            return self._crawl(self._pick())
        self._archiving = archiving
        with archiving.replayed(self._settings) as self._settings:
            archiving.begin()
            with archiving.recorded(self._pick(), self._settings, self._urls) as backend:
                return self._crawl(backend)

    def _pick(self) -> str:
        name, why = pick(self._given["backend"], self._settings, self._urls)
        self._notes.explain(f"backend {name}: {why}")
        return name

    def _crawl(self, backend: str | Recorder) -> int:
        with open_run(self._settings, self._urls, backend, self._kept.whole) as run:
            if run.recorded:
                self._notes.say(f"going on: {run.recorded:,} already recorded")
            try:
                code = self._drive(run)
            except ScraperError as error:
                if not self._notes.quiet:
                    error.add_note(self._after_trouble)
                raise
            self._sum_up(run)
            return code or (FAILURES if run.stats.failures or self._sitemaps.failed else 0)

    @property
    def _after_trouble(self) -> str:
        return f"what was recorded is kept; to go on: {self._go_on}" if self._go_on else "nothing was kept"

    def _drive(self, run: CrawlRun) -> int:
        """Run to the end, whichever that is, and close everything while signals are still in our hands."""
        progress = self._progress()
        with self._teller.about(run), interruptible(run, self._notes.interject):
            try:
                for entries in run.rounds():
                    self._sitemaps.look(entries)
                    if self._notes.verbose:
                        self._explain(progress, entries)
                        self._explain_choice(progress, run)
                    if progress.due:
                        self._tell(progress, run)
            except PipeClosed:
                return PIPE_CLOSED
            finally:
                progress.clear()
                run.close()
        return INTERRUPTED if run.stopped else 0

    def _explain_choice(self, progress: Progress, run: CrawlRun) -> None:
        """Say what a backend that chooses has decided, when it has."""
        if (auto := auto_of(run.backend)) is not None and auto.why != self._choice:
            self._choice = auto.why
            progress.clear()
            self._notes.explain(f"backend auto: {self._choice}")

    def _explain(self, progress: Progress, entries: Sequence[Entry]) -> None:
        """Name what failed, as soon as that is final."""
        for entry in entries:
            if not isinstance(entry, Shallower) and _is_telling(entry):
                progress.clear()
                attempts = f" (attempt {entry.request.attempt})" if entry.request.attempt > 1 else ""
                why = entry.detail if isinstance(entry, Failed) else parse_error(entry)
                detail = f": {why}" if why else ""
                self._notes.explain(printable(f"{label(entry)}  {entry.url}{attempts}{detail}"))

    def _progress(self) -> Progress:
        # lines of text on a terminal tell by themselves how it goes, and a live line would be torn by them
        watched = self._kept.place is None and sys.stdout.isatty()
        color = wants_color(self._given["color"], sys.stderr)
        return Progress(sys.stderr, quiet=self._notes.quiet or watched, color=color)

    def _tell(self, progress: Progress, run: CrawlRun) -> None:
        crawl, time = run.crawl, self._settings.budget.time
        progress.update(
            run.stats,
            in_flight=crawl.in_flight,
            waiting=crawl.waiting,
            hosts=crawl.hosts,
            pages_left=crawl.pages_left,
            time_left=None if time is None else time - run.elapsed,
        )

    def _sum_up(self, run: CrawlRun) -> None:
        left = run.crawl.waiting or run.crawl.in_flight
        archived = self._archiving.told(run.stats) if self._archiving else []
        text = summary(
            run.stats,
            run.elapsed,
            results=self._kept.place,
            go_on=self._go_on if left else None,
            recorded=run.recorded,
            interrupted=run.stopped,
            hints=[*hints(run.stats, self._settings, self._urls), *self._sitemaps.notes(), *archived, *_ended(run)],
            color=wants_color(self._given["color"], sys.stderr),
        )
        if left and self._go_on is None:
            text += "  to go on next time, keep the crawl: --store FILE\n"
        self._notes.say(text.rstrip("\n"), styled=True)
