from __future__ import annotations

import asyncio

import aiohttp
import pytest

from scraper.check.model import Statuses, Target, Verdict
from scraper.check.web.probe import MODULES
from scraper.errors import BackendError
from tests.check.web.checking import Checker
from tests.check.web.stand import Facts, ask, result, serving, until, view
from tests.check.web.test_metrics import BLACKBOX, NOT_OURS, samples, shapes, values

TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"


def test_a_scrape_as_the_usual_relabelling_makes_it() -> None:
    checker = Checker()
    with serving(Facts(), ask=checker.ask) as server:
        answer = ask(
            server,
            "/probe?module=http_2xx&target=https%3A%2F%2FExample.com%2Fx%3Fa%3Db",
            headers={
                TIMEOUT: "10",
                "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
            },
        )
    (target,) = checker.asked
    assert (target.url, target.method, target.tries, target.timeout) == ("https://example.com/x?a=b", "get", 1, 9.5)
    assert target.expect == Statuses(((200, 299),))
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_names_are_those_of_the_blackbox_exporter_and_no_label_is_ours() -> None:
    with serving(Facts(), ask=Checker().ask) as server:
        found = samples(ask(server, "/probe?target=https://example.com").text)
    theirs = shapes(samples(BLACKBOX))
    assert {name for name, _ in theirs - shapes(found)} == NOT_OURS
    assert {name for sample in found for name in sample.labels} == {"phase", "verdict"}


@pytest.mark.parametrize("verdict", [Verdict.UP, Verdict.DOWN, Verdict.BLOCKED])
def test_what_it_came_to(verdict: Verdict) -> None:
    checker = Checker()
    target = Target(url="http://example.com/")
    checker.answers[target.url] = result(target, verdict, status=404)
    with serving(Facts(), ask=checker.ask) as server:
        found = values(ask(server, "/probe?target=example.com").text)
    assert found["probe_success"] == (verdict is Verdict.UP)
    assert found["probe_http_status_code"] == 404
    assert found["probe_timeout_seconds"] == 119.5


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ("target=example.com", "http://example.com/"),
        ("target=example.com:8080/x", "http://example.com:8080/x"),
        ("target=127.0.0.1:8009", "http://127.0.0.1:8009/"),
        ("target=[::1]:8009", "http://[::1]:8009/"),
        ("target=https://example.com/%2523", "https://example.com/%23"),
    ],
)
def test_targets(query: str, url: str) -> None:
    """Addresses of the machine itself are refused by the guard of whoever checks, and down like others."""
    checker = Checker()
    with serving(Facts(), ask=checker.ask) as server:
        assert ask(server, f"/probe?{query}").status == 200
    assert [target.url for target in checker.asked] == [url]


@pytest.mark.parametrize(
    ("path", "headers", "said"),
    [
        ("/probe", {}, "the parameter target is missing"),
        ("/probe?target=", {}, "the parameter target is missing"),
        ("/probe?target=file:///etc/passwd", {}, "the parameter target is no http or https URL"),
        ("/probe?target=http://", {}, "the parameter target is no http or https URL"),
        ("/probe?target=" + "x" * 5_000, {}, "the parameter target is no http or https URL"),
        ("/probe?target=x&module=icmp", {}, "unknown module; known are: http_2xx, http_2xx_head"),
        *(
            (f"/probe?target={url}", {}, f"port {port} is one of other protocols: no browser asks there")
            for url, port in (("example.com:25", 25), ("https://example.com:22/x", 22), ("[2001:db8::1]:6379", 6379))
        ),
        *(
            ("/probe?target=x", {TIMEOUT: seconds}, f"{TIMEOUT} is no number of seconds")
            for seconds in ("soon", "nan", "inf", "-1", "0", "")
        ),
    ],
)
def test_what_is_no_question(path: str, headers: dict[str, str], said: str) -> None:
    checker = Checker()
    with serving(Facts(), ask=checker.ask) as server:
        answer = ask(server, path, headers=headers)
    assert (answer.status, answer.text.strip(), checker.asked) == (400, said, [])


def test_modules_of_ones_own() -> None:
    checker = Checker()
    own = Target(url="", method="get", texts=("welcome",), tries=1, timeout=2.0)
    with serving(Facts(), ask=checker.ask, modules={"shop": own}) as server:
        ask(server, "/probe?target=example.com&module=shop")
        ask(server, "/probe?target=example.com&module=http_2xx_head", headers={TIMEOUT: "0.4"})
    shop, head = checker.asked
    assert (shop.texts, shop.timeout) == (("welcome",), 2.0)
    assert (head.method, head.timeout) == ("head", 0.4)
    assert set(MODULES) == {"http_2xx", "http_2xx_head"}


def test_what_is_not_over_in_time_is_down() -> None:
    checker = Checker(hold=True)
    with serving(Facts(), ask=checker.ask) as server:
        answer = ask(server, "/probe?target=example.com", headers={TIMEOUT: "0.05"})
    found = values(answer.text)
    assert (answer.status, found["probe_success"], found["scraper_check_verdict:down"]) == (200, 0, 1)
    assert checker.futures[0].cancelled()


def test_too_many_at_once_are_refused_and_pages_answer_meanwhile() -> None:
    checker = Checker(hold=True)

    async def scrape(session: aiohttp.ClientSession, url: str) -> int:
        async with session.get(url) as answer:
            return answer.status

    async def run() -> list[int]:
        async with aiohttp.ClientSession() as session:
            tasks = [asyncio.create_task(scrape(session, f"{server.url}probe?target={n}.example")) for n in range(20)]
            await asyncio.to_thread(until, lambda: len(checker.futures) == 20)
            assert await scrape(session, f"{server.url}probe?target=one.more") == 503
            assert await scrape(session, server.url) == 200
            for future in checker.futures:
                future.set_result(result(view().target))
            return list(await asyncio.gather(*tasks))

    with serving(Facts([view()]), ask=checker.ask) as server:
        assert asyncio.run(run()) == [200] * 20


def test_a_watch_that_cannot_check_says_so() -> None:
    def broken(target: Target):  # type: ignore[no-untyped-def]
        raise BackendError("the workers have died")

    with serving(Facts(), ask=broken) as server:
        assert ask(server, "/probe?target=example.com").status == 503
    with serving(Facts(), ask=None) as server:
        answer = ask(server, "/probe?target=example.com")
    assert (answer.status, answer.text) == (503, "nothing is checked here on demand\n")


def test_a_probe_under_way_does_not_hold_up_the_end() -> None:
    checker = Checker(hold=True)

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            task = asyncio.create_task(session.get(f"{server.url}probe?target=example.com"))
            await asyncio.to_thread(until, lambda: checker.futures)
            await asyncio.to_thread(server.close)
            with pytest.raises(aiohttp.ClientError):
                await task

    with serving(Facts(), ask=checker.ask) as server:
        asyncio.run(run())
    assert checker.futures[0].cancelled()
