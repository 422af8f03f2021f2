"""A recording, given again: what was fetched, and the source of a local server that answers as the servers did."""

from __future__ import annotations

import contextlib
import os
import re
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from scraper.archive.about import About
from scraper.archive.reading import Index, Recorded, read_block, scan
from scraper.errors import ConfigError
from scraper.fetch.errors import FetchError
from scraper.fetch.framing import AnswerReader
from scraper.fetch.replayed import answer_for, disarmed
from scraper.model import Kind, Reason
from scraper.serving.answers import Answer
from scraper.serving.server import Server
from scraper.settings import Settings

__all__ = ["MISSING", "Recording", "Replay", "offline", "unhurried"]

MISSING = Reason.SCOPE
"""Why there is no page of a URL that was not recorded: the recording is all the web there is. Not a reason that passes,
so that nobody tries again."""


class Recording:
    """The recording in the file ``path``; its bodies stay there.

    :ivar seeds: what was crawled; empty where another tool recorded.
    :ivar options: how, by the names of :class:`scraper.options.Options`, of the last crawl in it.
    :ivar cut: bytes at its end that are no whole record: the process was killed.
    :raises ConfigError: when it cannot be read, or holds no answers.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = str(path)
        self._index = scan(self.name)
        if not self._index.entries:
            raise ConfigError(f"{self.name} holds no recorded answer")
        abouts = self._index.abouts or [About()]
        self.seeds = list(dict.fromkeys(seed for about in abouts for seed in about.seeds))
        self.options: dict[str, Any] = abouts[-1].options
        self.cut = self._index.cut

    def pages(self) -> list[Recorded]:
        """The last fetch of each page, in the order of their first."""
        found = {entry.url: entry for entry in self._index.entries if entry.kind is Kind.PAGE}
        return list(found.values())

    def fetches(self) -> list[Recorded]:
        """All fetches, in the order of their ends: retries, robots files and sitemaps too."""
        return list(self._index.entries)

    @contextlib.contextmanager
    def replayed(self, settings: Settings) -> Iterator[Settings]:
        """``settings`` by which a crawl gets these answers and no others, while the block lasts, and at once.

        :raises ConfigError: where the local server cannot listen.
        """
        with Server(self.source()) as server:
            yield offline(settings, server.port)

    def source(self, *, latency: bool = False) -> Replay:
        """What a :class:`scraper.serving.server.Server` answers with.

        :param latency: whether answers take the time that they took; those that never came take none.
        """
        return Replay(self.name, self._index, latency=latency)


class Replay:
    """Recorded answers by URL: the n-th time that it is asked for, the n-th one; the last one again and again.

    It crosses to the server's process with its index, and opens the file there.
    """

    def __init__(self, name: str, index: Index, *, latency: bool) -> None:
        self._name, self._packed, self._latency = name, index.packed, latency
        self._entries: dict[str, list[Recorded]] = {}
        for entry in index.entries:
            self._entries.setdefault(entry.url, []).append(entry)
        self._fd: int | None = None
        self._kept: OrderedDict[tuple[int, int], Answer] = OrderedDict()
        self._room = _KEPT

    def hosts(self) -> list[str]:
        """One address stands for all hosts."""
        return ["127.0.0.1"]

    def answer(self, url: str, turn: int) -> Answer | None:
        """As :class:`scraper.serving.answers.Source` has it; a robots file that was not recorded is not there."""
        entries = self._entries.get(url)
        if entries is None:
            return None if url.endswith("/robots.txt") and url.count("/") == 3 else _NOT_RECORDED
        entry = entries[min(turn, len(entries) - 1)]
        if entry.reason is not None:
            delay = entry.server if self._latency and entry.reason is not Reason.TIMEOUT else 0.0
            return Answer(answer_for(entry.reason, entry.detail), delay)
        return self._kept.get(entry.place) or self._load(entry)

    def _load(self, entry: Recorded) -> Answer:
        try:
            if self._fd is None:
                self._fd = os.open(self._name, os.O_RDONLY | os.O_CLOEXEC)
            block = read_block(self._fd, entry, packed=self._packed)
        except (OSError, ValueError, zlib.error) as error:
            return Answer(answer_for(Reason.INTERNAL, f"{self._name} has changed: {error}"))
        answer = _answer(block, entry, latency=self._latency)
        self._keep(entry, answer)
        return answer

    def _keep(self, entry: Recorded, answer: Answer) -> None:
        """Remember what was just unpacked, and forget what was so longest ago."""
        self._kept[entry.place] = answer
        self._room -= len(answer.payload)
        while self._room < 0:
            _, oldest = self._kept.popitem(last=False)
            self._room += len(oldest.payload)


def offline(settings: Settings, port: int) -> Settings:
    """``settings`` for a crawl whose only server is the replay at ``port``, and which makes no pauses."""
    identity = msgspec.structs.replace(settings.identity, proxy=f"replay://127.0.0.1:{port}")
    return msgspec.structs.replace(unhurried(settings), identity=identity)


def unhurried(settings: Settings) -> Settings:
    """``settings`` without pauses but those that were asked for: in a replay there is nobody to be polite to."""
    politeness = settings.politeness
    politeness = msgspec.structs.replace(politeness, delay=politeness.delay or 0.0, paced=False)
    retry = msgspec.structs.replace(settings.retry, base=0.0)
    return msgspec.structs.replace(settings, politeness=politeness, retry=retry)


def _answer(block: bytes, entry: Recorded, *, latency: bool) -> Answer:
    """What is sent for a recorded message; the connection ends with it where that ends its body."""
    end = _HEAD_END.search(block)
    head = disarmed(block[: end.end()] if end else block)
    payload = head + block[end.end() :] if end else head
    reader = AnswerReader(len(payload), len(payload))
    with contextlib.suppress(FetchError):  # another tool's: whoever asks for it finds out the same
        reader.feed(payload)
    last = not (reader.done and reader.keep)
    if not latency:
        return Answer(payload, last=last)
    parted = entry.body > 0 and len(head) < len(payload)
    return Answer(payload, entry.server, len(head) * parted, entry.body * parted, last)


_HEAD_END = re.compile(rb"\n\r?\n")
_KEPT = 64_000_000
"""Bytes of answers that are kept unpacked."""
_NOT_RECORDED = Answer(answer_for(MISSING, "not in the recording"))
