"""``scraper check``: its arguments. What they lead to is in :mod:`scraper.cli.checking`, imported when it is run."""

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
from scraper.cli.kinds import VERDICTS, Choice

__all__ = ["check"]

_HELP = """Check whether sites are up: each URL, and those of each list or TOML FILE, and of standard input (-).

\b
Examples:
  scraper check https://example.org
  scraper check shops.txt --slower-than 2s -o report.html
  scraper check checks.toml --fail-on any -o junit.xml

\b
A line of a list may carry conditions:
  https://example.org/ expect=200 name=shop group=eu

Conditions that are given here hold for all checks that do not say otherwise.
"""
_EPILOG = """\b
Verdicts: up; slow; cert, the certificate ends soon; blocked, an answer, but not for us
(401, 403, 429, a test for robots); down, with the reason.
\b
Exit codes: 0 nothing in --fail-on; 1 something was; 2 usage or configuration, nothing ran;
3 broken off (disk, workers, a bug); 130 interrupted, what is known was written.
Ctrl-C once finishes what is in flight; twice stops at once.
"""


@click.command(cls=GroupedCommand, help=_HELP, epilog=_EPILOG, short_help="Check whether sites are up.")
@click.argument("targets", nargs=-1, metavar="[URL|FILE|-]...")
@option(
    "Conditions",
    "--expect",
    multiple=True,
    metavar="STATUSES",
    usual="200..399",
    help="Statuses that are expected, as in 200..399,429; repeatable.",
)
@option(
    "Conditions",
    "--match",
    multiple=True,
    metavar="TEXT|/REGEX/",
    help="What must stand in the body; repeatable.",
)
@option(
    "Conditions",
    *("--json", "json"),
    multiple=True,
    metavar="PATH=VALUE",
    help="What must stand at a path of a JSON body; repeatable.",
)
@option("Conditions", "--slower-than", metavar="DURATION", help="The server's time from which on it is slow.")
@option(
    "Conditions",
    "--cert-days",
    metavar="DAYS|off",
    usual=14,
    help="Days that the certificate must hold.",
)
@option(
    "Conditions",
    "--method",
    type=Choice(["get", "head", "auto"]),
    usual="auto",
    help="How to ask; auto asks by HEAD where that says enough.",
)
@option(
    "Conditions",
    "--tries",
    metavar="N",
    usual=3,
    help="Attempts until it counts as down.",
)
@option(
    "Conditions",
    "--pause",
    metavar="DURATION",
    usual="1s",
    help="Before the second attempt; each later one waits twice as long.",
)
@option("Conditions", "--follow/--no-follow", default=None, usual="follow", help="Whether redirects are followed.")
@option("Conditions", "--skip-bad", is_flag=True, help="Go on without lines and checks that are wrong.")
@option(
    "Conditions",
    "--every",
    metavar="DURATION|CRON",
    help="Check again and again, until Ctrl-C, as scraper watch does.",
)
@check_pace_options
@limit_options
@identity_options
@login_options
@route_options
@option(
    "Results",
    "--fail-on",
    multiple=True,
    type=VERDICTS,
    metavar="VERDICTS",
    usual="down",
    help="What gives exit code 1, as in down,cert; any is all but up; repeatable.",
)
@option(
    "Results",
    *("-o", "--output", "outputs"),
    multiple=True,
    metavar="FILE",
    usual="text on stdout",
    help="Write to this file, in the format of its ending: .txt .jsonl .json .csv .md .xml (JUnit) .html; repeatable.",
)
@option(
    "Results",
    *("-f", "--format", "form"),
    type=Choice(["text", "jsonl", "json", "csv", "markdown", "junit", "html"]),
    help="Write this to stdout; or to the FILE whose ending says nothing.",
)
@option(
    "Results",
    "--store",
    metavar="FILE",
    help="Keep the results in this SQLite file, too, as a history that scraper watch can go on with.",
)
@option(
    "Results",
    "--annotations/--no-annotations",
    default=None,
    usual="where GITHUB_ACTIONS is true",
    help="Mark the lines of lists on stderr, as GitHub's CI reads it.",
)
@option("Results", "--dry-run", is_flag=True, help="Say what would be asked; ask nothing.")
@option("Results", "--schema", is_flag=True, help="Print the JSON Schema of TOML files, and end.")
@message_options
@click.pass_context
def check(context: click.Context, /, **given: Any) -> None:
    from scraper.cli.checking import drive  # here: the HTTP clients would treble the time of --help

    context.exit(drive(given, asked_for(context, given), context.obj))
