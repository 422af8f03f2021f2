"""``scraper watch``: its arguments. What they lead to is in :mod:`scraper.cli.watching`, imported when it is run."""

from __future__ import annotations

from typing import Any

import click

from scraper.cli.common import (
    asked_for,
    check_pace_options,
    identity_options,
    limit_options,
    login_options,
    message_options,
    route_options,
)
from scraper.cli.groups import GroupedCommand, option
from scraper.cli.kinds import DURATION

__all__ = ["watch"]

_HELP = """Check sites again and again, keep the history, show a status page, tell of changes.

\b
Examples:
  scraper watch checks.toml
  scraper watch shops.txt --every 30s --listen 127.0.0.1:8080
  scraper watch checks.toml --listen 0.0.0.0:8600 --token-file token -q

A TOML file may say more than options can: intervals and conditions for each check, groups, who is told of
changes, times of maintenance, and for how long the history is kept.
"""
_EPILOG = """\b
Signals: Ctrl-C or SIGTERM finish what is in flight and save; twice stops at once. SIGHUP reads the
files again. SIGUSR1 tells what it is doing. Killed in any other way it goes on where it was.
\b
Exit codes: 0 ended by SIGTERM, as services are; 130 by Ctrl-C; 2 usage or configuration, nothing ran;
3 broken off (disk, workers, a bug). What was found never is an exit code.
"""


@click.command(
    cls=GroupedCommand, help=_HELP, epilog=_EPILOG, short_help="Check sites again and again, with a status page."
)
@click.argument("targets", nargs=-1, metavar="[CHECKS.toml|FILE|URL|-]...")
@option(
    "Schedule",
    "--every",
    metavar="DURATION|CRON",
    usual="as the file says, or 1m",
    help="For checks that say nothing themselves: 30s, 5m, or a cron line, '*/5 8-18 * * mon-fri'.",
)
@option(
    "Schedule",
    "--jitter",
    type=DURATION,
    usual="as the file says, or none",
    help="Let each round come late by so much at most, by chance.",
)
@option("Schedule", "--skip-bad", is_flag=True, help="Go on without lines and checks that are wrong.")
@option(
    "History and page",
    "--store",
    metavar="FILE",
    usual="beside the first file, with the ending .sqlite",
    help="Keep the history in this SQLite file.",
)
@option(
    "History and page",
    "--listen",
    metavar="HOST:PORT",
    usual="as the file says, or 127.0.0.1:8600",
    help="Where the status page is; others than this machine can reach it only where there is a token.",
)
@option(
    "History and page",
    "--token-file",
    metavar="FILE",
    help="A file with a secret in its one line: who shows it may ask for checks.",
)
@option("History and page", "--no-web", is_flag=True, help="No status page.")
@check_pace_options
@limit_options
@identity_options
@login_options
@route_options
@message_options
@click.pass_context
def watch(context: click.Context, /, **given: Any) -> None:
    from scraper.cli.watching import drive  # here: the HTTP clients and the web server would slow --help down

    context.exit(drive(given, asked_for(context, given)))
