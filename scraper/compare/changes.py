"""What has changed between two comparisons of the same cases. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from scraper.compare.figures import agree
from scraper.compare.model import Comparison

__all__ = ["changes"]


def changes(now: Comparison, before: Comparison) -> Iterator[str]:
    """What rates are others than ``before``, beyond what chance explains: a sentence, and a line for each case."""
    agreement = agree(now.rows, before.rows)
    if not agreement.rows:
        yield "since then: no case is in both comparisons"
        return
    rates, then = ({row.case: row.rate for row in each.rows} for each in (now, before))
    same = agreement.rows - len(agreement.apart)
    yield f"since then: {same} of {agreement.rows} cases have the same rate, within the intervals of both"
    for case in agreement.apart:
        factor = rates[case].value / then[case].value if then[case].value else 0.0
        how = "faster" if factor > 1 else "slower"
        yield (
            f"  {case.name}: {how}, {factor:.2f} times as many pages/s, "
            f"{rates[case].value:,.1f} in place of {then[case].value:,.1f}"
        )
    if now.machine != before.machine:
        differing = [name for name in now.machine.__struct_fields__ if _differs(now, before, name)]
        yield f"  the machines are not the same: {', '.join(differing)}"


def _differs(now: Comparison, before: Comparison, name: str) -> bool:
    return bool(getattr(now.machine, name) != getattr(before.machine, name))
