"""TOML files of checks: everything in one, and every way in which one can be wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scraper.check.asking.config import Checklist, Watch
from scraper.check.asking.keys import KEYS, read_key
from scraper.check.asking.schema import schema, schema_text
from scraper.check.asking.targets import read_checks
from scraper.check.model import Statuses, Target, Verdict
from scraper.check.outputs import FORMATS, format_of
from scraper.errors import ConfigError
from scraper.settings import CHECKS, Settings

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "checks.md").read_text("utf-8")

EVERYTHING = r"""
[defaults]
expect = "200..299"
tries = 5
every = 60

[[check]]
url = "https://a.example/"
name = "front"
group = "shop"
match = ["Welcome", '/\d+ left/i']
json = { status = "ok", "$.checks[0].up" = true, "n" = 3 }
slower-than = "1.5s"
cert-days = 30
method = "get"
tries = 1
pause = 0.5
follow = false
timeout = "5s"
every = "*/5 8-18 * * mon-fri"

[[check]]
url = "b.example"  # a bare host
slower-than = false
cert-days = false

[group.eu]
expect = [200, "301..308"]
cert-days = "7d"

[[group.eu.check]]
url = "https://eu.example/"

[[group."the rest".check]]
url = "https://rest.example/"
expect = 204
json = "a=1"

[watch]
every = "5m"
jitter = "2s"
timezone = "Europe/Berlin"
spread = false
fall = 3
rise = 1

[notify]
expire = "2h"

[[notify.webhook]]
url = "https://hooks.example/"
secret = "hunter2"
on = ["down", "cert", "up"]
groups = ["eu"]

[[notify.apprise]]
url-file = "mail.txt"

[[maintenance]]
title = "Move"
start = 2026-12-01T22:00:00Z
end = 2026-12-01T23:00:00Z
checks = ["eu/https://eu.example/"]

[[maintenance]]
every = "0 3 * * sun"
duration = "1h"

[history]
file = "shop.sqlite"
keep = "7d"
hourly = "60d"
daily = "400d"

[web]
listen = "127.0.0.1:9000"
title = "Shop"
description = "How the shop does"
url = "https://status.example/"
token-file = "token"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str | bytes, **kwargs: Any) -> Checklist:
    content = text if isinstance(text, bytes) else text.encode()
    Path("checks.toml").write_bytes(content)
    return read_checks(["checks.toml"], **kwargs)


def complaint(text: str | bytes, **kwargs: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text, **kwargs)
    return str(caught.value)


def test_everything() -> None:
    found = read(EVERYTHING)
    front, bare, eu, rest = found.targets
    assert front == Target(
        url="https://a.example/",
        name="front",
        group="shop",
        place="checks.toml:7",
        expect=Statuses(((200, 299),)),
        method="get",
        texts=("Welcome",),
        patterns=(r"(?i)\d+ left",),
        values=(("status", "ok"), ("$.checks[0].up", "true"), ("n", "3")),
        follow=False,
        tries=1,
        pause=0.5,
        slower_than=1.5,
        cert_days=30.0,
        timeout=5.0,
        every="*/5 8-18 * * mon-fri",
    )
    assert (bare.url, bare.slower_than, bare.cert_days, bare.tries, bare.every) == (
        *("https://b.example/", None, None),
        *(5, "60"),
    )
    assert (eu.group, str(eu.expect), eu.cert_days, eu.tries) == ("eu", "200,301..308", 7.0, 5)
    assert (rest.group, str(rest.expect), rest.values) == ("the rest", "204", (("a", "1"),))
    assert found.notes == ["b.example is taken as https://b.example/"]


