"""A history in memory, as the web server reads it, and servers over it; with the facts of a small company to show."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import aiohttp
import msgspec
from yarl import URL

from scraper.check.model import Attempt, Hop, Result, Target, Verdict
from scraper.check.notices.notice import Notice, Told
from scraper.check.views import Incident, Point, Span, View
from scraper.check.web.server import WebServer
from scraper.model import Certificate

__all__ = ["HOSTILE", "TOKEN", "Answer", "Facts", "ask", "company", "many", "result", "serving", "until", "view"]

TOKEN = "a token of the tests"
DAY, HOUR = 86_400, 3_600
HOSTILE = (
    "<script>alert(1)</script>",
    '"onmouseover="alert(1)',
    "'; DROP TABLE results; --",
    "</title></script><img src=x onerror=alert(1)>",
    "a/b/../c?d#e%2F&f=g",
    "\u202etxt.exe",
    "{{ 7 * 7 }}",
    "日本語 ünïcödé 🚀",
    "\x1b[31mred\x07",
    "check",
    "uptime-30d",
    "..",
)


class Facts:
    """What is committed: change it from any thread, as a watch would, then announce."""

    def __init__(self, views: Iterable[View] = (), incidents: Iterable[Incident] = ()) -> None:
        self._lock = threading.Lock()
        self._views = {view.target.key: view for view in views}
        self._incidents = list(incidents)
        self._results: dict[str, list[Result]] = {
            key: [view.result] for key, view in self._views.items() if view.result is not None
        }
        self.notices: list[tuple[Notice, Told]] = []
        self.points: dict[Literal["hour", "day"], list[Point]] = {"hour": [], "day": []}
        self.reads: list[Sequence[str] | None] = []
        self.open = 0

    def put(self, view: View, *earlier: Result) -> None:
        """Commit the last result of ``view``, and what came before it."""
        with self._lock:
            self._views[view.target.key] = view
            new = [view.result] if view.result is not None else []
            self._results.setdefault(view.target.key, [])[:0] = [*new, *earlier]

    def add(self, incident: Incident) -> None:
        with self._lock:
            self._incidents.append(incident)

    def reader(self) -> _Reader:
        self.open += 1
        return _Reader(self)

    def __getitem__(self, key: str) -> View:
        return self._views[key]

    def __iter__(self) -> Iterator[View]:
        return iter(list(self._views.values()))


class _Reader:
    """Reads the facts on the one thread that it is made on."""

    def __init__(self, facts: Facts) -> None:
        self._facts, self._thread = facts, threading.get_ident()

    def _own(self) -> Facts:
        assert threading.get_ident() == self._thread, "a reader belongs to one thread"
        return self._facts

    def views(self, keys: Sequence[str] | None, now: float) -> list[View]:
        facts = self._own()
        with facts._lock:
            facts.reads.append(keys)
            return list(facts._views.values()) if keys is None else [facts._views[key] for key in keys]

    def results(self, key: str, limit: int) -> list[Result]:
        with self._own()._lock:
            return self._facts._results.get(key, [])[:limit]

    def incidents(self, key: str | None, limit: int) -> list[Incident]:
        with self._own()._lock:
            found = [one for one in self._facts._incidents if key in (None, one.key)]
        return sorted(found, key=lambda one: (one.ended is not None, -one.started))[:limit]

    def series(self, key: str, by: Literal["hour", "day"], since: float, until: float) -> list[Point]:
        return [point for point in self._own().points[by] if since <= point.at <= until]

    def notices(self, limit: int) -> list[tuple[Notice, Told]]:
        return self._own().notices[:limit]

    def close(self) -> None:
        self._own().open -= 1


def result(target: Target, verdict: Verdict = Verdict.UP, **given: Any) -> Result:
    """A check of ``target`` that took 100 ms, or as long as ``server_us`` says."""
    now = given.pop("at", time.time())
    us, status = given.pop("server_us", 100_000), given.pop("status", 200)
    secure = target.url.startswith("https:")
    parts = (us * 4 // 100, us * 16 // 100, us * 22 // 100 if secure else 0, us * 48 // 100)
    hop = Hop(
        target.url,
        status=status,
        address="203.0.113.7",
        http="1.1" if status else None,
        own_us=200,
        waited_us=1_500,
        dns_us=parts[0],
        connect_us=parts[1],
        tls_us=parts[2],
        first_us=parts[3],
        body_us=us - sum(parts),
    )
    reason, detail = given.pop("reason", ""), given.pop("detail", "")
    attempt = Attempt(now - us / 1e6, verdict, reason, detail, (hop,))
    days = given.pop("cert_days", 61)
    certificate = Certificate("shop.example", "Example CA", ("shop.example",), now - 9e6, now + days * DAY + 60)
    if secure and status:
        given.setdefault("certificate", msgspec.structs.replace(certificate, earliest=certificate.not_after))
    return Result(target, verdict, reason, detail, now - 1, now, (attempt,), **given)


def view(name: str = "shop", url: str = "https://shop.example/", group: str = "", **given: Any) -> View:
    """A target that is up, checked once."""
    target = Target(url=url, name=name, group=group)
    given.setdefault("state", "up")
    given.setdefault("result", result(target))
    return View(target, **given)


def _days(chance: random.Random, bad: dict[int, float], now: float, first: int = 90) -> tuple[Span, ...]:
    today = now // DAY * DAY
    spans = []
    for back in range(first - 1, -1, -1):
        share = bad.get(back, 1.0)
        spans.append(Span(today - back * DAY, 1_440, round(1_440 * share), chance.randint(80_000, 200_000)))
    return tuple(spans)


def _hours(chance: random.Random, base: int, now: float) -> tuple[Span, ...]:
    hour, us, spans = now // HOUR * HOUR, float(base), []
    for back in range(23, -1, -1):
        us = max(base * 0.6, us * chance.uniform(0.86, 1.16) + (base - us) * 0.2)
        spans.append(Span(hour - back * HOUR, 60, 60, int(us * (3 if chance.random() < 0.03 else 1))))
    return tuple(spans)


def _uptime(days: Sequence[Span]) -> tuple[float, float, float, float]:
    def share(count: int) -> float:
        some = days[-count:]
        return sum(span.up for span in some) / sum(span.checks for span in some)

    return share(1), share(7), share(30), share(90)


_GROUPS = {
    "Shop": ("Storefront", "Checkout", "Search", "Product images", "Payments API", "Customer accounts", "Gift cards"),
    "API": ("Public API v2", "Public API v3", "GraphQL gateway", "Webhooks", "OAuth", "Rate card", "Partner feed"),
    "Europe": ("Berlin edge", "Paris edge", "Warsaw edge", "Madrid edge", "Stockholm edge", "Dublin edge", "CDN"),
    "Internal": ("Wiki", "Issue tracker", "Package mirror", "Grafana", "Mail gateway", "VPN portal", "Build cache"),
}
_ODD = {"Payments API": "down", "CDN": "slow", "Partner feed": "blocked", "VPN portal": "cert", "Wiki": "maintenance"}


def company(now: float | None = None, seed: int = 7) -> Facts:
    """Some thirty targets in four groups, with ninety days behind them and a few troubles."""
    now, chance = now or time.time(), random.Random(seed)
    facts = Facts()
    for group, names in _GROUPS.items():
        for name in names:
            times = chance.choice((0, 1, 2, 4))
            bad = {chance.randrange(2, 90): chance.choice((0.995, 0.97, 0.9, 0.999)) for _ in range(times)}
            made, last = _one(name, group, bad, chance, now)
            facts.put(made, *_earlier(last, chance))
    _tell_incidents(facts, now)
    return facts


_SAID: dict[str, dict[str, Any]] = {
    "down": {"verdict": Verdict.DOWN, "reason": "status", "detail": "503, expected 200..399", "status": 503},
    "slow": {"verdict": Verdict.SLOW, "reason": "slow", "detail": "2.41 s, slower than 2 s", "server_us": 2_410_000},
    "blocked": {"verdict": Verdict.BLOCKED, "reason": "rate", "detail": "429, asked to wait 60 s", "status": 429},
    "cert": {"verdict": Verdict.CERT, "reason": "cert", "detail": "certificate expires in 6 days", "cert_days": 6},
}


def _one(name: str, group: str, bad: dict[int, float], chance: random.Random, now: float) -> tuple[View, Result]:
    odd, at = _ODD.get(name, ""), now - chance.randint(2, 55)
    target = Target(url=f"https://{name.lower().replace(' ', '-')}.example.com/health", name=name, group=group)
    base = chance.choice((42_000, 88_000, 140_000, 210_000, 330_000))
    last = result(target, **{"server_us": int(base * chance.uniform(0.8, 1.2)), "at": at, **_SAID.get(odd, {})})
    worst = {0: 0.93, 11: 0.42, 12: 0.71} if odd == "down" else {}
    days = _days(chance, bad | worst, now, 90 if group != "API" else 62)
    hours = _hours(chance, base if odd != "slow" else 1_200_000, now)
    if odd == "down":
        hours = (*hours[:-2], *(msgspec.structs.replace(span, server_us=0, up=0) for span in hours[-2:]))
    incident = Incident(target.key, now - 5_040, None, Verdict.DOWN, "status", "503, expected 200..399")
    state, since = ("down", now - 5_040) if odd in ("down", "blocked") else ("up", now - 11 * DAY)
    open_now = incident if odd == "down" else None
    return View(target, state, since, last, odd == "maintenance", open_now, days, hours, _uptime(days)), last


def _earlier(last: Result, chance: random.Random) -> list[Result]:
    return [
        result(last.target, at=last.at - 60 * back, server_us=int(last.server_us * chance.uniform(0.7, 1.4)))
        for back in range(1, 60)
    ]


def _tell_incidents(facts: Facts, now: float) -> None:
    for key, back, long, verdict, reason, detail in (
        ("Shop/Payments API", 5_040, None, Verdict.DOWN, "status", "503, expected 200..399"),
        ("API/Partner feed", 18_000, None, Verdict.BLOCKED, "rate", "429, asked to wait 60 s"),
        ("Shop/Payments API", 12 * DAY, 27_300, Verdict.DOWN, "timeout", "no answer within 10 s"),
        ("Europe/Madrid edge", 20 * DAY, 1_260, Verdict.DOWN, "tls", "certificate has expired"),
        ("Internal/Grafana", 31 * DAY, 4_900, Verdict.DOWN, "connect", "connection refused"),
    ):
        facts.add(Incident(key, now - back, None if long is None else now - back + long, verdict, reason, detail))


def many(count: int, now: float | None = None) -> Facts:
    """``count`` targets in groups of fifty, each with ninety days and a few bad ones."""
    now, chance = now or time.time(), random.Random(3)
    facts = Facts()
    for number in range(count):
        bad = {chance.randrange(90): chance.uniform(0.3, 1.0) for _ in range(chance.choice((0, 0, 1, 3, 8)))}
        facts.put(_one(f"service {number:03}", f"group {number // 50}", bad, chance, now)[0])
    return facts


@contextmanager
def serving(facts: Facts, **given: Any) -> Iterator[WebServer]:
    """A server over ``facts`` on a free port, quick to show what is new; no thread of it is left."""
    given.setdefault("token", TOKEN)
    before = set(threading.enumerate())
    server = WebServer(facts.reader, **{"beat": 0.02, **given})
    server.start()
    try:
        yield server
    finally:
        server.close()
    assert set(threading.enumerate()) <= before
    assert facts.open == 0


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(server: WebServer, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
    """One request, sent with the very ``path``; redirects and compression are left as they are."""
    return asyncio.run(_ask(server.url.rstrip("/") + path, method, headers or {}))


async def _ask(url: str, method: str, headers: Mapping[str, str]) -> Answer:
    given = {"Accept-Encoding": "identity", **headers}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, URL(url, encoded=True), headers=given, allow_redirects=False) as answer,
    ):
        return Answer(answer.status, answer.headers, await answer.read())


def until(holds: Callable[[], Any]) -> Any:
    """Wait until ``holds()`` is true, and give what it gave."""
    deadline = time.monotonic() + 60
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)
    return found
