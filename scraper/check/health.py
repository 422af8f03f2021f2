"""From results to incidents, with hysteresis: one bad check opens none, one good check ends none. Pure.

The life of a target's health, for each kind of trouble: *unknown* until a check tells; *up*; *down* from the first of
``fall`` bad results in a row, when an incident opens; *up* again from the first of ``rise`` good ones in a row, when it
closes. A host that flaps, good and bad by turns, never fails twice in a row: for it there is a second way to open, bad
results that make up half of the last ones. It closes as any other, so that flapping is one incident and not a hundred.

What a result tells depends on the kind, and many tell nothing: that the certificate ends soon is not seen of a server
that is down, and of one that blocks us nobody can say whether it works. Such a result changes nothing. A result in
maintenance tells nothing either, and breaks a run: nothing is put together out of what was before and after.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from scraper.check.model import Verdict
from scraper.errors import ConfigError

__all__ = ["SET_BACK", "TELLS", "Change", "Health", "Rules", "Seen", "State", "step"]

State: TypeAlias = Literal["unknown", "up", "down"]

_UP, _SLOW, _CERT = Verdict.UP, Verdict.SLOW, Verdict.CERT

TELLS: dict[Verdict, frozenset[Verdict]] = {
    Verdict.DOWN: frozenset({_UP, _SLOW, _CERT}),
    Verdict.BLOCKED: frozenset({_UP, _SLOW, _CERT}),
    Verdict.CERT: frozenset({_UP, _SLOW}),
    Verdict.SLOW: frozenset({_UP}),
}
"""For each kind of trouble, the verdicts that are good. The one of its own name is bad; all others tell nothing."""

SET_BACK = 60.0
"""Seconds from which on a clock that goes back is taken to have been wrong before, rather than to be wrong now."""


class Rules(msgspec.Struct, frozen=True):
    """When incidents open and close.

    :ivar fall: bad results in a row that open one; ``rise`` good ones in a row that close it.
    :ivar flap: bad results that open one when they are half of the last ``2 * flap``; 0 for never. It counts as
        ``fall`` where it is less than that.
    :ivar kinds: the verdicts that open incidents, each kind its own. A target has one open incident of a kind at most.
    :raises ConfigError: for numbers and kinds that make no sense.
    """

    fall: int = 2
    rise: int = 2
    flap: int = 5
    kinds: tuple[Verdict, ...] = (Verdict.DOWN,)

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.fall < 1 or self.rise < 1 or self.flap < 0:
            raise ConfigError("an incident opens and closes after 1 result at least: set fall and rise to 1 or more")
        if not set(self.kinds) <= TELLS.keys():
            raise ConfigError("what is up is no trouble: incidents are down, blocked, cert or slow")


class Seen(msgspec.Struct, frozen=True):
    """What one result says, as :class:`scraper.check.model.Result` has it."""

    at: float
    verdict: Verdict
    reason: str = ""
    detail: str = ""


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a target does, in the eyes of one kind of trouble; times are seconds since the epoch.

    :ivar since: when the state began: at the first of the results that made it.
    :ivar run: results in a row that speak against the state, and ``first`` when the first of them came.
    :ivar recent: of the last results, while up, when the bad ones came, and 0 for the good ones; the first is bad.
    :ivar cause: what opened the incident; None where none is open.
    :ivar at: the last time that was seen. In here times never go back: a clock that does stands still, and where it is
        set back by much, all that is known moves with it.
    """

    state: State = "unknown"
    since: float | None = None
    run: int = 0
    first: float = 0.0
    recent: tuple[float, ...] = ()
    cause: Seen | None = None
    at: float = 0.0


