"""Every backend brings the same evidence home."""

from __future__ import annotations

import msgspec
import pytest

from scraper.backends import NAMES, create
from scraper.model import Outcome, Probe, Request
from scraper.settings import Settings
from tests.fetch.conftest import ANYWHERE
from tests.fetch.test_probe import PHASES, adds_up, evidence, timeless
from tests.fetch.test_tls import ROOMY, TRUSTING, tls_server
from tests.server import ClosedPort, ScriptedServer, close, ok, page, raw, redirect, status

SETTINGS = Settings(identity=TRUSTING, limits=ROOMY, safety=ANYWHERE, concurrency=4, workers=2)


def probed(name: str, requests: list[Request]) -> dict[str, Outcome]:
    """The outcomes by URL."""
    backend = create(name, SETTINGS)
    waiting, found = list(requests), dict[str, Outcome]()
    try:
        while len(found) < len(requests):
            while waiting and len(requests) - len(waiting) - len(found) < backend.capacity:
                backend.submit(waiting.pop())
            found |= {outcome.url: outcome for outcome in backend.collect(0.5)}
    finally:
        backend.close()
    return found


def test_all_backends_bring_the_same() -> None:
    body = page('{"a": 1}')
    with ScriptedServer() as plain, tls_server() as secure, tls_server("expired.pem") as expired, ClosedPort() as shut:
        secure.script("/", body)
        requests = [
            Request(plain.script("/a", body), probe=Probe(texts=("b",), patterns=("c",), values=(("a", "2"),))),
            Request(plain.script("/b", redirect("/a?sid=1")), probe=Probe("HEAD")),
            Request(plain.script("/c", status(429, "Retry-After: 7\r\n")), probe=Probe()),
            Request(plain.script("/d", close()), probe=Probe()),
            Request(plain.script("/e", raw(b"HTTP/1.0 403 No\r\nCF-Mitigated: challenge\r\n\r\n")), probe=Probe()),
            Request(secure.url("/"), probe=Probe()),
            Request(expired.url("/"), probe=Probe()),
            Request(shut.url("/"), probe=Probe()),
        ]
        found = {name: probed(name, requests) for name in NAMES}
    for outcomes in found.values():
        for outcome in outcomes.values():
            adds_up(outcome)
    told = {name: {url: timeless(outcome) for url, outcome in outcomes.items()} for name, outcomes in found.items()}
    for name in NAMES:
        assert told[name] == told["sequential"], name


def test_a_crawl_is_given_none() -> None:
    with ScriptedServer() as server:
        url = server.script("/", ok())
        for name in ("threads", "hybrid"):
            (outcome,) = probed(name, [Request(url)]).values()
            assert getattr(outcome, "evidence", "none") is None


@pytest.mark.parametrize("name", ["threads", "asyncio"])
def test_waiting_for_a_worker_is_not_the_servers(name: str) -> None:
    """More probes than there is room for: what they wait stands apart, and adds up all the same."""
    backend = create(name, msgspec.structs.replace(SETTINGS, concurrency=1))
    with ScriptedServer() as server:
        urls = [server.script(f"/{n}", ok()) for n in range(5)]
        for url in urls:
            backend.submit(Request(url, probe=Probe()))
        outcomes: list[Outcome] = []
        while len(outcomes) < len(urls):
            outcomes += backend.collect(0.5)
        backend.close()
    waits = [getattr(outcome, "timings").waited_us for outcome in outcomes]  # noqa: B009  # not of every outcome
    assert waits == sorted(waits)
    for outcome in outcomes:
        adds_up(outcome)
        assert all(getattr(evidence(outcome), phase) >= 0 for phase in PHASES)
