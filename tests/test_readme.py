"""What the README shows is run: every command and every piece of Python, against the demo site."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.demo import DemoSite

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for kind, text in BLOCKS if kind == "python"]
COMMANDS = [line[2:] for kind, text in BLOCKS if kind == "console" for line in text.splitlines() if line[:2] == "$ "]
FILES = {match[1]: text for _, text in BLOCKS if (match := re.match(r"# (\w+\.(?:py|txt|toml))\n", text))}
MODULES = {name: text for name, text in FILES.items() if name.endswith(".py")}
SECRETS = {"WEBHOOK_SECRET": "of the reader"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader would be: with the files that the README writes, and a list of URLs."""
    made = tmp_path_factory.mktemp("reader")
    for name, text in FILES.items():
        (made / name).write_text(text)
    (made / "urls.txt").write_text("# a list\nhttps://example.org\n")
    return made


@pytest.fixture(scope="module")
def site() -> Iterator[DemoSite]:
    with DemoSite() as served:
        yield served


def run(command: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **SECRETS}
    done = subprocess.run(
        command, shell=isinstance(command, str), cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def here(text: str, site: DemoSite, folder: Path) -> str:
    """``text`` with the demo site in the place of the example; the lists in ``folder`` likewise."""
    (folder / "urls.txt").write_text(f"# a list\n{site.url}\n")
    for name, text_of_file in FILES.items():
        (folder / name).write_text(text_of_file.replace("https://example.org", site.url.rstrip("/")))
    return text.replace("https://example.org", site.url.rstrip("/"))


@pytest.mark.parametrize("code", [text for text in PYTHON if text not in MODULES.values()])
def test_the_python_examples_run(code: str, folder: Path, site: DemoSite) -> None:
    done = run([sys.executable, "-c", here(code, site, folder)], folder)
    assert done.returncode == 0, done.stderr
    assert len(code.splitlines()) <= 14


def test_the_commands_run_in_their_order(folder: Path, site: DemoSite) -> None:
    commands = [command for command in COMMANDS if not command.startswith(("make", "scraper watch"))]
    assert len(commands) > 10
    for command in commands:
        if command.startswith("sqlite3") and shutil.which("sqlite3") is None:
            continue
        ours = re.sub(r"(^|\| )scraper ", rf"\1{sys.executable} -m scraper ", here(command, site, folder))
        if command.startswith("scraper compare"):  # as little of it as there can be: a reader waits for minutes
            ours = ours.partition("#")[0] + " --backends asyncio --concurrency 16 --repeat 1 --warmup 0 --seconds 20ms"
        done = run(ours, folder)
        assert done.returncode in (0, 1), (ours, done.stderr)
        assert done.stdout or done.stderr
    assert (folder / "headlines.jsonl").read_text().count('"headline":"') > 5


def test_the_watch_runs_until_it_is_interrupted(folder: Path, site: DemoSite) -> None:
    (command,) = [command for command in COMMANDS if command.startswith("scraper watch")]
    arguments = here(command, site, folder).partition("#")[0].split()[1:]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **SECRETS}
    ours = [sys.executable, "-m", "scraper", *arguments, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(ours, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        page = next(line for line in watch.stderr if "status page" in line).split()[-1]
        assert "Status" in urllib.request.urlopen(page, timeout=30).read().decode()
        watch.send_signal(signal.SIGINT)
        assert "Traceback" not in watch.stderr.read()
        assert watch.wait(timeout=30) == 130


def test_the_two_commands_are_there() -> None:
    assert [command.split()[:2] for command in COMMANDS[:2]] == [["make", "crawl"], ["make", "test"]]
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    plan = subprocess.run(["make", "-n", "crawl", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "scraper crawl" in plan.stdout
    assert "pytest" in plan.stdout


@pytest.mark.skipif(not (ROOT / ".venv" / ".ready").exists(), reason="make has not set up this checkout")
def test_make_check_checks_the_demo() -> None:
    done = subprocess.run(["make", "check"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "9 down, 3 blocked, 1 cert, 1 slow, 5 up: 19 targets" in done.stdout
    shown = [
        line.split("  ")[0].split() for line in README.splitlines() if re.match(r" (down|blocked|cert|slow|up)  ", line)
    ]
    assert len(shown) == 19
    assert all(any(line.split()[: len(words)] == words for line in done.stdout.splitlines()) for words in shown)


@pytest.mark.skipif(not (ROOT / ".venv" / ".ready").exists(), reason="make has not set up this checkout")
def test_make_crawl_crawls_the_demo() -> None:
    done = subprocess.run(["make", "crawl"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "The GIL and waiting" in done.stdout
    assert "57 pages" in done.stderr
