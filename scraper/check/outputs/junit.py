"""The results as JUnit's XML, which every CI server reads: a suite a group, a case a target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from scraper.check.moments import utc
from scraper.check.outputs.base import Summary
from scraper.check.outputs.rows import Row, Table, by_group, evidence
from scraper.check.outputs.words import evidence_lines
from scraper.printing import printable

__all__ = ["JunitOutput", "place_of"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document holds, not even as a reference (2.2)."""
_SUITE = "checks"
"""The suite of those without a group."""


class JunitOutput(Table):
    """Verdicts that the run fails on are failures; the others passed, and what they came to is said all the same."""

    def _parts(self, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
        started = (utc(summary.started) or "1970-01-01T00:00:00")[:19]
        counts = _attributes(tests=len(rows), failures=_failures(rows, summary), errors=0, skipped=0)
        whole = _attributes(name="scraper check", time=f"{summary.elapsed:.3f}", timestamp=started)
        yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites{whole}{counts}>\n'
        for name, members in by_group(rows):
            yield from _suite(name or _SUITE, members, summary, started)
        yield "</testsuites>\n"


def place_of(place: str) -> tuple[str, str]:
    """The file and the line of ``shops.txt:17``; both empty where there is none."""
    file, colon, line = place.rpartition(":")
    return (file, line) if colon and line.isdecimal() and line.isascii() else ("", "")


def _suite(name: str, rows: Sequence[Row], summary: Summary, started: str) -> Iterator[str]:
    time = f"{sum(row.server_us for row in rows) / 1e6:.6f}"
    counts = _attributes(tests=len(rows), failures=_failures(rows, summary), errors=0, skipped=0)
    yield f"<testsuite{_attributes(name=name, time=time, timestamp=started)}{counts}>\n"
    for row in rows:
        yield _case(name, row, failed=row.verdict in summary.fail_on)
    yield "</testsuite>\n"


def _failures(rows: Sequence[Row], summary: Summary) -> int:
    return sum(row.verdict in summary.fail_on for row in rows)


def _case(suite: str, row: Row, *, failed: bool) -> str:
    file, line = place_of(row.place)
    where = _attributes(file=file, line=line) if file else ""
    case = _attributes(classname=suite, name=row.title, time=f"{row.server_us / 1e6:.6f}")
    record = evidence(row)
    lines = [f"{row.verdict.value}: {row.note}" if row.note else row.verdict.value]
    lines += evidence_lines(record) if record else ()
    said = _text("\n".join(lines))
    if failed:
        message = _attributes(message=lines[0], type=row.reason or row.verdict.value)
        return f"<testcase{case}{where}>\n<failure{message}>{said}</failure>\n</testcase>\n"
    return f"<testcase{case}{where}>\n<system-out>{said}</system-out>\n</testcase>\n"


def _attributes(**values: str | int) -> str:
    return "".join(f' {name}="{_text(printable(str(value)))}"' for name, value in values.items())


def _text(text: str) -> str:
    return escape(_NO_XML.sub("", text))
