"""What is asked for wrongly: one clear message each, and nothing ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scraper.cli.interrupt import command_that_goes_on
from tests.cli.command import Site, scraper, started

URL = "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to crawl"),
        (["--resume"], "there is nothing to crawl"),
        ([URL, "--resume"], "--resume needs what it can go on with"),
        ([URL, "--resume", "-o", "x.csv"], "csv"),
        ([URL, "--backend", "asincio"], "Did you mean 'asyncio'?"),
        ([URL, "--backend", "zzz"], "is not one of"),
        ([URL, "--dept", "1"], "Did you mean"),
        ([URL, "--depth", "-1"], "depth must be 0 or more, not -1"),
        ([URL, "--depth", "two"], "is not a valid integer"),
        ([URL, "--concurrency", "0"], "concurrency must be 1 or more"),
        ([URL, "--max-pages", "0"], "max-pages must be 1 or more"),
        ([URL, "--retries", "-1"], "retries must be 0 or more"),
        ([URL, "--timeout", "0"], "timeout must be 0.001 or more"),
        ([URL, "--timeout", "soon"], "'soon' is no duration"),
        ([URL, "--delay", "-1"], "is no duration"),
        ([URL, "--max-size", "big"], "'big' is no size"),
        ([URL, "--include", "("], "'(' is no regular expression"),
        ([URL, "--scope", "hosts"], "Did you mean 'host'?"),
        ([URL, "--parser", "lxml"], "is not one of"),
        ([URL, "--parse", "nonsense"], "write module:function"),
        ([URL, "--parse", "no_such_module:f"], "there is no module 'no_such_module'"),
        ([URL, "--parse", "json:no_such"], "module 'json' has no 'no_such'"),
        ([URL, "-H", "secret"], "a header is written as 'Name: value'"),
        ([URL, "-H", "X: secret\nY: b"], "cannot be sent: '\\n'"),
        ([URL, "-H", "na me: value"], "'na me' is no name of a header"),
        ([URL, "-H", "X: a\r\nY: b"], "cannot be sent"),
        ([URL, "-H", "Host: other"], "is set by the crawl itself"),
        ([URL, "--proxy", "socks6://x"], "is no URL of a proxy"),
        ([URL, "--proxy", "socks5://x/path"], "is no URL of a proxy"),
        ([URL, "--proxy", "https://me:secret@x"], "'https://***@x' is no URL of a proxy"),
        ([URL, "--auth", "secret"], "auth must be 'user:password'"),
        ([URL, "--auth", "me:secret\n"], "auth holds a character that cannot be sent"),
        ([URL, "--auth", "me:secret", "--auth-file", "login"], "exclude each other"),
        ([URL, "--auth-file", "missing"], "cannot read the login in missing: No such file"),
        ([URL, "--auth-file", "binary"], "binary is not UTF-8"),
        ([URL, "--auth-file", "old.csv"], "old.csv must hold one line, user:password"),
        ([URL, "--ignore-robots", "-v"], "ignore-robots wants the reason why"),
        ([URL, "--ignore-robots", "http://x/"], "ignore-robots wants the reason why"),
        ([URL, "--ignore-robots", ""], "ignore-robots wants the reason why"),
        ([URL, "--follow", "a,image"], "there is no kind of link 'image': did you mean 'img'?"),
        ([URL, "--follow", ","], "follow names no kind of link: choose of a, area"),
        ([URL, "--strip-params", "a=b"], "'a=b' is no name of a parameter"),
        ([URL, "--sitemap", "htp//x"], "'htp//x' is no http(s) URL; did you mean 'http://x'?"),
        ([URL, "--trap", "lenght=5"], "there is no trap 'lenght': did you mean 'length'?"),
        ([URL, "--trap", "zzz=5"], "there is no trap 'zzz': choose of length, segments"),
        ([URL, "--trap", "length"], "a rule is written as 'length=500'"),
        ([URL, "--trap", "length=0"], "the trap length must be 1 or more, not 0"),
        ([URL, "--trap", "soft-404=3"], "the trap soft-404 is on or off"),
        ([URL, "--trap", "near=on"], "the trap near must be 0 or more, not True"),
        ([URL, "--trap", "this-year=1999"], "there is no trap 'this-year'"),
        ([URL, "--per-address", "0"], "per-address must be 1 or more"),
        ([URL, "--max-host-failures", "of"], "'of' is neither a whole number nor 'off'"),
        ([URL, "--max-crawl-delay", "never"], "'never' is no duration"),
        ([URL, "--ca-file", "missing.pem"], "there is no CA file missing.pem"),
        ([URL, "--ca-file", "binary"], "binary holds no PEM certificates"),
        ([URL, "-f", "xml"], "is not one of"),
        ([URL, "-o", "records"], "the name tells no format"),
        ([URL, "-o", "old.jsonl"], "old.jsonl already exists: add --resume"),
        ([URL, "-o", "old.csv"], "old.csv already exists"),
        ([URL, "--store", "old.sqlite"], "old.sqlite already exists: add --resume"),
        ([URL, "--store", "x.csv"], "cannot be resumed from"),
        ([URL, "--store", "x.sqlite", "-o", "./x.sqlite"], "are the same file"),
        ([URL, "-o", "missing/x.jsonl"], "missing/x.jsonl: its folder does not exist"),
        ([URL, "-o", "binary/x.jsonl"], "binary/x.jsonl: its folder is no folder"),
        ([URL, "-o", "folder/"], "folder/: it is a folder: name a file in it"),
        ([URL, "--store", "missing/x.sqlite"], "missing/x.sqlite: its folder does not exist"),
        ([URL, "--store", "folder"], "folder: it is a folder"),
        ([URL, "--store", "new.sqlite", "-o", "missing/x.csv"], "its folder does not exist"),
        ([URL, "-q", "-v"], "-q and -v exclude each other"),
        (["http://user:secret@127.0.0.1/"], "--auth-file FILE, with user:password in it"),
        (["folder"], "folder is a folder"),
        (["binary"], "looks like a binary file"),
        (["empty"], "empty holds no URL"),
        (["missing.txt"], "'missing.txt' is neither a file nor a URL"),
        (["bad.txt"], "bad.txt:2: 'htp//x' is no http(s) URL; did you mean 'http://x'?"),
    ],
)
def test_bad_input(here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    (here / "folder").mkdir()
    (here / "binary").write_bytes(b"\x7fELF\0\0\xff")
    (here / "empty").touch()
    (here / "bad.txt").write_text("http://fine/\nhtp//x\n")
    for name in ("old.jsonl", "old.csv", "old.sqlite"):
        (here / name).write_text("something of mine")
    before = sorted(here.iterdir())
    result = scraper(capsys, "crawl", *arguments)
    assert result.is_one_message(2, message)
    assert "secret" not in result.err
    assert sorted(here.iterdir()) == before, "nothing ran, so nothing is left behind"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "/proc/x.jsonl"], "/proc/x.jsonl: it cannot be created: No such file or directory"),
        (["--store", "foreign.sqlite", "--resume"], "foreign.sqlite"),
        (["-o", "foreign.jsonl", "--resume"], "foreign.jsonl"),
        (["-o", "newer.jsonl", "--resume"], "newer.jsonl holds records of schema 99"),
    ],
)
def test_bad_stores(here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    (here / "folder").mkdir()
    (here / "foreign.sqlite").write_text("no database at all")
    (here / "foreign.jsonl").write_text("{}\n")
    (here / "newer.jsonl").write_text('{"schema":99,"url":"http://x/"}\n')
    before = sorted(here.iterdir())
    assert scraper(capsys, "crawl", URL, *arguments).is_one_message(3, "error: ", message)
    assert sorted(here.iterdir()) == before


def test_a_store_in_use_by_another_process(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    gate = site.gate("/3")
    other = started("crawl", site.root, "--store", "x.sqlite", "--backend", "asyncio", "-q", cwd=here)
    try:
        assert gate.asked.wait(20)
        assert scraper(capsys, "crawl", URL, "--store", "x.sqlite", "--resume").is_one_message(
            3, "in use by another process"
        )
    finally:
        gate.open.set()
        assert other.communicate(timeout=20) == (b"", b"")
    assert other.returncode == 0


def test_an_unknown_command_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert scraper(capsys, "crwal", URL).is_one_message(2, "Did you mean", "crawl")


def test_skip_bad_says_what_it_passed_over(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "urls.txt").write_text(f"{site.root}\nhtp//x\n")
    result = scraper(capsys, "crawl", "urls.txt", "--skip-bad", "-d", "0", "--backend", "asyncio")
    assert result.code == 0
    assert "urls.txt:2: 'htp//x'" in result.err
    assert "passed over: 1" in result.err
    assert result.out == f"200      {site.root}  Root\n"


def test_skip_bad_with_nothing_left(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "urls.txt").write_text("htp//x\n")
    assert scraper(capsys, "crawl", "urls.txt", "--skip-bad").is_one_message(2, "there is no URL left to crawl")


@pytest.mark.parametrize(
    ("words", "without_stdin", "command"),
    [
        (["crawl", "http://x/", "-o", "my file.jsonl"], False, "crawl --resume http://x/ -o 'my file.jsonl'"),
        (["crawl", "--resume", "http://x/"], False, "crawl --resume http://x/"),
        (["crawl", "-", "--store", "x"], True, "crawl --resume --store x"),
        (["crawl", "-", "-o", "-", "--store", "x"], True, "crawl --resume -o - --store x"),
        (["crawl", "-", "-o", "x.jsonl"], False, "crawl --resume - -o x.jsonl"),
    ],
)
def test_the_command_that_goes_on(words: list[str], without_stdin: bool, command: str) -> None:
    assert command_that_goes_on(words, without_stdin=without_stdin) == f"python -m scraper {command}"


def test_help_names_every_option_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    result = scraper(capsys, "crawl", "--help")
    assert result.code == 0
    assert result.err == ""
    for word in (
        "Examples:",
        "Exit codes:",
        "Extent:",
        "Links and traps:",
        "Pace:",
        "Politeness:",
        "Identity and safety:",
        "Results:",
        "--max-time",
        "[default: 16]",
        "--dry-run",
    ):
        assert word in result.out


def test_help_loads_nothing_heavy() -> None:
    heavy = {"aiohttp", "asyncio", "requests", "rich", "turbohtml", "selectolax", "bs4", "lxml", "ssl", "sqlite3"}
    loaded = "set(sys.modules)"
    script = f"import sys; before = {loaded}; import scraper.cli; print(sorted({heavy!r} & {loaded} - before))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


@pytest.mark.parametrize("command", ["crawl", "check"])
def test_a_command_loads_nothing_that_only_a_watch_needs(command: str) -> None:
    heavy = {"aiohttp.web", "apprise", "apscheduler", "cryptography", "jinja2", "prometheus_client", "tzlocal"}
    heavy |= {"scraper.check"} if command == "crawl" else set()
    script = (
        f"import sys; from scraper.cli import run; run([{command!r}, {URL!r}, '--backend', 'asyncio', '-q']); "
        f"print('aiohttp' in sys.modules, sorted({heavy!r} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "True []"
