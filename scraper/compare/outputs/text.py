"""The table: a comparison for people at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scraper.compare.model import Comparison, Interval, Row
from scraper.compare.outputs.lead import headline
from scraper.compare.outputs.picks import Part, Series, parts
from scraper.compare.outputs.words import (
    LAWS,
    THIRD,
    between,
    count,
    machine_words,
    number,
    percent,
    place,
    quantiles,
    share_between,
    source,
    spread,
)
from scraper.printing import printable, shortened
from scraper.report.human import human_count, human_duration
from scraper.report.style import paint

__all__ = ["table"]

_NARROWEST = 60
_WINNER = "*"
_DIFFERENCES = 5
"""URLs named of each run whose outcomes differ."""


def table(comparison: Comparison, *, color: bool = False, width: int = 100) -> str:
    """The whole comparison as text.

    :param color: whether winners and warnings are coloured, too; see :func:`scraper.report.style.wants_color`.
    :param width: columns at most; where there are few, the columns that matter less are left out, and named.
    """
    page = _Page(color, max(width, _NARROWEST))
    found = parts(comparison)
    blocks = [page.part(part) for part in found]
    blocks.append(page.end(comparison, several=len(found) > 1))
    return "\n".join("".join(f"{line.rstrip()}\n" for line in block) for block in blocks)


class _Column(NamedTuple):
    """:ivar weight: the column with the least is left out first; one of 9 never is."""

    title: str
    cells: Sequence[str]
    weight: int = 9
    left: bool = False

    @property
    def width(self) -> int:
        return max(map(len, (self.title, *self.cells)))


class _Page:
    def __init__(self, color: bool, width: int) -> None:
        self._color, self._width = color, width

    def part(self, part: Part) -> Iterator[str]:
        """All lines about one workload."""
        about = printable(part.workload.about)
        name = printable(part.workload.name)
        first, *rest = self._wrapped(f"{name}: {about}" if about else name)
        yield paint(first[: len(name)], "bold", self._color) + first[len(name) :]
        yield from rest
        if pages := source(part.workload):
            yield from (paint(line, "dim", self._color) for line in self._wrapped(pages))
        yield ""
        yield from self._rows(part)
        if part.swept:
            yield ""
            yield from self._sweep(part)
        if part.verdict and part.verdict.text:
            yield ""
            for sentence in part.verdict.text:
                yield from self._wrapped(printable(sentence), "  ", "  ")
        yield from self._differences(part)

    def _rows(self, part: Part) -> Iterator[str]:
        columns, dropped = _fitting(_columns(part), self._width)
        titles, *lines = _lines(columns, self._width)
        yield paint(titles, "dim", self._color)
        for row, line in zip(part.best, lines, strict=True):
            won = row.case == part.winner
            yield paint(line, "green" if won else "red", self._color) if won or not row.same else line
        legend = [f"{_WINNER} {'ahead' if part.ahead else 'first, not beyond doubt'}"] if part.winner else []
        legend += ["times are p50/p95/p99 in ms", "speedup is over sequential", "/1k is for 1,000 pages"]
        legend += [f"best of {len(part.rows)} cases, the others below"] if part.swept else []
        legend += [f"no room for {', '.join(dropped)}"] if dropped else []
        yield from (paint(line, "dim", self._color) for line in self._wrapped(f"({'; '.join(legend)})", "  ", "   "))

    def _sweep(self, part: Part) -> Iterator[str]:
        """N across, rates down; as many N as there is room for, the largest first."""
        series = [each for each in part.series if len(each.rows) > 1]
        numbers = sorted({row.case.concurrency for each in series for row in each.rows})
        names = _Column("pages/s at", [printable(each.name) for each in series], left=True)
        rates = [{row.case.concurrency: number(row.rate.value) for row in each.rows} for each in series]
        columns = [_Column(str(n), [rate.get(n, "-") for rate in rates], 8) for n in numbers]
        shown, dropped = _fitting([names, *columns], self._width)
        titles, *lines = _lines(shown, self._width)
        yield paint(titles, "dim", self._color)
        yield from lines
        if dropped:
            yield paint(f"  (no room for N = {', '.join(dropped)})", "dim", self._color)
        fitted = [each for each in series if each.fit]
        if fitted:
            yield ""
            yield from self._laws(fitted)

    def _laws(self, fitted: Sequence[Series]) -> Iterator[str]:
        """The law that explains each backend best, a line each."""
        columns, dropped = _fitting(_law_columns(fitted), self._width)
        titles, *lines = _lines(columns, self._width)
        yield paint(titles, "dim", self._color)
        yield from lines
        legend = ["the law that fits best, with 95 % intervals", "rate is that of N = 1"]
        legend += [f"no room for {', '.join(dropped)}"] if dropped else []
        yield from (paint(line, "dim", self._color) for line in self._wrapped(f"({'; '.join(legend)})", "  ", "   "))

    def _differences(self, part: Part) -> Iterator[str]:
        """Whose outcomes are not the others', and where."""
        for row in part.rows:
            if row.same:
                continue
            odd = [run for run in part.runs[row.case] if run.different]
            worst = max(odd, key=lambda run: run.different, default=None)
            much = f": {human_count(worst.different, 'URL')} in one run" if worst else ""
            yield paint(f"  {printable(row.case.name)}: outcomes differ{much}", "red", self._color)
            for url in (worst.differences if worst else ())[:_DIFFERENCES]:
                yield shortened(f"    {printable(url)}", self._width)

    def end(self, comparison: Comparison, *, several: bool) -> Iterator[str]:
        """What was measured, where, and what to beware of."""
        if several or not comparison.verdicts:
            yield from (paint(line, "bold", self._color) for line in self._wrapped(headline(comparison)))
        if comparison.server_share > THIRD:
            share = percent(comparison.server_share)
            warning = f"warning: the local server took {share} of the machine: the highest rates are its own, not ours"
            yield from (paint(line, "yellow", self._color) for line in self._wrapped(warning, "", "  "))
        for note in comparison.notes:
            yield from self._wrapped(f"note: {printable(note)}", "", "  ")
        for line in _facts(comparison):
            yield from (paint(each, "dim", self._color) for each in self._wrapped(line, "", "  "))

    def _wrapped(self, text: str, first: str = "", rest: str = "") -> list[str]:
        """Lines of ``text``; a figure and what it is of stay together."""
        together = text.replace(" %", "\xa0%").replace("N = ", "N\xa0=\xa0")
        lines = textwrap.wrap(together, self._width, initial_indent=first, subsequent_indent=rest)
        return [line.replace("\xa0", " ") for line in lines] or [""]


