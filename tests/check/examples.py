"""Targets and results for tests of histories; all of it a function of small numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from scraper.check.model import Attempt, Hop, Result, Target, Verdict
from scraper.model import Certificate

__all__ = ["BEGIN", "DOWN", "UP", "result", "stream", "target", "targets"]

BEGIN = 1_790_000_000.0
UP, DOWN = Verdict.UP, Verdict.DOWN

_WHY = {
    Verdict.UP: ("", "", 200),
    Verdict.SLOW: ("slow", "3 s, over 2 s", 200),
    Verdict.CERT: ("cert", "certificate expires in 6 days", 200),
    Verdict.BLOCKED: ("rate", "429", 429),
    Verdict.DOWN: ("timeout", "no answer", None),
}
_CERTIFICATE = Certificate("h.example", "CA", ("h.example",), BEGIN - 1e6, BEGIN + 1e6, BEGIN + 1e6)


def target(number: int = 0, group: str = "") -> Target:
    return Target(url=f"https://h{number}.example/", name=f"t{number}", group=group)


def targets(count: int) -> list[Target]:
    return [target(number, f"g{number % 3}") for number in range(count)]


def result(
    about: Target, at: float, verdict: Verdict = UP, server_us: int = 20_000, tries: int = 1, reason: str | None = None
) -> Result:
    """A result at ``at`` seconds after :data:`BEGIN`."""
    at += BEGIN
    word, detail, status = _WHY[verdict]
    fifth = server_us // 5
    hop = Hop(
        about.url,
        status=status,
        address="192.0.2.1",
        http="1.1",
        dns_us=fifth,
        connect_us=fifth,
        tls_us=fifth,
        first_us=fifth,
        body_us=server_us - 4 * fifth,
    )
    word = word if reason is None else reason
    earlier = (Attempt(at - 0.5, Verdict.DOWN, "timeout", "no answer", (Hop(about.url),)),) * (tries - 1)
    last = Attempt(at - 0.1, verdict, word, detail, (hop,))
    return Result(about, verdict, word, detail, at - 0.2, at, (*earlier, last), _CERTIFICATE if status else None)


def stream(over: Sequence[Target], seed: int, every: float = 60.0) -> Iterator[Result]:
    """Results without end: each target once a round, with outages, flapping, and a slow hour here and there."""
    chance, down, at = random.Random(seed), dict.fromkeys(range(len(over)), False), 0.0
    while True:
        for number, each in enumerate(over):
            if chance.random() < 0.1:
                down[number] = not down[number]
            others = chance.choices((Verdict.SLOW, Verdict.CERT, Verdict.BLOCKED, UP), (1, 1, 1, 17))[0]
            verdict = DOWN if down[number] else others
            yield result(each, at + number * 0.013, verdict, chance.randrange(1_000, 400_000), chance.choice((1, 1, 3)))
        at += every
