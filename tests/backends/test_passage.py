"""The way from one backend to another, in simulated time: judged by the servers, as all politeness is."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scraper.backends.pace import Pace
from scraper.backends.passage import Passage
from scraper.backends.police import Police
from scraper.model import Fetched, Outcome, Request
from scraper.settings import Politeness
from scraper.url import host_key

STEP = 0.001
HOSTS = 3


class Patrol(Police):
    """Judges what is to be silent when it is handed over: what a backend has in hand by then it does not take back."""

    def _held(self, request: Request, at: float) -> None:
        """Nothing is said at its arrival."""

    def handed_over(self, request: Request, at: float) -> None:
        assert super()._held(request, at) is None


class Web:
    """Servers, a clock, and who is watched by them.

    :param answers: of the requests in the order in which they arrive: seconds that each takes, and the silence that it
        asks for.
    """

    def __init__(self, politeness: Politeness, answers: list[tuple[float, float]]) -> None:
        self.now = 0.0
        self.police = Patrol(politeness)
        self.workers: list[Side] = []
        self._answers = answers
        self._asked = 0

    def ask(self, request: Request) -> tuple[float, Outcome]:
        """When the answer to ``request`` is there, and what it is."""
        self.police.asked(request, self.now)
        latency, silence = self._answers[self._asked % len(self._answers)]
        self._asked += 1
        return self.now + latency, Fetched(request, 429 if silence else 200, retry_after=silence or None)

    def goes_on(self) -> None:
        self.now += STEP
        for worker in self.workers:
            worker.move()


class Side:
    """A backend; workers move by themselves, a loop only while it is waited for."""

    def __init__(self, web: Web) -> None:
        self.pace = Pace()
        self.closed = False
        self._web = web
        self._waiting: list[Request] = []
        self._flights: list[tuple[float, Outcome]] = []

    def submit(self, request: Request) -> None:
        self._web.police.handed_over(request, self._web.now)
        self._waiting.append(request)

    def move(self) -> None:
        may = [request for request in self._waiting if not self.pace.pause(request, self._web.now)]
        self._waiting = [request for request in self._waiting if request not in may]
        self._flights += map(self._web.ask, may)

    def collect(self, timeout: float) -> list[Outcome]:
        end = self._web.now + timeout
        while True:
            self.move()
            arrived = [outcome for until, outcome in self._flights if until <= self._web.now]
            if arrived or self._web.now >= end:
                break
            self._web.goes_on()
        self._flights = [flight for flight in self._flights if flight[1] not in arrived]
        for outcome in arrived:
            self._web.police.answered(outcome, self._web.now)
        return arrived

    def close(self) -> None:
        assert not self._waiting
        assert not self._flights
        self.closed = True


class Driver:
    """Gives out what may be started, as the core does: for what it knows at that moment."""

    def __init__(self, web: Web, politeness: Politeness) -> None:
        self.submitted: list[str] = []
        self.flying: Counter[str] = Counter()
        self._web, self._politeness = web, politeness
        self._next: dict[str, float] = {}

    def give(self, backend: Any, most: int) -> None:
        for number in range(HOSTS):
            host, delay = f"host{number}.test", self._politeness.delay or 0.0
            full = self.flying[host] >= self._politeness.per_host
            if len(self.submitted) < most and not full and self._web.now >= self._next.get(host, 0.0):
                self._next[host] = self._web.now + delay
                self.flying[host] += 1
                self.submitted.append(f"http://{host}/{len(self.submitted)}")
                backend.submit(Request(self.submitted[-1], delay=delay))

    def take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            host = host_key(outcome.url)
            self.flying[host] -= 1
            if isinstance(outcome, Fetched) and outcome.retry_after:
                self._next[host] = max(self._next[host], self._web.now + outcome.retry_after)


def way(web: Web, old: Side, new: Side, flying: list[Request], delay: float) -> Passage:
    made: Any = Passage
    return made(old, new, flying, delay, Politeness().longest_hold, lambda: web.now)  # type: ignore[no-any-return]


@given(
    delay=st.sampled_from([0.01, 0.05, 0.2]),
    per_host=st.integers(1, 3),
    late=st.lists(st.floats(0.0, 0.3), min_size=1, max_size=4),
    answers=st.lists(
        st.tuples(st.floats(0.0, 0.5), st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.6])), min_size=1, max_size=8
    ),
)
def test_nobody_is_asked_too_soon_whatever_is_late_and_nothing_is_lost(
    delay: float, per_host: int, late: list[float], answers: list[tuple[float, float]]
) -> None:
    politeness = Politeness(delay=delay, per_host=per_host, robots=False)
    web = Web(politeness, answers)
    old, new, driver = Side(web), Side(web), Driver(web, politeness)
    outcomes: list[Outcome] = []
    for pause in late:  # the loop does not move meanwhile
        driver.give(old, most=8)
        web.now += pause
        arrived = old.collect(STEP)
        driver.take(arrived)
        outcomes += arrived
    web.workers.append(new)
    done = {outcome.url for outcome in outcomes}
    flying = [Request(url, delay=delay) for url in driver.submitted if url not in done]
    passage = way(web, old, new, flying, delay)
    while (len(outcomes) < 24 or not passage.over) and web.now < 300.0:
        driver.give(passage, most=24)
        arrived = passage.collect(0.02)
        driver.take(arrived)
        outcomes += arrived
    assert Counter(outcome.url for outcome in outcomes) == Counter(driver.submitted)
    assert len(outcomes) == 24
    assert passage.over
    assert old.closed


def test_a_host_waits_for_what_is_in_flight_on_it() -> None:
    """A start of the old one counts from when it was let go; when it reached the server, only the answer tells."""
    web = Web(Politeness(delay=0.05, robots=False), [(0.4, 0.0)])
    old, new = Side(web), Side(web)
    first, second, other = (Request(f"http://{host}.test/{n}", delay=0.05) for n, host in enumerate("aab"))
    old.submit(first)
    old.move()
    passage = way(web, old, new, [first], 0.05)
    web.now = 0.1
    passage.submit(second)
    passage.submit(other)
    asked = []
    while web.now < 1.0:
        asked += [(outcome.url, round(web.now, 1)) for outcome in passage.collect(0.02)]
    assert asked == [(first.url, 0.4), (other.url, 0.5), (second.url, 0.8)]


class Counting(Side):
    """Counts how often it was looked at."""

    looks = 0

    def collect(self, timeout: float) -> list[Outcome]:
        self.looks += 1
        return super().collect(timeout)


def test_what_takes_half_a_minute_is_looked_after_now_and_then() -> None:
    """With a request held for it, too: a loop that turns all the time would take a tenth of a core for nothing."""
    web = Web(Politeness(delay=0.05, robots=False), [(30.0, 0.0)])
    old, new = Counting(web), Counting(web)
    first, second = (Request(f"http://a.test/{n}", delay=0.05) for n in range(2))
    old.submit(first)
    old.move()
    passage = way(web, old, new, [first], 0.05)
    passage.submit(second)
    while web.now < 10.0:
        assert passage.collect(0.25) == []
    assert new.looks + old.looks <= 25 * 10
