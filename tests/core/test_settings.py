"""The policies answer as their words say: politeness, retry."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.model import Failed, Fetched, Outcome, Reason, Refused, Request
from scraper.settings import Politeness, Retry, Scope, ScopeMode, Settings


@pytest.mark.parametrize(
    ("host", "seconds"),
    [
        ("example.com", 0.5),
        ("example.com:8080", 0.5),
        ("127.0.0.1", 0.0),
        ("127.0.0.1:8000", 0.0),
        ("127.8.9.10:1", 0.0),
        ("localhost", 0.0),
        ("localhost:3000", 0.0),
        ("[::1]", 0.0),
        ("[::1]:443", 0.0),
        ("127.0.0.1.evil.test", 0.5),
        ("localhost.evil.test", 0.5),
        ("notlocalhost", 0.5),
        ("192.168.0.1", 0.5),
        ("[::2]", 0.5),
    ],
)
def test_the_delay_that_a_host_gets(host: str, seconds: float) -> None:
    assert Politeness().delay_for(host) == seconds
    assert Politeness(delay=2.0).delay_for(host) == 2.0
    assert Politeness(delay=0.0).delay_for(host) == 0.0


def fetched(status: int, attempt: int = 1) -> Fetched:
    return Fetched(Request("http://a.test/", attempt=attempt), status)


def failed(reason: Reason, attempt: int = 1) -> Failed:
    return Failed(Request("http://a.test/", attempt=attempt), reason)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_statuses_that_may_pass(status: int) -> None:
    assert Retry().wait(fetched(status), 0.0) is not None


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 401, 403, 404, 410, 501, 505, 599])
def test_statuses_that_are_final(status: int) -> None:
    assert Retry().wait(fetched(status), 0.0) is None


@pytest.mark.parametrize("reason", list(Reason))
def test_failures_that_may_pass(reason: Reason) -> None:
    passing = {Reason.TIMEOUT, Reason.DNS, Reason.CONNECT, Reason.RESET, Reason.PROXY, Reason.LOST}
    assert (Retry().wait(failed(reason), 0.0) is not None) == (reason in passing)


def test_what_policy_refused_is_final() -> None:
    assert Retry().wait(Refused(Request("http://a.test/"), Reason.ROBOTS), 0.0) is None


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [
        (1, 0.0, 0.5),
        (1, 0.5, 0.75),
        (2, 0.0, 1.0),
        (3, 0.0, 2.0),
        (4, 0.0, 4.0),
        (5, 0.0, 5.0),
        (9, 0.0, 5.0),
        (10, 0.0, None),
    ],
)
def test_waits_grow_up_to_the_cap(attempt: int, chance: float, seconds: float | None) -> None:
    assert Retry(retries=9, base=1.0, cap=10.0).wait(fetched(503, attempt), chance) == seconds


@given(
    outcome=st.sampled_from([fetched(503), failed(Reason.TIMEOUT, 2), fetched(500, 60), failed(Reason.LOST, 1_000)]),
    retries=st.integers(0, 2_000),
    base=st.floats(0, 100),
    cap=st.floats(0, 1_000),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_never_over_the_cap(outcome: Outcome, retries: int, base: float, cap: float, chance: float) -> None:
    wait = Retry(retries, base, cap).wait(outcome, chance)
    assert (wait is None) == (outcome.request.attempt > retries)
    if wait is not None:
        assert 0 <= wait <= cap


def test_no_retries() -> None:
    assert Retry(retries=0).wait(fetched(503), 0.5) is None


def test_settings_cross_to_a_process() -> None:
    settings = Settings(scope=Scope.around(["http://a.test/b/"], ScopeMode.PATH, ["a"], ["b"]))
    assert pickle.loads(pickle.dumps(settings)) == settings
