"""Every option reaches its place in the settings, as it was meant."""

from __future__ import annotations

from typing import Any

import pytest

import scraper
from scraper.checks import TRACKING, TRAPS
from scraper.errors import ConfigError
from scraper.model import LINK_KINDS
from scraper.options import KEPT, Options, make_settings, settled
from scraper.run import around
from scraper.settings import Settings, Traps
from scraper.store.record import encode
from scraper.url import stripper


@pytest.mark.parametrize(
    ("options", "place", "value"),
    [
        ({"ignore_robots": "our own  site"}, "politeness.robots", False),
        ({"ignore_robots": "our own  site"}, "politeness.unasked", "our own site"),
        ({"ignore_robots": None}, "politeness.robots", True),
        ({"per_address": 2}, "politeness.per_address", 2),
        ({"max_host_failures": None}, "politeness.host_failures", None),
        ({"max_crawl_delay": 1.5}, "politeness.longest_crawl_delay", 1.5),
        ({"allow_private": True}, "safety.private", True),
        ({"cookies": True}, "identity.cookies", True),
        ({"auth": "me:a:b"}, "identity.auth", ("me", "a:b")),
        ({"auth": ["me", ""]}, "identity.auth", ("me", "")),
        ({"proxy": "socks5h://me:x@[::1]:1080"}, "identity.proxy", "socks5h://me:x@[::1]:1080"),
        ({"proxy": "socks4://127.0.0.1:9050/"}, "identity.proxy", "socks4://127.0.0.1:9050/"),
        ({"follow": "a, img"}, "discovery.follow", frozenset({"a", "img"})),
        ({"follow": ["all"]}, "discovery.follow", frozenset(LINK_KINDS)),
        ({"follow_nofollow": True}, "discovery.nofollow", False),
        ({"strip_params": "ref,x_*,ref"}, "discovery.strip", ("ref", "x_*")),
        ({"strip_params": "tracking,ref"}, "discovery.strip", (*TRACKING, "ref")),
        ({"sitemaps": True}, "discovery.sitemaps", True),
        ({"sitemap": ["example.org/s.xml"]}, "discovery.given", ("https://example.org/s.xml",)),
        ({"trap": {"length": 5, "years": None, "soft-404": False}}, "traps.length", 5),
        ({"trap": {"length": 5, "years": None, "soft-404": False}}, "traps.years", None),
        ({"trap": {"length": 5, "years": None, "soft-404": False}}, "traps.soft_404", False),
        ({"trap": {"queries": True}}, "traps.queries", Traps().queries),
        ({"near_duplicates": True}, "traps.near", 3),
    ],
)
def test_an_option_has_its_place(options: dict[str, Any], place: str, value: object) -> None:
    group, field = place.split(".")
    assert getattr(getattr(make_settings(**options), group), field) == value


def test_every_rule_against_traps_can_be_switched_off() -> None:
    traps = make_settings(trap=dict.fromkeys(TRAPS, False)).traps
    assert not any(getattr(traps, rule) for rule in TRAPS)


@pytest.mark.parametrize(
    "options",
    [
        {"auth": "hunter2"},
        {"auth": ":hunter2"},
        {"auth": b"me:hunter2"},
        {"auth": "me:hunter2\r\nX: y"},
        {"auth": ("me:you", "hunter2")},
        {"auth": ("me", "hunter2", "hunter2")},
        {"auth": ("me", 2)},
        {"proxy": "ftp://me:hunter2@x"},
        {"headers": {"X": "hunter2\n"}},
    ],
)
def test_secrets_stand_in_no_message(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        make_settings(**options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cookies": "yes"}, "cookies must be True or False"),
        ({"follow": 3}, "follow must be kinds of links"),
        ({"follow": [3]}, "follow must be kinds of links"),
        ({"trap": ["length"]}, "trap must be a mapping"),
        ({"trap": {"near": 40}}, "the trap near must be 16 bits or less"),
        ({"trap": {"sessions": 3}}, "the trap sessions is on or off"),
        ({"ignore_robots": True}, "ignore_robots must be the reason why"),
        ({"sitemap": [3]}, "sitemap must be URLs"),
        ({"sitemap": "https://me:x@a/"}, "was given with a login"),
    ],
)
def test_what_cannot_be_meant_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_settings(**options)


def test_every_option_is_in_the_type_and_the_reverse() -> None:
    known = Options.__annotations__.keys()
    assert known - KEPT == {"headers", "proxy", "auth", "max_pages", "max_time"}
    assert known > KEPT


def test_what_a_store_keeps_is_plain() -> None:
    options = settled({"trap": {"length": None}, "follow": (kind for kind in ("a", "img")), "strip_params": "tracking"})
    assert encode(options) == b'{"trap":{"length":null},"follow":["a","img"],"strip_params":"tracking"}'


def test_the_words_for_tracking_take_out_what_tracks() -> None:
    strip = stripper(make_settings(strip_params="tracking").discovery.strip, sessions=False)
    assert strip is not None
    assert strip("https://a/?id=1&utm_source=x&gclid=2&fbclid=3&_ga=4&mc_eid=5") == "https://a/?id=1"
    assert strip("https://a/?gallery=1&at=2&page=3") == "https://a/?gallery=1&at=2&page=3"


def test_a_sitemap_without_seeds_is_what_the_crawl_is_around() -> None:
    settings = around(make_settings(sitemap="http://127.0.0.1:8000/s.xml"), [])
    assert settings.scope.admits("http://127.0.0.1:8000/page")
    assert settings.safety.named == {"127.0.0.1:8000"}
    assert settings.identity.origins == {"http://127.0.0.1:8000"}
    web = scraper.Web()
    assert list(scraper.crawl(sitemap="http://a/s.xml", backend=scraper.Simulated(web))) == []


def test_calendars_are_measured_from_this_year() -> None:
    assert (around(Settings(), ["http://a/"]).traps.this_year or 0) >= 2025
    assert around(Settings(traps=Traps(this_year=1999)), ["http://a/"]).traps.this_year == 1999
