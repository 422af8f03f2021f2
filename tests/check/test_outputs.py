"""The outputs of checks, each read back by what reads it: parsers of JSON, CSV, XML and HTML."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import tracemalloc
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.check.model import Attempt, Hop, Result, Target, Verdict
from scraper.check.outputs import FORMATS, Summary, annotation, format_of, headline, open_output
from scraper.check.outputs.rows import Row, evidence, row_of
from scraper.check.outputs.streams import CsvOutput
from scraper.check.outputs.width import cut, padded, width
from scraper.errors import ConfigError, StoreError
from scraper.printing import printable
from scraper.store import PipeClosed
from tests.check.results import AT, CERTIFICATE, SHAPES, down, hostile, summary, up
from tests.test_output_safety import FORMULA, HOSTILE, STEERING

TABLES = ("text", "markdown", "junit", "html")
TEXTS = HOSTILE | {"no characters": "a\ufffeb\uffffc", "fences": "``` |\n````", "entities": "&lt;&#58;&amp"}


def written(form: str, file: Path, results: list[Result], *, verbose: bool = False, color: bool = False) -> str:
    file.unlink(missing_ok=True)
    output = open_output(form, str(file), verbose=verbose, color=color)
    output.write(results)
    output.close(summary(results))
    return file.read_bytes().decode()


# which format, and where to


def test_the_ending_of_a_name_tells_the_format() -> None:
    names = ("a.txt", "a.jsonl", "b/a.JSON", "a.csv", "a.md", "a.xml", "a.html")
    assert tuple(map(format_of, names)) == FORMATS
    assert format_of("a.sqlite") is None


def test_there_is_no_other_format() -> None:
    with pytest.raises(ConfigError, match="'yaml' is no format: choose text, jsonl, json, csv, markdown, junit, html"):
        open_output("yaml")


@pytest.mark.parametrize("form", FORMATS)
def test_an_older_report_stands_until_the_new_one_is_whole(tmp_path: Path, form: str) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    output = open_output(form, str(file))
    for _ in range(3):
        output.write([up()] * 200)  # a group: see scraper.store.sink.GROUP
        assert file.read_text() == "old"
    output.close(summary([up()] * 600))
    assert "old" not in file.read_text()
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_abandoned_leaves_no_trace(tmp_path: Path, form: str) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    for name in ("a", "b"):
        output = open_output(form, str(tmp_path / name))
        output.write(SHAPES)
        output.abandon()
        output.close(summary(SHAPES))
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text() == "old"


@pytest.mark.parametrize("form", FORMATS)
def test_what_broke_off_before_the_first_result_replaces_nothing(tmp_path: Path, form: str) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    open_output(form, str(file)).close()
    assert file.read_text() == "old"
    open_output(form, str(file)).close(summary([]))
    assert file.read_text() != "old"


def test_what_a_killed_run_left_is_overwritten_and_links_are_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "a.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(file)
    (tmp_path / ".a.jsonl.writing").write_text("half a report" * 1_000)
    output = open_output("jsonl", str(link))
    output.write([up()])
    with pytest.raises(StoreError, match="is in use by another process"):
        open_output("jsonl", str(file))
    output.close()
    assert json.loads(file.read_text())["verdict"] == "up"
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [file, link]


def test_a_link_that_others_put_beside_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("precious")
    (tmp_path / ".a.html.writing").symlink_to(tmp_path / "theirs")
    with pytest.raises(StoreError, match=r"a\.html"):
        open_output("html", str(tmp_path / "a.html"))
    assert (tmp_path / "theirs").read_text() == "precious"


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_without_a_folder_is_told_before_the_first_check(tmp_path: Path, form: str) -> None:
    with pytest.raises(ConfigError, match="its folder does not exist"):
        open_output(form, str(tmp_path / "no" / "a"))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("file", [None, "-"])
def test_it_is_written_to_the_standard_output(form: str, file: str | None, capfdbinary: Capture) -> None:
    output = open_output(form, file)
    output.write(SHAPES)
    output.close(summary(SHAPES))
    output.close(summary(SHAPES))
    assert b"https://shop-00001.example/" in capfdbinary.readouterr().out
    os.write(1, b"")  # it is still open


Capture = pytest.CaptureFixture[bytes]


@pytest.mark.parametrize("form", FORMATS)
def test_a_closed_pipe_is_its_own_signal(tmp_path: Path, form: str) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    output = open_output(form, str(fifo))
    os.close(reader)
    with pytest.raises(PipeClosed, match="nobody reads it any more"):
        write_all(output.write, output.close)
    output.close(summary(SHAPES))


def write_all(write: Callable[[Sequence[Result]], None], close: Callable[[Summary], None]) -> None:
    write(SHAPES)
    close(summary(SHAPES))


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_told(form: str) -> None:
    with pytest.raises(StoreError, match="/dev/full: the disk is full"), contextlib.ExitStack() as stack:
        output = open_output(form, "/dev/full")
        stack.callback(output.close)
        write_all(output.write, output.close)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_broken_off_without_a_summary_leaves_whole_records_and_no_table(tmp_path: Path, form: str) -> None:
    output = open_output(form, str(tmp_path / "a"))
    output.write(SHAPES)
    output.close()
    assert (tmp_path / "a").exists() == (form not in TABLES)
    if form == "json":
        assert len(json.loads((tmp_path / "a").read_text())) == len(SHAPES)


def test_streams_of_records_are_written_at_once(tmp_path: Path) -> None:
    for form in ("jsonl", "csv"):
        fifo = tmp_path / form
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        output = open_output(form, str(fifo))
        output.write([up()])
        assert b"shop-00001" in os.read(reader, 100_000)
        output.close()
        os.close(reader)


# records


def test_json_lines_hold_the_records(tmp_path: Path) -> None:
    lines = written("jsonl", tmp_path / "a", SHAPES).splitlines()
    records = [json.loads(line) for line in lines]
    assert [(each["schema"], each["verdict"]) for each in records] == [(1, each.verdict.value) for each in SHAPES]
    assert records == json.loads(written("json", tmp_path / "b", SHAPES))


def test_csv_has_a_row_a_result(tmp_path: Path) -> None:
    content = written("csv", tmp_path / "a", SHAPES)
    rows = list(csv.DictReader(io.StringIO(content, newline=""), strict=True))
    assert tuple(rows[0]) == CsvOutput.COLUMNS
    mail = next(row for row in rows if row["name"] == "mail")
    assert {name: mail[name] for name in ("verdict", "status", "place", "failed_attempts", "server_ms", "http")} == {
        "verdict": "down",
        "status": "",
        "place": "shops.txt:17",
        "failed_attempts": "3",
        "server_ms": "97.85",
        "http": "",
    }
    assert [row["certificate_days_left"] for row in rows][:3] == ["61.5", "61.5", ""]
    assert rows[-1]["certificate_trouble"] == "expired 9 days ago"


# text

TEXT = """\
(no group)
 down     https://expired.example/     -    97.8 ms  tls: expired 9 days ago
 blocked  http://moved.example/        403   184 ms  a test for robots (Cloudflare)
 cert     https://pay.example/         200  97.8 ms  certificate expires in 6 days
 up       https://shop-00001.example/  200  97.8 ms  cert 61 d
 up       second                       200  97.8 ms  cert 61 d
