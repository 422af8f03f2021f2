"""``scraper crawl``: its arguments. What they lead to is in :mod:`scraper.cli.drive`, imported when it is run."""

from __future__ import annotations

from typing import Any

import click

from scraper.cli.common import (
    asked_for,
    backend_option,
    identity_options,
    limit_options,
    login_options,
    message_options,
    route_options,
    seconds,
    workers_option,
)
from scraper.cli.groups import GroupedCommand, option
from scraper.cli.kinds import ADDRESSES, DELAY, DURATION, FAILURES, TRAP, Choice
from scraper.model import LINK_KINDS
from scraper.settings import Settings

__all__ = ["crawl"]

_DEFAULTS = Settings()
_HELP = """Crawl web pages from each URL, from each list FILE (one URL a line), and from standard input (-).

\b
Examples:
  scraper crawl https://example.org -d 2 --store example.sqlite
  scraper crawl urls.txt -d 0 -o pages.jsonl
  scraper crawl --store example.sqlite --resume
  scraper crawl https://example.org -d 1 --record example.warc.gz
  scraper crawl --replay example.warc.gz --backend threads

A bare host such as example.org is taken as https://example.org. Durations are written
50ms, 10s, 2m, 1h; sizes 500kB, 16MB.
"""
_EPILOG = """\b
Exit codes: 0 all well; 1 some URLs failed; 2 usage or configuration, nothing ran;
3 broken off (disk, workers, a bug); 130 interrupted, all that was recorded is saved.
Ctrl-C once finishes what is in flight and prints the command that goes on; twice stops at once.
"""


def _limit(rule: str) -> str:
    """What a rule against traps is by default, as ``--trap`` takes it."""
    usual = getattr(_DEFAULTS.traps, rule)
    return ("on" if usual else "off") if usual is None or isinstance(usual, bool) else str(usual)


_RULES = [rule for rule in _DEFAULTS.traps.__struct_fields__ if rule != "this_year"]
_FOLLOWED = [kind for kind in LINK_KINDS if kind in _DEFAULTS.discovery.follow]
_OTHER_KINDS = [kind for kind in LINK_KINDS if kind not in _FOLLOWED]


