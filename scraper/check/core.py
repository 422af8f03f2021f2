"""The checks as a passive state machine, as :mod:`scraper.core.crawl` is one for crawls.

The life of a check::

    due (schedule), or asked for
     │
     v
    waits in its site  <──────────────────────────────────────────────────┐
     │  the frontier's delays, places and Retry-After; never two of a URL  │
     │ take                                                               │
     v                                                                    │
    in flight                                                             │
     │ receive                                                            │
     ├──> our own worker died: that says nothing; the same again ─────────┤
     ├──> a redirect that is followed: the next hop of this attempt ──────┤
     ├──> HEAD was not taken well: this attempt goes on with GET ─────────┤
     v                                                                    │
    judged: an attempt ──> down, with tries left: after a pause ──────────┘
     │
     v
    one result; the schedule plans the next check

``Checks`` opens nothing, sleeps nowhere, logs nothing and reads no clock; ``now`` is seconds on any steady clock. It
belongs to one thread.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from scraper.check.hops import hop_of
from scraper.check.model import Attempt, Hop, Result, Target
from scraper.check.schedule import Schedule
from scraper.check.steps import next_method, next_url, refuses_head, worth_another
from scraper.check.verdict import certificate_of, judge, worse
from scraper.core import Frontier, Turn
from scraper.core.frontier import Flight
from scraper.core.pace import hold
from scraper.core.site import Site
from scraper.model import Certificate, Failed, Fetched, Outcome, Reason, Request
from scraper.settings import Settings

__all__ = ["AT_ONCE", "HOSTS", "LOSSES", "Checks"]

AT_ONCE = 64
"""Starts in one turn at most: in a burst of all that is due, the loop around could not time the first answers."""
LOSSES = 3
"""Times that a check whose worker died is tried once more: the next might be the check's own doing."""
HOSTS = 1_000
"""Hosts besides two for each target that are remembered: redirects and single checks may lead to others each time."""
_TINY = 1e-6
"""Seconds that sums of such times may be rounded by; on a clock that only jumps, what is due would never be."""


