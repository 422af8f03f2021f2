"""Connections at rest leave the process files to open others with."""

from __future__ import annotations

import contextlib
import errno
import socket

import pytest

from scraper.fetch import files
from scraper.fetch.blocking import BlockingFetcher
from scraper.model import Failed, Reason, Request
from scraper.settings import Identity
from tests.fetch.conftest import ANYWHERE, LIMITS, Border, word
from tests.server import ScriptedServer, ok

resource = pytest.importorskip("resource")


def test_oldest_connections_at_rest_are_closed(border: Border, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scraper.fetch.connector.idle_in_loop", lambda: 2)
    monkeypatch.setattr("scraper.fetch.blocking.kept_in_thread", lambda threads: 2)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(ScriptedServer()) for _ in range(4)]
        urls = [server.script("/", ok()) for server in servers]
        outcomes = border.fetch(*urls, *reversed(urls))
        assert [word(outcome) for outcome in outcomes] == ["200"] * 8
        assert [server.connections for server in servers] == [2, 2, 1, 1]


@pytest.mark.parametrize("soft", [256, 1024, 65_536, -1])
def test_shares_of_the_limit(monkeypatch: pytest.MonkeyPatch, soft: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
    most = soft if soft >= 0 else 1 << 20
    assert 16 <= files.idle_in_loop() <= min(512, most // 4)
    assert files.kept_in_thread(0) == files.kept_in_thread(1) == 16
    for threads in (1, 16, 64, 80, 150):
        assert 1 <= files.kept_in_thread(threads) <= min(16, most * 3 // 4 // threads)


def test_a_common_crawl_keeps_what_it_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    assert files.idle_in_loop() >= 130
    assert files.kept_in_thread(64) >= 8


def test_threads_share(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def kept(threads: int) -> int:
        told.append(threads)
        return 1

    monkeypatch.setattr("scraper.fetch.blocking.kept_in_thread", kept)
    url = server.script("/", ok())
    one, two = BlockingFetcher(LIMITS, Identity(), ANYWHERE), BlockingFetcher(LIMITS, Identity(), ANYWHERE)
    one.fetch(Request(url))
    one.close()
    two.fetch(Request(url))
    two.close()
    assert told[0] == told[1] + 1


def test_no_file_left_is_our_trouble(border: Border, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    url = server.script("/", ok())
    with monkeypatch.context() as patched:
        patched.setattr(socket.socket, "connect", full)
        patched.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", full)
        (outcome,) = border.fetch(url)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.INTERNAL
    assert "ulimit -n" in outcome.detail
