"""The worker's side: a request becomes an outcome, by fetching and parsing, and nothing is raised on the way.

What an exception means is said in :mod:`scraper.fetch.reasons`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Protocol

import msgspec
from xxhash import xxh3_64_intdigest

from scraper.errors import is_signal
from scraper.evidence import SPAN
from scraper.fetch.headers import retry_after
from scraper.fetch.reasons import class_name, detail, named, reason_of
from scraper.fetch.response import is_redirect
from scraper.fetch.trace import Trace
from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request, Response, Timings
from scraper.parse.challenge import challenge
from scraper.parse.conditions import unmet
from scraper.thread import Stopwatch
from scraper.url import canonical

__all__ = ["conclude", "conclude_probe", "visit", "visit_async"]

Parse = Callable[..., Page]
"""Called with the response of a page; for robots files and sitemaps with the kind of the request too."""


class Fetcher(Protocol):
    """What :func:`visit` fetches with."""

    def fetch(self, request: Request, trace: Trace | None = None) -> Response:
        """The response to ``request``; raises whatever goes wrong.

        :param trace: is given for a probe, and takes its times and what else there is to know.
        """


class AsyncFetcher(Protocol):
    """What :func:`visit_async` fetches with."""

    async def fetch(self, request: Request, trace: Trace | None = None) -> Response:
        """As that of :class:`Fetcher`."""


def visit(fetcher: Fetcher, parse: Parse, request: Request, submitted: float) -> Outcome:
    """The outcome of ``request``; what goes wrong is in it, never raised.

    :param submitted: when the request was given to the backend, by :func:`time.perf_counter`.
    """
    trace = None if request.probe is None else Trace()
    began, at = time.perf_counter(), time.time()
    try:
        response = fetcher.fetch(request, trace)
    except BaseException as error:  # a worker outlives whatever its libraries raise
        if _passes(error):
            raise
        return _failed(request, error, submitted, began, at, trace)
    if trace is not None:
        return conclude_probe(request, response, trace, submitted)
    if request.wants & SPAN:
        return _watched(parse, request, response, submitted, began)
    return conclude(parse, request, response, _us(submitted, began))


async def visit_async(fetcher: AsyncFetcher, parse: Parse, request: Request, submitted: float) -> Outcome:
    """:func:`visit` on an event loop; only being cancelled from outside is raised.

    The fetcher knows whether a ``CancelledError`` comes from there; what it does not translate, does.
    """
    trace = None if request.probe is None else Trace()
    began, at = time.perf_counter(), time.time()
    try:
        response = await fetcher.fetch(request, trace)
    except BaseException as error:  # as above
        if _passes(error) or class_name(type(error)) in _ENDING:
            raise
        return _failed(request, error, submitted, began, at, trace)
    if trace is not None:
        return conclude_probe(request, response, trace, submitted)
    if request.kind is not Kind.SITEMAP:
        if request.wants & SPAN:
            return _watched(parse, request, response, submitted, began)
        return conclude(parse, request, response, _us(submitted, began))
    import asyncio

    # one of the greatest size takes a second, in which a loop must turn; it shares nothing with what is parsed there
    if request.wants & SPAN:
        return await asyncio.to_thread(_watched, parse, request, response, submitted, began)
    return await asyncio.to_thread(conclude, parse, request, response, _us(submitted, began))


def conclude(parse: Parse, request: Request, response: Response, waited_us: int = 0) -> Outcome:
    """What a response comes to: redirects are noted, HTML is parsed, the rest is only counted.

    Robots files and sitemaps are parsed whatever they say they are, if they were found at all.
    """
    began = time.perf_counter()
    headers = response.headers
    page = location = None
    media_type = _media_type(headers.get("content-type", ""))
    redirect = is_redirect(response.status, headers)
    if redirect:
        location = _target(parse, request, response)
    elif request.probe is not None:
        pass  # see conclude_probe
    elif _is_html(media_type, response.body) if request.kind is Kind.PAGE else 200 <= response.status < 300:
        try:
            page = parse(response) if request.kind is Kind.PAGE else parse(response, request.kind)
        except BaseException as error:  # a page must not end its worker
            if _passes(error):
                raise
            timings = _timings(response.timings, waited_us, began)
            return Failed(request, Reason.PARSE, detail(named(error)), timings, response.at)
    return Fetched(
        request,
        response.status,
        page,
        location,
        retry_after(headers.get("retry-after"), response.at),
        media_type if media_type is None or media_type in _HTML else detail(media_type),
        len(response.body),
        response.wire,
        _timings(response.timings, waited_us, began),
        response.at,
        address=response.address,
        digest=xxh3_64_intdigest(response.body) if response.body and not redirect else None,
        cookies=response.cookies,
        exchange=response.exchange,
    )


def _watched(parse: Parse, request: Request, response: Response, submitted: float, began: float) -> Outcome:
    """What :func:`conclude` gives, and who made it when."""
    watch = Stopwatch(began)
    outcome = conclude(parse, request, response, _us(submitted, began))
    assert not isinstance(outcome, Refused)
    return msgspec.structs.replace(outcome, span=watch.span())


def conclude_probe(request: Request, response: Response, trace: Trace, submitted: float) -> Outcome:
    """What the answer to a probe comes to: nothing of it is a page, but the body is held against the conditions."""
    assert request.probe is not None
    began, watch = time.perf_counter(), trace.watch
    outcome = conclude(_no_parser, request, response, _us(submitted, watch.began))
    assert isinstance(outcome, Fetched)
    evidence = msgspec.structs.replace(
        trace.evidence(watch.received_at),
        challenge=challenge(response),
        unmet=unmet(response, request.probe),
    )
    timings = _timings(response.timings, outcome.timings.waited_us, began)
    return msgspec.structs.replace(outcome, evidence=evidence, timings=timings)


def _no_parser(response: Response, kind: Kind = Kind.PAGE) -> Page:
    raise AssertionError("a probe's answer is no page")


def _target(parse: Parse, request: Request, response: Response) -> str | None:
    """Where a redirect leads; pages' URLs are cleaned as links are, if ``parse`` knows how.

    Where nothing but what is cleaned away is new, the target stands as it is: the page is there and nowhere else.
    """
    target = canonical(response.headers["location"], base=response.url)
    clean = getattr(parse, "clean", None) if request.kind is Kind.PAGE else None
    cleaned = clean(target) if clean and target else target
    return cleaned if cleaned != request.url else target


_ENDING = frozenset({"asyncio.exceptions.CancelledError", "builtins.GeneratorExit"})
"""How a coroutine is told to end."""

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_TYPE = re.compile(r"[ \t]*(?!\*/\*)[!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*(?:;|\Z)")


def _passes(error: BaseException) -> bool:
    """Whether ``error`` ends the process: signals' handlers raise such, and ``sys.exit`` too, wherever they strike."""
    return is_signal(error) or isinstance(error, SystemExit)


