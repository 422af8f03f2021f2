"""What tells when an answer is due: by the kernel's timer, and without it."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest
import uvloop

from scraper.serving.alarm import Alarm

WAYS = [False, pytest.param(True, marks=pytest.mark.skipif(sys.platform != "linux", reason="has no timerfd"))]


@pytest.mark.parametrize("exact", WAYS)
def test_each_call_comes_once_in_the_order_of_time_and_never_early(exact: bool) -> None:
    rung: list[tuple[float, float]] = []

    async def ring() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        alarm, start = Alarm(loop, exact=exact), time.monotonic()
        for number in (7, 3, 12, 3, 0, 5, 11):
            due = start + number * 0.00037
            alarm.at(due, lambda due=due: rung.append((due, time.monotonic())))  # type: ignore[misc]
        alarm.at(start + 0.002, lambda: alarm.at(start + 0.025, over.set))
        await over.wait()
        alarm.close()

    uvloop.run(ring())
    assert len(rung) == 7
    assert [due for due, _ in rung] == sorted(due for due, _ in rung)
    assert all(at >= due for due, at in rung)


@pytest.mark.skipif(sys.platform != "linux", reason="has no timerfd")
def test_the_kernels_timer_takes_any_moment() -> None:
    async def ring() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        alarm, whole = Alarm(loop), int(time.monotonic())
        for due in (1e-9, whole - 1e-10, whole + 0.0, whole - 0.5):
            over.clear()
            alarm.at(due, over.set)
            await asyncio.wait_for(over.wait(), 30)
        alarm.close()

    asyncio.run(ring())
