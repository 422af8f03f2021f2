"""``/probe``: a check that is made when Prometheus asks, as the blackbox_exporter makes it.

``/probe?target=URL&module=NAME`` with the relabelling that is usual for the blackbox_exporter. The check is made by the
watch's own workers, under its politeness and its guard against private addresses; here one only waits for it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from scraper.check.model import Attempt, Result, Statuses, Target, Verdict
from scraper.check.web.metrics import of_probe
from scraper.errors import ScraperError
from scraper.url import canonical

__all__ = ["MODULES", "Ask", "Asking", "Prober", "modules_of"]

Ask: TypeAlias = Callable[[Target], "concurrent.futures.Future[Result]"]
"""Checks a target now, on another thread."""

_EXPECTED = Statuses(((200, 299),))
MODULES: Mapping[str, Target] = {
    "http_2xx": Target(url="", expect=_EXPECTED, method="get", tries=1, cert_days=None),
    "http_2xx_head": Target(url="", expect=_EXPECTED, method="head", tries=1, cert_days=None),
}
"""What is expected under which name; a target without a URL each. Alert rules look at the certificate themselves."""


def modules_of(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Target]:
    """Modules with the fields that are given; all else is as in ``http_2xx``."""
    return {name: msgspec.structs.replace(MODULES["http_2xx"], **fields) for name, fields in tables.items()}


_LONGEST = 120.0
_OFFSET = 0.5
"""Seconds that the answer's way back may take: Prometheus gives up at its own timeout."""
_LONGEST_URL = 4_096
_PAUSE = 5.0
"""Seconds between two checks of one target that are asked for by hand."""
_BAD_PORTS = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109),
        *(110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530),
        *(531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045),
        *(4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    )
)
"""Ports of other protocols, where no browser asks (Fetch, "bad port"), and that of Redis, which takes lines of HTTP for
commands: who may have us probe is not to talk to these through us."""


class Asking:
    """Checks that others ask for, a few at once.

    :param limit: how many; further ones are refused.
    """

    def __init__(self, ask: Ask | None, limit: int = 20) -> None:
        self._ask, self._limit, self._count = ask, limit, 0
        self._last: dict[str, float] = {}

    def pace(self, key: str, now: float) -> None:
        """Let the target ``key`` be checked by hand again only after a while.

        :param now: on any steady clock.
        :raises HTTPTooManyRequests: before that.
        """
        wait = self._last.get(key, -math.inf) + _PAUSE - now
        if wait > 0:
            after = {"Retry-After": str(math.ceil(wait))}
            raise web.HTTPTooManyRequests(text="it was checked just now\n", headers=after)
        self._last = {kept: at for kept, at in self._last.items() if at + _PAUSE > now} | {key: now}

    async def check(self, target: Target, seconds: float) -> Result | None:
        """What a check of ``target`` came to; None when it took longer than ``seconds``.

        :raises HTTPServiceUnavailable: where nobody checks, or too many are asked for at once.
        """
        if self._ask is None:
            raise web.HTTPServiceUnavailable(text="nothing is checked here on demand\n")
        if self._count >= self._limit:
            raise web.HTTPServiceUnavailable(text="too many checks at once\n", headers={"Retry-After": "5"})
        self._count += 1
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._ask(target)), seconds)
        except TimeoutError:
            return None
        except (ScraperError, asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_ending():
                raise
            raise web.HTTPServiceUnavailable(text="the watch is ending\n") from None
        finally:
            self._count -= 1


def _is_ending() -> bool:
    """Whether it is this task that is cancelled, not the check that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Prober:
    """Answers ``/probe``.

    :param modules: what is expected, under which names.
    """

    def __init__(self, asking: Asking, modules: Mapping[str, Target]) -> None:
        self._asking, self._modules = asking, modules

    async def probe(self, request: web.Request) -> web.Response:
        """Check the target that is asked for, and give its numbers.

        :raises HTTPBadRequest: for what is no target, and for an unknown module.
        """
        seconds = _seconds(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds"))
        target = self._target(request.query)
        wanted = min(target.timeout or seconds, seconds)
        began = time.time()
        result = await self._asking.check(msgspec.structs.replace(target, timeout=wanted), seconds)
        text, kind = of_probe(result or _late(target, began), seconds, request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": kind, "Cache-Control": "no-store"})

    def _target(self, query: Mapping[str, str]) -> Target:
        name, wanted = query.get("module") or "http_2xx", query.get("target", "").strip()
        module = self._modules.get(name)
        if module is None:
            known = ", ".join(sorted(self._modules))
            raise web.HTTPBadRequest(text=f"unknown module; known are: {known}\n")
        if not wanted:
            raise web.HTTPBadRequest(text="the parameter target is missing\n")
        url = canonical(wanted if "://" in wanted else f"http://{wanted}") if len(wanted) <= _LONGEST_URL else None
        if url is None:
            raise web.HTTPBadRequest(text="the parameter target is no http or https URL\n")
        if _port(url) in _BAD_PORTS:
            raise web.HTTPBadRequest(text=f"port {_port(url)} is one of other protocols: no browser asks there\n")
        return msgspec.structs.replace(module, url=url, name="", group="", place="/probe")


def _port(url: str) -> int | None:
    return urlsplit(url).port


def _seconds(header: str | None) -> float:
    """Seconds that a check may take.

    :raises HTTPBadRequest: for a header that is no number.
    """
    try:
        given = float(header) if header is not None else _LONGEST
    except ValueError:
        given = math.nan
    if not 0 < given < math.inf:
        raise web.HTTPBadRequest(text="X-Prometheus-Scrape-Timeout-Seconds is no number of seconds\n")
    given = min(given, _LONGEST)
    return given - _OFFSET if given > _OFFSET else given


def _late(target: Target, began: float) -> Result:
    """What stands for a check that is not over in time."""
    attempt = Attempt(began, Verdict.DOWN, "timeout", "not over in time")
    return Result(target, Verdict.DOWN, "timeout", "not over in time", began, time.time(), (attempt,))
