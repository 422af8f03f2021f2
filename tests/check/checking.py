"""Checks of a simulated web, watched from the server's side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scraper.backends.police import Police
from scraper.backends.simulated import Arrival, Simulated, Web
from scraper.check.core import Checks
from scraper.check.model import Result, Target
from scraper.check.schedule import Once, Schedule
from scraper.engine import run
from scraper.model import Request
from scraper.run import Nowhere
from scraper.settings import Politeness, Settings

NOW = 1_800_000_000.0
"""The date at which simulated checks begin, in seconds since the epoch."""


class Watchful(Police):
    """The police for checks: they ask again for what was answered, but never for what still is being answered."""

    def _once(self, request: Request, at: float) -> str | None:
        complaint = super()._once(request, at)
        return complaint if complaint and "still" in complaint else None


@dataclass
class Checked:
    """Checks that have ended."""

    results: list[Result]
    arrivals: list[Arrival]
    core: Checks
    seconds: float

    def __getitem__(self, url: str) -> Result:
        """The one result of the target with this URL."""
        (result,) = (result for result in self.results if result.target.url == url)
        return result

    def starts(self, url: str) -> list[float]:
        """When the server was asked for ``url``."""
        return [arrival.at for arrival in self.arrivals if arrival.url == url]


def manners(per_host: int = 4, delay: float = 0.0, **more: Any) -> Settings:
    return Settings(politeness=Politeness(per_host=per_host, delay=delay, robots=False, **more))


def check(
    web: Web,
    *targets: str | Target,
    settings: Settings | None = None,
    capacity: int = 16,
    latency: float | Callable[[Request], float] = 0.05,
    chance: Callable[[], float] = lambda: 0.0,
    schedule: Schedule | None = None,
    during: Callable[[Checks, Sequence[Result], float], None] = lambda core, results, now: None,
    rounds: int = 100_000,
) -> Checked:
    """Check ``targets`` to the end; URLs alone are targets that expect the usual.

    :param during: called after every round, with the backend's time.
    """
    settings = settings or manners()
    made = [Target(url=target) if isinstance(target, str) else target for target in targets]
    core = Checks(made, settings, schedule or Once(len(made)), chance, NOW)
    backend = Simulated(web, capacity, latency, Watchful(settings.politeness))
    results: list[Result] = []
    for count, found in enumerate(run(core, backend, Nowhere())):
        assert count < rounds, "these checks do not end"
        results += found
        during(core, results, backend.clock())
    return Checked(results, backend.arrivals, core, backend.clock())


def reason(result: Result) -> str:
    """The verdict and the reason, as ``down status``."""
    return f"{result.verdict.value} {result.reason}".strip()


def statuses(result: Result) -> list[list[int | None]]:
    """Those of the hops of each attempt."""
    return [[hop.status for hop in attempt.hops] for attempt in result.attempts]


def facts(results: Iterable[Result]) -> list[tuple[Any, ...]]:
    """What of results may not depend on timing, sorted."""
    return sorted(
        (result.target.key, result.verdict.value, result.reason, result.detail, str(statuses(result)))
        for result in results
    )
