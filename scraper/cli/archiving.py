"""What ``--record`` and ``--replay`` of a crawl ask for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from scraper.archive.about import About
from scraper.archive.recorder import Recorder
from scraper.archive.replay import MISSING, Recording, unhurried
from scraper.archive.writing import Writer, check_recording
from scraper.cli.notes import Notes
from scraper.errors import ConfigError
from scraper.options import Options
from scraper.report.human import human_count
from scraper.settings import Settings
from scraper.stats import Stats
from scraper.url import canonical, host_key

__all__ = ["Archiving"]


class Archiving:
    """A crawl that is recorded, or replayed.

    :raises UsageError: for options that exclude each other.
    :raises ConfigError: for a file that cannot be written, or holds no recording.
    """

    def __init__(self, given: Mapping[str, Any], notes: Notes) -> None:
        self._notes, self._resume, self._named = notes, given["resume"], bool(given["seeds"])
        self._file: str | None = given["record"]
        self._recording: Recording | None = None
        if given["replay"] is not None:
            for other in ("record", "proxy"):
                if given[other] is not None:
                    raise click.UsageError(f"--replay and --{other} exclude each other")
            self._recording = _opened(given["replay"], notes)
        if self._file is not None:
            _check(self._file, given)

    def seeds(self) -> list[str]:
        """What the recording was made of; nothing where something is recorded.

        :raises ConfigError: where the recording does not tell.
        """
        if self._recording is None:
            return []
        seeds = [url for seed in self._recording.seeds if (url := canonical(seed)) is not None]
        if not seeds and not self._recording.options.get("sitemap"):
            raise ConfigError(f"{self._recording.name} does not say what was crawled: give the URLs too")
        return seeds

    def options(self, options: Options) -> Options:
        """``options``, with those of the recorded crawl that say how far it went, where its seeds are taken too."""
        if self._recording is None or self._named:
            return options
        known = self._recording.options
        kept: Any = {name: known[name] for name in ("depth", "sitemap") if known.get(name) not in (None, [])}
        return {**kept, **options}

    def settings(self, settings: Settings) -> Settings:
        """``settings`` as a replay keeps them: without pauses."""
        return settings if self._recording is None else unhurried(settings)

    @contextlib.contextmanager
    def replayed(self, settings: Settings) -> Iterator[Settings]:
        """``settings`` that ask the recording, while the block lasts, if there is one."""
        if self._recording is None:
            yield settings
            return
        with self._recording.replayed(settings) as offline:
            yield offline

    @contextlib.contextmanager
    def recorded(self, name: str, settings: Settings, urls: Sequence[str]) -> Iterator[str | Recorder]:
        """What :func:`scraper.run.open_run` takes for the backend ``name``: around it what records, if anything does.

        :raises StoreError: when the file cannot be opened, or is in use.
        """
        if self._file is None:
            yield name
            return
        writer = Writer(self._file, About.of(settings, urls), resume=self._resume)
        if writer.cut:
            self._notes.say(f"{self._file}: {_torn(writer.cut)}; it was cut off")
        with contextlib.closing(Recorder.around(name, settings, writer)) as recorder:
            yield recorder

    def lines(self) -> list[str]:
        """What a dry run says of it."""
        if self._recording is not None:
            return [f"replay: {_about(self._recording)}"]
        assert self._file is not None
        return [f"record: {self._file}{', which exists' if Path(self._file).exists() else ''}"]

    def begin(self) -> None:
        """Say what is replayed."""
        if self._recording is not None:
            self._notes.say(f"replaying {_about(self._recording)}; no server but our own is asked")

    def told(self, stats: Stats) -> list[str]:
        """What the summary says: what was recorded, or could not be replayed."""
        if self._file is not None:
            return [f"recorded: {self._file}; to crawl it again: --replay {self._file}"]
        missing = stats.outcomes.get(MISSING.value, 0)
        return [f"not in the recording: {human_count(missing, 'URL')}"] if missing else []


def _opened(name: str, notes: Notes) -> Recording:
    recording = Recording(name)
    if recording.cut:
        notes.say(f"{name}: {_torn(recording.cut)}; what comes before counts")
    return recording


def _torn(size: int) -> str:
    return f"its last record is torn ({human_count(size, 'byte')})"


def _about(recording: Recording) -> str:
    pages = recording.pages()
    hosts = len({host_key(page.url) for page in pages})
    return f"{recording.name}: {human_count(len(pages), 'page')} of {human_count(hosts, 'host')}"


def _check(name: str, given: Mapping[str, Any]) -> None:
    check_recording(name, resume=given["resume"])
    for option in ("store", "output"):
        if given[option] and Path(given[option]).resolve() == Path(name).resolve():
            raise ConfigError(f"--record and {'--store' if option == 'store' else '-o'} are the same file: {name}")
