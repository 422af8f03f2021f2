from __future__ import annotations

import pytest

from scraper.core.sitemaps import admits

MAP = "https://example.com/map.xml"


@pytest.mark.parametrize(
    ("entry", "named_by", "admitted"),
    [
        ("https://example.com/a", None, True),
        ("https://example.com/", "https://other.test/robots.txt", True),
        ("http://example.com/a", None, True),
        ("https://www.example.com/a", None, True),
        ("https://example.com:8443/a", None, False),
        ("https://a.example.com/a", None, False),
        ("https://com/a", None, False),
        ("https://example.com.other.test/a", None, False),
        ("https://other.test/example.com", None, False),
        ("https://other.test/a", None, False),
        ("https://other.test/a", "https://other.test/robots.txt", True),
        ("https://www.other.test/a", "http://other.test/robots.txt", True),
        ("https://third.test/a", "https://other.test/robots.txt", False),
    ],
)
def test_a_sitemap_speaks_for_its_host_and_for_who_names_it(entry: str, named_by: str | None, admitted: bool) -> None:
    assert admits(entry, MAP, named_by) is admitted
