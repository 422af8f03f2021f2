"""How a host's delay follows its server, and what an outcome says of its host; pure tables."""

from __future__ import annotations

import pytest

from scraper.core.pace import adapted, answered, hold
from scraper.model import Failed, Fetched, Outcome, Reason, Refused, Request, Timings
from scraper.settings import Politeness

ASKED = Request("http://a.test/")
AUTO, FIXED = Politeness(), Politeness(delay=3.0)


def answer(status: int = 200, seconds: float = 0.1, retry_after: float | None = None, to: str | None = None) -> Fetched:
    timings = Timings(server_us=round(seconds * 1e6))
    return Fetched(ASKED, status, location=to, retry_after=retry_after, timings=timings)


def failed(reason: Reason) -> Failed:
    return Failed(ASKED, reason)


@pytest.mark.parametrize(
    ("floor", "delay", "outcome", "then"),
    [
        (0.5, 0.5, answer(), 0.5),  # a quick server stays at the floor
        (0.5, 0.5, answer(seconds=2.0), 2.0),  # a slow one is not asked twice in the time of one answer
        (0.5, 2.0, answer(), 1.8),  # good answers take it back
        (0.5, 0.51, answer(), 0.5),
        (0.5, 0.5, answer(429), 1.0),  # trouble doubles it
        (0.5, 1.0, answer(503), 2.0),
        (0.5, 1.0, failed(Reason.TIMEOUT), 2.0),
        (0.5, 1.0, failed(Reason.RESET), 2.0),
        (0.5, 40.0, failed(Reason.CONNECT), 60.0),  # up to the longest delay
        (0.5, 60.0, answer(seconds=900.0), 60.0),
        (0.5, 1.0, failed(Reason.DNS), 1.0),  # says nothing of the server's load
        (0.5, 1.0, failed(Reason.LOST), 1.0),
        (0.5, 1.0, answer(404), 0.9),
        (0.5, 1.0, answer(500), 0.9),  # a broken page, not a tired server
        (10.0, 10.0, answer(), 10.0),  # what robots.txt asks for is never undercut
        (0.0, 0.0, answer(503), 0.0),  # this machine itself
    ],
)
def test_the_automatic_delay(floor: float, delay: float, outcome: Outcome, then: float) -> None:
    assert adapted(AUTO, floor, delay, outcome) == pytest.approx(then)


@pytest.mark.parametrize("outcome", [answer(503), answer(seconds=9.0), failed(Reason.TIMEOUT), answer()])
def test_a_fixed_delay_stays(outcome: Outcome) -> None:
    assert adapted(FIXED, 3.0, 3.0, outcome) == 3.0


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (answer(429, retry_after=7.0), 7.0),
        (answer(503, retry_after=86_400.0), 300.0),
        (answer(301, retry_after=2.0, to="http://a.test/x"), 2.0),
        (answer(200, retry_after=7.0), 0.0),
        (answer(503), 0.0),
        (failed(Reason.TIMEOUT), 0.0),
    ],
)
def test_how_long_retry_after_holds_a_host(outcome: Outcome, seconds: float) -> None:
    assert hold(AUTO, outcome) == seconds


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (answer(500), True),
        (failed(Reason.DNS), False),
        (failed(Reason.TIMEOUT), False),
        (failed(Reason.PROTOCOL), False),
        (failed(Reason.LOST), None),
        (failed(Reason.ENCODING), None),
        (Refused(ASKED, Reason.PRIVATE_ADDRESS), None),
    ],
)
def test_whether_a_host_has_answered(outcome: Outcome, said: bool | None) -> None:
    assert answered(outcome) is said