[eu]
 down     mail                         -    97.8 ms  timeout: no answer in 10 s, 3 of 3 tries failed  https://mail-00017.example/
 slow     https://old.example/         200    3.9 s  slower than 2 s, cert 61 d
 up       flaky                        200  85.8 ms  after 1 failed try
2 down, 1 blocked, 1 cert, 1 slow, 3 up: 8 targets in 33.1 s
"""


def test_text_is_a_table_with_the_worst_first(tmp_path: Path) -> None:
    assert written("text", tmp_path / "a", SHAPES) == TEXT


def test_without_groups_there_are_no_headings(tmp_path: Path) -> None:
    lines = written("text", tmp_path / "a", [up(2), up(1), down(3)]).splitlines()
    assert [line.split()[0] for line in lines] == ["down", "up", "up", "1"]
    assert "shop-00001" in lines[1]


def test_colours_are_said_besides_the_words(tmp_path: Path) -> None:
    colored = written("text", tmp_path / "a", SHAPES, color=True)
    assert "\x1b[31mdown   \x1b[0m" in colored
    assert re.sub("\x1b\\[[0-9]*m", "", colored) == TEXT


def test_many_that_are_up_are_counted_unless_all_was_asked_for(tmp_path: Path) -> None:
    results = [*map(up, range(201)), down()]
    short = written("text", tmp_path / "a", results).splitlines()
    starts = [" ".join(line.split()[:3]) for line in short]
    assert starts == ["down https://mail-00001.example/ -", "up 201 targets", "1 down, 201"]
    assert len(written("text", tmp_path / "a", results[1:]).splitlines()) == 202
    assert len(written("text", tmp_path / "a", results, verbose=True).splitlines()) > 202


def test_more_words_show_each_try(tmp_path: Path) -> None:
    said = written("text", tmp_path / "a", [down(17, "eu", "mail")], verbose=True)
    assert re.findall("try ([123]), 2025-06-15 15:06:40 UTC: down, timeout: no answer in 10 s", said) == ["1", "2", "3"]
    assert "first byte 80 ms" in said


def test_wide_letters_keep_the_columns(tmp_path: Path) -> None:
    lines = written("text", tmp_path / "a", [up(1, name="二の店"), up(2, name="plain shop"), up(3, name="e\u0301")])
    columns = {width(line[: line.index("200")]) for line in lines.splitlines()[:3]}
    assert len(columns) == 1


def test_a_terminal_gets_lines_of_its_width() -> None:
    name = "a" * 150
    master, slave = os.openpty()
    output = open_output("text", os.ttyname(slave))
    output.write([up(1, name=name), down(2, name="二" * 100)])
    output.close(summary([up(), down()]))
    shown = os.read(master, 100_000).decode().splitlines()
    os.close(slave)
    os.close(master)
    assert [width(line) < 80 for line in shown] == [True] * 3
    assert "…" in shown[0]


@given(st.text(), st.integers(0, 30))
def test_a_text_is_cut_to_its_width(text: str, columns: int) -> None:
    text = printable(text)
    shown = cut(text, columns)
    assert width(shown) <= columns
    assert shown == text or shown == "" or shown.endswith("…")
    assert width(padded(shown, 30)) == 30


def test_the_line_of_a_run() -> None:
    assert headline(summary([])) == "nothing checked: 0 targets in 33.1 s"
    assert headline(summary([up()])) == "1 up: 1 target in 33.1 s"
    assert headline(summary([up(), down()], unchecked=1200)) == "1 down, 1 up, 1,200 not checked: 2 targets in 33.1 s"


# Markdown


def test_markdown_has_a_table_and_the_evidence_folded(tmp_path: Path) -> None:
    said = written("markdown", tmp_path / "a.md", SHAPES)
    lines = said.splitlines()
    assert lines[0] == "**2 down, 1 blocked, 1 cert, 1 slow, 3 up: 8 targets in 33.1 s**"
    assert "| verdict | target | status | server time | why |" in lines
    assert (
        "| down | [`mail`](<https://mail-00017.example/>) in `eu` | - | 97.8 ms "
        "| `timeout: no answer in 10 s, 3 of 3 tries failed` |"
    ) in lines
    assert "<summary>down: <code>mail</code></summary>" in lines
    assert "<summary>3 up</summary>" in lines
    assert said.count("<details>") == said.count("</details>") == 6
    assert lines[-1] == "`scraper check shops.txt`"


def test_markdown_stays_within_what_a_job_summary_may_hold(tmp_path: Path) -> None:
    results = [down(number, "g" * 200, "n" * 200) for number in range(1500)] + [up(number) for number in range(1500)]
    said = written("markdown", tmp_path / "a.md", results)
    assert len(said.encode()) < 1024 * 1024
    assert "1,000 more are not listed here." in said
    assert "1,300 more are not listed here." in said


# JUnit


def suites_of(content: str) -> list[ElementTree.Element]:
    """The suites, after a look at what JUnit's schema wants of them: attributes, and their order of children."""
    root = ElementTree.fromstring(content)
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"} == suite.attrib.keys()
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) == len(suite)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        for case in suite:
            assert {"classname", "name", "time"} <= case.attrib.keys() <= {"classname", "name", "time", "file", "line"}
            assert float(case.attrib["time"]) >= 0
            assert [child.tag for child in case] in (["failure"], ["system-out"])
    assert int(root.attrib["tests"]) == len(root.findall("testsuite/testcase"))
    return list(root)


