"""``scraper crawl``: its arguments. What they lead to is in :mod:`scraper.cli.drive`, imported when it is run."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from scraper.cli.groups import GroupedCommand, option
from scraper.cli.kinds import DELAY, DURATION, HEADER, SIZE, Choice
from scraper.settings import Settings

__all__ = ["crawl"]

_DEFAULTS = Settings()
_BACKENDS = ("auto", "sequential", "threads", "processes", "asyncio", "hybrid")
_HELP = """Crawl web pages from each URL, from each list FILE (one URL a line), and from standard input (-).

\b
Examples:
  scraper crawl https://example.org -d 2 --store example.sqlite
  scraper crawl urls.txt -d 0 -o pages.jsonl
  scraper crawl --store example.sqlite --resume

A bare host such as example.org is taken as https://example.org. Durations are written
50ms, 10s, 2m, 1h; sizes 500kB, 16MB.
"""
_EPILOG = """\b
Exit codes: 0 all well; 1 some URLs failed; 2 usage or configuration, nothing ran;
3 broken off (disk, workers, a bug); 130 interrupted, all that was recorded is saved.
Ctrl-C once finishes what is in flight and prints the command that goes on; twice stops at once.
"""


def _seconds(value: float) -> str:
    return f"{value:g}s"


@click.command(cls=GroupedCommand, help=_HELP, epilog=_EPILOG, short_help="Crawl URLs, lists and sites.")
@click.argument("seeds", nargs=-1, metavar="[URL|FILE|-]...")
@option("Extent", "-d", "--depth", type=int, usual="no limit", help="Links to follow; 0 fetches just the URLs.")
@option(
    "Extent",
    "--scope",
    type=Choice(["host", "domain", "path", "any"]),
    usual="host",
    help="Where links may lead: the URLs' hosts, also hosts below them, their folders, or anywhere.",
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
    "Pace",
    "--backend",
    type=Choice(_BACKENDS),
    default="auto",
    usual="auto",
    help="How requests run side by side; auto chooses and -v says why.",
)
@option(
    "Pace",
    "--concurrency",
    type=int,
    usual=_DEFAULTS.concurrency,
    metavar="N",
    help="Requests in flight at most.",
)
@option(
    "Pace",
    "--workers",
    type=int,
    usual=_DEFAULTS.workers,
    metavar="N",
    help="Processes, for processes and hybrid.",
)
@option(
    "Pace",
    "--per-host",
    type=int,
    usual=_DEFAULTS.politeness.per_host,
    metavar="N",
    help="Requests in flight on one host at most.",
)
@option(
    "Pace",
    "--delay",
    type=DELAY,
    usual="auto",
    help="Time between two starts on one host; auto is half a second, none on this machine itself.",
)
@option(
    "Pace",
    "--retries",
    type=int,
    usual=_DEFAULTS.retry.retries,
    metavar="N",
    help="Further tries where trying again can help.",
)
@option(
    "One fetch",
    "--timeout",
    type=DURATION,
    usual=f"{_seconds(_DEFAULTS.limits.total)}, {_seconds(_DEFAULTS.limits.read)} of silence",
    help="For the whole of it, silence included.",
)
@option(
    "One fetch",
    "--connect-timeout",
    type=DURATION,
    usual=_seconds(_DEFAULTS.limits.connect),
    help="For connecting, TLS included.",
)
@option(
    "One fetch",
    "--max-size",
    type=SIZE,
    usual=f"{_DEFAULTS.limits.size // 1_000_000}MB",
    help="Of a body, before and after decompression.",
)
@option(
    "One fetch", "-H", "--header", "headers", multiple=True, type=HEADER, help="A further request header; repeatable."
)
@option("One fetch", "--user-agent", usual=_DEFAULTS.identity.user_agent, metavar="TEXT", help="Who asks.")
@option("One fetch", "--proxy", metavar="URL", help="An http proxy; the environment is never asked.")
@option("One fetch", "--ca-file", metavar="FILE", help="Further certificate authorities to trust (PEM).")
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
@option("Results", "--dry-run", is_flag=True, help="Say what would be crawled; fetch nothing.")
@option("Messages", "-q", "--quiet", is_flag=True, help="Errors only.")
@option("Messages", "-v", "--verbose", is_flag=True, help="Notes too; tracebacks of internal errors.")
@option(
    "Messages",
    "--color",
    type=Choice(["auto", "always", "never"]),
    default="auto",
    usual="auto",
    help="Colours on stderr.",
)
@click.pass_context
def crawl(context: click.Context, /, **given: Any) -> None:
    from scraper.cli.drive import drive  # here: the HTTP clients and the parsers would treble the time of --help

    asked = {name for name in given if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    context.exit(drive(given, asked, context.obj))
