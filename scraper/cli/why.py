"""``scraper why``: why a URL was not crawled, answered from what a crawl has stored."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from scraper.cli.groups import GroupedCommand, option
from scraper.cli.kinds import Choice

if TYPE_CHECKING:
    from scraper.report.why import Answer
    from scraper.settings import Settings
    from scraper.store.lookup import Lookup
    from scraper.store.record import Record

__all__ = ["why"]

_HELP = """Say why URL was not crawled, or how it went, from what a crawl has stored.

\b
Example:
  scraper why https://example.org/missing --store example.sqlite

Nothing is fetched, and the store is left as it is; a crawl may be writing to it.
"""
_EPILOG = """\b
Exit codes: 0 answered; 2 usage; 3 the store cannot be read.
"""
_IMPORTS = frozenset({"parse", "parser", "ca_file"})
"""Options that would load a user's code or files, and decide nothing about URLs."""
_ROBOTS_REDIRECTS = 5


@click.command(cls=GroupedCommand, help=_HELP, epilog=_EPILOG, short_help="Say why a URL was not crawled.")
@click.argument("url")
@option("From", "--store", metavar="FILE", required=True, help="What the crawl has stored: SQLite, or JSON lines.")
@option("Results", "-f", "--format", "form", type=Choice(["text", "json"]), default="text", usual="text", help="Of it.")
def why(url: str, store: str, form: str) -> None:
    from scraper.seeds import seed_url  # here and below: what is heavy is loaded when it is used
    from scraper.store.lookup import open_lookup

    canonical = seed_url(url)
    with closing(open_lookup(store)) as lookup:
        answer, judged = _answer(canonical, lookup)
    click.echo(_json(answer, judged) if form == "json" else "\n".join(_lines(answer, judged)))


def _answer(url: str, lookup: Lookup) -> tuple[Answer, bool]:
    """The answer, and whether it is by the crawl's own settings; else by the defaults."""
    from scraper.report.why import near_misses, same_page, why

    seeds = lookup.seeds()
    settings, known = _settings(lookup, seeds)
    same = same_page(url, settings)
    records = list(lookup.mentioning({url, same, *near_misses(url), *near_misses(same)}))
    return why(url, records, settings, frozenset(seeds), _robots(same, lookup), known), known


def _settings(lookup: Lookup, seeds: list[str]) -> tuple[Settings, bool]:
    """The crawl's settings, bound to its seeds and where they have led to."""
    import msgspec

    from scraper.options import make_settings
    from scraper.run import around

    options: dict[str, Any] | None = lookup.options()
    kept = {name: value for name, value in (options or {}).items() if name not in _IMPORTS}
    settings = around(make_settings(**kept), seeds)
    scope = settings.scope
    for url in lookup.moved_seeds():
        scope = scope.widened(url)
    return msgspec.structs.replace(settings, scope=scope), options is not None


def _robots(url: str, lookup: Lookup) -> Record | None:
    """The last record of the robots file that holds for ``url``, redirects followed."""
    from scraper.model import Kind
    from scraper.url import origin

    place, found = f"{origin(url)}/robots.txt", None
    for _ in range(_ROBOTS_REDIRECTS + 1):
        records = [each for each in lookup.mentioning({place}) if each.url == place and each.kind is Kind.ROBOTS]
        if not records:
            break
        found = records[-1]
        if found.location is None:
            break
        place = found.location
    return found


def _lines(answer: Answer, judged: bool) -> list[str]:
    from scraper.printing import printable

    lines = [answer.url, f"  {answer.text}"]
    if answer.sources_count > 0:
        shown = len(answer.sources)
        more = f", {shown} of {answer.sources_count}" if shown < answer.sources_count else ""
        lines.append(f"  led to by{more}:")
    for source in answer.sources:
        refused = f": {source.refused}" if source.refused else ""
        lines.append(f"    {source.page} ({source.kind}, depth {source.depth}){refused}")
    if answer.near:
        lines.append("  known are:")
        lines += [f"    {near}" for near in answer.near]
    if not judged and answer.verdict not in ("fetched", "failed", "refused"):
        lines.append("  (judged by the default settings: only SQLite keeps those of the crawl)")
    return [printable(line) for line in lines]


def _json(answer: Answer, judged: bool) -> str:
    import msgspec

    from scraper.printing import escaped

    whole = {**msgspec.structs.asdict(answer), "own_settings": judged}
    return escaped(msgspec.json.encode(whole)).decode()
