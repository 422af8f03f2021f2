"""What has changed between two comparisons of the same cases."""

from __future__ import annotations

from scraper.compare.changes import changes
from scraper.compare.model import Comparison, Interval
from tests.compare.example import comparison
from tests.compare.test_outputs import replace

THEN = comparison()


def faster(factor: float, name: str = "latency/threads/8") -> Comparison:
    """The same, but for one case."""
    rows = (
        replace(row, rate=Interval(*(factor * end for end in (row.rate.value, row.rate.low, row.rate.high))))
        if row.case.name == name
        else row
        for row in THEN.rows
    )
    return replace(THEN, rows=tuple(rows))


def test_the_same_once_more_has_not_changed() -> None:
    cases = len(THEN.rows)
    assert list(changes(THEN, THEN)) == [
        f"since then: {cases} of {cases} cases have the same rate, within the intervals of both"
    ]


def test_what_chance_does_not_explain_is_named_both_ways() -> None:
    first, line = changes(faster(2.0), THEN)
    assert first.startswith(f"since then: {len(THEN.rows) - 1} of {len(THEN.rows)} cases")
    assert line.startswith("  latency/threads/8: faster, 2.00 times as many pages/s")
    assert "slower, 0.50 times" in list(changes(faster(0.5), THEN))[1]


def test_a_rate_that_was_nothing_divides_nothing() -> None:
    assert "0.00 times" in list(changes(THEN, faster(0.0)))[1]


def test_other_cases_and_other_machines_are_told() -> None:
    assert list(changes(THEN, replace(THEN, rows=()))) == ["since then: no case is in both comparisons"]
    other = replace(THEN, machine=replace(THEN.machine, cores=8, python="CPython 3.13.0"))
    assert list(changes(other, THEN))[-1] == "  the machines are not the same: cores, python"
