"""The crawl that ``scraper compare`` records before it compares: once, politely, told as any crawl is."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from scraper.archive.about import About
from scraper.archive.reading import Recorded
from scraper.archive.recorder import Recorder
from scraper.archive.replay import Recording
from scraper.archive.writing import ENDING, Writer, check_recording
from scraper.cli.compare import MAX_PAGES
from scraper.cli.interrupt import interruptible
from scraper.cli.notes import Notes
from scraper.cli.outputs import is_there
from scraper.cli.signals import kept
from scraper.compare.api import Plan
from scraper.errors import ConfigError
from scraper.options import make_settings
from scraper.report.human import human_count, human_duration
from scraper.report.progress import Progress
from scraper.report.style import wants_color
from scraper.run import CrawlRun, Nowhere, around, open_run, pick
from scraper.seeds import read_seeds
from scraper.settings import Settings

__all__ = ["recorded"]


@contextlib.contextmanager
def recorded(plan: Plan, given: Mapping[str, Any], notes: Notes) -> Iterator[Plan]:
    """``plan`` with its workload recorded, from the URLs and lists that the parameters name.

    Without ``--record`` the recording is there for the block only.

    :raises ConfigError: for what is no URL, for a file that is there already, and where nothing could be fetched.
    """
    seeds = read_seeds(given["targets"]).urls
    if not seeds:
        raise ConfigError("there is no URL left to compare on")
    if given["record"] is not None:
        _check_new(given["record"])
    depth, pages = given["depth"] or 0, given["max_pages"] or MAX_PAGES
    settings = around(make_settings(depth=depth, max_pages=pages), seeds)
    with tempfile.TemporaryDirectory(prefix="recording-") as folder:
        file = given["record"] or str(Path(folder) / f"crawl{ENDING}")
        outcomes = _record(file, settings, seeds, given, notes)
        _sum_up(file, outcomes, given, notes)
        work = msgspec.structs.replace(plan.workloads[0], about=_about(seeds), recording=file)
        yield msgspec.structs.replace(plan, workloads=(work,))


def _check_new(file: str) -> None:
    """Whether a recording can be made there.

    :raises ConfigError: where it cannot, or where there is one already.
    """
    if is_there(file):
        raise ConfigError(f"{file} already exists: compare on it with --replay, or name another file")
    check_recording(file, resume=False)


def _about(seeds: Sequence[str]) -> str:
    more = f" and {len(seeds) - 1:,} more" if len(seeds) > 1 else ""
    return f"{seeds[0]}{more}, recorded, and replayed with the times that the servers took."


def _record(
    file: str, settings: Settings, seeds: Sequence[str], given: Mapping[str, Any], notes: Notes
) -> Mapping[str, int]:
    """Crawl ``seeds`` into ``file``; how many URLs came to what.

    :raises KeyboardInterrupt: when it was ended before; what came until then is in the file.
    """
    name, why = pick("auto", settings, seeds)
    notes.explain(f"recording with backend {name}: {why}")
    most = given["max_pages"] or MAX_PAGES
    most = most if given["depth"] else min(most, len(seeds))
    notes.say(f"recording up to {human_count(most, 'page')}, politely")
    progress = Progress(sys.stderr, quiet=notes.quiet, color=wants_color(given["color"], sys.stderr))
    backend = Recorder.around(name, settings, Writer(file, About.of(settings, seeds)))
    with kept(), open_run(settings, seeds, backend, Nowhere()) as run, interruptible(run, notes.interject):
        try:
            for _ in run.rounds():
                _tell(progress, run)
        finally:
            progress.clear()
            run.close()
    if run.stopped:
        if given["record"] is not None:
            notes.say(f"recording: {file}, with what came until now")
        raise KeyboardInterrupt
    return dict(run.stats.outcomes)


def _tell(progress: Progress, run: CrawlRun) -> None:
    if progress.due:
        crawl = run.crawl
        progress.update(
            run.stats,
            in_flight=crawl.in_flight,
            waiting=crawl.waiting,
            hosts=crawl.hosts,
            pages_left=crawl.pages_left,
        )


def _sum_up(file: str, outcomes: Mapping[str, int], given: Mapping[str, Any], notes: Notes) -> None:
    """Say what was recorded.

    :raises ConfigError: where no page gave an answer.
    """
    pages = _pages(file)
    answers = [page.server for page in pages if page.status is not None]
    if not answers:
        named = ", ".join(f"{name} {count:,}" for name, count in outcomes.items())
        raise ConfigError(f"nothing could be recorded, so there is nothing to compare on: {named}")
    without = {name: count for name, count in outcomes.items() if not name.isdecimal()}
    told = ", ".join(f"{name} {count:,}" for name, count in without.items())
    failed = f", {sum(without.values()):,} gave none ({told})" if without else ""
    half = human_duration(median(answers))
    notes.say(f"recorded {human_count(len(answers), 'page')}{failed}; half of them took {half} at most")
    if given["record"] is not None:
        notes.say(f"recording: {file}; compare again with --replay {file}")


def _pages(file: str) -> list[Recorded]:
    try:
        return Recording(file).pages()
    except ConfigError:  # there is no answer in it at all
        return []