def _columns(part: Part) -> list[_Column]:
    """The main table, a row for each backend."""
    rows = part.best
    ours: list[tuple[str, int, Iterable[str]]] = [
        ("pages/s ±95%", 9, (spread(row.rate) for row in rows)),
        ("server time", 5, (quantiles(row.server) for row in rows)),
        ("own waiting", 7, (quantiles(row.own) for row in rows)),
        ("CPU s/1k", 6, (_cpu(row) for row in rows)),
        ("peak MB", 4, (f"{row.memory / 1e6:.0f}" for row in rows)),
        ("switches/1k", 2, (count(round(1000 * sum(row.switches) / max(1, row.pages))) for row in rows)),
        ("speedup", 8, ("-" if row.speedup is None else spread(row.speedup) for row in rows)),
        ("eff.", 3, (percent(row.efficiency).replace(" ", "") for row in rows)),
    ]
    return [
        _Column("", [_WINNER if row.case == part.winner else " " for row in rows], left=True),
        _Column("backend", [printable(row.case.backend) for row in rows], left=True),
        _Column("at", [place(row.case) for row in rows]),
        *(_Column(title, list(cells), weight) for title, weight, cells in ours),
        _Column("bound", [row.finding.bound.value for row in rows], left=True),
        _Column("same", ["yes" if row.same else "NO" for row in rows], left=True),
    ]


def _law_columns(fitted: Sequence[Series]) -> list[_Column]:
    """Amdahl's and Gustafson's serial share stands where the USL's contention does: both are what only one can do."""
    found = [(each.name, each.fit, each.fit.parameters) for each in fitted if each.fit]
    alone = [given.get("serial", given.get("contention")) for _, _, given in found]
    peaks = [("none" if fit.peak is None else number(fit.peak)) if fit.law == "usl" else "-" for _, fit, _ in found]
    columns = [
        _Column("law of", [printable(name) for name, _, _ in found], left=True),
        _Column("", [printable(LAWS.get(fit.law, fit.law)) for _, fit, _ in found], left=True),
        _Column("rate", [_rate_between(given.get("rate")) for _, _, given in found], 7),
        _Column("serial, contention", [share_between(each) for each in alone], 8),
        _Column("coherence", [share_between(given.get("coherence")) for _, _, given in found], 5),
        _Column("peak N", peaks, 6),
        _Column("error", [percent(fit.error, 1) for _, fit, _ in found], 4),
    ]
    return [column for column in columns if any(cell != "-" for cell in column.cells)]


def _rate_between(found: Interval | None) -> str:
    return "-" if found is None else between(found).replace("95 %: ", "")


def _cpu(row: Row) -> str:
    """User and system, for 1,000 pages: runs have as many pages as fill their time, so their sums say little."""
    return f"{1000 * row.user / max(1, row.pages):.1f}+{1000 * row.system / max(1, row.pages):.1f}"


def _fitting(columns: Sequence[_Column], width: int) -> tuple[list[_Column], list[str]]:
    """The columns that fit into ``width``, and the titles of the others."""
    kept, dropped = list(columns), []
    while sum(column.width + 1 for column in kept) > width:
        least = min(kept, key=lambda column: column.weight)
        if least.weight == 9:
            break
        kept.remove(least)
        dropped.append(least.title)
    return kept, dropped


def _lines(columns: Sequence[_Column], width: int) -> list[str]:
    """Title and rows, with two blanks between the columns if there is room for them."""
    gap = "  " if sum(column.width + 2 for column in columns) <= width + 2 else " "
    rows = zip(*([column.title, *column.cells] for column in columns), strict=True)
    return [
        gap.join(
            cell.ljust(column.width) if column.left else cell.rjust(column.width)
            for cell, column in zip(row, columns, strict=True)
        ).rstrip()
        for row in rows
    ]


def _facts(comparison: Comparison) -> Iterator[str]:
    machine = comparison.machine
    yield f"machine: {machine_words(comparison)}"
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    commit = f"commit {machine.commit}" if machine.commit else ""
    if versions or commit:
        yield printable(f"versions: {', '.join(part for part in (versions, commit) if part)}")
    rounds = human_count(comparison.rounds, "round")
    runs = human_count(len(comparison.runs), "run")
    share = f"local server at most {percent(comparison.server_share)} of the machine" if comparison.server_share else ""
    took = f"took {human_duration(comparison.seconds)}"
    yield ", ".join(part for part in (f"seed {comparison.seed}", rounds, runs, took, share) if part)
    if comparison.command:
        yield f"again: {printable(comparison.command)}"
