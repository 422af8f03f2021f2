"""The table of behaviours, every row in one crawl on each backend, with the same outcomes."""

from __future__ import annotations

import pytest

from scraper.backends import NAMES
from tests.behaviours import TABLE
from tests.behaviours.stage import Stage


@pytest.mark.slow
@pytest.mark.parametrize("backend", NAMES)
def test_every_row_comes_out_as_it_is_written(backend: str) -> None:
    with Stage(TABLE) as stage:
        deviations = list(stage.deviations(stage.crawl(backend)))
    assert not deviations, "\n".join(deviations)


def test_there_are_rows_enough() -> None:
    assert len(TABLE) >= 700
