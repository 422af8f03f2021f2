"""Connections: so many and no more, and the slow ones are let go."""

from __future__ import annotations

import contextlib
import socket

import pytest

from scraper.check.web import server as module
from scraper.check.web.server import WebServer
from tests.check.web.stand import Facts, ask, serving, until, view


def connect(server: WebServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2].strip("/"))), timeout=60)


def test_more_connections_than_there_is_room_for_are_told_so() -> None:
    with serving(Facts([view()]), connections=5) as server, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connect(server)) for _ in range(5)]
        for one in idle:
            one.sendall(b"GET /api/v1/summary HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert one.recv(20).startswith(b"HTTP/1.1 200 OK")
        with connect(server) as further:
            said = b"".join(iter(lambda: further.recv(1_000), b""))
        assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        head, _, text = said.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(text)}".encode() in head
        for one in idle[:2]:
            one.close()
        until(lambda: ask(server, "/").status == 200)


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: loc", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_whoever_says_nothing_more_is_let_go(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEEP_ALIVE", 0.2)
    with serving(Facts([view()])) as server, connect(server) as slow:
        slow.sendall(begun)
        while slow.recv(65_536):
            pass


def test_a_head_that_comes_byte_by_byte_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEEP_ALIVE", 0.2)
    with serving(Facts([view()])) as server, connect(server) as slow:
        slow.settimeout(0.02)
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")

        def is_gone() -> bool:
            try:
                slow.sendall(b"x")
                return slow.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        until(is_gone)