class Change(msgspec.Struct, frozen=True):
    """An incident has opened, or closed.

    :ivar opened: True for opened, False for closed.
    :ivar kind: which trouble; :attr:`Rules.kinds`.
    :ivar at: the time of the result that made it known.
    :ivar started: of the first of the bad results; ``ended`` of the first of the good ones, None while it lasts.
    :ivar verdict, reason, detail: of the result that opened it, also when it closes.
    :ivar flapping: it was opened by bad results that were not in a row.
    :ivar key: the target's.
    :ivar removed: it closed because the target, or this kind of trouble, is not watched any more; nobody knows more.
    """

    opened: bool
    kind: Verdict
    at: float
    started: float
    ended: float | None
    verdict: Verdict
    reason: str = ""
    detail: str = ""
    flapping: bool = False
    key: str = ""
    removed: bool = False


def step(
    health: Health, seen: Seen, rules: Rules, kind: Verdict = Verdict.DOWN, *, maintenance: bool = False
) -> tuple[Health, Change | None]:
    """The health after one more result, and what it changed.

    :param maintenance: whether the result is of a time in which trouble is expected.
    """
    if seen.at < health.at - SET_BACK:
        health = _moved(health, seen.at - 0.001 - health.at)
    at = max(seen.at, round(health.at + 0.001, 3))
    health = msgspec.structs.replace(health, at=at)
    if maintenance:
        return msgspec.structs.replace(health, run=0, recent=()), None
    if seen.verdict is kind:
        return (_still_down(health), None) if health.state == "down" else _worse(health, at, seen, rules, kind)
    if seen.verdict in TELLS[kind]:
        return _better(health, at, rules, kind) if health.state == "down" else (_still_up(health, at, rules), None)
    return health, None


def _moved(health: Health, seconds: float) -> Health:
    """``health`` as a clock would have had it that was set already."""
    since, cause = health.since, health.cause
    return Health(
        health.state,
        None if since is None else since + seconds,
        health.run,
        health.first + seconds,
        tuple(each and each + seconds for each in health.recent),
        None if cause is None else msgspec.structs.replace(cause, at=cause.at + seconds),
        health.at + seconds,
    )


def _still_down(health: Health) -> Health:
    return msgspec.structs.replace(health, run=0)


def _still_up(health: Health, at: float, rules: Rules) -> Health:
    since = at if health.state == "unknown" else health.since
    return msgspec.structs.replace(health, state="up", since=since, run=0, recent=_window(health.recent, 0.0, rules))


def _worse(health: Health, at: float, seen: Seen, rules: Rules, kind: Verdict) -> tuple[Health, Change | None]:
    """One more bad result of a target that is not down."""
    run, first, recent = health.run + 1, health.first if health.run else at, _window(health.recent, at, rules)
    flaps = bool(rules.flap) and sum(map(bool, recent)) >= max(rules.flap, rules.fall)
    if run < rules.fall and not flaps:
        return msgspec.structs.replace(health, run=run, first=first, recent=recent), None
    flapping = run < rules.fall
    started, cause = recent[0] if flapping else first, msgspec.structs.replace(seen, at=at)
    change = Change(True, kind, at, started, None, seen.verdict, seen.reason, seen.detail, flapping)
    return Health("down", started, cause=cause, at=at), change


def _better(health: Health, at: float, rules: Rules, kind: Verdict) -> tuple[Health, Change | None]:
    """One more good result of a target that is down."""
    run, first = health.run + 1, health.first if health.run else at
    if run < rules.rise:
        return msgspec.structs.replace(health, run=run, first=first), None
    cause, started = health.cause or Seen(at, kind), health.since or at
    change = Change(False, kind, at, started, first, cause.verdict, cause.reason, cause.detail)
    return Health("up", first, at=at), change


def _window(recent: tuple[float, ...], at: float, rules: Rules) -> tuple[float, ...]:
    """The last results with one more; what is good at its beginning says nothing and is left out."""
    if (not recent and not at) or not rules.flap:
        return ()
    window = (*recent, at)[-2 * max(rules.flap, rules.fall) :]
    bad = next((index for index, each in enumerate(window) if each), len(window))
    return window[bad:]
