"""Which entries of a sitemap count."""

from __future__ import annotations

import msgspec
import pytest

from scraper.backends.simulated import Web
from scraper.model import Request
from scraper.settings import Discovery
from tests.webs import crawl, rules

MAP = "https://example.com/map.xml"
SETTINGS = msgspec.structs.replace(rules(robots=True, delay=0.0), discovery=Discovery(sitemaps=True))


@pytest.mark.parametrize(
    ("entry", "named_by", "admitted"),
    [
        ("https://example.com/a", "https://example.com", True),
        ("https://example.com/b", "https://other.test", True),
        ("http://example.com/a", "https://example.com", True),
        ("https://www.example.com/a", "https://example.com", True),
        ("https://example.com:8443/a", "https://example.com", False),
        ("https://a.example.com/a", "https://example.com", False),
        ("https://com/a", "https://example.com", False),
        ("https://example.com.other.test/a", "https://example.com", False),
        ("https://other.test/example.com", "https://example.com", False),
        ("https://other.test/a", "https://example.com", False),
        ("https://other.test/a", "https://other.test", True),
        ("https://www.other.test/a", "http://other.test", True),
        ("https://third.test/a", "https://other.test", False),
    ],
)
def test_a_sitemap_speaks_for_its_host_and_for_who_names_it(entry: str, named_by: str, admitted: bool) -> None:
    web = Web()
    web.robots(named_by, f"Sitemap: {MAP}")
    web.sitemap(MAP, [entry])
    assert (entry in crawl(web, f"{named_by}/", settings=SETTINGS).log.urls) is admitted


HOSTS = ["http://a.test", "http://b.test", "http://c.test"]


def shared() -> Web:
    """One index for three hosts, that each of them names; it has moved, and lists an index that lists itself too."""
    web = Web()
    for host in HOSTS:
        web.robots(host, "Sitemap: http://maps.test/index.xml")
    web.redirect("http://maps.test/index.xml", "http://maps.test/moved.xml")
    web.sitemap("http://maps.test/moved.xml", ["/all.xml", "/more.xml"], index=True)
    web.sitemap("http://maps.test/more.xml", ["/more.xml", "http://c.test/own.xml"], index=True)
    web.sitemap("http://maps.test/all.xml", [f"{host}/listed" for host in (*HOSTS, "http://d.test")])
    web.sitemap("http://c.test/own.xml", [f"{host}/too" for host in (*HOSTS, "http://d.test")])
    return web


@pytest.mark.parametrize("slow", HOSTS)
def test_a_sitemap_may_be_for_several_hosts_whoever_names_it_first(slow: str) -> None:
    expected = {f"{host}/{name}" for host in HOSTS for name in ("", "listed", "too")}
    seeds = [f"{host}/" for host in HOSTS]

    def latency(request: Request) -> float:
        return 50.0 * request.url.startswith(slow)

    whole = crawl(shared(), *seeds, settings=SETTINGS, latency=latency)
    assert set(whole.log.urls) == expected
    assert sum(arrival.url.endswith("xml") for arrival in whole.arrivals) == 5
    for cut in range(len(whole.log.entries) + 1):
        resumed = crawl(shared(), *seeds, settings=SETTINGS, log=whole.log.entries[:cut], latency=1.0)
        assert sorted(resumed.log.urls) == sorted(expected)
        read = [entry.url for entry in whole.log.entries[:cut] if entry.url.endswith("xml")]
        assert {arrival.url for arrival in resumed.arrivals}.isdisjoint(read)


def test_a_long_row_of_sitemaps_that_lead_to_each_other_ends() -> None:
    """Each lists the next, and all are named by one host; then another host names the first."""
    maps = [f"http://maps.test/{number}.xml" for number in range(400)]
    web = Web()
    web.robots("http://a.test", "\n".join(f"Sitemap: {url}" for url in maps))
    web.robots("http://b.test", f"Sitemap: {maps[0]}")
    for here, there in zip(maps, [*maps[1:], maps[0]], strict=True):
        web.sitemap(here, [there], index=True)
    web.sitemap(maps[-1], ["http://b.test/found"])
    ended = crawl(web, "http://a.test/", "http://b.test/", settings=SETTINGS, latency=lambda r: 99.0 * ("b." in r.url))
    assert "http://b.test/found" in ended.log.urls
