"""The page: one HTML file that needs nothing else, neither network nor script, and stays under a megabyte."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from scraper.compare.model import Comparison
from scraper.compare.outputs.charts_lanes import STATES
from scraper.compare.outputs.figures import costs, lanes, overview
from scraper.compare.outputs.lead import headline
from scraper.compare.outputs.marks import key, style
from scraper.compare.outputs.picks import Part, parts
from scraper.compare.outputs.tables import all_rows, all_runs, best_rows, fit_rows, workload_rows
from scraper.compare.outputs.words import (
    THIRD,
    case_label,
    machine_words,
    percent,
    source,
)
from scraper.printing import printable
from scraper.report.human import human_count, human_duration
from scraper.report.templates import template

__all__ = ["to_html"]

_MOST = 960_000
"""Bytes of a page at most, if that can be."""
_ROOMS = ((420_000, 1_500), (200_000, 300), (60_000, 0))
"""Bytes for all timelines together, and runs that are listed: less where the page would be too large."""
_URLS = 20
"""URLs named of outcomes that differ, of each case."""


class _Difference(NamedTuple):
    name: str
    much: str
    urls: Sequence[str]


def to_html(comparison: Comparison) -> str:
    """The whole comparison as a page of its own."""
    for timelines, runs in _ROOMS:
        page = _rendered(comparison, timelines, runs)
        if len(page.encode()) <= _MOST:
            break
    return page


def _rendered(comparison: Comparison, timelines: int, runs: int) -> str:
    found = parts(comparison)
    room = timelines // max(1, sum(bool(part.timelines) for part in found))
    cores = max(1, comparison.machine.cores)
    return template(__package__, "page.html.j2").render(
        headline=headline(comparison),
        facts=_facts(comparison),
        machine=machine_words(comparison),
        summary=workload_rows(found) if len(found) > 1 else None,
        share=percent(comparison.server_share) if comparison.server_share > THIRD else "",
        parts=[_part(part, number, cores, room) for number, part in enumerate(found, 1)],
        states=list(STATES.items()),
        notes=[printable(note) for note in comparison.notes],
        command=printable(comparison.command),
        about=_about(comparison),
        runs=all_runs(comparison.runs[:runs]),
        runs_left=max(0, len(comparison.runs) - runs),
    )


def _facts(comparison: Comparison) -> list[str]:
    """What it was measured by, in a line."""
    return [
        human_count(comparison.rounds, "round"),
        human_count(len(comparison.runs), "run"),
        f"seed {comparison.seed}",
        f"took {human_duration(comparison.seconds)}",
        _day(comparison.began),
    ]


def _day(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return ""


def _part(part: Part, number: int, cores: int, room: int) -> dict[str, Any]:
    figures = list(overview(part, cores))
    return {
        "id": f"w{number}",
        "name": printable(part.workload.name),
        "about": printable(part.workload.about),
        "source": source(part.workload),
        "verdict": [printable(text) for text in part.verdict.text] if part.verdict else [],
        "best": best_rows(part),
        "swept": part.swept,
        "cases": human_count(len(part.rows), "case"),
        "findings": [_finding(row.case.backend, case_label(row.case), row.finding.text) for row in part.best],
        "figures": figures,
        "fits": fit_rows(fit for fit in part.fits if fit.best) if part.fits else None,
        "fit_table": fit_rows(part.fits) if part.fits else None,
        "lanes": lanes(part, cores, room),
        "costs": list(costs(part)),
        "runs": sum(map(len, part.runs.values())),
        "same": part.same,
        "differences": list(_differences(part)),
        "rows": all_rows(part),
    }


def _finding(backend: str, label: str, text: str) -> tuple[str, str, str, str]:
    return key(backend), style(backend), label, printable(text)


def _differences(part: Part) -> list[_Difference]:
    """Whose outcomes are not the others', and where."""
    found = []
    for row in part.rows:
        if not row.same:
            odd = [run for run in part.runs[row.case] if run.different]
            much = max((run.different for run in odd), default=0)
            urls = dict.fromkeys(printable(url) for run in odd for url in run.differences)
            found.append(_Difference(printable(row.case.name), human_count(much, "URL"), list(urls)[:_URLS]))
    return found


def _about(comparison: Comparison) -> list[tuple[str, str]]:
    machine = comparison.machine
    share = percent(comparison.server_share) if comparison.server_share else ""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    rows = (
        ("machine", machine_words(comparison)),
        ("versions", versions),
        ("commit", machine.commit or ""),
        ("seed", str(comparison.seed)),
        ("local server", share and f"at most {share} of the machine"),
    )
    return [(name, printable(text)) for name, text in rows if text]
