"""Names are looked up beside one another, and nobody waits for somebody else's name server."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from scraper.fetch.resolver import Resolver


def test_a_name_becomes_addresses() -> None:
    found = asyncio.run(Resolver().resolve("localhost", 80, socket.AF_INET))
    assert {result["host"] for result in found} == {"127.0.0.1"}
    assert {result["port"] for result in found} == {80}


def test_an_unknown_name_is_an_error_with_its_reason() -> None:
    with pytest.raises(socket.gaierror):
        asyncio.run(Resolver().resolve(".".join(["x" * 63] * 4)))


def test_a_hundred_stuck_lookups_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *args: Any, **options: Any) -> Any:
        if host.startswith("slow"):
            stuck.wait(60)
        return real("localhost", *args, **options)

    async def ask() -> list[Any]:
        slow = [asyncio.create_task(Resolver().resolve(f"slow-{number}")) for number in range(100)]
        await asyncio.sleep(0)
        found = await Resolver().resolve("quick")
        assert not any(task.done() for task in slow)
        slow[0].cancel()
        stuck.set()
        return [found, *await asyncio.gather(*slow[1:])]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert len(asyncio.run(ask())) == 100
