"""Stores and the world: two processes on one file, a kill at any moment, a disk that is full."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scraper.errors import StoreError
from scraper.model import Outcome
from scraper.store import FORMATS, open_output, open_store
from tests.store.examples import fetched, outcomes

pytestmark = pytest.mark.slow

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.store.writer", *map(str, arguments)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parents[2])
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(params=["jsonl", "sqlite"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"crawl.{request.param}"


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def recorded(path: Path) -> list[Outcome]:
    store = open_store(path, resume=True)
    try:
        return list(store.read())
    finally:
        store.close()


def test_a_second_process_is_refused_and_told_who_is_first(path: Path, start: Start) -> None:
    store = open_store(path)
    store.write(outcomes(3))
    message = f"{path} is in use by another process (pid {os.getpid()}): wait for it, or name another file"
    assert said(start(path)) == message
    with pytest.raises(StoreError, match="in use by another process"):
        open_store(path, resume=True)
    store.close()
    assert recorded(path) == outcomes(3)
    assert list(path.parent.iterdir()) == [path]


def test_a_kill_leaves_the_beginning_of_what_was_written(path: Path, start: Start) -> None:
    chance = random.Random(7)
    before = 0
    for _ in range(4):
        process = start(path)
        assert said(process) == "begun"
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        process.wait()
        found = recorded(path)
        assert found == [fetched(number, links=20) for number in range(len(found))]
        assert len(found) >= before
        before = len(found)
    assert before > 0


def test_a_limit_on_file_sizes_is_named_and_the_store_opens_again(path: Path, start: Start) -> None:
    process = start(path)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (500_000, 500_000))
    assert said(process) == "begun"
    assert "limit on file sizes is reached: make room" in said(process)
    process.communicate("")
    found = recorded(path)
    assert found == [fetched(number, links=20) for number in range(len(found))]
    assert len(found) >= 200


@pytest.mark.parametrize("format_", FORMATS)
def test_a_full_device_is_named(format_: str) -> None:
    with pytest.raises(StoreError, match="/dev/full: the disk is full"):
        output = open_output("/dev/full", format_)
        try:
            output.write(outcomes(1))
        finally:
            output.close()
