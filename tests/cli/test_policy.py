"""The options of politeness, discovery and identity, as far as the command line itself has a part in them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.command import Site, scraper
from tests.server import page, redirect

ASYNC = ("--backend", "asyncio")


def kept(name: str) -> dict[str, object]:
    with sqlite3.connect(name) as database:
        [(options,)] = database.execute("SELECT value FROM meta WHERE key = 'options'")
    database.close()
    return dict(json.loads(options))


def test_the_reason_for_ignoring_robots_is_stored_and_shown(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    result = scraper(
        capsys, "crawl", site.root, "-d", "0", "--ignore-robots", "our own site", "--store", "x.sqlite", *ASYNC
    )
    assert "  note      robots.txt ignored: our own site\n" in result.err
    assert "/robots.txt" not in site.server.hits
    assert kept("x.sqlite")["ignore_robots"] == "our own site"


def test_robots_files_are_told_in_one_line(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    told = scraper(capsys, "crawl", site.root, *ASYNC, "-v").err
    assert "6 pages in" in told
    assert "  besides   1 robots.txt\n" in told
    assert "404  " not in told, "most sites have no robots file"


def test_a_login_of_a_file_is_sent(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    Path("login").write_text("me:secret\r\n")
    assert scraper(capsys, "crawl", site.root, "-d", "0", "--auth-file", "login", *ASYNC).code == 0
    assert any(b"authorization: basic bwu6c2vjcmv0\r\n" in request.lower() for request in site.server.requests)


def test_policy_is_remembered_by_the_store(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    policy = ["--trap", "length=500", "--trap", "years=off", "--follow", "a,img", "--max-host-failures", "off"]
    policy += ["--strip-params", "tracking", "--allow-private", "--cookies", "--per-address", "auto"]
    scraper(capsys, "crawl", site.root, "-d", "0", *policy, "--store", "x.sqlite", *ASYNC)
    assert kept("x.sqlite") == {
        "depth": 0,
        "trap": {"length": 500, "years": False},
        "follow": "a,img",
        "max_host_failures": None,
        "strip_params": "tracking",
        "allow_private": True,
        "cookies": True,
        "per_address": None,
    }
    told = scraper(capsys, "crawl", "--store", "x.sqlite", "--resume", "--dry-run").out
    assert "length 500" in told
    assert "years none" in told
    assert "follow a img" in told
    assert "private yes" in told


def test_a_sitemap_is_enough_to_begin(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    entries = "".join(f"<url><loc>{url}</loc></url>" for url in site.urls)
    sitemap = f"{site.root}map.xml"
    site.server.script("/map.xml", page(f"<urlset>{entries}</urlset>"))
    result = scraper(capsys, "crawl", "--sitemap", sitemap, "--store", "x.sqlite", *ASYNC)
    assert result.code == 0, result.err
    assert "6 pages in" in result.err
    assert "1 sitemap\n" in result.err
    assert "it was fetched" in scraper(capsys, "why", f"{site.root}3", "--store", "x.sqlite").out


def test_seeds_that_the_patterns_leave_out_are_noted(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    told = scraper(capsys, "crawl", site.root, "--include", "nothing-like-this", *ASYNC).err
    assert "--include and --exclude leave out every URL that was given" in told


def test_a_sitemap_that_was_named_may_not_fail_in_silence(
    here: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.server.script("/page.xml", page("<html>no sitemap"))
    site.server.script("/moved.xml", redirect("/gone.xml"))
    for name, words in (
        ("missing.xml", "missing.xml: 404\n"),
        ("page.xml", "page.xml: "),
        ("moved.xml", "moved.xml: 404\n"),
    ):
        result = scraper(capsys, "crawl", site.root, "-d", "0", "--sitemap", f"{site.root}{name}", *ASYNC)
        assert result.code == 1
        assert f"  note      sitemap {site.root}{words}" in result.err


def test_sitemaps_that_were_not_named_may_fail(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    result = scraper(capsys, "crawl", site.root, "--sitemaps", *ASYNC)
    assert "/sitemap.xml" in site.server.hits
    assert result.code == 0
    assert "sitemap http" not in result.err


def test_the_budget_that_ended_the_crawl_is_named(here: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    told = scraper(capsys, "crawl", site.root, "--max-pages", "2", *ASYNC).err
    assert "  note      ended by --max-pages: 4 URLs still wait\n" in told
    told = scraper(capsys, "crawl", site.root, "--max-time", "0s", *ASYNC).err
    assert "ended by --max-time: " in told
    assert "ended by" not in scraper(capsys, "crawl", site.root, "--max-pages", "6", *ASYNC).err
