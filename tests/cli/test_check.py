"""``scraper check`` as a user has it: against real servers of this machine."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fixtures.targets import DemoTargets
from scraper.backends import NAMES
from scraper.check.model import Verdict
from scraper.cli.checking import CheckProgress, failing
from scraper.settings import CHECKS, Settings
from tests.cli.command import COMMAND, Gate, environment, scraper, started
from tests.cli.test_interrupt import ended, read_until
from tests.server import Behaviour, ClosedPort, ScriptedServer, drip, page, redirect, status

QUICK = ("--pause", "0", "--backend", "asyncio", "--method", "get")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.script("/", page("<title>Shop</title>Welcome, 3 items left"))
        yield server


def verdicts(text: str) -> dict[str, str]:
    """The verdicts of JSON lines, by the names of the targets, or their URLs."""
    records = [json.loads(line) for line in text.splitlines()]
    return {record.get("name") or record["url"]: record["verdict"] for record in records}


def test_one_url(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    result = scraper(capsys, "check", server.url("/"))
    assert result.code == 0
    assert result.out.split()[:3] == ["up", server.url("/"), "200"]
    assert result.out.splitlines()[-1].startswith("1 up: 1 target in ")
    assert result.err == ""


def test_down_is_exit_1_and_the_worst_comes_first(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script("/login", status(401))
    with ClosedPort() as nobody:
        urls = [server.url("/"), server.url("/login"), server.url("/missing"), nobody.url("/")]
        result = scraper(capsys, "check", *urls, *QUICK)
    assert result.code == 1
    words = [line.split()[0] for line in result.out.splitlines()]
    assert words == ["down", "down", "blocked", "up", "2"]
    assert "404, expected 200..399, 3 of 3 tries failed" in result.out
    assert "connect: refused, 3 of 3 tries failed" in result.out
    assert server.hits["/missing"] == 3
    assert server.hits["/login"] == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 0),
        (("--fail-on", "down"), 0),
        (("--fail-on", "blocked"), 1),
        (("--fail-on", "down,blocked"), 1),
        (("--fail-on", "slow", "--fail-on", "cert"), 0),
        (("--fail-on", "any"), 1),
        (("--fail-on", "none"), 0),
    ],
)
def test_what_gives_exit_1(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], code: int
) -> None:
    server.script("/", status(403))
    assert scraper(capsys, "check", server.url("/"), *QUICK, *options).code == code


def test_fail_on_names_verdicts() -> None:
    assert failing([]) == {Verdict.DOWN}
    assert failing([("down", "cert"), ("slow",)]) == {Verdict.DOWN, Verdict.CERT, Verdict.SLOW}
    assert failing([("any",)]) == set(Verdict) - {Verdict.UP}
    assert failing([("none",)]) == set()
    assert failing([("none", "down")]) == {Verdict.DOWN}


def test_conditions_of_the_command_line(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script("/api", page('{"status": "ok", "n": [1]}'))
    server.script("/moved", redirect("/"))
    server.script("/teapot", status(418))
    server.script("/slow", drip(b"HTTP/1.1 200 OK\r\n\r\n12", every=0.05, size=20))
    for path, options, verdict in [
        ("/", ("--match", "Welcome", "--match", r"/\d items/"), "up"),
        ("/", ("--match", "Goodbye"), "down"),
        ("/", ("--match", "/^Bye/"), "down"),
        ("/", ("--json", "status=ok"), "down"),
        ("/api", ("--json", "status=ok", "--json", "n[0]=1"), "up"),
        ("/api", ("--json", "status=ok", "--json", "n[0]=2"), "down"),
        ("/teapot", ("--expect", "200..299,418"), "up"),
        ("/teapot", ("--expect", "200", "--expect", "418"), "up"),
        ("/", ("--expect", "418"), "down"),
        ("/slow", ("--slower-than", "20ms"), "slow"),
        ("/", ("--slower-than", "1m"), "up"),
        ("/moved", ("--follow", "--expect", "200"), "up"),
        ("/moved", ("--no-follow", "--expect", "302"), "up"),
        ("/moved", ("--no-follow", "--expect", "200"), "down"),
    ]:
        out = scraper(capsys, "check", server.url(path), *QUICK, "--tries", "1", *options, "-f", "jsonl").out
        assert json.loads(out)["verdict"] == verdict, (path, options, out)


def test_a_line_says_more_than_the_command_line(
    here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("list").write_text(f"{server.url('/')}\n{server.url('/missing')} expect=404 name=gone tries=1\n")
    result = scraper(capsys, "check", "list", "--expect", "418", "--tries", "2", *QUICK, "-f", "jsonl")
    assert verdicts(result.out) == {server.url("/"): "down", "gone": "up"}
    assert server.hits == {"/": 2, "/missing": 1}


def test_the_methods(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    for method, asked in (("get", b"GET"), ("head", b"HEAD"), ("auto", b"HEAD")):
        server.requests.clear()
        scraper(capsys, "check", server.url("/"), "--method", method, "--tries", "1", "--backend", "asyncio")
        assert server.requests[0].split()[0] == asked


def test_one_failed_try_is_not_down(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script("/", one_by_one(status(503), page("fine")))
    result = scraper(capsys, "check", server.url("/"), *QUICK)
    assert (result.code, result.out.split()[0]) == (0, "up")
    assert "after 1 failed try" in result.out


def test_options_reach_the_requests(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    scraper(capsys, "check", server.url("/"), "-H", "X-One: 1", "--user-agent", "me", "--auth", "a:b", *QUICK)
    for header in (b"X-One: 1\r\n", b"User-Agent: me\r\n", b"Authorization: Basic YTpi\r\n"):
        assert header.lower() in server.requests[0].lower()


def test_several_reports_at_once(here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    files = ("r.txt", "r.jsonl", "r.json", "r.csv", "r.md", "r.xml", "r.html")
    outputs = [word for file in files for word in ("-o", file)]
    result = scraper(capsys, "check", server.url("/"), server.url("/gone"), *QUICK, *outputs)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("1 down, 1 up: 2 targets in ")
    expected = {server.url("/"): "up", server.url("/gone"): "down"}
    assert verdicts(Path("r.jsonl").read_text()) == expected
    assert {record["url"]: record["verdict"] for record in json.loads(Path("r.json").read_text())} == expected
    table = csv.DictReader(io.StringIO(Path("r.csv").read_text()))
    assert {row["url"]: row["verdict"] for row in table} == expected
    assert ElementTree.parse("r.xml").getroot().get("failures") == "1"
    for file in ("r.txt", "r.md", "r.html"):
        assert server.url("/gone") in Path(file).read_text()


def test_stdout_gets_a_format_beside_files(
    here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    result = scraper(capsys, "check", server.url("/"), *QUICK, "-o", "r.xml", "-f", "jsonl")
    assert verdicts(result.out) == {server.url("/"): "up"}
    assert ElementTree.parse("r.xml").getroot().tag == "testsuites"
    result = scraper(capsys, "check", server.url("/"), *QUICK, "-o", "report", "-f", "markdown")
    assert result.out == ""
    assert server.url("/") in Path("report").read_text()
    assert scraper(capsys, "check", server.url("/"), *QUICK, "-o", "-").out.split()[0] == "up"


def test_a_report_is_written_anew(here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    files = ("r.txt", "r.jsonl", "r.json", "r.csv", "r.md", "r.xml", "r.html")
    for file in files:
        Path(file).write_text("of the last run" * 1_000)
    Path("r.txt").chmod(0o640)
    outputs = [word for file in files for word in ("-o", file)]
    assert scraper(capsys, "check", server.url("/"), *QUICK, *outputs).code == 0
    for file in files:
        assert server.url("/") in Path(file).read_text()
        assert "of the last run" not in Path(file).read_text()
    assert Path("r.txt").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in Path().iterdir()) == sorted(files)


def test_what_cannot_run_replaces_no_report(
    here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in ("old.xml", "old.jsonl"):
        Path(file).write_text("mine")
    options = ("-o", "old.xml", "-o", "old.jsonl", "-o", "new.json", "-o", "no/such.csv")
    result = scraper(capsys, "check", server.url("/"), *QUICK, *options)
    assert result.is_one_message(2, "no/such.csv: its folder does not exist")
    assert {path.name: path.read_text() for path in Path().iterdir()} == {"old.xml": "mine", "old.jsonl": "mine"}
    assert server.hits == {}


def test_no_report_replaces_what_is_read_or_kept(
    here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"{server.url('/')}\n"
    for file in ("list.txt", "login.txt", "checks.toml"):
        Path(file).write_text(f"[[check]]\nurl='{line.strip()}'" if file == "checks.toml" else line)
    Path("alias.txt").symlink_to("list.txt")
    sqlite3.connect("old.txt").executescript("create table a (b)").close()
    read = "is read by this command, and would be written over: name another file"
    for arguments, message in [
        (("list.txt", "-o", "list.txt"), f"list.txt {read}"),
        (("list.txt", "-o", "alias.txt"), f"alias.txt {read}"),
        (("checks.toml", "-o", "checks.toml", "-f", "json"), f"checks.toml {read}"),
        (("checks.toml", "--store", "checks.toml"), f"checks.toml {read}"),
        (("checks.toml", "--auth-file", "login.txt", "-o", "login.txt"), f"login.txt {read}"),
        (("list.txt", "--store", "h.db", "-o", "h.db", "-f", "csv"), "h.db is there twice"),
        (("list.txt", "--store", "h.db", "-o", "h.db-wal", "-f", "csv"), "h.db-wal belongs to --store h.db"),
        (("list.txt", "-o", "old.txt"), "old.txt is a SQLite file, and no report"),
    ]:
        before = {path: path.read_bytes() for path in Path().iterdir()}
        result = scraper(capsys, "check", *arguments)
        assert result.code == 2
        assert message in result.err
        assert {path: path.read_bytes() for path in Path().iterdir()} == before
    with Path("list.txt").open() as stdin:
        words = [*COMMAND, "check", "-", "-o", "list.txt"]
        done = subprocess.run(words, stdin=stdin, capture_output=True, text=True, env=environment(), check=False)
    assert (done.returncode, read in done.stderr) == (2, True)
    assert Path("list.txt").read_text() == line


def test_a_history_is_kept_beside(here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        result = scraper(capsys, "check", server.url("/"), *QUICK, "--store", "shops.sqlite")
        assert (result.code, result.out.split()[0]) == (0, "up")
    with sqlite3.connect("shops.sqlite") as database:
        assert database.execute("select count(*) from results").fetchone() == (2,)
    database.close()
    refused = scraper(capsys, "check", server.url("/"), "--store", "shops.csv")
    assert refused.is_one_message(2, "--store shops.csv: a history is a SQLite file; for a report write -o shops.csv")


def test_quiet_and_verbose(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert scraper(capsys, "check", server.url("/"), *QUICK, "-q", "-f", "jsonl").err == ""
    result = scraper(
        capsys, "check", server.url("/").removeprefix("http://"), server.url("/gone"), "--pause", "0", "-v"
    )
    assert f"is taken as {server.url('/')}" in result.err
    assert "backend asyncio: checks wait much" in result.err
    assert f"down     {server.url('/gone')}  404, expected 200..399" in result.err
    assert "try 1, " in result.out
    assert "backend sequential: there is one URL" in scraper(capsys, "check", server.url("/"), "-v").err


def test_colours_where_they_are_asked_for(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[32mup" in scraper(capsys, "check", server.url("/"), *QUICK, "--color", "always").out
    assert "\x1b" not in scraper(capsys, "check", server.url("/"), *QUICK).out


def test_progress_is_told_in_one_line() -> None:
    stream, now = io.StringIO(), [0.0]
    progress = CheckProgress(stream, live=True, clock=lambda: now[0])
    now[0] = 2.0
    counts = {Verdict.UP: 1_230, Verdict.DOWN: 3, Verdict.SLOW: 1}
    progress.told(counts, 10_000, 50)
    line = "1,234 of 10,000 checked  617.0/s  50 in flight  3 down  1 slow  1,230 up"
    assert stream.getvalue() == f"\r{line[:79]}\x1b[K"
    progress.told(counts, 10_000, 50)
    assert stream.getvalue().count("checked") == 1
    now[0] = 4.0
    progress.told(counts, 10_000, 0, 95.0)
    assert "  the next is asked in 1m35s, for politeness  " in stream.getvalue()


def test_annotations_mark_the_lines_of_lists(
    here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script("/busy", status(429))
    Path("a,b.txt").write_text(f"# x\n{server.url('/gone')} tries=1\n{server.url('/busy')} name='50%: a, b'\n")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert "::" not in scraper(capsys, "check", "a,b.txt", *QUICK).err
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "::" not in scraper(capsys, "check", "a,b.txt", *QUICK, "--no-annotations").err
    result = scraper(capsys, "check", "a,b.txt", *QUICK)
    gone = server.url("/gone").replace(":", "%3A")
    assert f"::error file=a%2Cb.txt,line=2,title={gone} is down::404, expected 200..399" in result.err
    assert "::warning file=a%2Cb.txt,line=3,title=50%25%3A a%2C b is blocked::429, too many requests (" in result.err
    assert "::" not in result.out
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert "::error" in scraper(capsys, "check", "a,b.txt", *QUICK, "--annotations").err


def test_a_dry_run_asks_nothing(here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    Path("shops.toml").write_text(
        "[group.eu]\ntries=2\npause='2s'\n"
        "[[group.eu.check]]\nname='shop'\nurl='https://a.example/'\nmatch=['x','/y/']\nslower-than=2\ntimeout=5\n"
        "[[group.eu.check]]\nurl='https://a.example/2'\nexpect=204\ntries=1\nfollow=false\nevery='5m'\n"
        f"[[check]]\nurl='{server.url('/')}'\n"
    )
    result = scraper(capsys, "check", "shops.toml", "--dry-run", "-o", "x.html")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "backend: asyncio (checks wait much and compute little: one core is enough)",
        "concurrency: 50, 4 on one host",
        "politeness: 2 checks of a.example, 500 ms apart, take 500 ms at least",
        "checks: 3, of 2 hosts",
        f"  HEAD {server.url('/')}  expect 200..399, 3 tries, first pause 1 s  (shops.toml:16)",
        (
            "  eu/shop: GET https://a.example/  expect 200..399, match 'x', match /y/, slow from 2 s on, "
            "certificate for 14 days, timeout 5 s, 2 tries, first pause 2 s  (shops.toml:4)"
        ),
        (
            "  eu/https://a.example/2: HEAD https://a.example/2  expect 204, certificate for 14 days, "
            "redirects not followed, 1 try, every 5m  (shops.toml:10)"
        ),
    ]
    assert server.hits == {}
    assert not Path("x.html").exists()


def test_a_dry_run_names_the_hosts_that_are_waited_for_longest(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hosts = "abcde"
    Path("list").write_text("".join(f"http://{h}.example/{n}\n" for i, h in enumerate(hosts) for n in range(i + 2)))
    out = scraper(capsys, "check", "list", "--dry-run", "--delay", "2s", "--concurrency", "7", "--per-host", "1").out
    assert out.splitlines()[1:6] == [
        "concurrency: 7, 1 on one host",
        "politeness: 6 checks of e.example, 2 s apart, take 10 s at least",
        "politeness: 5 checks of d.example, 2 s apart, take 8 s at least",
        "politeness: 4 checks of c.example, 2 s apart, take 6 s at least",
        "politeness: and so 2 hosts more, for less time",
    ]
    out = scraper(capsys, "check", "list", "--dry-run", "--delay", "0").out
    assert "politeness: nothing to wait for" in out


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    result = scraper(capsys, "check", "--schema")
    published = Path(__file__).parents[2] / "docs" / "checks.schema.json"
    assert (result.code, result.out) == (0, published.read_text("utf-8"))


def test_skip_bad_tells_what_was_passed_over(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    done = piped(f"{server.url('/')}\nhttp://x/ expct=1\n", "--skip-bad", *QUICK)
    assert done.returncode == 0
    assert "standard input:2: unknown key 'expct': did you mean 'expect'?" in done.stderr
    assert "passed over: 1 (--skip-bad)" in done.stderr


def piped(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "check", "-", *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, env=environment())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to check: give a URL, a list, a TOML file, or - for standard input"),
        (["http://a/", "--expect", "2xx"], "--expect: '2xx' is no status"),
        (["http://a/", "--match", "/[/"], "--match: '/[/' is no regular expression"),
        (["http://a/", "--json", "x"], "--json: 'x' is no PATH=VALUE"),
        (["http://a/", "--slower-than", "fast"], "--slower-than: 'fast' is no duration"),
        (["http://a/", "--cert-days", "soon"], "--cert-days: 'soon' is no duration: write 14 (days)"),
        (["http://a/", "--tries", "0"], "--tries: '0' is no whole number from 1 to 100"),
        (["http://a/", "--pause", "x"], "--pause: 'x' is no duration"),
        (["http://a/", "--method", "post"], "'post' is not one of 'get', 'head', 'auto'"),
        (["http://a/", "--method", "head", "--match", "x"], "an answer to HEAD has no body"),
        (
            ["http://a/", "--fail-on", "dwn"],
            "'dwn' is none of down, blocked, cert, slow, any, none. Did you mean 'down'",
        ),
        (["http://a/", "-f", "xml"], "'xml' is not one of"),
        (["http://a/", "-o", "report"], "report: the name tells no format: end it in .txt, .jsonl"),
        (["http://a/", "-o", "x.csv", "-o", "./x.csv"], "./x.csv is there twice: one format a file"),
        (["http://a/", "-o", "-", "-o", "/dev/stdout"], "/dev/stdout is there twice"),
        (["http://a/", "-o", "nowhere/x.csv"], "its folder does not exist"),
        (["http://a/", "--store", "x", "-o", "x", "-f", "text"], "x is there twice"),
        (["http://a/", "--concurrency", "0"], "concurrency must be 1 or more"),
        (["http://a/", "--timeout", "0"], "timeout must be 0.001 or more"),
        (["http://a/", "-q", "-v"], "-q and -v exclude each other"),
        (["http://a/", "--auth", "a:b", "--auth-file", "x"], "--auth and --auth-file exclude each other"),
        (["http://a/", "--every", "often"], "'often' is neither a duration"),
        (["http://a/", "--every", "1m", "-o", "x.csv"], "--every has no end, and so no -o"),
        (["http://a/", "--every", "1m", "--fail-on", "any"], "--every has no end, and so no --fail-on"),
        (["shops.txt"], "'shops.txt' is neither a file nor a URL"),
        (["http://a/", "--colour", "never"], "No such option"),
    ],
)
def test_what_is_asked_for_wrongly(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    result = scraper(capsys, "check", *arguments)
    assert result.is_one_message(2, message)
    assert list(here.iterdir()) == []


def test_hostile_names_and_urls_do_not_reach_the_terminal(
    here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.txt").write_bytes("http://a/ na\x1b[31mme=x\nhttp://\x9d0;x\x07/\nhttp://a/ \u202egnp\n".encode())
    for arguments in (["bad.txt"], ["bad.txt", "--skip-bad"], [f"{server.url('/')}\x1b[2J"], ["x\x1b[2J.toml"]):
        result = scraper(capsys, "check", *arguments, *QUICK, "-v")
        assert not set("\x1b\x9d\x07\u202e") & set(result.out + result.err), arguments
    Path("evil\x1b[2J.txt").write_text(f"{server.url('/gone')} tries=1 name='a\u200db'\n")
    result = scraper(capsys, "check", "evil\x1b[2J.txt", *QUICK, "-v", "--annotations")
    dry = scraper(capsys, "check", "evil\x1b[2J.txt", "--dry-run")
    assert "\x1b" not in result.out + result.err + dry.out
    assert result.code == 1


def test_secrets_stay_out_of_reports(here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("-H", "X-Key: hunter2", "--auth", "me:hunter2", "-o", "r.html", "-o", "r.json", "-v")
    result = scraper(capsys, "check", server.url("/"), *QUICK, *options)
    assert b"hunter2" in server.requests[0]
    assert "hunter2" not in result.err + Path("r.html").read_text() + Path("r.json").read_text()


def test_a_closed_pipe_ends_it_quietly(server: ScriptedServer) -> None:
    command = shlex.join([*COMMAND, "check", server.url("/"), *QUICK, "-f", "jsonl"])
    script = f"{command} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode in (0, 141)
    assert "Traceback" not in done.stderr


def test_the_first_interrupt_tells_what_is_known(here: Path, server: ScriptedServer) -> None:
    gate = Gate(page("late"))
    server.script("/late", gate)
    try:
        urls = [server.url("/"), server.url("/late"), *(server.url(f"/{number}") for number in range(5))]
        process = started("check", *urls, *QUICK, "--per-host", "1", "-o", "r.xml", "-o", "r.jsonl", cwd=here)
        assert gate.asked.wait(20)
        process.send_signal(signal.SIGINT)
        read_until(process, b"finishing 1 request in flight; once more stops at once")
    finally:
        gate.open.set()
    code, err = ended(process)
    assert code == 130
    assert "2 up, 5 not checked: 2 targets in " in err
    assert verdicts(Path("r.jsonl").read_text()) == {server.url("/"): "up", server.url("/late"): "up"}
    assert ElementTree.parse("r.xml").getroot().get("tests") == "2"


@pytest.mark.parametrize("backend", NAMES)
def test_the_second_interrupt_stops_at_once(here: Path, server: ScriptedServer, backend: str) -> None:
    gate = Gate(page("late"))
    server.script("/late", gate)
    try:
        options = ("--backend", backend, "--per-host", "1", "--method", "get", "-o", "r.jsonl")
        process = started("check", server.url("/"), server.url("/late"), *options, cwd=here)
        assert gate.asked.wait(20)
        process.send_signal(signal.SIGINT)
        read_until(process, b"once more stops at once")
        process.send_signal(signal.SIGINT)
        code, err = ended(process)
    finally:
        gate.open.set()
    assert code == 130, err
    assert "Traceback" not in err, err
    assert verdicts(Path("r.jsonl").read_text()) == {server.url("/"): "up"}


def test_every_checks_again_and_again(here: Path, server: ScriptedServer) -> None:
    second = Gate(page("again"))
    server.script("/", one_by_one(page("first"), second))
    try:
        Path("free.toml").write_text("[web]\nlisten = '127.0.0.1:0'\n")
        store = ("--every", "1s", "--store", "x.sqlite", "--backend", "asyncio", "--method", "get")
        process = started("check", server.url("/"), "free.toml", *store, cwd=here)
        assert second.asked.wait(30)
        process.send_signal(signal.SIGINT)
    finally:
        second.open.set()
    code, err = ended(process)
    assert code == 130, err
    assert "watching 1 check" in err


def one_by_one(*answers: Behaviour) -> Behaviour:
    """Each request is answered by the next of ``answers``."""
    left = iter(answers)
    return lambda connection: next(left)(connection)


def test_many_urls_are_counted_and_not_all_shown(
    here: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("list").write_text("".join(f"{server.url('/')}?{number}\n" for number in range(250)))
    with Path("list").open("a") as file:
        file.write(f"{server.url('/gone')} tries=1\n")
    result = scraper(capsys, "check", "list", *QUICK, "--per-host", "20")
    assert result.out.splitlines()[0].startswith(" down ")
    assert " up       250 targets" in result.out
    assert len(result.out.splitlines()) == 3
    assert server.hits["/"] == 250


def test_the_demo_has_something_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """What ``make check`` shows."""
    with DemoTargets() as targets:
        result = scraper(capsys, "check", *targets.arguments, "-f", "jsonl", "--backend", "asyncio")
    found = verdicts(result.out)
    assert result.code == 1
    by_verdict = {word: {name for name, verdict in found.items() if verdict == word} for word in set(found.values())}
    assert by_verdict == {
        "up": {"front page", "API", "old address", "flapping", "good"},
        "slow": {"reports"},
        "cert": {"ends soon"},
        "blocked": {"behind a login", "behind a test for robots", "too busy for us"},
        "down": {
            *("database", "sorry page", "missing page", "broken", "round and round", "nobody there", "no such host"),
            *("expired", "signed by nobody"),
        },
    }


def test_the_demo_runs_a_command_and_gives_its_code() -> None:
    code = "import pathlib, sys; print(sys.argv[2:3], pathlib.Path(sys.argv[1]).read_text()[:6]); sys.exit(7)"
    command = [sys.executable, "-m", "fixtures.targets", "--", sys.executable, "-c", code, "{checks}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stdout, done.stderr) == (7, "['--ca-file'] # Made\n", "")


def test_the_help_tells_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(scraper(capsys, "check", "--help").out.split())
    limits = Settings().limits
    for shown in (
        f"Requests in flight at most. [default: {CHECKS.concurrency}]",
        "Statuses that are expected, as in 200..399,429; repeatable. [default: 200..399]",
        "Attempts until it counts as down. [default: 3]",
        "Days that the certificate must hold. [default: 14]",
        f"[default: {limits.total:g}s, {limits.read:g}s of silence]",
        "What gives exit code 1, as in down,cert; any is all but up; repeatable. [default: down]",
    ):
        assert shown in text, shown


def test_the_environment_does_not_matter(server: ScriptedServer) -> None:
    command = [*COMMAND, "check", server.url("/"), *QUICK]
    proxies = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**environment(), **proxies, "NO_COLOR": "1"}
    )
    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "up", "")
    assert os.environ.get("http_proxy") != proxies["http_proxy"]


def test_a_file_without_checks_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("none.toml").write_text("[defaults]\ntries = 2\n")
    assert scraper(capsys, "check", "none.toml").is_one_message(2, "there is nothing to check in none.toml")