def test_junit_has_a_suite_a_group_and_a_case_a_target(tmp_path: Path) -> None:
    suites = suites_of(written("junit", tmp_path / "a.xml", SHAPES))
    assert [(suite.attrib["name"], suite.attrib["tests"]) for suite in suites] == [("checks", "5"), ("eu", "3")]
    mail = next(case for case in suites[1] if case.attrib["name"] == "mail")
    assert (mail.attrib["file"], mail.attrib["line"], mail.attrib["time"]) == ("shops.txt", "17", "0.097850")
    failure = mail.find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "down: timeout: no answer in 10 s, 3 of 3 tries failed", "type": "timeout"}
    assert "try 3" in (failure.text or "")


@pytest.mark.parametrize(
    ("fail_on", "failed"), [((), 0), ((Verdict.DOWN,), 2), ((Verdict.DOWN, Verdict.SLOW), 3), (set(Verdict), 8)]
)
def test_junit_fails_on_what_the_run_fails_on(tmp_path: Path, fail_on: Sequence[Verdict], failed: int) -> None:
    output = open_output("junit", str(tmp_path / "a.xml"))
    output.write(SHAPES)
    output.close(summary(SHAPES, fail_on=fail_on))
    suites = suites_of((tmp_path / "a.xml").read_text())
    assert sum(int(suite.attrib["failures"]) for suite in suites) == failed