def test_the_tables_of_a_watch() -> None:
    found = read(EVERYTHING)
    watch, web, history, notify = found.watch, found.web, found.history, found.notify
    assert (watch.every, watch.jitter, watch.timezone, watch.spread) == ("5m", 2.0, "Europe/Berlin", False)
    assert (watch.fall, watch.rise) == (3, 1)
    assert (web.listen, web.title, web.token, web.token_file) == ("127.0.0.1:9000", "Shop", None, "token")
    assert (history.file, history.keep, history.hourly, history.daily) == (
        *("shop.sqlite", 7 * 86400.0),
        *(60 * 86400.0, 400 * 86400.0),
    )
    assert notify.expire == 7200.0
    assert (notify.webhook[0].on, notify.webhook[0].groups) == (("down", "cert", "up"), ("eu",))
    assert notify.apprise[0].url_file == "mail.txt"
    once, again = found.maintenance
    assert once.start == datetime(2026, 12, 1, 22, tzinfo=UTC)
    assert once.checks == ("eu/https://eu.example/",)
    assert (again.every, again.duration) == ("0 3 * * sun", 3600.0)


def test_what_is_nearest_to_a_check_holds() -> None:
    grouped = "[defaults]\ntries = 7\npause = 7\ntimeout = 7\nslower-than = 7\n[group.g]\npause = 5\ntimeout = 5\n"
    grouped += "[[group.g.check]]\nurl = 'http://a/'\ntimeout = 1\n"
    (target,) = read(grouped, given={"tries": "3", "pause": "3s", "timeout": "3s"}).targets
    assert (target.slower_than, target.tries, target.pause, target.timeout) == (7.0, 3, 5.0, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[check]]\nurl='http://a/'\nexpct=200", "checks.toml:3: check 1: unknown key 'expct': did you mean 'expect'"),
        (
            "[[group.eu.check]]\nurl='http://a/'\n\n[[group.eu.check]]\nurl='http://b/'\nexpct=200",
            "checks.toml:6: [group.eu] check 2: unknown key 'expct': did you mean 'expect'?",
        ),
        (
            "[defaults]\nslower_than='2s'",
            "checks.toml:2: [defaults]: unknown key 'slower_than': did you mean 'slower-than",
        ),
        ("[defaults]\nurl='http://a/'", "checks.toml:2: [defaults]: unknown key 'url': there are expect, match"),
        ("[group.g]\ntrys=1", "checks.toml:2: [group.g]: unknown key 'trys': did you mean 'tries'?"),
        ("[checks]\n", "checks.toml:1: unknown table 'checks': did you mean 'check'?"),
        ("[webb]\n", "checks.toml:1: unknown table 'webb': did you mean 'web'?"),
        ("[[check]]\nname='x'", "checks.toml:1: check 1: it has no url"),
        ("[[check]]\nurl=1", "checks.toml:2: check 1: url: expected a text, not a whole number"),
        ("[[check]]\nurl='nonsense'", "checks.toml:1: check 1: 'nonsense' is no http(s) URL"),
        ("[[check]]\nurl='http://a/'\nexpect='2xx'", "checks.toml:3: check 1: expect: '2xx' is no status"),
        (
            "[[check]]\nurl='http://a/'\nexpect=[1.5]",
            "checks.toml:3: check 1: expect: expected a whole number or a text, not a number",
        ),
        ("[[check]]\nurl='http://a/'\nexpect=99", "checks.toml:3: check 1: expect: '99' is no status"),
        ("[[check]]\nurl='http://a/'\ntries='3'", "checks.toml:3: check 1: tries: expected a whole number, not a text"),
        ("[[check]]\nurl='http://a/'\nmethod='post'", "checks.toml:3: check 1: method: "),
        (
            "[[check]]\nurl='http://a/'\nfollow='no'",
            "checks.toml:3: check 1: follow: expected true or false, not a text",
        ),
        (
            "[[check]]\nurl='http://a/'\nmethod='head'\nmatch='x'",
            "checks.toml:1: check 1: method: an answer to HEAD has no body",
        ),
        ("[check]\nurl='http://a/'", "checks.toml:1: a check is written under [[check]], with double brackets"),
        ("[group.g.check]\nurl='http://a/'", "a check is written under [[group.g.check]], with double brackets"),
        ("[[group]]\nname='g'", "group is a table: write [group.NAME] and [[group.NAME.check]]"),
        ("group.g = 1", "checks.toml: [group.g]: it is no table: write [group.NAME]"),
        ("check = [1]", "checks.toml:1: check 1: it is no table"),
        (
            "[[group.g.check]]\nurl='http://a/'\ngroup='h'",
            "checks.toml:3: [group.g] check 1: group: the check stands in a",
        ),
        ('[group."a\\u001b"]\n', "[group.a\ufffd]: group: 'a\\x1b' holds a character that cannot be shown"),
        ("[watch]\nfall=0", "checks.toml:2: [watch]: fall: expected a whole number >= 1"),
        ("[watch]\nevery='often'", "checks.toml:2: [watch]: every: 'often' is neither a duration"),
        ("[watch]\njitter='x'", "checks.toml:2: [watch]: jitter: 'x' is no duration"),
        ("[watch]\njitter=-1", "checks.toml:2: [watch]: jitter: -1 is no duration"),
        ("watch = 3", "checks.toml:1: [watch]: it is no table"),
        ("[web]\ntittle='x'", "checks.toml:2: [web]: unknown key 'tittle': did you mean 'title'?"),
        (
            "[[notify.webhook]]\nurl='http://a/'\nsecrt='x'",
            "checks.toml:3: [notify]: webhook: unknown key 'secrt': did you mean 'secret'?",
        ),
        (
            "[[maintenance]]\nevery='0 3 * * *'",
            "checks.toml:1: maintenance 1: a maintenance has start and end, or every",
        ),
        ("[maintenance]\n", "checks.toml:1: it is written under [[maintenance]], with double brackets"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    assert message in complaint(text)


def test_all_that_is_wrong_is_listed() -> None:
    text = "[watch]\nfall=0\n[[check]]\nurl='http://a/'\nx=1\ny=2\n[[check]]\nurl='http://b/'\ntries=0\n"
    assert [line.split(": ")[0] for line in complaint(text).splitlines()] == [
        "checks.toml:5",
        "checks.toml:6",
        "checks.toml:9",
        "checks.toml:2",
    ]


def test_keys_that_stand_twice() -> None:
    twice = "[[check]]\nurl='http://a/'\n" * 2
    assert complaint(twice) == (
        "checks.toml:3: check 2: there is a check 'http://a/' already, at checks.toml:1: name them apart"
    )
    Path("more.toml").write_text("[[group.g.check]]\nname='x'\nurl='http://b/'\n")
    Path("list").write_text("http://a/ name=x group=g\n")
    found = read_checks(["more.toml", "list"]).targets
    assert [each.key for each in found] == ["g/x", "g/x http://a/"]
    with pytest.raises(ConfigError, match="there is a check 'g/x' already, at list:1: name them apart"):
        read_checks(["list", "more.toml"])


def test_two_files_share_no_table() -> None:
    Path("a.toml").write_text("[web]\ntitle='a'\n[[maintenance]]\nevery='0 3 * * *'\nduration=60\n")
    Path("b.toml").write_text("[watch]\nevery='2m'\n[[maintenance]]\nevery='0 4 * * *'\nduration=60\n")
    Path("c.toml").write_text("[web]\n")
    found = read_checks(["a.toml", "b.toml"])
    assert (found.web.title, found.watch.every, len(found.maintenance)) == ("a", "2m", 2)
    with pytest.raises(ConfigError, match=r"both a.toml and c.toml have a table \[web\]: one must do"):
        read_checks(["a.toml", "c.toml"])


def test_skip_bad_goes_on_without_single_checks_only() -> None:
    checks = "[[check]]\nurl='http://a/'\n[[check]]\nurl='http://b/'\nx=1\n"
    assert [each.url for each in read(checks, skip_bad=True).targets] == ["http://a/"]
    assert "unknown table" in complaint(f"{checks}[webb]\n", skip_bad=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x = [", "checks.toml is no TOML: "),
        (b"\xff", "checks.toml is not UTF-8 (byte 0xff); save it as UTF-8"),
        (b"x = " + b"[" * 100_000, "checks.toml is no TOML"),
    ],
)
def test_what_is_no_toml(content: bytes, message: str) -> None:
    assert complaint(content).startswith(message)


def test_files_that_are_not_there() -> None:
    Path("checks.toml").write_text("")
    Path("folder.toml").mkdir()
    for name, message in (
        ("check.toml", "'check.toml' is neither a file nor a URL; did you mean checks.toml?"),
        ("folder.toml", "folder.toml"),
    ):
        with pytest.raises(ConfigError) as caught:
            read_checks([name])
        assert str(caught.value).startswith(message)


def test_an_empty_file_has_no_targets() -> None:
    assert read("").targets == []
    assert read("\ufeff[[check]]\r\nurl = 'http://a/'\r\n").targets[0].place == "checks.toml:1"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("check = [{url='http://a/'}, {url='http://b/'}]", "checks.toml:1"),
        ('x = """\n[[check]]\n"""\n[[check]]\nurl=\'http://a/\'', "checks.toml:4"),
        ("[ [check] ]\nurl='http://a/'", ""),
        ("[[ \"check\" ]]  # one\nurl='http://a/'", "checks.toml:1"),
    ],
)
def test_lines_are_told_where_they_are_sure(text: str, place: str) -> None:
    text = text.replace("x = ", "[web]\ntitle = ") if text.startswith("x") else text
    if not place:
        assert "no TOML" in complaint(text)
        return
    wanted = place if not text.startswith("[web]") else "checks.toml:5"
    assert read(text).targets[0].place == wanted


