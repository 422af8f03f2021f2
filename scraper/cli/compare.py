"""``scraper compare``: its arguments. What they lead to is in :mod:`scraper.cli.comparing`, imported when it is run."""

from __future__ import annotations

from typing import Any

import click

from scraper.cli.common import asked_for, message_options
from scraper.cli.groups import GroupedCommand, option
from scraper.cli.kinds import DURATION, Choice

__all__ = ["MAX_PAGES", "compare"]

MAX_PAGES = 500
"""Pages of a real list that are fetched and recorded, where nothing else is said: the web is asked for no more than a
comparison needs."""

_HELP = """Measure the same work under every backend, and say which one to use, and why.

Nothing on the web is measured: a server of our own, on this machine, gives the pages, each after the time that it is
meant to take. Without an argument these are workloads of several kinds. Your own URLs, lists and sites are fetched
once, politely, recorded, and replayed with the times that their servers took.

\b
Examples:
  scraper compare
  scraper compare urls.txt --html compare.html
  scraper compare --fixture web:hosts=20,pages=1000,latency=100ms --concurrency 1,2,4,...,64
  scraper compare --workload parse,near --backends threads,processes --against before.json
"""
_EPILOG = """\b
In lists such as 1,2,4,...,64 the dots go on by the same factor, or else by the same step.
\b
Exit codes: 0 measured; 1 the backends found different things; 2 usage or configuration, nothing ran;
3 broken off (disk, workers, a bug), 130 interrupted: what was measured is shown and written.
"""


@click.command(
    cls=GroupedCommand, help=_HELP, epilog=_EPILOG, short_help="Measure the backends, and say which one to use."
)
@click.argument("targets", nargs=-1, metavar="[URL|FILE|-]...")
@option(
    "Work",
    "--fixture",
    metavar="web:...",
    help="A made-up web: web:hosts=20,pages=1000,latency=lognormal(80ms),size=35KB,links=80,seed=7.",
)
@option("Work", "--workload", metavar="NAMES|all", usual="those that show most", help="Named work; 'list' lists it.")
@option("Work", "--replay", metavar="FILE", help="A recorded crawl (WARC).")
@option("Work", "--record", metavar="FILE", help="Keep the recording of the URLs' crawl here: FILE.warc.gz.")
@option("Work", "-d", "--depth", type=int, usual=0, help="Links to follow from the URLs, when they are recorded.")
@option("Work", "--max-pages", type=int, usual=MAX_PAGES, help="URLs to record at most.")
@option("Work", "--parser", type=Choice(["turbo", "lexbor", "soup"]), usual="turbo", help="What reads the pages.")
@option("Work", "--parse", metavar="MODULE:FUNCTION", help="A function of your own that runs on every page.")
@option("Work", "--polite", is_flag=True, help="Keep the usual pauses and limits of each host while measuring, too.")
@option("Cases", "--backends", metavar="NAMES", usual="all", help="Of sequential, threads, processes, asyncio, hybrid.")
@option(
    "Cases", "--concurrency", metavar="LIST", usual="64", help="Requests in flight at most, each a case: 1,2,...,64."
)
@option("Cases", "--workers", metavar="LIST", usual="as many as cores", help="Processes, for processes and hybrid.")
@option(
    "Measuring",
    "--repeat",
    type=int,
    usual="5; 3 without work of your own",
    metavar="N",
    help="Rounds: runs of each case.",
)
@option(
    "Measuring",
    "--warmup",
    type=int,
    default=1,
    usual=1,
    metavar="N",
    help="Short runs before, to see how fast the cases are.",
)
@option("Measuring", "--seconds", type=DURATION, usual="1s; 500ms without", help="About how long a run is to take.")
@option("Measuring", "--seed", type=int, default=1, usual=1, metavar="N", help="Of the order of the runs.")
@option("Results", "--html", metavar="FILE", help="Write the page: charts, timelines, figures.")
@option("Results", "--json", metavar="FILE", help="Write all that was measured; - is standard output, without a table.")
@option("Results", "--against", metavar="FILE", help="Say what has changed since this --json FILE was written.")
@message_options
@click.pass_context
def compare(context: click.Context, /, **given: Any) -> None:
    from scraper.cli.comparing import drive  # here: the statistics, servers and charts would slow --help down

    context.exit(drive(given, asked_for(context, given), context.obj))
