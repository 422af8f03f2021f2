"""The usual mocks of requests and aiohttp work at our border, so that users can test with them."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import requests
import responses
from aioresponses import aioresponses

from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.blocking import BlockingFetcher
from scraper.model import Failed, Fetched, Outcome, Page, Request
from scraper.settings import Identity
from scraper.visit import visit, visit_async
from tests.fetch.conftest import LIMITS, body_as_page, word
from tests.server import pack

URL = "http://example.test/page"


class Answer(aiohttp.ClientResponse):
    """aioresponses 0.7 does not give the last argument that aiohttp 3.14 asks for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"stream_writer": SimpleNamespace(output_size=0), **kwargs})


HTML = b"<p>hello"


def over_requests(url: str = URL) -> Outcome:
    fetcher = BlockingFetcher(LIMITS, Identity())
    try:
        return visit(fetcher, body_as_page, Request(url), time.perf_counter())
    finally:
        fetcher.close()


def over_aiohttp(url: str = URL) -> Outcome:
    async def run() -> Outcome:
        fetcher = AsyncFetcher(LIMITS, Identity())
        try:
            return await visit_async(fetcher, body_as_page, Request(url), time.perf_counter())
        finally:
            await fetcher.close()

    return asyncio.run(run())


@pytest.mark.parametrize("status", [200, 404, 500, 503])
def test_responses(status: int) -> None:
    with responses.RequestsMock() as web:
        web.get(URL, body=HTML, status=status, content_type="text/html; charset=utf-8")
        outcome = over_requests()
    assert isinstance(outcome, Fetched)
    assert (outcome.status, outcome.page, outcome.size) == (status, Page(title="<p>hello"), 8)


@pytest.mark.parametrize("status", [200, 404, 500, 503])
def test_aioresponses(status: int) -> None:
    with aioresponses() as web:
        web.get(URL, body=HTML, status=status, content_type="text/html; charset=utf-8", response_class=Answer)
        outcome = over_aiohttp()
    assert isinstance(outcome, Fetched)
    assert (outcome.status, outcome.page, outcome.size) == (status, Page(title="<p>hello"), 8)


def test_headers_and_codings() -> None:
    headers = {"Content-Encoding": "gzip", "Location": "/next"}
    with responses.RequestsMock() as web:
        web.get(URL, status=301, headers=headers)
        blocking = over_requests()
        web.replace(
            responses.GET, URL, body=pack("gzip", HTML), headers={"Content-Encoding": "gzip"}, content_type="text/html"
        )
        unpacked = over_requests()
    with aioresponses() as mocked:
        mocked.get(URL, status=301, headers=headers, response_class=Answer)
        looped = over_aiohttp()
    for outcome in (blocking, looped):
        assert isinstance(outcome, Fetched)
        assert outcome.location == "http://example.test/next"
    assert isinstance(unpacked, Fetched)
    assert unpacked.page == Page(title="<p>hello")


def test_body_over_the_limit() -> None:
    with responses.RequestsMock() as web:
        web.get(URL, body=bytes(LIMITS.size + 1))
        assert word(over_requests()) == "too-large"
    with aioresponses() as mocked:
        mocked.get(URL, body=bytes(LIMITS.size + 1), response_class=Answer)
        assert word(over_aiohttp()) == "too-large"


@pytest.mark.parametrize(("error", "expected"), [
    (requests.exceptions.ConnectTimeout("too slow"), "timeout"),
    (requests.exceptions.ReadTimeout("too slow"), "timeout"),
    (requests.exceptions.ConnectionError("no"), "connect"),
    (requests.exceptions.SSLError("no"), "tls"),
    (requests.exceptions.ProxyError("no"), "proxy"),
    (requests.exceptions.ChunkedEncodingError("cut"), "reset"),
    (requests.exceptions.InvalidURL("no"), "url"),
    (ConnectionResetError(104, "Connection reset by peer"), "reset"),
    (RuntimeError("a bug"), "internal"),
])  # fmt: skip
def test_errors_of_requests(error: Exception, expected: str) -> None:
    with responses.RequestsMock() as web:
        web.get(URL, body=error)
        assert word(over_requests()) == expected


KEY: Any = aiohttp.client_reqrep.ConnectionKey("example.test", 80, False, True, None, None, None)


@pytest.mark.parametrize(("error", "expected"), [
    (aiohttp.ServerTimeoutError("too slow"), "timeout"),
    (TimeoutError(), "timeout"),
    (aiohttp.ServerDisconnectedError(), "reset"),
    (aiohttp.ClientPayloadError("cut"), "reset"),
    (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")), "dns"),
    (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused")), "connect"),
    (aiohttp.ClientConnectorError(KEY, OSError(101, "Network is unreachable")), "connect"),
    (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "handshake")), "tls"),
    (aiohttp.ClientConnectorCertificateError(KEY, Exception("who are you")), "tls"),
    (aiohttp.ClientProxyConnectionError(KEY, OSError(111, "refused")), "proxy"),
    (aiohttp.InvalidURL("http://"), "url"),
    (RuntimeError("a bug"), "internal"),
])  # fmt: skip
def test_errors_of_aiohttp(error: Exception, expected: str) -> None:
    with aioresponses() as web:
        web.get(URL, exception=error)
        outcome = over_aiohttp()
    assert word(outcome) == expected
    assert isinstance(outcome, Failed)
    assert outcome.detail
