"""How a target's state, its shares and its times are said to people. The page, the JSON and the badges say the same.

Nothing here is escaped for HTML: the templates do that.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from scraper.check.model import Verdict
from scraper.check.notices.notice import Notice, State, Told
from scraper.check.views import View
from scraper.report.human import human_count, human_duration

__all__ = [
    "Standing",
    "clock",
    "day",
    "href",
    "milliseconds",
    "overall",
    "percent",
    "standing",
    "troubles",
    "untold",
]


class Standing(enum.Enum):
    """What the page says of a target, the worst first. The values are the words of the JSON and of the badges."""

    DOWN = "down"
    BLOCKED = "blocked"
    FAILING = "failing"
    """The last check failed, but not yet often enough for an incident."""
    CERT = "cert"
    SLOW = "slow"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"
    UP = "up"

    @property
    def label(self) -> str:
        """Its word for people."""
        return _LABELS.get(self, self.value.capitalize())


_LABELS = {Standing.CERT: "Certificate", Standing.UNKNOWN: "Unknown"}
_OF_VERDICT = {
    Verdict.UP: Standing.UP,
    Verdict.SLOW: Standing.SLOW,
    Verdict.CERT: Standing.CERT,
    Verdict.BLOCKED: Standing.BLOCKED,
    Verdict.DOWN: Standing.FAILING,
}


def standing(view: View) -> Standing:
    """What is said of ``view``: maintenance before all, then the health, then what the last check saw."""
    if view.maintenance:
        return Standing.MAINTENANCE
    verdict = view.result and view.result.verdict
    if view.state == "down":
        return Standing.BLOCKED if verdict is Verdict.BLOCKED else Standing.DOWN
    return _OF_VERDICT[verdict] if verdict else Standing.UNKNOWN


def overall(counts: dict[Standing, int]) -> tuple[Standing, str]:
    """The state of all targets, and the sentence at the head of the page.

    >>> overall({Standing.UP: 30, Standing.DOWN: 1})
    (<Standing.DOWN: 'down'>, '1 of 31 targets is down')
    """
    total, down, unknown = sum(counts.values()), counts.get(Standing.DOWN, 0), counts.get(Standing.UNKNOWN, 0)
    look = sum(counts.get(one, 0) for one in (Standing.BLOCKED, Standing.FAILING, Standing.CERT, Standing.SLOW))
    if down:
        return Standing.DOWN, f"{down:,} of {human_count(total, 'target')} {'is' if down == 1 else 'are'} down"
    if unknown == total:
        return Standing.UNKNOWN, "Nothing has been checked yet"
    if look:
        return Standing.SLOW, f"Nothing is down; {look:,} of {total:,} {'needs' if look == 1 else 'need'} a look"
    if counts.get(Standing.UP, 0) == total:
        return Standing.UP, "The target is up" if total == 1 else f"All {human_count(total, 'target')} are up"
    return Standing.UP, "Nothing is down"


def troubles(notices: Iterable[tuple[Notice, Told]], now: float) -> dict[str, int]:
    """How many notices of the last week did not arrive, may not have, and are still tried again."""
    counts = dict.fromkeys(("failed", "unsure", "retrying"), 0)
    for notice, told in notices:
        if told.state is State.PENDING and notice.tries:
            counts["retrying"] += 1
        elif told.state in (State.FAILED, State.UNSURE) and told.at > now - _WEEK:
            counts[told.state.value] += 1
    return counts


_WEEK = 7 * 86_400


def untold(counts: dict[str, int]) -> str:
    """A sentence of :func:`troubles`; empty where there are none.

    >>> untold({"failed": 2, "unsure": 0, "retrying": 1})
    'Not all were told of changes: 2 notices failed, 1 notice is tried again'
    """
    said = {"failed": ("failed", "failed"), "unsure": ("may not have arrived",) * 2} | {
        "retrying": ("is tried again", "are tried again")
    }
    parts = [f"{human_count(count, 'notice')} {said[word][count != 1]}" for word, count in counts.items() if count]
    return f"Not all were told of changes: {', '.join(parts)}" if parts else ""


def percent(share: float | None) -> str:
    """A share as people read it; 100 % is said of nothing less, and 0 % of nothing more.

    >>> percent(0.99999), percent(1.0), percent(0.5), percent(None)
    ('99.99 %', '100 %', '50 %', '-')
    """
    if share is None:
        return "-"
    if share >= 1:
        return "100 %"
    hundredths = math.floor(share * 10_000 + 1e-6) or math.ceil(share)
    return f"{min(hundredths, 9_999) / 100:.2f}".rstrip("0").rstrip(".") + " %"


def milliseconds(us: int) -> str:
    """A server's time: ``0.4 ms``, ``142 ms``, ``2.3 s``."""
    return human_duration(us / 1e6)


def _utc(at: float) -> datetime:
    """The moment; one that no calendar has is the end of the nearest one."""
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC) if at > 0 else datetime.min.replace(tzinfo=UTC)


def clock(at: float, now: float) -> str:
    """A moment for people, in UTC: the time, with the date where that is another day."""
    moment = _utc(at)
    return moment.strftime("%H:%M:%S" if moment.date() == _utc(now).date() else "%-d %b %Y, %H:%M")


def day(at: float) -> str:
    """A day for people: ``3 Nov``."""
    return _utc(at).strftime("%-d %b")


def href(key: str) -> str:
    """The part of a URL that names the target ``key``, whatever it holds.

    >>> href("shops/a b?")
    'shops%2Fa%20b%3F'
    """
    return quote(key, safe="", errors="replace")