def _failed(
    request: Request, error: BaseException, submitted: float, began: float, at: float, trace: Trace | None
) -> Outcome:
    reason, text = reason_of(error)
    if reason is Reason.PRIVATE_ADDRESS:  # nothing was sent
        return Refused(request, reason, text, at)
    if trace is not None:
        began = trace.watch.began
    ended = time.perf_counter()
    timings = Timings(waited_us=_us(submitted, began), server_us=_us(began, ended))
    span = Stopwatch(began).span() if request.wants & SPAN else None
    return Failed(request, reason, text, timings, at, None if trace is None else trace.evidence(ended), span)


def _timings(fetched: Timings, waited_us: int, began: float) -> Timings:
    parse_us = fetched.parse_us + _us(began, time.perf_counter())
    return msgspec.structs.replace(fetched, waited_us=waited_us, parse_us=parse_us)


def _us(start: float, end: float) -> int:
    return max(0, int((end - start) * 1e6))


def _media_type(value: str) -> str | None:
    """What a Content-Type names; of a repeated one the last that names a type counts (Fetch standard, 3.5)."""
    if "," in value:
        value = next((part for part in reversed(value.split(",")) if _TYPE.match(part)), value)
    return value.partition(";")[0].strip(" \t").lower() or None


def _is_html(media_type: str | None, body: bytes) -> bool:
    if media_type is not None:
        return media_type in _HTML
    return body[:1024].lstrip()[:1] == b"<"
