"""Checks from Python: :func:`scraper.check_urls`."""

from __future__ import annotations

import asyncio
import random
import time
from itertools import pairwise
from typing import Any

import pytest

import scraper
from scraper.backends import NAMES
from scraper.check.api import OPTIONS, for_checks, open_checks
from scraper.check.model import Target, Verdict
from scraper.check.timing.rounds import Rounds
from scraper.errors import ConfigError
from scraper.model import Fetched, Outcome, Request
from scraper.options import Options, make_settings
from scraper.run import Nowhere
from scraper.settings import Settings
from tests.server import ScriptedServer, page, redirect, status


@pytest.fixture
def web() -> scraper.Web:
    web = scraper.Web()
    web.page("https://a.example/")
    web.page("http://b/")
    web.status("http://b/gone", 404)
    return web


def test_urls_and_targets_are_checked(web: scraper.Web) -> None:
    gone = scraper.Target(url="http://b/gone", tries=1, expect=scraper.Statuses(((404, 404),)))
    found = list(scraper.check_urls("a.example", "http://b", gone, backend=scraper.Simulated(web)))
    assert {(result.target.url, result.verdict) for result in found} == {
        ("https://a.example/", Verdict.UP),
        ("http://b/", Verdict.UP),
        ("http://b/gone", Verdict.UP),
    }


def test_the_targets_url_may_be_written_as_people_write_it(web: scraper.Web) -> None:
    (result,) = scraper.check_urls(Target(url="http://B:80", name="b"), backend=scraper.Simulated(web))
    assert (result.target.url, result.target.key, result.verdict) == ("http://b/", "b", Verdict.UP)


def test_results_come_as_they_are_ready(web: scraper.Web) -> None:
    web.status("http://b/", 500)
    backend = scraper.Simulated(web)
    results = scraper.check_urls("http://b/", "a.example", backend=backend)
    assert next(results).verdict is Verdict.UP
    assert backend.clock() < 1
    assert next(results).verdict is Verdict.DOWN


def test_leaving_the_loop_closes_the_backend(web: scraper.Web) -> None:
    class Closing(scraper.Simulated):
        closed = 0

        def close(self) -> None:
            super().close()
            self.closed += 1

    backend = Closing(web)
    for _ in scraper.check_urls("a.example", "http://b/gone", backend=backend):
        break
    assert backend.closed == 1


@pytest.mark.parametrize(
    ("targets", "options", "message"),
    [
        ((), {}, "nothing to check"),
        (("ftp://a/",), {}, "ftp://a/"),
        ((7,), {}, "a target must be a URL as a text, or a Target, not 7"),
        (("a.example",), {"depth": 2}, "a check has no option 'depth': it has allow_private, auth, "),
        (("a.example",), {"timeout": 0}, "timeout must be"),
        (("a.example",), {"backend": 7}, "backend must be a name"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(targets: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        scraper.check_urls(*targets, **options)


def test_an_unknown_backend_is_said_when_the_loop_begins() -> None:
    with pytest.raises(ConfigError, match="there is no backend 'asincio'"):
        next(scraper.check_urls("a.example", backend="asincio"))


def test_a_running_loop_is_no_place_for_it() -> None:
    async def main() -> None:
        scraper.check_urls("a.example", backend="asyncio")

    with pytest.raises(ConfigError, match=r"use a thread: await asyncio\.to_thread"):
        asyncio.run(main())


def test_the_options_of_checks_are_options() -> None:
    assert set(Options.__annotations__) >= OPTIONS


def test_private_addresses_that_were_named_may_be_asked_and_logins_go_to_the_targets_only() -> None:
    settings = for_checks(make_settings(auth="u:p"), ["http://10.0.0.1/", "https://b/x"])
    assert settings.safety.named == {"10.0.0.1"}
    assert settings.identity.origins == {"http://10.0.0.1", "https://b"}


def test_redirects_are_followed_as_the_servers_say() -> None:
    """A session's name in a URL is part of it: it is cleaned away for crawls, which would go round in circles."""
    assert not for_checks(Settings(), ["http://a/"]).traps.sessions


def test_a_schedule_of_rounds_is_driven_by_the_clock_on_the_wall(web: scraper.Web) -> None:
    targets = [Target(url="http://b/", every="10s")]
    rounds = Rounds(targets, "1m", time.time(), random.Random(1).random)
    with open_checks(targets, Settings(), scraper.Simulated(web), Nowhere(), rounds) as run:
        found = []
        for results in run.rounds():
            found += results
            if len(found) == 3:
                run.stop()
    assert [round(late.due - early.due) for early, late in pairwise(found)] == [10, 10]


@pytest.mark.parametrize("backend", NAMES)
def test_a_real_site_with_each_backend(backend: str) -> None:
    with ScriptedServer() as server:
        server.script("/", page("<title>x"))
        server.script("/gone", status(404))
        server.script("/old", redirect("/;jsessionid=7"))
        server.script("/;jsessionid=7", page("<title>x"))
        given = [Target(url=server.url(path), method="get", tries=1) for path in ("/", "/gone", "/old")]
        found = scraper.check_urls(*given, backend=backend, workers=1)
        verdicts = {result.target.url.removeprefix(server.url("")): result.verdict for result in found}
    assert verdicts == {"/": Verdict.UP, "/gone": Verdict.DOWN, "/old": Verdict.UP}
    assert server.hits["/robots.txt"] == 0


def test_many_targets_on_one_slow_machine_are_all_told_of() -> None:
    """One in ten is down; each has its result, and the loop's body may take its time."""

    def answer(request: Request) -> Outcome:
        return Fetched(request, 500 if request.url.endswith("0/") else 200)

    urls = [f"http://h{number}/" for number in range(300)]
    found = list(scraper.check_urls(*urls, backend=scraper.Simulated(scraper.Web.of(answer), 5)))
    assert sorted(result.target.url for result in found) == sorted(urls)
    assert sum(result.verdict is Verdict.DOWN for result in found) == 30