# HTML


class Page(HTMLParser):
    """What a browser would find: tags, attributes, texts."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


ATTRIBUTES = {
    *("class", "lang", "charset", "name", "content", "http-equiv", "rel", "href", "open", "aria-hidden"),
    *("viewbox", "preserveaspectratio", "x", "width", "height"),
}


def read(content: str) -> Page:
    """``content``, after a look at what may be in it: nothing that runs, nothing that is loaded."""
    page = Page(content)
    assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert page.attributes <= ATTRIBUTES
    assert all(link.startswith(("https://", "http://")) or link == "data:," for link in page.links)
    assert "@import" not in content
    assert "url(" not in content
    return page


def test_html_says_all_in_one_file(tmp_path: Path) -> None:
    content = written("html", tmp_path / "a.html", SHAPES)
    page = read(content)
    assert page.tags.count("details") == 5
    assert page.tags.count("tr") == 4
    text = " ".join(page.texts)
    for said in (
        "2 of 8 targets failed",
        "scraper check shops.txt",
        "a test for robots (Cloudflare)",
        "R11",
        "Try 3 of 3",
    ):
        assert said in text
    assert "301 -> https://moved.example/" in text
    assert content.index("https://expired.example/") < content.index("mail-00017") < content.index("shop-00001")


@pytest.mark.parametrize("bad", [0, 300, 10_000])
def test_html_of_ten_thousand_targets_stays_under_a_megabyte(tmp_path: Path, bad: int) -> None:
    results = [down(number, name=f"shop number {number}") for number in range(bad)]
    results += map(up, range(bad, 10_000))
    content = written("html", tmp_path / "a.html", results)
    assert 300_000 < len(content.encode()) < 1_000_000
    page = read(content)
    listed = page.tags.count("details") + page.tags.count("tr") - page.tags.count("table")
    left = re.search("Not listed, for want of room: (.*?)[.]", content)
    missing = sum(int(number.replace(",", "")) for number in re.findall("[0-9,]*[0-9]", left[1])) if left else 0
    assert listed + missing == 10_000
    assert listed > 4_500


def test_our_own_waiting_is_in_no_bar(tmp_path: Path) -> None:
    waiting = Hop("http://a.test/", "GET", 500, waited_us=9_000_000, own_us=5_000, connect_us=1_000, first_us=3_000)
    bad = Attempt(AT, Verdict.DOWN, "status", "500", (waiting,))
    late = Result(Target(url="http://a.test/"), Verdict.DOWN, "status", "500", AT, AT, (bad,))
    content = written("html", tmp_path / "a.html", [late])
    assert re.findall('<rect .*? width="([0-9.]+)"', content) == ["250.0", "750.0"]
    assert "besides: waited 9 s, own 5 ms" in content
    assert "500, 4 ms" in content


# what is hostile


def check(form: str, content: str, text: str) -> None:
    """What holds for an output of a result with ``text`` everywhere, and of one that is up."""
    if form in ("text", "markdown", "junit", "html"):
        assert not STEERING.search(content)
    if form == "text":
        assert len(content.splitlines()) == (5 if text else 3)  # a group has a heading
    elif form == "markdown":
        rows = [line for line in content.splitlines() if line.startswith("| ")]
        assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6] * 4
    elif form == "junit":
        assert sum(len(suite) for suite in suites_of(content)) == 2
    elif form == "html":
        page = read(content)
        assert (page.tags.count("details"), page.tags.count("tr")) == (1, 2)
        assert printable(text).strip() in " ".join(page.texts)
    elif form == "csv":
        table = list(csv.reader(io.StringIO(content, newline=""), strict=True))
        assert [len(row) for row in table] == [len(CsvOutput.COLUMNS)] * 3
        assert not STEERING.search(content.replace("\r\n", "\n"))
        assert not [cell for row in table for cell in row if cell.startswith(FORMULA)]
    elif form == "json":
        assert [each["url"] for each in json.loads(content)] == ["http://a.test/?q=|`", "https://shop-00001.example/"]
    else:
        assert [json.loads(line)["schema"] for line in content.splitlines()] == [1, 1]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("form", FORMATS)
def test_no_output_is_broken_by_a_hostile_text(tmp_path: Path, form: str, text: str) -> None:
    check(form, written(form, tmp_path / "a", [hostile(text), up()]), text)


@given(st.text(st.characters(), max_size=40) | st.text("`|\\<>[]()*_&\"'\n\r :,%@#", max_size=20))
@pytest.mark.parametrize("form", FORMATS)
def test_no_output_is_broken_by_any_text(tmp_path_factory: pytest.TempPathFactory, form: str, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / f"any.{form}"
    check(form, written(form, file, [hostile(text), up()]), text)


@pytest.mark.parametrize("form", FORMATS)
def test_a_terminal_is_not_steered(form: str) -> None:
    master, slave = os.openpty()
    output = open_output(form, os.ttyname(slave))
    results = [hostile("\x1b[31m \x9b31m \u202e \x7f ünï")]
    output.write(results)
    output.close(summary(results))
    shown = b""
    while not shown.rstrip().endswith((b"]", b"}", b"Z", b"s", b">", b"`")):
        shown += os.read(master, 1_000_000)
    os.close(slave)
    os.close(master)
    assert not STEERING.search(shown.decode().replace("\r", ""))


def test_a_url_that_a_browser_would_run_is_no_link(tmp_path: Path) -> None:
    evil = Result(Target(url="javascript:alert(1)", name="x"), Verdict.DOWN, "url", "no URL", AT, AT)
    for form in ("html", "markdown"):
        content = written(form, tmp_path / form, [evil])
        assert 'href="javascript' not in content
        assert "](" not in content


# how much is kept


def test_little_is_kept_of_a_result() -> None:
    for make, limit in ((up, 1000), (down, 4000)):
        tracemalloc.start()
        rows = [row_of(make(number, "group", f"shop {number}")) for number in range(1000)]
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept / len(rows) < limit


def test_what_servers_say_at_length_is_kept_short() -> None:
    long = "x" * 60_000
    hops = tuple(Hop(f"http://a.test/{number}", "GET", 301, long) for number in range(200))
    bad = Attempt(AT, Verdict.DOWN, "redirects", long, hops)
    row = row_of(Result(Target(url="http://a.test/", name=long), Verdict.DOWN, "x", long, AT, AT, (bad,) * 99))
    assert len(row.packed) < 1_000_000
    assert (len(row.title), len(row.note)) == (200, 400)
    record = evidence(row)
    assert record is not None
    assert record.attempts == 99


def test_what_is_up_keeps_no_evidence() -> None:
    row: Row = row_of(up())
    assert (row.packed, evidence(row)) == (b"", None)


# marks in the code of a list


def test_an_annotation_marks_the_line_of_a_list() -> None:
    assert annotation(down(17, "eu", "mail")) == (
        "::error file=shops.txt,line=17,title=mail is down"
        "::timeout: no answer in 10 s, 3 of 3 tries failed (https://mail-00017.example/)"
    )
    slow = next(each for each in SHAPES if each.verdict is Verdict.SLOW)
    assert annotation(slow) == "::warning title=https%3A//old.example/ is slow::slower than 2 s, cert 61 d"
    assert (annotation(slow, [Verdict.SLOW]) or "").startswith("::error ")
    assert annotation(up()) is None


@given(st.text())
def test_an_annotation_is_one_command(text: str) -> None:
    line = annotation(hostile(text))
    assert line is not None
    assert line == printable(line)
    _, properties, _ = line.split("::", 2)
    assert properties.startswith("error ")
    assert len(properties.split(",")) in (1, 3)


def test_a_certificate_that_is_fine_is_told_by_its_days() -> None:
    assert row_of(up()).note == "cert 61 d"
    assert CERTIFICATE.trouble is None
