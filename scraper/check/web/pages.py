"""HTML from views. Everything that came from others goes through jinja2's escaping; pictures are drawn elsewhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jinja2
import msgspec
from markupsafe import Markup, escape

from scraper.check.model import WELL, Result, Verdict
from scraper.check.moments import utc
from scraper.check.views import Incident, View
from scraper.check.web.drawing import COLUMNS, bars, line, phases
from scraper.check.web.words import (
    Standing,
    clock,
    href,
    milliseconds,
    overall,
    percent,
    standing,
)
from scraper.printing import printable, shortened
from scraper.report.human import human_count, human_duration

__all__ = ["Around", "Pages", "Part", "part_id"]

_UPTIMES = ("24 h", "7 d", "30 d", "90 d")
_SOON = 14
"""Days that a certificate still holds when it begins to stand out."""
_LONGEST = 300
_OPEN = 10


class Part(msgspec.Struct, frozen=True):
    """A row as it is shown: what the page needs of it besides its HTML."""

    id: str
    group: str
    state: Standing
    html: str


class Around(NamedTuple):
    """What a page shows besides its rows.

    :ivar silent: since when nothing was checked, where that is too long ago.
    :ivar untold: a sentence about notices that did not arrive.
    """

    incidents: Sequence[Incident]
    silent: float | None = None
    untold: str = ""


@lru_cache(maxsize=100_000)
def part_id(kind: str, name: str) -> str:
    """An id in the page for ``name``, whatever that holds; the same one for ever."""
    return f"{kind}-{hashlib.blake2s(name.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"


class Pages:
    """The templates, ready.

    :param root: the path below which all is served, with a slash at both ends.
    :param stamp: changes with the static files, so that browsers may keep them for ever.
    """

    def __init__(self, title: str, description: str, root: str, stamp: str) -> None:
        loader, strict = jinja2.PackageLoader("scraper.check.web"), jinja2.StrictUndefined
        self._env = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=strict)
        about = {"title": printable(title), "description": printable(description)}
        self._env.globals |= {**about, "root": root, "stamp": stamp}
        self._root = root
        self._parts: Any = self._env.get_template("parts.html").module

    def row(self, view: View, now: float) -> Part:
        """The row of one target."""
        state = standing(view)
        fields = self._fields(view, state, now) | {"bars": bars(view.days, now), "line": line(view.hours, now)}
        return Part(fields["id"], view.target.group, state, str(self._parts.row(fields)))

    def parts(self, rows: Sequence[Part], around: Around, now: float) -> dict[str, str]:
        """What stands around the rows and changes with them, by id: summary, tallies of the groups, incidents."""
        told = [self._incident(one, now) for one in around.incidents]
        made = {"summary": str(self._parts.summary(_head(rows, told, around, now)))}
        for group in _groups(rows):
            made[group["id"]] = str(self._parts.tally(group))
        made["incidents"] = str(self._parts.incidents(told, True))
        return made

    def index(self, rows: Sequence[Part], around: Around, now: float, version: str) -> str:
        """The whole page."""
        told = [self._incident(one, now) for one in around.incidents]
        return self._env.get_template("index.html").render(
            head=_head(rows, told, around, now),
            groups=_groups(rows),
            incidents=told,
            version=version,
            row_id="",
            now=_moment(now, now),
        )

    def target(self, view: View, results: Sequence[Result], around: Around, now: float, version: str) -> str:
        """The page of one target.

        :param results: the newest first.
        """
        state, key = standing(view), view.target.key
        fields = self._fields(view, state, now) | {
            "bars": bars(view.days, now, each=True),
            "phases": phases(results),
            "tallest": milliseconds(max((one.server_us for one in results[:COLUMNS]), default=0)),
            "since": _moment(view.since, now) if view.since else "",
            "group": printable(view.target.group),
            "url": printable(view.target.url),
            "link": view.target.url if view.target.url.startswith(("http://", "https://")) else "",
            "badge": f"{self._root}badge/{href(key)}",
        }
        return self._env.get_template("target.html").render(
            row=fields,
            results=[_result(one, now) for one in results],
            incidents=[self._incident(one, now) for one in around.incidents],
            silent="" if around.silent is None else _silent(around.silent, now),
            version=version,
            row_id=fields["id"],
            now=_moment(now, now),
        )

    def missing(self, sentence: str, now: float) -> str:
        """A page that says that there is none."""
        return self._env.get_template("missing.html").render(
            sentence=sentence, version="", row_id="", now=_moment(now, now)
        )

    def _fields(self, view: View, state: Standing, now: float) -> dict[str, Any]:
        result = view.result
        answered = result is not None and result.status is not None
        return {
            "id": part_id("t", view.target.key),
            "href": self._href(view.target.key),
            "name": printable(view.target.title),
            "state": state,
            "note": _note(view, state),
            "response": milliseconds(result.server_us) if result and answered else "",
            "uptime": [(word, percent(share)) for word, share in zip(_UPTIMES, view.uptime, strict=True)],
            "checked": _moment(result.at, now) if result else "",
            "certificate": _certificate(result, now) if result else "",
        }

    def _incident(self, incident: Incident, now: float) -> dict[str, Any]:
        ended = incident.ended
        return {
            "href": self._href(incident.key),
            "name": printable(incident.key),
            "what": _because(incident.verdict, incident.reason, incident.detail),
            "state": Standing.UP if ended is not None else Standing(incident.verdict.value),
            "started": _moment(incident.started, now),
            "ended": "" if ended is None else _moment(ended, now),
            "lasted": "" if ended is None else human_duration(max(0.0, ended - incident.started)),
        }

    def _href(self, key: str) -> str:
        return f"{self._root}targets?key={key}" if key in {".", ".."} else f"{self._root}targets/{href(key)}"


def _moment(at: float, now: float) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(utc(at) or "", clock(at, now))


def _silent(since: float, now: float) -> Markup:
    return Markup("Nothing has been checked since {}").format(_moment(since, now))


def _head(rows: Iterable[Part], incidents: Iterable[dict[str, Any]], around: Around, now: float) -> dict[str, Any]:
    counts = Counter(row.state for row in rows)
    state, sentence = overall(counts)
    if around.silent is not None:
        state, sentence = Standing.UNKNOWN, _silent(around.silent, now)
    shares = [(one, counts[one]) for one in Standing if counts[one]]
    still = [one for one in incidents if not one["ended"]][:_OPEN]
    return {"state": state, "sentence": sentence, "counts": shares, "open": still, "untold": around.untold}


def _groups(rows: Iterable[Part]) -> list[dict[str, Any]]:
    """The groups in the order of their first targets."""
    groups: dict[str, list[Part]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return [
        {
            "id": part_id("g", name),
            "name": printable(name) or ("Targets" if len(groups) == 1 else "Others"),
            "up": sum(row.state in _WELL for row in members),
            "total": len(members),
            "rows": Markup("\n".join(row.html for row in members)),  # noqa: S704 - escaped when they were made
        }
        for name, members in groups.items()
    ]


_WELL = frozenset(Standing(verdict.value) for verdict in WELL)


def _because(verdict: Verdict, reason: str, detail: str) -> str:
    told = shortened(printable(detail or reason), _LONGEST)
    return f"{verdict.value}: {told}" if told else verdict.value


def _note(view: View, state: Standing) -> str:
    """Why a row is not simply up."""
    if state is Standing.MAINTENANCE:
        return "in maintenance: nothing is counted"
    if state is Standing.UP:
        return ""
    if view.result is None:
        return "not checked yet"
    if view.result.verdict is Verdict.UP:
        return "answers again"
    told = shortened(printable(view.result.detail or view.result.reason), _LONGEST)
    return f"{told} (no incident yet)" if state is Standing.FAILING else told


def _certificate(result: Result, now: float) -> str | Markup:
    if result.certificate is None:
        return ""
    left = result.certificate.days_left(now)
    if left is None:
        return ""
    if left < 0:
        return Markup('<span class="soon">expired</span>')
    days = human_count(int(left), "day")
    return Markup('<span class="soon">{}</span>').format(days) if left < _SOON else escape(days)


_OF_VERDICT = {verdict: Standing(verdict.value) for verdict in Verdict}


def _result(result: Result, now: float) -> dict[str, Any]:
    tries = len(result.attempts)
    detail = shortened(printable(result.detail or result.reason), _LONGEST)
    return {
        "at": _moment(result.at, now),
        "state": _OF_VERDICT[result.verdict],
        "verdict": result.verdict.value,
        "status": "" if result.status is None else result.status,
        "server": milliseconds(result.server_us) if result.hops else "",
        "phases": [milliseconds(us) if us else "" for us in result.phases_us],
        "detail": f"{detail} ({tries} tries)".strip() if tries > 1 else detail,
    }
