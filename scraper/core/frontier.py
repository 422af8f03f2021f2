"""The frontier: what waits, site by site, and whose turn it is.

A site is in one of four places: *ready* (its turn may come now; first come, first served), *at a gate* (that of its
host or of its address is full, or shut for a while; see :mod:`scraper.core.gate`), *out* (given to the caller by
:meth:`Frontier.pop`, who starts a request or puts the site back), or nowhere (it has nothing to start). A gate that
opens lets one site through at a time; one that does not use its turn passes it on, so that nobody waits for nothing.
The frontier reads no clock: the caller passes the time, as seconds on any steady clock.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scraper.core.gate import Gate
from scraper.core.site import Site
from scraper.model import Request
from scraper.settings import Politeness, is_loopback
from scraper.url import host_key, origin

__all__ = ["ADDRESS_SHARE", "Flight", "Frontier"]

ADDRESS_SHARE = 4
"""How much more an address may be asked than one host: so many hosts on it get their full pace at the same time."""


class Flight(NamedTuple):
    """A request under way, with the gates that it holds a place in."""

    request: Request
    site: Site
    gates: tuple[Gate, ...]


class Frontier:
    """Requests that may be asked for some day, given out as politeness admits.

    Invariant 2 lives here: between two starts behind one gate at least its delay passes, never more are in flight
    behind it than its limit, and sites take turns, so that none with work to do starves.
    """

    def __init__(self, politeness: Politeness) -> None:
        self._politeness = politeness
        self._sites: dict[str, Site] = {}
        self._hosts: dict[str, Gate] = {}
        self._addresses: dict[str, Gate] = {}
        self._ready: deque[Site] = deque()
        self._timed: list[tuple[float, int, Gate]] = []
        self._turn = 0
        self._waiting = 0

    def __len__(self) -> int:
        """Requests that wait."""
        return self._waiting

    @property
    def hosts(self) -> int:
        """How many hosts were met so far."""
        return len(self._hosts)

    def site(self, url: str) -> Site:
        """The site of a canonical URL."""
        key = origin(url)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = Site(key, self._host(host_key(url)))
        return site

    def push(self, urls: list[str], depth: int, via: str | None, redirects: int = 0) -> None:
        """Let new pages wait, each in its site's queue."""
        groups: dict[str, list[str]] = {}
        for url in urls:
            groups.setdefault(origin(url), []).append(url)
        for group in groups.values():
            site = self.site(group[0])
            site.push(group, depth, via, redirects)
            self.place(site)
        self._waiting += len(urls)

    def push_again(self, request: Request) -> None:
        """Let a page wait that was asked for before: it is its site's next one."""
        site = self.site(request.url)
        site.push_again(request)
        self._waiting += 1
        self.place(site)

    def push_file(self, request: Request) -> None:
        """Let a request for a robots file or a sitemap wait."""
        site = self.site(request.url)
        site.push_file(request)
        self._waiting += 1
        self.place(site)

    def pop(self, now: float) -> Site | None:
        """The site whose turn it is, with its gates open; None when there is none at ``now``.

        The caller then takes a request out of it for :meth:`start`, or gives the turn up with :meth:`put_back`.
        """
        while True:
            self._open_gates(now)
            if not self._ready:
                return None
            site = self._ready.popleft()
            closed = None if site.refuses(now) else _closed(site, now)
            if closed is not None:
                self._wait(site, closed)
            else:
                site.placed = False
                if site.has_next:
                    return site
            self._pass_on(site)

    def next(self, site: Site) -> Request:
        """Take the next request out of a site that was popped."""
        self._waiting -= 1
        return site.next()

    def start(self, request: Request, site: Site, now: float) -> Flight:
        """``request`` of a popped site is started; its flight must be given to :meth:`release` some day."""
        gates = site.gates
        for gate in gates:
            gate.start(now)
        self.put_back(site)
        return Flight(request, site, gates)

    def put_back(self, site: Site) -> None:
        """A popped site waits for another turn, if it has anything to start."""
        self.place(site)
        self._pass_on(site)

    def release(self, flight: Flight) -> None:
        """A flight has ended, however it ended."""
        for gate in reversed(flight.gates):  # other hosts that wait for the address come before this one's next page
            gate.end()
            self._admit(gate)
        self.place(flight.site)

    def place(self, site: Site) -> None:
        """Let ``site`` wait for its turn, if it has anything to start and does not wait yet."""
        if site.placed or not site.has_next:
            return
        site.placed = True
        if not site.refuses(0.0):  # if it must ask for its robots file first, its turn will tell
            for gate in site.gates:
                if gate.full or gate.opens:
                    self._wait(site, gate)
                    return
        self._ready.append(site)

    def locate(self, site: Site, address: str) -> None:
        """The address of a site's host has become known: from its next start on, its gate counts too."""
        host = site.gate
        if len(host.row) > 1 or (self._politeness.per_address is None and is_loopback(site.host)):
            return
        host.row = (host, self._address(address, site.host))

    def let_go(self, host: Gate) -> None:
        """A host was given up: what waits behind its gate, or that of its address, has nothing to wait for."""
        for gate in host.row:
            self._ready.extend(site for site in gate.waiting if site.gate is host)
            gate.waiting = [site for site in gate.waiting if site.gate is not host]

    def origins(self, site: Site) -> list[Site]:
        """The sites of ``site``'s host, itself included: of http and of https, with one port."""
        sites = (self._sites.get(f"{scheme}://{site.host}") for scheme in ("http", "https"))
        return [found for found in sites if found is not None]

    def wakeup(self) -> float | None:
        """The earliest time at which :meth:`pop` can give something; None when no time helps."""
        if self._ready:
            return 0.0
        return self._timed[0][0] if self._timed else None

    def discard(self, keys: AbstractSet[int]) -> None:
        """Forget the pages whose URL's hash is among ``keys``: one pass, for the start of a resumed crawl."""
        for site in self._sites.values():
            before = site.waiting
            site.discard(keys)
            self._waiting += site.waiting - before

    def forget(self, now: float) -> None:
        """Let go of sites with nothing to start whose gates hold nothing back: for one who goes on for years.

        Not while a site is out. What is met again begins as if it were new.
        """
        self._sites = {key: site for key, site in self._sites.items() if _matters(site, now)}
        hosts = {id(site.gate) for site in self._sites.values()}
        self._hosts = {key: gate for key, gate in self._hosts.items() if id(gate) in hosts}
        rows = {id(gate) for host in self._hosts.values() for gate in host.row}
        self._addresses = {key: gate for key, gate in self._addresses.items() if id(gate) in rows or _holds(gate, now)}

    def _host(self, key: str) -> Gate:
        gate = self._hosts.get(key)
        if gate is None:
            gate = self._hosts[key] = Gate(self._politeness.per_host, self._politeness.delay_for(key))
        return gate

    def _address(self, address: str, host: str) -> Gate:
        gate = self._addresses.get(address)
        if gate is None:
            limit = self._politeness.per_address
            if limit is None:
                limit = ADDRESS_SHARE * self._politeness.per_host
            # what slows one host down, its Crawl-delay or troubles of its own, must not starve all others
            gate = self._addresses[address] = Gate(limit, self._politeness.delay_for(host) / ADDRESS_SHARE)
        return gate

    def _open_gates(self, now: float) -> None:
        while self._timed and self._timed[0][0] <= now:
            gate = heapq.heappop(self._timed)[2]
            gate.timed = False
            if gate.waiting and not gate.full:
                self._ready.append(gate.waiting.pop(0))

    def _wait(self, site: Site, gate: Gate) -> None:
        gate.waiting.append(site)
        if not gate.full:
            self._time(gate)

    def _time(self, gate: Gate) -> None:
        if not gate.timed:
            gate.timed = True
            self._turn += 1
            heapq.heappush(self._timed, (gate.opens, self._turn, gate))

    def _admit(self, gate: Gate) -> None:
        """Let the first that waits at an open gate try again, or at one that is shut when it opens."""
        if not gate.waiting or gate.full or gate.timed:
            return
        if gate.opens:
            self._time(gate)
        else:
            self._ready.append(gate.waiting.pop(0))

    def _pass_on(self, site: Site) -> None:
        for gate in site.gates:
            self._admit(gate)


def _matters(site: Site, now: float) -> bool:
    """Whether anything is to come of ``site``, or would be known too little of it."""
    return site.placed or site.has_next or site.asking or _holds(site.gate, now)


def _holds(gate: Gate, now: float) -> bool:
    """Whether ``gate`` holds back, or will be asked for, something."""
    return bool(gate.in_flight or gate.waiting or gate.timed or gate.opens > now)


def _closed(site: Site, now: float) -> Gate | None:
    for gate in site.gates:
        if gate.closed(now):
            return gate
    return None
