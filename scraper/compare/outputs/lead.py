"""The one sentence that a reader should take along: who won, and by how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scraper.compare.model import Comparison, Row
from scraper.compare.outputs.picks import Part, parts
from scraper.compare.outputs.words import between, case_label, number
from scraper.printing import printable
from scraper.report.human import human_count

__all__ = ["headline"]


def headline(comparison: Comparison) -> str:
    """Of one workload who is ahead, and by how much; of several, who won how many."""
    found = parts(comparison)
    odd = [part.workload.name for part in found if not part.same]
    differ = f"outcomes differ in {', '.join(odd)}: no winner there" if odd else ""
    judged = [part for part in found if part.verdict is not None and part.same]
    if not judged:
        won = "" if odd else f"{human_count(len(comparison.rows), 'case')} measured, no verdict"
    elif len(found) == 1:
        won = _one(judged[0])
    else:
        won = _several(judged)
    text = printable("; ".join(clause for clause in (won, differ) if clause))
    return text if won else text[:1].upper() + text[1:]


def _one(part: Part) -> str:
    name, row = part.workload.name, _winning(part)
    if row is None or part.verdict is None:
        return f"{name}: nobody is ahead beyond doubt"
    clauses = [f"{number(row.rate.value)} pages/s"]
    if part.verdict.over_second is not None:
        clauses.append(f"{between(part.verdict.over_second)} times {_second(part.best, row)}")
    if part.verdict.over_sequential is not None:
        clauses.append(f"{number(part.verdict.over_sequential.value)} times sequential")
    first = "is ahead" if part.ahead else "is first, not beyond doubt,"
    return f"{name}: {case_label(row.case)} {first} with {', '.join(clauses)}"


def _winning(part: Part) -> Row | None:
    return next((row for row in part.rows if row.case == part.winner), None)


def _second(best: Sequence[Row], won: Row) -> str:
    others = [row for row in best if row.case.backend != won.case.backend]
    return max(others, key=lambda row: row.rate.value).case.backend if others else "the second backend"


def _several(judged: Sequence[Part]) -> str:
    wins = Counter(part.winner.backend for part in judged if part.winner is not None and part.ahead)
    if not wins:
        return f"no clear winner in {human_count(len(judged), 'workload')}"
    clauses = [f"{backend} {won}" for backend, won in wins.most_common()]
    backend, won = wins.most_common(1)[0]
    clauses[0] = f"{backend} wins {won} of {human_count(len(judged), 'workload')}"
    if left := len(judged) - wins.total():
        clauses.append(f"{left} {'has' if left == 1 else 'have'} no clear winner")
    return ", ".join(clauses)
