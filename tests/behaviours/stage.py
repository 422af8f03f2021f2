"""The stage for the table: servers for its rows, one crawl of all of them, and what deviates from what is written."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from types import TracebackType
from typing import Any, Self

import msgspec

from scraper.model import Failed, Fetched, Outcome, Shallower
from scraper.run import Nowhere, open_run
from scraper.settings import Budget, Discovery, Identity, Limits, Politeness, Retry, Safety, Scope, ScopeMode, Settings
from scraper.url import origin
from tests.behaviours.rows import CERTS, Place, Row
from tests.server import ScriptedServer

__all__ = ["ROOMY", "Stage", "path_of", "word"]

ROOMY = Limits(connect=10.0, read=10.0, total=20.0)
"""For rows that are not about time: on a busy machine too nothing takes that long."""
SHORT = Limits(connect=0.2, read=0.1, total=0.3)
"""For rows that are: what comes late for another reason is a timeout as well."""

SETTINGS = Settings(
    scope=Scope(ScopeMode.HOST),
    politeness=Politeness(per_host=24, delay=0.0, robots=False, host_failures=None),
    retry=Retry(retries=0),
    budget=Budget(depth=0),
    identity=Identity(ca_file=str(CERTS / "ca.pem")),
    concurrency=24,
)

MANNERS = {
    "politeness": msgspec.structs.replace(SETTINGS.politeness, robots=True, longest_hold=0.2),
    "budget": Budget(depth=1),
    "discovery": Discovery(sitemaps=True),
    "safety": Safety(private=True),
    "scope": Scope(ScopeMode.HOST, exclude=("/unwanted/",)),
}
"""What the mannered rows are crawled with: robots files, sitemaps and links, on several names of this machine."""


class Stage:
    """Servers for ``rows``. Use it as a context manager.

    :ivar expected: the row of each URL that must have a record.
    """

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.expected: dict[str, tuple[str, Row]] = {}
        self._rows = rows
        self._seeds: list[tuple[str, Row]] = []
        self._servers: dict[Place, ScriptedServer] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            for name, row in self._rows.items():
                self._set_up(name, row)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def seeds(self) -> list[str]:
        """The URLs that a crawl of the rows is given."""
        return [url for url, _ in self._seeds]

    def crawl(self, backend: str, settings: Settings = SETTINGS) -> list[Outcome]:
        """The outcomes of all rows, in one crawl for each way to treat them."""
        outcomes: list[Outcome] = []
        for mannered, hasty in product((False, True), repeat=2):
            seeds = [url for url, row in self._seeds if (row.mannered, row.hasty) == (mannered, hasty)]
            if seeds:
                outcomes += _crawled(backend, _for(settings, mannered=mannered, hasty=hasty), seeds)
        return outcomes

    def deviations(self, outcomes: list[Outcome]) -> Iterator[str]:
        """What is not as it is written, a line each."""
        counts = Counter(outcome.url for outcome in outcomes)
        for url, (name, row) in self.expected.items():
            if counts[url] != row.times:
                yield f"{name}: {counts[url]} records of {url}"
        for outcome in outcomes:
            if outcome.url in self.expected:
                name, row = self.expected[outcome.url]
                yield from (f"{name}: {line}" for line in _differences(row, outcome))
            else:
                yield f"nobody expected {outcome}"

    def _set_up(self, name: str, row: Row) -> None:
        path = path_of(name)
        if row.url is not None:
            self._expect(row.url, name, row, row)
            return
        server = self._server(row.place)
        here = {path: row, **row.more}
        for place, part in here.items():
            if part.url is not None:
                self._expect(part.url, name, part, row)
                continue
            if part.behaviour is not None:
                server.script(place.partition("?")[0], part.behaviour)
            url = server.url(place, part.host or row.host or "127.0.0.1")
            self._expect(f"{row.scheme}:{url.partition(':')[2]}" if row.scheme else url, name, part, row)
        for place, behaviour in row.scripts.items():
            server.script(place, behaviour)

    def _expect(self, url: str, name: str, part: Row, row: Row) -> None:
        assert url not in self.expected, f"{name}: {url} is taken"
        self.expected[url] = name, part
        if part.seed:
            self._seeds.append((url, row))

    def _server(self, place: Place) -> ScriptedServer:
        if place not in self._servers:
            self._servers[place] = self._stack.enter_context(place())
        return self._servers[place]


def path_of(name: str) -> str:
    """The path of a row's URL."""
    return "/" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def word(outcome: Outcome) -> str:
    """What became of a URL: the status, the reason of the failure, or ``refused: `` and the reason."""
    match outcome:
        case Fetched(status=status):
            return str(status)
        case Failed(reason=reason):
            return reason.value
        case _:
            return f"refused: {outcome.reason.value}"


def facts_of(outcome: Outcome) -> dict[str, Any]:
    """What a row may say of an outcome besides its word; little of one that was not fetched."""
    if not isinstance(outcome, Fetched):
        return {"kind": outcome.request.kind.value, "detail": outcome.detail}
    page = outcome.page
    here = origin(outcome.url)
    links = tuple(link.removeprefix(here) for link in page.links) if page else ()
    return {
        "parsed": page is not None,
        "title": page.title if page else None,
        "links": links,
        "count": len(links),
        "charset": page.charset if page else None,
        "location": outcome.location and outcome.location.removeprefix(here),
        "retry_after": outcome.retry_after,
        "type": outcome.content_type,
        "size": outcome.size,
        "wire": outcome.wire,
        "kind": outcome.request.kind.value,
        "data": page.data if page else None,
        "error": page.error if page else None,
        "directives": page.robots if page else None,
        "cut": page.cut if page else None,
        "canonical": page.canonical and page.canonical.removeprefix(here) if page else None,
    }


def _differences(row: Row, outcome: Outcome) -> Iterator[str]:
    if word(outcome) != row.word:
        yield f"{row.word!r} was expected: {outcome}"[:1_000]
        return
    facts = facts_of(outcome)
    for name, value in row.facts.items():
        if facts[name] != value:
            yield f"{name} {value!r} was expected, not {facts[name]!r}"[:1_000]
    if isinstance(outcome, Failed) and not (outcome.detail.isprintable() and 0 < len(outcome.detail) <= 200):
        yield f"a detail for nobody: {outcome.detail!r}"


def _for(settings: Settings, *, mannered: bool, hasty: bool) -> Settings:
    """``settings`` with the limits of time and the manners that rows want."""
    changes: dict[str, Any] = {"limits": SHORT if hasty else ROOMY, "workers": 1 if mannered or hasty else 2}
    if mannered:
        changes |= MANNERS
    return msgspec.structs.replace(settings, **changes)


def _crawled(backend: str, settings: Settings, seeds: list[str]) -> list[Outcome]:
    with open_run(settings, seeds, backend, Nowhere()) as run:
        return [entry for entries in run.rounds() for entry in entries if not isinstance(entry, Shallower)]
