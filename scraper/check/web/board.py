"""What is shown, kept ready: views, rows and pages, each made anew only when what it shows has changed.

A board lives on one thread, with the reader that it asks. It goes forward in versions: a version is what was committed
at one moment. All clients get the same bytes of it.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from scraper.check.model import Result
from scraper.check.views import Incident, Reader, View
from scraper.check.web import api
from scraper.check.web.metrics import Scrapes, form
from scraper.check.web.pages import Around, Pages, Part, part_id
from scraper.check.web.words import troubles, untold

__all__ = ["Board", "Body", "made"]

_INCIDENTS, _RESULTS, _NOTICES = 30, 60, 100
_DAY = 86_400.0
_KEPT = 64 * 1024 * 1024
"""Bytes of answers at most: there are as many different ones as clients can think of."""
_LATELY = 120.0
_PACKED_FROM, _LEVEL = 512, 5
HTML, JSON = "text/html; charset=utf-8", "application/json"


class Body(NamedTuple):
    """An answer's content: as it is, gzipped (None where that does not pay), and what tells it from others."""

    kind: str
    raw: bytes
    packed: bytes | None
    etag: str
    status: int = 200


def made(kind: str, raw: bytes, status: int = 200) -> Body:
    """A body with its tag, which is weak: the gzipped form has the same."""
    packed = gzip.compress(raw, _LEVEL, mtime=0) if len(raw) >= _PACKED_FROM else None
    return Body(kind, raw, packed, f'W/"{hashlib.blake2s(raw, digest_size=12).hexdigest()}"', status)


