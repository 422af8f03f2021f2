from __future__ import annotations

import time
from concurrent.futures import CancelledError

import msgspec
import pytest

from scraper.check.model import Attempt, Verdict
from scraper.check.moments import utc
from scraper.check.views import Incident, Point, Span, View
from tests.check.web.checking import Checker
from tests.check.web.stand import HOSTILE, TOKEN, Facts, ask, company, result, serving, view

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_all_targets() -> None:
    with serving(company()) as server:
        answer = ask(server, "/api/v1/targets")
    assert answer.headers["Content-Type"] == "application/json"
    targets = {target["key"]: target for target in answer.json["targets"]}
    assert list(targets)[:2] == ["Shop/Storefront", "Shop/Checkout"]
    broken = targets["Shop/Payments API"]
    assert (broken["name"], broken["group"], broken["state"], broken["health"]) == (
        *("Payments API", "Shop"),
        *("down", "down"),
    )
    assert (broken["verdict"], broken["reason"], broken["status"]) == ("down", "status", 503)
    assert broken["incident"]["ended"] is None
    assert broken["uptime"].keys() == {"24h", "7d", "30d", "90d"}
    assert broken["certificate"]["days_left"] == 61
    assert broken["checked_at"].endswith("Z")


def test_one_target_with_all_that_is_known() -> None:
    target = view().target
    last = result(target, server_us=250_000, at=1_000_000_000.0)
    shop = View(target, "up", 5.0, last, days=(Span(86_400, 10, 9, 1_500),), hours=(Span(3_600, 5, 5, 900),))
    incident = Incident("shop", 1.0, 61.0, Verdict.DOWN, "timeout", "no answer")
    facts, now = Facts([shop], [incident]), time.time()
    facts.points["hour"] = [Point(at, 5, 5, 0, 0, 900, 800, 1_900, 400, 2_000) for at in (0.0, now - 3_600)]
    with serving(facts) as server:
        told = ask(server, "/api/v1/targets/shop").json
    assert told["times"] == {
        "hours": [{"at": utc(now - 3_600), "p50_ms": 0.8, "p95_ms": 1.9, "least_ms": 0.4, "most_ms": 2.0}],
        "days": [],
    }
    assert told["days"] == [{"at": "1970-01-02T00:00:00.000Z", "checks": 10, "up": 9, "server_ms": 1.5}]
    assert told["incidents"] == [
        {"key": "shop", "started": "1970-01-01T00:00:01.000Z", "ended": "1970-01-01T00:01:01.000Z"}
        | {"verdict": "down", "reason": "timeout", "detail": "no answer"}
    ]
    (checked,) = told["results"]
    assert (checked["checked_at"], checked["server_ms"]) == ("2001-09-09T01:46:40.000Z", 250.0)
    (hop,) = checked["hops"]
    ours, servers = ("waited", "own"), ("dns", "connect", "tls", "first_byte", "body")
    for told_of, ending in ((checked["phases"], ""), (hop, "_ms")):
        assert sum(told_of[f"{name}{ending}"] for name in servers) == 250.0
        assert sum(told_of[f"{name}{ending}"] for name in ours) == 1.7


def test_a_target_that_was_never_checked() -> None:
    with serving(Facts([View(view().target)])) as server:
        told = ask(server, "/api/v1/targets/shop").json
    assert (told["state"], told["verdict"], told["checked_at"], told["results"]) == ("unknown", None, None, [])


def test_the_summary_counts_every_state() -> None:
    with serving(company()) as server:
        told = ask(server, "/api/v1/summary").json
    assert (told["state"], told["targets"], told["sentence"]) == ("down", 28, "1 of 28 targets is down")
    assert sum(told["counts"].values()) == 28
    assert told["counts"].keys() == {"up", "down", "blocked", "failing", "cert", "slow", "maintenance", "unknown"}


def test_incidents_that_last_come_first() -> None:
    with serving(company()) as server:
        told = ask(server, "/api/v1/incidents").json["incidents"]
    assert [one["ended"] is None for one in told] == [True, True, False, False, False]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_key_is_asked_for_by_its_escaped_form(name: str) -> None:
    from urllib.parse import quote

    with serving(Facts([view(name, group="a/b")]), ask=Checker().ask) as server:
        path = f"/api/v1/targets/{quote('a/b/' + name, safe='')}"
        assert ask(server, path).json["name"] == name
        assert ask(server, f"{path}/check", "POST", BEARER).json["verdict"] == "up"


def test_what_is_wrong_is_said_in_json() -> None:
    with serving(Facts([view()])) as server:
        assert ask(server, "/api/v1/targets/nobody").json == {"error": "there is no such target"}
        assert ask(server, "/api/v1/nothing").json == {"error": "404: Not Found"}
        assert ask(server, "/api/v1/targets", "POST").json == {"error": "405: Method Not Allowed"}
        assert ask(server, "/api/v1/targets/nobody/check", "POST", BEARER).status == 404
        unasked = ask(server, "/api/v1/targets/shop/check", "POST", BEARER)
    assert (unasked.status, unasked.json) == (503, {"error": "nothing is checked here on demand"})


def test_a_check_now_tells_what_it_came_to() -> None:
    checker, target = Checker(), view().target
    checker.answers[target.url] = result(target, Verdict.DOWN, reason="timeout", status=None)
    with serving(Facts([view()]), ask=checker.ask) as server:
        told = ask(server, "/api/v1/targets/shop/check", "POST", BEARER).json
    assert (told["verdict"], told["reason"], told["status"]) == ("down", "timeout", None)
    assert checker.asked == [target]


def test_a_check_that_the_ending_watch_cancels_is_said() -> None:
    checker = Checker(hold=True)

    def cancelled(target):  # type: ignore[no-untyped-def]
        future = checker.ask(target)
        future.cancel()
        return future

    with serving(Facts([view()]), ask=cancelled) as server:
        answer = ask(server, "/api/v1/targets/shop/check", "POST", BEARER)
    assert (answer.status, answer.json) == (503, {"error": "the watch is ending"})
    with pytest.raises(CancelledError):
        checker.futures[0].result()


def test_results_without_hops_are_told() -> None:
    target = view().target
    last = msgspec.structs.replace(result(target), attempts=(Attempt(1.0, Verdict.DOWN, "dns"),))
    with serving(Facts([View(target, "down", 1.0, last)])) as server:
        assert ask(server, "/api/v1/targets/shop").json["results"][0]["hops"] == []
        assert ask(server, "/targets/shop").status == 200
        assert ask(server, "/").status == 200
