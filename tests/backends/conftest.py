"""What several of these tests ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scraper.compare.fixture import Fixture
from scraper.compare.site import Site
from scraper.serving.server import Server


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    fixture = Fixture(hosts=4, pages=400, size=2_000, links=8)
    with Server(fixture.source(), scale=0) as server:
        yield fixture.site(server.port)
