from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.model import Failed, Fetched, Page, Reason, Refused, Request, Shallower
from scraper.store import CsvWriter, JsonlStore, JsonWriter, TextWriter, open_output, printable
from scraper.store.lines import LineStore
from tests.store.examples import OTHERS, SHAPES, outcomes


def titled(title: str) -> Fetched:
    return Fetched(Request("https://example.com/"), 200, Page(title))


def text_of(writer: LineStore) -> str:
    writer.close()
    return Path(writer.name).read_text()


def cells_of(writer: LineStore) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(writer), newline=""), strict=True))


def test_text_is_a_line_a_record(tmp_path: Path) -> None:
    writer = TextWriter(tmp_path / "a.txt")
    writer.write(SHAPES)
    assert text_of(writer).splitlines() == [
        "200      https://example.com/1  Page 1",
        "204      https://example.com/bare",
        "200      https://example.com/empty",
        "301      https://example.com/old  -> https://example.com/new",
        '200      https://example.com/data  =1+1 "quoted", \ufffd[31m \ufffd ünï 二',
        "timeout  https://example.com/slow  nothing in 10 s",
        "refused  https://example.com/private  robots: Disallow: /private",
        "200      https://example.com/full  Full",
    ]


def test_the_urls_of_a_text_stand_in_one_column(tmp_path: Path) -> None:
    writer = TextWriter(tmp_path / "a.txt")
    writer.write([each(Request("http://a/"), reason) for reason in Reason for each in (Failed, Refused)])
    lines = text_of(writer).splitlines()
    assert {line.index("http://") for line in lines} == {9}
    assert lines[0] == "timeout  http://a/"
    assert "failed   http://a/  too-large" in lines


def test_robots_files_and_sitemaps_are_no_lines_of_a_text(tmp_path: Path) -> None:
    for writer in (TextWriter(tmp_path / "a.txt"), CsvWriter(tmp_path / "a.csv")):
        writer.write([*OTHERS, *outcomes(1)])
        assert "robots.txt" not in text_of(writer)
        assert "example.com/0" in Path(writer.name).read_text()


def test_csv_names_its_columns_and_has_one_line_a_record(tmp_path: Path) -> None:
    writer = CsvWriter(tmp_path / "a.csv")
    writer.write(SHAPES)
    rows = cells_of(writer)
    assert [row["url"] for row in rows] == [outcome.url for outcome in SHAPES]
    assert [rows[0][name] for name in ("status", "links", "title", "reason")] == ["200", "3", "Page 1", ""]
    assert rows[4]["data"] == '{"a":[1,null]}'
    assert rows[5]["reason"] == "timeout"
    content = (tmp_path / "a.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == len(SHAPES) + 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    writer = CsvWriter(tmp_path / "a.csv")
    formula = f"{start}HYPERLINK()"
    writer.write([titled(formula), Failed(Request("http://a/"), Reason.TLS, formula)])
    rows = cells_of(writer)
    assert rows[0]["title"][0] == rows[1]["detail"][0] == "'"


def test_json_is_whole_before_between_and_after(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    times = iter(range(100))
    writer = JsonWriter(path, clock=lambda: float(next(times)))
    assert json.loads(path.read_bytes()) == []
    for number in range(3):
        writer.write(outcomes(number + 1)[-1:])
        assert [record["depth"] for record in json.loads(path.read_bytes())] == [2] * (number + 1)
    writer.write([Shallower("https://example.com/1", 0, None), Shallower("https://example.com/2", 1, "http://a/")])
    writer.close()
    assert [(record["depth"], record["via"]) for record in json.loads(path.read_bytes())] == [
        (2, "https://example.com/"),
        (0, None),
        (1, "http://a/"),
    ]


def test_an_empty_json_output_is_an_empty_array(tmp_path: Path) -> None:
    assert json.loads(text_of(JsonWriter(tmp_path / "a.json"))) == []


def test_corrections_reach_a_csv_at_its_end(tmp_path: Path) -> None:
    writer = CsvWriter(tmp_path / "a.csv")
    writer.write([titled('a "b", c'), *outcomes(2)])
    writer.write([Shallower("https://example.com/1", 1, "https://example.com/+")])
    rows = [(row["depth"], row["via"], row["title"]) for row in cells_of(writer)]
    assert rows == [
        ("0", "", 'a "b", c'),
        ("2", "https://example.com/", "Page 0"),
        ("1", "https://example.com/+", "Page 1"),
    ]


def test_corrections_leave_a_text_as_it_is(tmp_path: Path) -> None:
    writer = TextWriter(tmp_path / "a.txt")
    writer.write([*outcomes(1), Shallower("https://example.com/0", 1, None)])
    assert text_of(writer) == "200      https://example.com/0  Page 0\n"


def test_json_on_a_stream_ends_well(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output = open_output("-", "json")
    output.write(outcomes(2))
    output.close()
    assert [record["title"] for record in json.loads(capfdbinary.readouterr().out)] == ["Page 0", "Page 1"]


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "text"])
def test_a_terminal_is_not_steered(form: str) -> None:
    title = "\x1b[31m \x9b31m \u202e \x7f ünï"
    master, slave = os.openpty()
    output = open_output(os.ttyname(slave), form)
    output.write([titled(title)])
    output.close()
    os.close(slave)
    shown = whole(master).decode().replace("\r", "")
    os.close(master)
    assert printable(shown.replace("\n", " ")) == shown.replace("\n", " ")
    if form.startswith("json"):
        (record,) = json.loads(f"[{shown}]" if form == "jsonl" else shown)
        assert record["title"] == title


def whole(terminal: int) -> bytes:
    """All that was written to a terminal whose other end is closed."""
    parts = []
    with contextlib.suppress(OSError):  # EIO is its end
        while part := os.read(terminal, 1 << 16):
            parts.append(part)
    return b"".join(parts)


def test_a_suffix_tells_the_format(tmp_path: Path) -> None:
    kinds = {".jsonl": JsonlStore, ".JSON": JsonWriter, ".csv": CsvWriter, ".txt": TextWriter}
    for suffix, kind in kinds.items():
        output = open_output(tmp_path / f"a{suffix}")
        assert type(output) is kind
        assert list(output.read()) == []
        output.close()


@given(st.text())
def test_printable_text_steers_no_terminal(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202a\u202e\u2066\u2069" for char in shown)
    assert printable(shown) == shown