class Checks:
    """Everything that is decided about checks.

    Invariant 1: every check that was begun ends in exactly one result, unless it is stopped before.

    Invariant 2: politeness and fair turns are the frontier's, with the delays of a crawl. They are not adapted to the
    servers: a check must see at once that one is well again. robots.txt is not asked for: a check asks only for what
    its user names, as a browser does.

    Invariant 3: where answers do not depend on timing, nor verdicts on how long they took, results are the same for
    every backend, capacity and latency.

    :param schedule: says which of ``targets`` are due, by their indices.
    :param chance: gives numbers in [0, 1) for the jitter of attempts, such as ``random.random``.
    :ivar epoch: ``now + epoch`` is seconds since the epoch; the caller sets it anew when the clock was set.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        settings: Settings,
        schedule: Schedule,
        chance: Callable[[], float],
        epoch: float = 0.0,
    ) -> None:
        self.epoch = epoch
        self._targets, self._politeness = targets, settings.politeness
        self._schedule = schedule
        self._chance = chance
        self._frontier = Frontier(settings.politeness)
        self._rows: dict[str, list[_Check]] = {}
        self._flights: dict[str, tuple[Flight, _Check]] = {}
        self._twins: dict[str, int] = {}
        self._retries: list[tuple[float, int, _Check]] = []
        self._turn = 0
        self._most = HOSTS + 2 * len(targets)
        self._stopped = False

    @property
    def in_flight(self) -> int:
        """Requests taken and not received yet."""
        return len(self._flights)

    @property
    def waiting(self) -> int:
        """Requests that are not in flight: in the frontier, after their twins, or before another attempt."""
        return len(self._frontier) + sum(self._twins.values()) + len(self._retries)

    @property
    def done(self) -> bool:
        """Whether nothing is in flight and nothing will be."""
        if self._flights:
            return False
        return self._stopped or not (self.waiting or self._schedule.next() is not None)

    def stop(self) -> None:
        """Start nothing any more; what is in flight is still received. A check that needs more has no result."""
        self._stopped = True

    def ask(self, target: Target, now: float) -> None:
        """Check ``target`` once, out of turn; its result comes out of :meth:`receive` as any other."""
        self._begin([_Check(target, None, now + self.epoch)], now)

    def take(self, now: float, room: int) -> Turn[Result]:
        """At most ``room`` requests that may be started at this instant; they are in flight from here on."""
        self._look_at_clock(now)
        if self._frontier.hosts > self._most:
            self._forget(now)
        turn: Turn[Result] = Turn([], [])
        while len(turn.start) < min(room, AT_ONCE) and not self._stopped:
            site = self._frontier.pop(now)
            if site is None:
                break
            check = self._next(site)
            if check is None:
                self._frontier.put_back(site)
            else:
                turn.start.append(self._launch(check, site, now))
        return turn

    def receive(self, outcome: Outcome, now: float) -> list[Result]:
        """End the flight of ``outcome``'s request; the result of its check, if it has come to one.

        :raises KeyError: for a request that is not in flight: a backend broke its law.
        """
        flight, check = self._flights.pop(outcome.url)
        self._learn(flight.site, outcome, now)
        self._frontier.release(flight)
        self._wake_twin(outcome.url)
        if not _lost(outcome) or check.losses == LOSSES:
            check.hops += (hop_of(flight.request, outcome, check.waited),)
            check.certificate = worse(check.certificate, certificate_of(outcome))
            if not _goes_on(check, outcome):
                return self._conclude(check, outcome, now)
        else:
            check.losses += 1
        self._push(check, now)
        return []

    def wakeup(self) -> float | None:
        """When :meth:`take` can next give something without an outcome coming in; None when only one can help."""
        if self._stopped:
            return None
        times = [self._retries[0][0]] if self._retries else []
        if (site := self._frontier.wakeup()) is not None:
            times.append(site)
        if (due := self._schedule.next()) is not None:
            times.append(due - self.epoch)
        return min(times, default=None)

    def _forget(self, now: float) -> None:
        """Forget hosts that nothing is to come of; what that leaves may double until it is looked through again."""
        self._frontier.forget(now)
        self._most = HOSTS + 2 * max(len(self._targets), self._frontier.hosts)

    def _look_at_clock(self, now: float) -> None:
        if self._stopped:
            return
        while self._retries and self._retries[0][0] <= now:
            at, _, check = heapq.heappop(self._retries)
            self._push(check, at)
        wall = now + self.epoch
        due = self._schedule.next()
        if due is not None and due - self.epoch <= now:
            wall = max(wall, due + _TINY)
        indices = self._schedule.due(wall)  # asked each time: that is how it learns of a clock that was set
        if indices:
            self._begin([_Check(self._targets[index], index, wall) for index in indices], now)

    def _begin(self, checks: Sequence[_Check], now: float) -> None:
        """Let new checks wait; what was begun before comes first."""
        for check in checks:
            self._line_up(check, now)
        self._frontier.push([check.url for check in checks], 0, None)

    def _push(self, check: _Check, now: float) -> None:
        self._line_up(check, now)
        self._frontier.push_again(Request(check.url))

    def _line_up(self, check: _Check, now: float) -> None:
        check.ready = now
        self._rows.setdefault(check.url, []).append(check)

    def _next(self, site: Site) -> _Check | None:
        """Whose request ``site`` starts in its turn. One whose URL is in flight must wait until that has ended."""
        while site.has_next:
            url = self._frontier.next(site).url
            if url in self._flights:
                self._twins[url] = self._twins.get(url, 0) + 1
                continue
            row = self._rows[url]
            check = row.pop(0)
            if not row:
                del self._rows[url]
            return check
        return None

    def _wake_twin(self, url: str) -> None:
        """Of those that wait for the end of ``url``'s flight, one may go on; its own end wakes the next."""
        if left := self._twins.pop(url, 0):
            self._frontier.push_again(Request(url))
            if left > 1:
                self._twins[url] = left - 1

    def _launch(self, check: _Check, site: Site, now: float) -> Request:
        if not check.hops:
            check.at = now + self.epoch
        check.waited = max(0.0, now - check.ready)
        request = Request(
            check.url,
            attempt=1 + len(check.attempts) + check.losses,
            delay=site.gate.delay,
            probe=check.target.probe(check.method),
        )
        self._flights[check.url] = self._frontier.start(request, site, now), check
        return request

    def _learn(self, site: Site, outcome: Outcome, now: float) -> None:
        if seconds := hold(self._politeness, outcome):
            site.gate.hold(now + seconds)
        if isinstance(outcome, Fetched) and outcome.address is not None:
            self._frontier.locate(site, outcome.address)

    def _conclude(self, check: _Check, outcome: Outcome, now: float) -> list[Result]:
        """End the attempt, and the check with it if that was the last."""
        wall = now + self.epoch
        finding = judge(check.target, outcome, check.hops, wall, check.certificate)
        check.attempts += (Attempt(check.at, *finding, check.hops),)
        if len(check.attempts) < check.target.tries and worth_another(finding.verdict, outcome):
            self._retry(check, outcome, now)
            return []
        if check.index is not None:
            self._schedule.ended(check.index, wall)
        return [Result(check.target, *finding, check.due, wall, check.attempts, check.certificate)]

    def _retry(self, check: _Check, outcome: Outcome, now: float) -> None:
        """Let ``check`` begin another attempt after its pause, a quarter of which is chance."""
        pause = check.target.pause * 2.0 ** (len(check.attempts) - 1) * (1 + self._chance() / 4)
        asked = outcome.retry_after if isinstance(outcome, Fetched) else None
        check.hops, check.url, check.certificate = (), check.target.url, None
        check.method = next_method(check.target, check.method, outcome)
        self._turn += 1
        heapq.heappush(self._retries, (now + max(pause, asked or 0.0), self._turn, check))


class _Check:
    """One check under way.

    :ivar index: of its target; None where it was asked for out of turn.
    :ivar due: when it should have begun, ``at`` when its attempt did, in seconds since the epoch.
    :ivar url: what is asked for next, by ``method``; ``ready`` is since when it could have been.
    :ivar waited: seconds that the request in flight had to wait for its start.
    :ivar hops: those of the attempt under way; ``certificate`` is the worst that they have shown.
    :ivar losses: how many of our workers died of it.
    """

    __slots__ = (
        *("at", "attempts", "certificate", "due", "hops", "index", "losses", "method", "ready", "target", "url"),
        "waited",
    )

    def __init__(self, target: Target, index: int | None, due: float) -> None:
        self.target, self.index, self.due = target, index, due
        self.url, self.method = target.url, target.probe().method
        self.at = self.ready = self.waited = 0.0
        self.attempts: tuple[Attempt, ...] = ()
        self.hops: tuple[Hop, ...] = ()
        self.certificate: Certificate | None = None
        self.losses = 0


def _lost(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) and outcome.reason is Reason.LOST


def _goes_on(check: _Check, outcome: Outcome) -> bool:
    """Whether the attempt needs a further request; then it is what ``check`` asks for next."""
    if (url := next_url(check.target, outcome, check.hops)) is not None:
        check.url = url
        return True
    if check.method == "HEAD" and check.target.method == "auto" and refuses_head(check.target, outcome):
        check.method = "GET"
        return True
    return False
