"""``scraper watch`` as a real process: what it says, where it keeps things, and how signals end it."""

from __future__ import annotations

import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.check.audit import audit, rows
from tests.cli.command import scraper, started
from tests.server import ScriptedServer, ok, status

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

TOML = """
[watch]
every = "1s"

[[check]]
url = "{url}"
name = "shop"
tries = 1
"""


class Watching:
    """A watch in a process of its own, whose lines are read as they come."""

    def __init__(self, here: Path, *arguments: object) -> None:
        self.process = started(*arguments, cwd=here)
        self.lines: list[str] = []

    def until(self, pattern: str) -> re.Match[str]:
        """The first line from here on in which ``pattern`` is found."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line.decode())
            if found := re.search(pattern, self.lines[-1]):
                return found
        raise AssertionError(f"ended without {pattern!r}: {''.join(self.lines)}")

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """The exit code and all lines."""
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=30)
        return self.process.returncode, "".join([*self.lines, rest.decode()])


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.script("/", ok())
        yield server


@pytest.fixture
def watching(here: Path) -> Iterator[Callable[..., Watching]]:
    made: list[Watching] = []

    def watch(*arguments: object) -> Watching:
        made.append(Watching(here, *arguments))
        return made[-1]

    yield watch
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def write(here: Path, server: ScriptedServer, more: str = "") -> str:
    (here / "checks.toml").write_text(TOML.format(url=server.url()) + more)
    return "checks.toml"


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return str(answer.read().decode())


def test_it_watches_shows_and_tells_until_a_service_manager_ends_it(
    here: Path, server: ScriptedServer, watching: Callable[..., Watching]
) -> None:
    watch = watching("watch", write(here, server), "--listen", "127.0.0.1:0")
    watch.until("watching 1 check; the history is in checks.sqlite")
    page = watch.until("status page: (http://127.0.0.1:[0-9]+/)")[1]
    server.script("/", status(500))
    watch.until("shop is down: status, 500")
    assert "shop" in get(page)
    server.script("/", ok())
    watch.until("shop is up again after")
    code, said = watch.end(signal.SIGTERM)
    assert code == 0, said
    assert said.endswith("ended; the same command goes on with the history\n")
    assert "Traceback" not in said
    audit(here / "checks.sqlite")
    assert rows(here / "checks.sqlite", "SELECT count(*) FROM incidents WHERE ended IS NOT NULL") == [(1,)]
    assert not (here / "checks.sqlite-lock").exists()


def test_ctrl_c_gives_130_and_the_same_command_goes_on(
    here: Path, server: ScriptedServer, watching: Callable[..., Watching]
) -> None:
    (here / "list.txt").write_text(f"{server.url()} name=shop\n")
    for backend in ("threads", "asyncio"):
        options = ("--every", "1s", "--no-web", "-v", "--store", "kept.db", "--backend", backend)
        watch = watching("watch", "list.txt", *options)
        watch.until(f"backend {backend}: as asked for")
        watch.until("up       shop")
        code, said = watch.end(signal.SIGINT)
        assert (code, "status page" in said) == (130, False), said
    assert rows(here / "kept.db", "SELECT count(DISTINCT target), count(*) >= 2 FROM results") == [(1, 1)]


def test_sighup_reads_the_files_again_and_leaves_alone_what_is_wrong(
    here: Path, server: ScriptedServer, watching: Callable[..., Watching]
) -> None:
    watch = watching("watch", write(here, server), "--no-web", "-v")
    watch.until("up       shop")
    (here / "checks.toml").write_text("[[chekc]]\n")
    watch.process.send_signal(signal.SIGHUP)
    watch.until("the files cannot be used, so nothing changes")
    watch.until("up       shop")
    write(here, server, f'[[check]]\nurl = "{server.url("/new")}"\nname = "new"\ntries = 1\n')
    watch.process.send_signal(signal.SIGHUP)
    watch.until("the files are read again")
    watch.until("watching 2 checks")
    watch.until("down     new")
    code, said = watch.end(signal.SIGTERM)
    assert code == 0, said
    audit(here / "checks.sqlite")


@pytest.mark.parametrize(
    "wrong",
    ['[[maintenance]]\nevery = "61 * * * *"\nduration = "1h"\n', '[[notify.webhook]]\nurl = "nowhere"\n'],
)
def test_sighup_leaves_alone_what_only_a_start_finds_wrong(
    here: Path, server: ScriptedServer, watching: Callable[..., Watching], wrong: str
) -> None:
    watch = watching("watch", write(here, server), "--no-web", "-v")
    watch.until("up       shop")
    write(here, server, wrong)
    watch.process.send_signal(signal.SIGHUP)
    watch.until("the files cannot be used, so nothing changes")
    watch.until("up       shop")
    assert watch.end(signal.SIGTERM)[0] == 0


def test_sighups_in_a_row_end_nothing(here: Path, server: ScriptedServer, watching: Callable[..., Watching]) -> None:
    """Also those that come while one watch is ended and the next one is begun."""
    watch = watching("watch", write(here, server), "--no-web", "-v")
    watch.until("up       shop")
    for _ in range(300):
        watch.process.send_signal(signal.SIGHUP)
        time.sleep(0.005)
    write(here, server, f'[[check]]\nurl = "{server.url("/new")}"\nname = "new"\ntries = 1\n')
    watch.process.send_signal(signal.SIGHUP)
    watch.until("watching 2 checks")
    assert watch.end(signal.SIGINT)[0] == 130


def test_check_with_every_is_a_watch(here: Path, server: ScriptedServer, watching: Callable[..., Watching]) -> None:
    server.script("/", status(404))
    watch = watching("check", server.url(), "--expect", "404", "--every", "1s", "-v")
    watch.until("the history is in watch.sqlite")
    watch.until("up ")
    watch.until("up ")
    assert watch.end(signal.SIGTERM)[0] == 0


def test_quiet_says_nothing(here: Path, server: ScriptedServer, watching: Callable[..., Watching]) -> None:
    watch = watching("watch", write(here, server), "--no-web", "-q")
    while not server.hits["/"]:
        assert watch.process.poll() is None
    assert watch.end(signal.SIGTERM) == (0, "")


def test_a_second_watch_of_one_history_is_refused(
    here: Path, server: ScriptedServer, watching: Callable[..., Watching]
) -> None:
    watching("watch", write(here, server), "--no-web").until("watching")
    second = watching("watch", "checks.toml", "--no-web")
    _, said = second.process.communicate(timeout=30)
    assert (second.process.returncode, b"in use" in said) == (3, True), said


def test_the_token_opens_what_is_closed(here: Path, server: ScriptedServer, watching: Callable[..., Watching]) -> None:
    (here / "token").write_text("a secret of ours\n")
    watch = watching("watch", write(here, server), "--listen", "127.0.0.1:0", "--token-file", "token")
    page = watch.until("status page: (.*/)")[1]
    request = urllib.request.Request(f"{page}probe?target={server.url()}")
    request.add_header("Authorization", "Bearer a secret of ours")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert "probe_success 1" in answer.read().decode()
    _, said = watch.end(signal.SIGTERM)
    assert "a secret" not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to check"),
        (["http://h/", "--every", "soon"], "soon"),
        (["http://h/", "--every", "0.1s"], "too short"),
        (["http://h/", "--listen", "8600"], "write it as 127.0.0.1:8600"),
        (["http://h/", "--listen", "127.0.0.1:99999"], "write it as 127.0.0.1:8600"),
        (["http://h/", "--listen", "0.0.0.0:0"], "needs a token"),
        (["http://h/", "--token-file", "nowhere"], "cannot be read from nowhere"),
        (["http://h/", "-q", "-v"], "exclude each other"),
        (["http://h/", "--concurrency", "0"], "concurrency must be 1 or more"),
        (["nowhere.toml"], "nowhere.toml"),
    ],
)
def test_what_is_asked_for_wrongly(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert scraper(capsys, "watch", *arguments).is_one_message(2, message)
    assert list(here.iterdir()) in ([], [here / "watch.sqlite"])


@pytest.mark.parametrize("option", [["-o", "x.html"], ["-f", "json"], ["--fail-on", "any"], ["--dry-run"]])
def test_what_is_for_checks_that_end_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    result = scraper(capsys, "check", "http://h/", "--every", "1m", *option)
    assert result.is_one_message(2, f"--every has no end, and so no {option[0]}")
