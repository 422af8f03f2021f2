"""What a notice says: for people as a title and a short text, for programs as JSON.

What stands in it came from lists and from servers, so it holds nothing that could steer a terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from scraper.check.health import Change
from scraper.check.model import Target, Verdict
from scraper.check.moments import moment, utc
from scraper.printing import printable, shortened, utf8
from scraper.report.human import human_duration

__all__ = ["Message", "headline", "message_of", "message_of_all", "payload"]

_LONGEST = 300
"""Characters of a reason: what a server says may be long."""
_LINES = 30
"""Changes of many that are told one by one."""
_WHAT = {
    Verdict.DOWN: "down",
    Verdict.BLOCKED: "blocking us",
    Verdict.CERT: "in trouble with its certificate",
    Verdict.SLOW: "slow",
}
_OVER = {
    Verdict.DOWN: "up again",
    Verdict.BLOCKED: "not blocking us any more",
    Verdict.CERT: "well again with its certificate",
    Verdict.SLOW: "not slow any more",
}


class Message(NamedTuple):
    """A notice for people."""

    title: str
    text: str


def headline(change: Change) -> str:
    """One line: ``eu/shop is down: timeout, no answer within 10 s``; ``eu/shop is up again after 5m00s``."""
    if change.opened:
        why = ", ".join(filter(None, ("flapping" if change.flapping else "", *_why(change))))
        return f"{printable(change.key)} is {_state(change)}" + (f": {why}" if why else "")
    return f"{printable(change.key)} is {_state(change)} after {_lasted(change)}"


def message_of(change: Change, target: Target | None, page: str | None) -> Message:
    """What people are told.

    :param target: None where it is not watched any more.
    :param page: where the status page is, for those who read it.
    """
    why = ", ".join(_why(change))
    if change.opened:
        lines = [f"Since {moment(utc(change.started))}" + (f": {why}" if why else "")]
        lines += ["It comes and goes: these were not failures in a row."] if change.flapping else []
    else:
        lines = [
            f"Since {moment(utc(change.ended or change.at))}. It lasted {_lasted(change)}" + (f": {why}" if why else "")
        ]
    lines += [printable(target.url)] if target is not None and target.title != target.url else []
    lines += [page] if page else []
    return Message(f"{printable(change.key)} is {_state(change)}", "\n".join(lines))


def message_of_all(changes: Sequence[Change], page: str | None) -> Message:
    """What people are told of changes that came together, as when their own network was away: a line for each."""
    counts = Counter(_state(change) for change in changes)
    title = ", ".join(f"{count} {'is' if count == 1 else 'are'} {state}" for state, count in counts.items())
    lines = [*map(headline, changes[:_LINES])]
    lines += [f"and {len(changes) - _LINES} more"] if len(changes) > _LINES else []
    return Message(title, "\n".join([*lines, *([page] if page else [])]))


def payload(change: Change, target: Target | None, page: str | None) -> bytes:
    """What programs are told: JSON with ``type``, ``timestamp`` and ``data``, as standardwebhooks.com has it."""
    return msgspec.json.encode(
        {
            "type": "incident.opened" if change.opened else "incident.closed",
            "timestamp": utc(change.at),
            "data": {
                "key": utf8(change.key),
                "group": utf8(target.group) if target else "",
                "name": utf8(target.title) if target else utf8(change.key),
                "url": utf8(target.url) if target else None,
                "kind": change.kind.value,
                "started": utc(change.started),
                "ended": utc(change.ended),
                "seconds": None if change.ended is None else round(max(0.0, change.ended - change.started), 3),
                "verdict": change.verdict.value,
                "reason": utf8(change.reason),
                "detail": utf8(change.detail),
                "flapping": change.flapping,
                "page": page,
                "text": utf8(headline(change)),
            },
        }
    )


def _state(change: Change) -> str:
    if change.removed:
        return "not watched any more"
    return _WHAT[change.kind] if change.opened else _OVER[change.kind]


def _why(change: Change) -> list[str]:
    """The word and the text, without saying the same twice."""
    detail = shortened(printable(change.detail), _LONGEST)
    if detail and (not change.reason or change.reason in detail):
        return [detail]
    return [part for part in (printable(change.reason), detail) if part]


def _lasted(change: Change) -> str:
    return human_duration(max(0.0, (change.ended or change.at) - change.started))
