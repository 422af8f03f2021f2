"""What a reader is told before believing a figure."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from scraper.compare.model import Run
from scraper.compare.remarks import others_share, remarks, server_share
from tests.compare.example import comparison
from tests.compare.test_outputs import replace

WHOLE = comparison()
ROWS = [replace(row, outliers=(), pages=100) for row in WHOLE.rows]


def said(rows: Sequence[object] = ROWS, runs: Sequence[Run] = WHOLE.runs, rounds: int = 5, others: float = 0.0) -> str:
    return "\n".join(remarks(rows, runs, rounds=rounds, others=others))  # type: ignore[arg-type]


def test_where_all_is_well_nothing_is_said() -> None:
    assert said() == ""
    assert said(others=0.09) == ""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"others": 0.4}, "other programs took 40% of the machine"),
        ({"rounds": 1}, "1 round says little"),
        ({"rounds": 2}, "2 rounds say little"),
        ({"rows": [replace(row, pages=19) for row in ROWS]}, "fewer than 20 pages a run in latency, parsing, polite"),
    ],
)
def test_what_makes_figures_doubtful_is_said(given: dict[str, object], text: str) -> None:
    assert said(**given).startswith(text)  # type: ignore[arg-type]


def test_the_share_of_others_is_of_all_cores_and_all_runs() -> None:
    one, two = WHOLE.runs[:2]
    runs = [replace(one, seconds=1.0, others=0.5), replace(two, seconds=3.0, others=0.3)]
    assert others_share(runs, 2) == pytest.approx(0.1)
    assert others_share([], 2) == 0.0


def test_of_failures_the_worst_run_of_each_workload_is_named_with_its_reason() -> None:
    bad = {3: 1, 5: 2}
    runs = [
        replace(run, failed=bad.get(index, 0), failure="ValueError: boom" if index in bad else "")
        for index, run in enumerate(WHOLE.runs)
    ]
    pages = runs[5].pages
    assert said(runs=runs) == f"latency: 2 of {pages} pages of a run failed, most of: ValueError: boom"


def test_outliers_are_named_and_the_rest_of_many_is_counted() -> None:
    rows = [replace(row, outliers=(1,)) for row in ROWS]
    lines = said(rows).splitlines()
    assert len(lines) == 6
    assert "round 2 was an outlier" in lines[0]
    assert lines[-1] == f"{len(ROWS) - 5} more runs were outliers"


def test_the_servers_share_is_of_all_cores_and_of_all_runs() -> None:
    runs = [replace(WHOLE.runs[0], pages=100, seconds=1.0, server_cpu=cpu) for cpu in (0.2, 0.6)]
    assert server_share(runs, cores=2) == pytest.approx(0.2)
    assert server_share([], cores=2) == 0.0
