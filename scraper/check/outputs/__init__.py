"""What checks came to, for people and programs: text, JSON lines, JSON, CSV, Markdown, JUnit, HTML.

Streams of records (JSON lines, JSON, CSV) are written as results come. Tables are sorted by trouble, so they are
written at the end, from small rows that are kept until then.
"""

from __future__ import annotations

from pathlib import Path

from scraper.check.outputs.base import Output, Summary, headline
from scraper.check.outputs.github import annotation
from scraper.check.outputs.junit import JunitOutput
from scraper.check.outputs.markdown import MarkdownOutput
from scraper.check.outputs.page import HtmlOutput
from scraper.check.outputs.streams import CsvOutput, JsonlOutput, JsonOutput
from scraper.check.outputs.text import TextOutput
from scraper.errors import ConfigError

__all__ = ["FORMATS", "Output", "Summary", "annotation", "format_of", "headline", "open_output"]

FORMATS = ("text", "jsonl", "json", "csv", "markdown", "junit", "html")
"""The formats of an output."""

_SUFFIXES = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".xml": "junit",
    ".html": "html",
    ".htm": "html",
}


def format_of(filename: str) -> str | None:
    """The format that the ending of ``filename`` tells, if any."""
    return _SUFFIXES.get(Path(filename).suffix.lower())


def open_output(form: str, file: str | None = None, *, color: bool = False, verbose: bool = False) -> Output:
    """An output in the format ``form``.

    :param file: its name; None or ``-`` for the standard output. A file is replaced when all is
        written.
    :param color: colour the text; see :func:`scraper.report.style.wants_color`.
    :param verbose: all that is known, in the text: each target that is up, each try of those that are not.
    :raises ConfigError: when there is no such format, or the file must not be replaced.
    :raises StoreError: when it cannot be opened or is in use.
    """
    match form:
        case "text":
            return TextOutput(file, color=color, verbose=verbose)
        case "jsonl":
            return JsonlOutput(file)
        case "json":
            return JsonOutput(file)
        case "csv":
            return CsvOutput(file)
        case "markdown":
            return MarkdownOutput(file)
        case "junit":
            return JunitOutput(file)
        case "html":
            return HtmlOutput(file)
        case _:
            raise ConfigError(f"{form!r} is no format: choose {', '.join(FORMATS)}")