@click.command(cls=GroupedCommand, help=_HELP, epilog=_EPILOG, short_help="Crawl URLs, lists and sites.")
@click.argument("seeds", nargs=-1, metavar="[URL|FILE|-]...")
@option("Extent", "-d", "--depth", type=int, usual="no limit", help="Links to follow; 0 fetches just the URLs.")
@option(
    "Extent",
    "--scope",
    type=Choice(["host", "domain", "path", "any"]),
    usual="host",
    help="Where links may lead: the URLs' hosts, their registrable domains, their folders, or anywhere.",
)
@option("Extent", "--include", multiple=True, metavar="REGEX", help="Only URLs in which this is found; repeatable.")
@option("Extent", "--exclude", multiple=True, metavar="REGEX", help="No URLs in which this is found; repeatable.")
@option("Extent", "--max-pages", type=int, usual="no limit", help="URLs to fetch at most, in this run.")
@option(
    "Extent",
    "--max-time",
    type=DURATION,
    usual="no limit",
    help="Time after which nothing new is started, in this run.",
)
@option("Extent", "--skip-bad", is_flag=True, help="Go on without lines of a list that are no URLs.")
@option(
    "Links and traps",
    "--follow",
    metavar="KINDS",
    usual=",".join(_FOLLOWED),
    help=f"Only these kinds of links, in place of the usual ones; there are {', '.join(_OTHER_KINDS)} too; or all.",
)
@option("Links and traps", "--all-links", is_flag=True, help="Record links of the kinds that are not followed, too.")
@option(
    "Links and traps",
    "--follow-nofollow",
    is_flag=True,
    help="Follow also what nofollow in rel, meta robots or X-Robots-Tag asks not to.",
)
@option(
    "Links and traps",
    "--strip-params",
    metavar="NAMES",
    usual="none",
    help="Query parameters to take out of URLs: 'ref,utm_*'; the word tracking stands for the usual ones.",
)
@option("Links and traps", "--sitemaps", is_flag=True, help="Read the sitemaps of robots.txt, or /sitemap.xml.")
@option("Links and traps", "--sitemap", multiple=True, metavar="URL", help="Read this sitemap; repeatable.")
@option(
    "Links and traps",
    "--trap",
    multiple=True,
    type=TRAP,
    metavar="RULE=N|off",
    usual=" ".join(f"{rule.replace('_', '-')}={_limit(rule)}" for rule in _RULES),
    help="Change a rule against endless URLs, or switch it off; repeatable.",
)
@option(
    "Links and traps",
    "--near-duplicates",
    is_flag=True,
    help="Take nearly equal pages for duplicates too (--trap near=3).",
)
@backend_option
@option(
    "Pace",
    "--concurrency",
    type=int,
    usual=_DEFAULTS.concurrency,
    metavar="N",
    help="Requests in flight at most.",
)
@workers_option
@option(
    "Politeness",
    "--per-host",
    type=int,
    usual=_DEFAULTS.politeness.per_host,
    metavar="N",
    help="Requests in flight on one host at most.",
)
@option(
    "Politeness",
    "--per-address",
    type=ADDRESSES,
    metavar="N|auto",
    usual="auto",
    help="On one IP address at most, whatever the hosts; auto is four times --per-host.",
)
@option(
    "Politeness",
    "--delay",
    type=DELAY,
    metavar="DURATION|auto",
    usual="auto",
    help="Time between two starts on one host; auto begins with half a second and follows the server; "
    "none on this machine itself.",
)
@option(
    "Politeness",
    "--max-crawl-delay",
    type=DURATION,
    usual=seconds(_DEFAULTS.politeness.longest_crawl_delay),
    help="Longest Crawl-delay of a robots.txt to keep; a host that asks for more is left alone.",
)
@option(
    "Politeness",
    "--max-host-failures",
    type=FAILURES,
    metavar="N|off",
    usual=_DEFAULTS.politeness.host_failures,
    help="Failures in a row after which a host is given up.",
)
@option(
    "Politeness",
    "--ignore-robots",
    metavar="REASON",
    help="Neither ask for robots.txt nor obey it; the reason is stored with the crawl.",
)
@option(
    "Politeness",
    "--retries",
    type=int,
    usual=_DEFAULTS.retry.retries,
    metavar="N",
    help="Further tries where trying again can help.",
)
@limit_options
@identity_options
@login_options
@option("Identity and safety", "--cookies", is_flag=True, help="Keep cookies and send them back.")
@route_options
@option(
    "One fetch",
    "--parser",
    type=Choice(["turbo", "lexbor", "soup"]),
    usual=_DEFAULTS.parsing.parser,
    help="What reads the pages.",
)
@option("One fetch", "--parse", metavar="MODULE:FUNCTION", help="A function of your own that runs on every page.")
@option("Results", "--store", metavar="FILE", help="Keep the whole crawl in this SQLite file; it can be resumed.")
@option("Results", "--resume", is_flag=True, help="Go on where --store, or a JSON Lines -o, ends.")
@option(
    "Results",
    "-o",
    "--output",
    metavar="FILE",
    help="Write records to this file.",
    usual="text on stdout, unless there is a --store",
)
@option(
    "Results",
    "-f",
    "--format",
    "form",
    type=Choice(["text", "jsonl", "json", "csv"]),
    help="Of the records.",
    usual="by the file's ending",
)
@option("Results", "--record", metavar="FILE.warc.gz", help="Keep all answers as they came in this WARC file, too.")
@option(
    "Results",
    "--replay",
    metavar="FILE.warc.gz",
    help="Crawl what was recorded, with no network and no pauses; without URLs its own, to its depth.",
)
@option("Results", "--dry-run", is_flag=True, help="Say what would be crawled; fetch nothing.")
@message_options
@click.pass_context
def crawl(context: click.Context, /, **given: Any) -> None:
    from scraper.cli.drive import drive  # here: the HTTP clients and the parsers would treble the time of --help

    context.exit(drive(given, asked_for(context, given), context.obj))
