"""Politeness proved from the server's side: whoever is watched and breaks a rule fails there and then.

::

    politeness = Politeness(delay=1.0, per_host=2)
    backend = Simulated(web, watch=Police(politeness))

Each rule is one method that looks at a request as it arrives, and at what was answered before. They share no code with
the crawl that they judge, not even for reading robots files. A rule is never stricter than what a crawler can know: an
address is known from the first answer, a robots file when it was answered.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from scraper.model import Failed, Fetched, Kind, Outcome, Request
from scraper.settings import Politeness, Retry, is_loopback
from scraper.url import host_key, origin

__all__ = ["Impolite", "Police", "Rules"]

SLACK = 1e-6
"""Seconds that clocks may round away."""
HOPS = 5
"""Redirects that must be followed to a robots file (RFC 9309, 2.3.1.2); behind more of them, and in a loop, there is
none."""


class Impolite(AssertionError):
    """A request broke a rule of politeness; the text says which, when, and with what."""


class Police:
    """The rules that a crawl with ``politeness`` must keep.

    :param agent: the product token that robots files call the crawler by.
    """

    def __init__(self, politeness: Politeness | None = None, agent: str = "scraper") -> None:
        self._politeness = politeness or Politeness()
        self._agent = agent
        self._files: dict[str, _File] = {}
        self._chains: dict[str, dict[str, tuple[str, ...]]] = {}
        self._starts: dict[str, float] = {}
        self._flights: Counter[str] = Counter()
        self._addresses: dict[str, str] = {}
        self._behind: defaultdict[tuple[Kind, str], list[str]] = defaultdict(list)
        self._holds: dict[str, float] = {}
        self._answers: dict[tuple[Kind, str], Outcome | None] = {}

    def asked(self, request: Request, at: float) -> None:
        """``request`` arrives, ``at`` seconds on the server's clock.

        :raises Impolite: when it should not have.
        """
        for rule in (self._once, self._robots, self._spaced, self._few, self._spread, self._held):
            if complaint := rule(request, at):
                raise Impolite(f"{request.kind.value} {request.url} at {at:.3f} s: {complaint}")
        self._answers[request.kind, request.url] = None
        for place in self._places(request.url):
            self._behind[request.kind, request.url].append(place)
            self._flights[place] += 1
            self._starts[place] = at

    def answered(self, outcome: Outcome, at: float, text: str = "") -> None:
        """The answer goes out; from now on the crawler knows what is in it.

        :param text: the body, of a robots file.
        """
        key = outcome.request.kind, outcome.url
        self._answers[key] = outcome
        self._flights.subtract(self._behind.pop(key, ()))
        if outcome.request.kind is Kind.ROBOTS:
            self._read(outcome, at, text)
        if isinstance(outcome, Fetched):
            host = host_key(outcome.url)
            if outcome.address:
                self._addresses.setdefault(host, f"address {outcome.address}")
            if outcome.retry_after and outcome.status in (429, 503):
                until = at + min(outcome.retry_after, self._politeness.longest_hold)
                self._holds[host] = max(until, self._holds.get(host, until))

    # the rules: why the request is impolite, or None

    def _once(self, request: Request, at: float) -> str | None:
        """What has been answered for good is not asked for again; but a robots file may be: it ages."""
        key = request.kind, request.url
        if key not in self._answers:
            return None
        before = self._answers[key]
        if before is None:
            return "it is still being answered"
        if request.kind is Kind.ROBOTS or Retry().passing(before):
            return None
        return "it has been answered, and not with something that may pass"

    def _robots(self, request: Request, at: float) -> str | None:
        """Nothing is asked for before robots.txt, nothing that it forbids, and nothing by a file older than a day."""
        if request.kind is not Kind.PAGE or not self._politeness.robots:
            return None
        file = self._files.get(origin(request.url))
        if file is None:
            return "robots.txt has not been answered yet"
        if file.rules is None:
            return "robots.txt could not be had, which forbids everything"
        if at - file.at > self._politeness.robots_age + SLACK:
            return f"robots.txt was read {at - file.at:.0f} s ago"
        if file.rules.delay > self._politeness.longest_crawl_delay:
            return f"robots.txt asks for pauses of {file.rules.delay:g} s"
        return None if file.rules.allow(request.url) else "robots.txt forbids it"

    def _spaced(self, request: Request, at: float) -> str | None:
        """Between two starts on a host its delay passes, and before a page its Crawl-delay."""
        host = host_key(request.url)
        delay = self._politeness.delay_for(host)
        if request.kind is Kind.PAGE:
            delay = max(delay, self._crawl_delay(request.url))
        return self._too_soon(host, at, delay)

    def _few(self, request: Request, at: float) -> str | None:
        """So many are in flight on a host, and no more."""
        return self._too_many(host_key(request.url), self._politeness.per_host)

    def _spread(self, request: Request, at: float) -> str | None:
        """Hosts on one address do not add up to more than it can bear; the first request of each host is free."""
        host = host_key(request.url)
        address, limit = self._addresses.get(host), self._politeness.per_address
        if address is None or (limit is None and is_loopback(host)):
            return None
        limit = 4 * self._politeness.per_host if limit is None else limit
        return self._too_many(address, limit) or self._too_soon(address, at, self._politeness.delay_for(host) / 4)

    def _held(self, request: Request, at: float) -> str | None:
        """A host that asked to be left alone for a while is."""
        until = self._holds.get(host_key(request.url), 0.0)
        return f"Retry-After asks for silence until {until:.3f} s" if at < until - SLACK else None

    # what the rules look at

    def _too_soon(self, place: str, at: float, delay: float) -> str | None:
        before = self._starts.get(place)
        if before is None or at - before >= delay - SLACK:
            return None
        return f"only {at - before:.3f} s after the start before it on {place}, and not {delay:g} s"

    def _too_many(self, place: str, limit: int) -> str | None:
        flights = self._flights[place]
        return f"{flights} others are in flight on {place}, and {limit} is the limit" if flights >= limit else None

    def _places(self, url: str) -> Iterator[str]:
        """The host and, once it is known, the address."""
        host = host_key(url)
        yield host
        if host in self._addresses:
            yield self._addresses[host]

    def _crawl_delay(self, url: str) -> float:
        file = self._files.get(origin(url)) if self._politeness.robots else None
        delay = file.rules.delay if file and file.rules else 0.0
        return delay if delay <= self._politeness.longest_crawl_delay else 0.0

    def _read(self, outcome: Outcome, at: float, text: str) -> None:
        """A robots file was answered: for its own site, and for those that were led to it."""
        waiting = self._chains.setdefault(outcome.url, {})
        site = origin(outcome.url)
        if outcome.url == f"{site}/robots.txt" and site not in waiting:
            self._lead(site, outcome.url, ())
        for site, before in [*waiting.items()]:
            led = (*before, outcome.url)
            if isinstance(outcome, Fetched) and outcome.location and len(led) <= HOPS and outcome.location not in led:
                self._lead(site, outcome.location, led)
            else:
                self._files[site] = self._file(outcome, at, text, self._files.get(site))

    def _lead(self, site: str, url: str, led: tuple[str, ...]) -> None:
        """From now on the file at ``url`` speaks for ``site``, and no other; ``led`` are those that led there."""
        for waiting in self._chains.values():
            waiting.pop(site, None)
        self._chains.setdefault(url, {})[site] = led

    def _file(self, outcome: Outcome, at: float, text: str, before: _File | None) -> _File:
        """What the answer means (RFC 9309, 2.3.1). When it cannot be had, what was known before may still be used."""
        if isinstance(outcome, Failed) or (isinstance(outcome, Fetched) and outcome.status >= 500):
            return _File(at, before.rules if before else None)
        found = text if isinstance(outcome, Fetched) and outcome.status < 300 else ""
        return _File(at, Rules.read(found, self._agent))


class _File(NamedTuple):
    """A robots file: when it was answered, and what it says; None where it could not be had."""

    at: float
    rules: Rules | None


class Rules(NamedTuple):
    """A robots file read the plainest way there is: lines as RFC 9309 has them, paths without escapes."""

    lines: list[tuple[str, str]]
    delay: float

    @classmethod
    def read(cls, text: str, agent: str) -> Rules:
        """What ``text`` says to ``agent``, or else to everybody."""
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        names: list[str] = []
        ruled = False
        for line in text.splitlines():
            key, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
            if key.lower() == "user-agent":
                names, ruled = ([] if ruled else names) + [value.lower()], False
                groups.setdefault(value.lower(), [])
            elif key.lower() in ("allow", "disallow", "crawl-delay"):
                ruled = ruled or key.lower() != "crawl-delay"
                for name in names:
                    groups[name].append((key.lower(), value))
        lines = groups.get(agent.lower(), groups.get("*", []))
        return cls(lines, max((float(value) for key, value in lines if key == "crawl-delay"), default=0.0))

    def allow(self, url: str) -> bool:
        """The longest pattern that matches decides, and of two as long the friendlier (RFC 9309, 2.2.2)."""
        path = url[len(origin(url)) :]
        matching = [
            (len(value), key == "allow")
            for key, value in self.lines
            if key != "crawl-delay" and value and _pattern(value).match(path)
        ]
        return max(matching, default=(0, True))[1]


def _pattern(text: str) -> re.Pattern[str]:
    end = r"\Z" if text.endswith("$") else ""
    return re.compile(".*".join(map(re.escape, text.removesuffix("$").split("*"))) + end)