def test_the_published_schema_is_up_to_date() -> None:
    """``scraper check --schema > docs/checks.schema.json`` renews it."""
    assert (ROOT / "docs" / "checks.schema.json").read_text("utf-8") == schema_text()


def test_the_schema_knows_all_keys() -> None:
    whole = schema()
    check = whole["$defs"]["Check"]
    assert check["additionalProperties"] is False
    assert check["required"] == ["url"]
    assert {"slower-than", "cert-days", "name", "group"} <= check["properties"].keys()
    described = [
        f"{name}.{key}"
        for name, table in whole["$defs"].items()
        for key, about in table["properties"].items()
        if name in ("Keys", "Check") and "description" not in about
    ]
    assert described == []


def test_the_example_can_be_read() -> None:
    assert len(read_checks([str(ROOT / "urls" / "checks.toml"), str(ROOT / "urls" / "checks.txt")]).targets) > 5


def blocks(kind: str) -> list[str]:
    """The fenced blocks of this kind in the reference for users."""
    return re.findall(rf"^```{kind}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


def test_the_reference_says_what_is_read() -> None:
    (toml,), (lines,) = blocks("toml"), blocks("list")
    assert [each.key for each in read(toml).targets] == ["front page", "eu/api", "eu/https://old.shop.example/"]
    Path("list").write_text(lines)
    shop, same, api, old, news = read_checks(["list"]).targets
    assert (shop.key, same.url, api.values[1]) == ("eu/shop", shop.url, ("checks[0].up", "true"))
    assert (old.follow, news.patterns, news.every) == (False, (r"\d+ articles",), "*/5 * * * *")
    wrong = toml.replace('expect = [200, "204..206"]', 'expct = [200, "204..206"]')
    assert complaint(wrong) in DOCS


def test_the_reference_has_all_keys_formats_and_verdicts() -> None:
    first_cells = set(re.findall(r"^\| `([\w-]+)` \|", DOCS, re.MULTILINE))
    assert first_cells == {*KEYS, *FORMATS, *(verdict.value for verdict in Verdict)}
    for form in FORMATS:
        row = re.search(rf"^\| `{form}` \| (`\..*?) \|", DOCS, re.MULTILINE)
        assert row is not None
        assert {format_of(f"x{ending}") for ending in re.findall(r"`(\.\w+)`", row[1])} == {form}


def test_the_reference_has_the_usual_values() -> None:
    usual = Target(url="http://a/")
    rows = dict(re.findall(r"^\| `([\w-]+)` \|.*\| `?([^`|]*)`? \|$", DOCS, re.MULTILINE))
    fields = [read_key(key, rows[key]) for key in ("expect", "cert-days", "method", "tries", "pause", "follow")]
    for each in (*fields, read_key("slower-than", rows["slower-than"])):
        for field, value in each.items():
            assert getattr(usual, field) == value
    assert read_key("timeout", rows["timeout"]) == {"timeout": Settings().limits.total}
    assert rows["every"] == Watch().every
    assert f"{CHECKS.concurrency} requests are in flight" in DOCS
