"""What a reader should know before believing a figure, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scraper.compare.model import Row, Run
from scraper.report.human import human_count

__all__ = ["BUSY", "FEW_PAGES", "FEW_ROUNDS", "others_share", "remarks", "server_share"]

BUSY = 0.1
"""Share of the machine beyond which other programs are named."""
FEW_ROUNDS = 3
FEW_PAGES = 20
"""Fewer have only lists that are so short: start and end of a run weigh as much as what lies between."""
_NAMED = 5


def server_share(runs: Sequence[Run], cores: int) -> float:
    """The share of the machine that the local server took, on average of ``runs`` of one case."""
    whole = sum(run.seconds for run in runs) * cores
    return sum(run.server_cpu for run in runs) / whole if whole else 0.0


def others_share(runs: Sequence[Run], cores: int) -> float:
    """The share of the machine that other programs took while ``runs`` were measured."""
    whole = sum(run.seconds for run in runs) * cores
    return min(1.0, sum(run.others for run in runs) / whole) if whole else 0.0


def remarks(rows: Sequence[Row], runs: Sequence[Run], *, rounds: int, others: float) -> list[str]:
    """All that is to be remarked and that no column shows.

    :param others: the share of the machine that other programs took.
    """
    return [*_failing(runs), *_disturbed(others), *_scarce(rows, rounds), *_outlying(rows, runs)]


def _failing(runs: Sequence[Run]) -> Iterator[str]:
    """Of each workload the run with the most failures: all backends may agree, and yet nothing was done."""
    worst: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: -run.failed / run.pages):
        worst.setdefault(run.case.workload, run)
    for name, run in worst.items():
        if run.failed:
            yield f"{name}: {run.failed:,} of {human_count(run.pages, 'page')} of a run failed, most of: {run.failure}"


def _disturbed(others: float) -> Iterable[str]:
    if others > BUSY:
        yield f"other programs took {others:.0%} of the machine meanwhile: measure once more when it is idle"


def _scarce(rows: Sequence[Row], rounds: int) -> Iterable[str]:
    if rounds < FEW_ROUNDS:
        yield f"{rounds} {'round says' if rounds == 1 else 'rounds say'} little of how figures scatter: --repeat 5"
    few = sorted({row.case.workload for row in rows if row.pages < FEW_PAGES and row.case.backend != "sequential"})
    if few:
        yield f"fewer than {FEW_PAGES} pages a run in {', '.join(few)}: its figures are rough"


def _outlying(rows: Sequence[Row], runs: Sequence[Run]) -> Iterable[str]:
    found = [(row, number) for row in rows for number in row.outliers]
    for row, number in found[:_NAMED]:
        rate = next(run.rate for run in runs if run.case == row.case and run.round == number)
        yield (
            f"{row.case.name}: round {number + 1} was an outlier, {rate:,.0f} pages/s beside {row.rate.value:,.0f}; "
            "it counts all the same"
        )
    if len(found) > _NAMED:
        yield f"{len(found) - _NAMED} more runs were outliers"
