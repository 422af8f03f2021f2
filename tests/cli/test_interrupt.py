"""Signals to a real process: the first drains, the second stops at once, SIGUSR1 only asks."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from scraper.__main__ import main
from scraper.backends import NAMES
from tests.cli.command import Gate, Site, records, scraper, started

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


def read_until(process: subprocess.Popen[bytes], text: bytes) -> bytes:
    """What the process writes to stderr, up to the line with ``text``."""
    assert process.stderr
    read = b""
    for line in process.stderr:
        read += line
        if text in line:
            return read
    raise AssertionError(f"ended without {text!r}: {read.decode()}")


def under_way(site: Site, here: Path, *options: str) -> tuple[subprocess.Popen[bytes], Gate]:
    """A crawl that waits for ``/3``, with all before it recorded or in flight."""
    gate = site.gate("/3")
    process = started("crawl", site.root, *options, cwd=here)
    assert gate.asked.wait(20)
    return process, gate


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, err = process.communicate(timeout=20)
    return process.returncode, err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_drains_saves_and_prints_the_command_that_goes_on(
    here: Path, site: Site, number: signal.Signals
) -> None:
    process, gate = under_way(site, here, "--backend", "asyncio", "--per-host", "1", "-o", "my file.jsonl")
    process.send_signal(number)
    read_until(process, b"finishing 1 request in flight; once more stops at once")
    gate.open.set()
    code, err = ended(process)
    assert code == 130
    assert "interrupted: 4 pages" in err
    assert records(here / "my file.jsonl")[-1] == f"{site.root}3"
    (line,) = (line for line in err.splitlines() if "to go on" in line)
    command = shlex.split(line.split("to go on", 1)[1])
    assert command[:5] == ["python", "-m", "scraper", "crawl", "--resume"]
    assert ended(started(*command[3:], cwd=here))[0] == 0
    assert sorted(records(here / "my file.jsonl")) == site.urls
    assert set(site.hits.values()) == {1}


@pytest.mark.parametrize("backend", NAMES)
def test_the_second_stops_at_once_and_nothing_recorded_is_lost(here: Path, site: Site, backend: str) -> None:
    process, _ = under_way(site, here, "--backend", backend, "--per-host", "1", "-o", "x.jsonl")
    process.send_signal(signal.SIGINT)
    read_until(process, b"once more stops at once")
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == 130, err
    assert "Traceback" not in err, err
    assert records(here / "x.jsonl") == [site.root, f"{site.root}1", f"{site.root}2"]


STUCK = """
import os, time
def f(page):
    if page.url.endswith("/3"):
        os.write(2, b"stuck\\n")
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
"""


@pytest.mark.parametrize("third", [signal.SIGINT, signal.SIGTERM, None])
@pytest.mark.parametrize("backend", ["sequential", "threads", "asyncio"])
def test_a_function_that_never_returns_is_left(
    here: Path, site: Site, backend: str, third: signal.Signals | None
) -> None:
    (here / "stuck_for_the_cli.py").write_text(STUCK)
    options = ("--backend", backend, "--per-host", "1", "-o", "x.jsonl", "--parse", "stuck_for_the_cli:f")
    process = started("crawl", site.root, *options, cwd=here)
    read_until(process, b"stuck")
    process.send_signal(signal.SIGINT)
    read_until(process, b"once more stops at once")
    process.send_signal(signal.SIGINT)
    read_until(process, b"stopping at once")
    if third:
        process.send_signal(third)
    code, err = ended(process)
    assert code == 130, err
    assert "Traceback" not in err, err
    assert records(here / "x.jsonl") == [site.root, f"{site.root}1", f"{site.root}2"]


def test_without_a_checkpoint_it_says_how_to_have_one(here: Path, site: Site) -> None:
    process, gate = under_way(site, here, "--backend", "asyncio", "--per-host", "1")
    process.send_signal(signal.SIGINT)
    gate.open.set()
    code, err = ended(process)
    assert code == 130
    assert "to go on next time, keep the crawl: --store FILE" in err


def test_before_anything_runs_it_just_ends(here: Path) -> None:
    process = started("crawl", "-", cwd=here, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(b"http://127.0.0.1:9/\n")
    process.stdin.flush()
    _wait_until_asleep(process.pid)
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert (code, err.strip()) == (130, "interrupted")


@pytest.mark.parametrize("backend", NAMES)
def test_sigusr1_tells_what_it_does_and_it_goes_on(here: Path, site: Site, backend: str) -> None:
    process, gate = under_way(site, here, "--backend", backend, "--per-host", "1", "-q")
    process.send_signal(signal.SIGUSR1)
    told = read_until(process, b"1 in flight, 2 waiting").decode()
    gate.open.set()
    code, err = ended(process)
    assert code == 0, err
    assert "most recent call first" in told
    assert f"{site.root}3" in err


def _wait_until_asleep(pid: int) -> None:
    """Wait until the process waits for its input: asleep, with the command line read."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        wchan = Path(f"/proc/{pid}/syscall")
        if not wchan.exists():
            time.sleep(1)
            return
        with_zero = wchan.read_text().split()[:2]
        if with_zero == ["0", "0x0"]:  # read(0, ...)
            return
        time.sleep(0.005)


def test_signals_while_a_store_is_read(
    here: Path, site: Site, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("scraper.run.CrawlRun.replay", signalled)
    before = signal.getsignal(signal.SIGTERM)
    result = scraper(capfd, "crawl", site.root, "--backend", "asyncio")
    assert result.is_one_message(130, "most recent call first")
    assert result.err.endswith("\ninterrupted\n")
    assert signal.getsignal(signal.SIGTERM) == before


def test_signals_after_the_end_change_nothing(
    here: Path, site: Site, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(*_: object) -> None:
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)

    monkeypatch.setattr("scraper.cli.drive._Job._sum_up", signalled)
    assert scraper(capfd, "crawl", site.root, "--backend", "asyncio").code == 0


def test_ctrl_c_during_the_imports_is_quiet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    module = types.ModuleType("scraper.cli")
    module.__getattr__ = interrupted  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "scraper.cli", module)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == ""
