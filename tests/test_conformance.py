"""``make conformance`` reads each format, names what fails and what is missing; its exit code says how it went."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conformance import SUITES, link_cost, main


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def robots(url: str, allowed: bool, scope: str, **body: str) -> dict[str, Any]:
    return {"agent": "a", "url": url, "allowed": allowed, "scope": scope, **body}


SAMPLE: dict[str, Any] = {
    "wpt-urltestdata.json": [
        "a comment",
        {"input": "../b#c", "base": "http://a.test/x/y", "href": "http://a.test/b#c"},
        {"input": "http://xn--a/%7e", "base": None, "href": "http://xn--a/%7e"},
        {"input": "mailto:x", "base": None, "href": "mailto:x"},
        {"input": "http://[", "base": "http://a.test/", "failure": True},
        {"input": "", "failure": True, "relativeTo": "any-base"},
    ],
    "wpt-toascii.json": [
        "a comment",
        {"input": "B\u00fccher", "output": "xn--bcher-kva"}, {"input": "a b", "output": None}],
    "w3lib-url.json": {
        "cases": [{"args": ["http://a.test/%7e?b"], "kwargs": {}, "expected": "http://a.test/~?b="}],
        "safe_url_string": [{"args": ["\u00a9"], "expected": "%C2%A9"}],
    },
    "rfc3986-resolution.json": {
        "base": "http://a/b/c/d;p?q",
        "normal": [{"ref": "//g", "target": "http://g"}],
        "abnormal": [{"ref": "../../../g", "target": "http://a/g"}],
    },
    "google-robotstxt.json": {
        "cases": [
            robots("http://a.test/x", False, "rfc9309", robots="user-agent: a\ndisallow: /x\n"),
            robots("", True, "rfc9309", robots_b64=b64(b"user-agent: a\ndisallow: /x")),
            robots("http://a.test/x", False, "google", robots="disalow: /"),
        ],
    },
    "html5lib-encoding.json": {
        "cases": [{"data_b64": b64(b"<meta charset=iso8859-2>"), "encoding": "iso-8859-2"}],
    },
    "publicsuffix-tests.json": {
        "cases": [{"host": "a.b.co.uk", "registrable": "b.co.uk"}, {"host": None, "registrable": None}],
    },
}  # fmt: skip


def write(folder: Path, files: dict[str, Any]) -> list[str]:
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return ["--data", str(folder)]


def rows(output: str) -> dict[str, list[str]]:
    """The cells of the table: passed, of, floor, yardstick by suite."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in output.splitlines() if line.startswith("| ")]
    return {name: figures for name, *figures in cells[1:]}


def test_every_format_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(write(tmp_path, SAMPLE)) == 0
    output = capsys.readouterr().out
    found = {name: figures[:2] for name, figures in rows(output).items()}
    assert found == {
        "WPT URLs with an http(s) result": ["2", "2"],
        "WPT URLs that are none": ["1", "1"],
        "WPT hosts to ASCII": ["2", "2"],
        "WPT URLs, canonical form is final": ["5", "5"],
        "w3lib URLs, canonical form is final": ["2", "2"],
        "RFC 3986, 5.4": ["2", "2"],
        "Google robots.txt, RFC 9309": ["2", "2"],
        "Google robots.txt, its own": ["0", "1"],
        "html5lib encodings": ["1", "1"],
        "public suffixes": ["2", "2"],
    }
    assert "µs a link" in output


def test_below_the_floor_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"cases": [{"host": "a.b.co.uk", "registrable": "co.uk"}, {"host": "a.com", "registrable": "a.com"}]}
    arguments = write(tmp_path, SAMPLE | {"publicsuffix-tests.json": wrong})
    assert main([*arguments, "--verbose"]) == 1
    output, errors = capsys.readouterr()
    assert rows(output)["public suffixes"] == ["1", "2", "2 BELOW", ""]
    assert "'a.b.co.uk': expected 'co.uk', found 'b.co.uk'" in errors
    assert "'disalow: /'" in errors


def test_what_is_missing_is_named_and_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    only = {"rfc3986-resolution.json": SAMPLE["rfc3986-resolution.json"]}
    assert main(write(tmp_path, only)) == 0
    found = rows(capsys.readouterr().out)
    assert found["RFC 3986, 5.4"][:2] == ["2", "2"]
    assert found["public suffixes"] == ["", "", "", "there is no publicsuffix-tests.json"]
    assert main(["--data", str(tmp_path / "nowhere")]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("there is no folder")


def test_the_floors_that_are_promised() -> None:
    of = {"WPT URLs with an http(s) result": 248, "Google robots.txt, RFC 9309": 69, "html5lib encodings": 82}
    floors = {suite.name: of[suite.name] - suite.misses for suite in SUITES if suite.name in of}
    assert list(floors.values()) == [245, 69, 75]


def test_a_link_costs_something() -> None:
    assert link_cost() > 0