class Board:
    """All that is shown, as of one version.

    :param due: when something should have been committed at the latest, after what was committed at a given time.
    :ivar version: ``boot.number``; the boot is another where the list of targets is.
    """

    def __init__(
        self,
        reader: Reader,
        pages: Pages,
        clock: Callable[[], float] = time.time,
        due: Callable[[float], float] = lambda after: math.inf,
    ) -> None:
        self._reader, self._pages, self._clock, self._due = reader, pages, clock, due
        self._newest_at, self._deadline, self._silent = clock(), math.inf, False
        self._notices: dict[str, int] | None = None
        self._views: dict[str, View] = {}
        self._rows: dict[str, Part] = {}
        self._stale: set[str] = set()
        self._scrapes = Scrapes()
        self._wanted = {"rows": -math.inf, "lines": -math.inf}
        self._changed: dict[str, int] = {}
        self._bodies: dict[tuple[str, ...], Body] = {}
        self._size = 0
        self._incidents: list[Incident] | None = None
        self._boot, self._number = "", 0
        self.load()

    @property
    def version(self) -> str:
        """Which version is shown."""
        return f"{self._boot}.{self._number}"

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all targets."""
        return frozenset(self._views)

    def view(self, key: str) -> View | None:
        """What is shown of one target; None for an unknown key."""
        return self._views.get(key)

    def load(self) -> list[str]:
        """Read everything: days have passed, or targets have come and gone; the ids of the rows that have changed."""
        views = {view.target.key: view for view in self._reader.views(None, self._clock())}
        if not self._boot or list(views) != list(self._views):
            self._boot = secrets.token_hex(4)
            self._views, self._rows, self._changed = {}, {}, {}
            self._stale = set()
        return self._take(views.values())

    def refresh(self, keys: Iterable[str]) -> list[str]:
        """Read what has changed; the ids of the rows that have."""
        known = [key for key in keys if key in self._views]
        return self._take(self._reader.views(known, self._clock())) if known else []

    @property
    def turned(self) -> bool:
        """Whether the watch has fallen silent, or is heard of again, and that is not shown yet; from any thread."""
        return (self._clock() > self._deadline) is not self._silent

    def look(self) -> bool:
        """Show whether the watch is silent; whether that has changed."""
        turned = self.turned
        if turned:
            self._silent = not self._silent
            self._advance()
        return turned

    @property
    def _silence(self) -> float | None:
        """Since when nothing was checked, where that is too long ago."""
        return self._newest_at if self._silent else None

    def _advance(self) -> None:
        self._number += 1
        self._drop()
        self._incidents = self._notices = None

    def _drop(self) -> None:
        self._bodies.clear()
        self._size = 0

    def _take(self, views: Iterable[View]) -> list[str]:
        self._advance()
        changed = []
        for view in views:
            key = view.target.key
            if self._views.get(key) != view:
                self._changed[key] = self._number
                changed.append(part_id("t", key))
            self._views[key] = view
            self._stale.add(key)
            if view.result is not None and view.result.at > self._newest_at:
                self._newest_at = min(view.result.at, self._clock())
        self._deadline = self._due(self._newest_at)
        return changed

    def warm(self) -> None:
        """Draw and write now what was wanted lately, and will be again: a little each second, not all at once."""
        lately = self._clock() - _LATELY
        if self._wanted["rows"] > lately:
            self._draw()
        if self._wanted["lines"] > lately:
            self._scrapes.take(self._views.values())

    def _drawn(self) -> list[Part]:
        """The rows of all targets. They are drawn when a page wants them: scrapes and badges need none."""
        self._wanted["rows"] = self._clock()
        self._draw()
        return [self._rows[key] for key in self._views]

    def _draw(self) -> None:
        now = self._clock()
        for key in self._stale:
            row = self._pages.row(self._views[key], now)
            if self._rows.get(key) != row:
                self._changed[key] = self._number
            self._rows[key] = row
        self._stale.clear()

    def index(self) -> Body:
        """The page."""
        return self._kept(("index",), self._index)

    def _index(self) -> Body:
        return made(HTML, self._pages.index(self._drawn(), self._around(), self._clock(), self.version).encode())

    def _around(self) -> Around:
        return Around(self._newest(), self._silence, untold(self._troubles()))

    def fragments(self, since: str) -> Body:
        """What has changed since an earlier version, as JSON: ``parts`` by id, or that all has: ``reload``."""
        boot, _, digits = since.partition(".")
        if boot != self._boot or not (digits.isascii() and digits.isdigit() and len(digits) < 16):
            return self._kept(("reload",), lambda: made(JSON, msgspec.json.encode({"reload": True})))
        oldest = min(self._changed.values(), default=self._number) - 1
        number = min(max(int(digits), oldest), self._number)  # all that is older gets the same
        return self._kept(("fragments", str(number)), lambda: self._fragments(number))

    def _fragments(self, since: int) -> Body:
        parts = self._pages.parts(self._drawn(), self._around(), self._clock())
        for key, number in self._changed.items():
            if number > since:
                parts[self._rows[key].id] = self._rows[key].html
        return made(JSON, msgspec.json.encode({"version": self.version, "parts": parts}))

    def target(self, key: str) -> Body | None:
        """The page of one target; None for an unknown key."""
        view = self._views.get(key)
        return None if view is None else self._kept(("target", key), lambda: self._target(view))

    def _target(self, view: View) -> Body:
        results, incidents = self._of(view.target.key)
        around = Around(incidents, self._silence)
        page = self._pages.target(view, results, around, self._clock(), self.version)
        return made(HTML, page.encode("utf-8", "replace"))

    def missing(self, sentence: str) -> Body:
        """A page that says that there is none."""
        return made(HTML, self._pages.missing(sentence, self._clock()).encode(), 404)

    def api_targets(self) -> Body:
        """All targets, as JSON."""
        return self._kept(("targets",), lambda: self._json(api.targets(self._views.values(), self._clock())))

    def api_target(self, key: str) -> Body | None:
        """One target with its last results and incidents, as JSON; None for an unknown key."""
        view = self._views.get(key)
        if view is None:
            return None
        return self._kept(("api", key), lambda: self._json(self._whole(view)))

    def _whole(self, view: View) -> dict[str, Any]:
        now, key = self._clock(), view.target.key
        times = {
            "hours": self._reader.series(key, "hour", now - _DAY, now),
            "days": self._reader.series(key, "day", now - 89 * _DAY, now),
        }
        return api.whole(view, *self._of(key), times, now)

    def api_incidents(self) -> Body:
        """The last incidents of all targets, as JSON."""
        return self._kept(("incidents",), lambda: self._json(api.incidents(self._newest())))

    def api_summary(self) -> Body:
        """The state of all, as JSON."""
        return self._kept(("summary",), self._summary)

    def _summary(self) -> Body:
        seen = api.Seen(self._newest_at, self._silent, self._troubles())
        return self._json(api.summary(self._views.values(), self._clock(), seen))

    def api_notices(self) -> Body:
        """Who was told of changes, as JSON."""
        return self._kept(("notices",), lambda: self._json(api.notices(self._reader.notices(_NOTICES))))

    def metrics(self, accept: str) -> Body:
        """The last check of each target, for Prometheus."""
        self._wanted["lines"] = self._clock()
        encode, kind = form(accept)
        self._scrapes.take(self._views.values())
        return self._kept(("metrics", kind), lambda: made(kind, self._scrapes.text(encode, kind)))

    def close(self) -> None:
        """Let the reader go."""
        self._reader.close()

    def _json(self, value: object) -> Body:
        return made(JSON, msgspec.json.encode(value) + b"\n")

    def _of(self, key: str) -> tuple[Sequence[Result], Sequence[Incident]]:
        return self._reader.results(key, _RESULTS), self._reader.incidents(key, _INCIDENTS)

    def _newest(self) -> list[Incident]:
        if self._incidents is None:
            self._incidents = self._reader.incidents(None, _INCIDENTS)
        return self._incidents

    def _troubles(self) -> dict[str, int]:
        if self._notices is None:
            self._notices = troubles(self._reader.notices(_NOTICES), self._clock())
        return self._notices

    def _kept(self, name: tuple[str, ...], make: Callable[[], Body]) -> Body:
        """The body ``name`` of this version, made when it is first asked for."""
        body = self._bodies.get(name)
        if body is None:
            body = make()
            size = len(body.raw) + len(body.packed or b"")
            if self._size + size > _KEPT:
                self._drop()
            self._bodies[name], self._size = body, self._size + size
        return body
