"""The table at the end of a crawl."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scraper.printing import printable
from scraper.report.human import human_bytes, human_count, human_duration
from scraper.report.style import paint
from scraper.stats import Stats, is_failure_label

__all__ = ["summary"]

_TOP_HOSTS = 3


def summary(
    stats: Stats,
    elapsed: float,
    *,
    results: str | None = None,
    go_on: str | None = None,
    recorded: int = 0,
    interrupted: bool = False,
    hints: Iterable[str] = (),
    color: bool = False,
) -> str:
    """What a crawl has done, as lines of text for a person, the last with its newline.

    :param elapsed: seconds the crawl took.
    :param results: where its records are.
    :param go_on: the command that goes on with it, when something is left.
    :param recorded: outcomes of earlier runs, which are in no other figure.
    :param interrupted: whether it was broken off.
    :param hints: what the figures suggest; see :func:`scraper.report.hints.hints`.
    :param color: whether the text goes to a terminal that shows colours; see :func:`scraper.report.style.wants_color`.
    """
    rows = [
        *_outcomes(stats, color),
        ("parse", _parse_errors(stats.parse_errors)),
        ("hosts", _hosts(stats.hosts)),
        ("besides", _others(stats.others)),
        *_times(stats),
        *((("results", printable(results)),) if results else ()),
        ("before", f"{human_count(recorded)} already recorded" if recorded else ""),
        *(("" if number else "note", printable(hint)) for number, hint in enumerate(hints)),
        *((("to go on", printable(go_on)),) if go_on else ()),
    ]
    lines = [_headline(stats, elapsed, interrupted, color)]
    lines += [f"  {name:<10}{text}".rstrip() for name, text in rows if text]
    return "\n".join(lines) + "\n"


def _headline(stats: Stats, elapsed: float, interrupted: bool, color: bool) -> str:
    rate = stats.pages / elapsed if elapsed > 0 else 0.0
    what = "interrupted: " if interrupted else ""
    text = f"{what}{human_count(stats.pages, 'page')} in {human_duration(elapsed)}"
    failures = f"{human_count(stats.failures, 'failure')}"
    painted = paint(failures, "red", color) if stats.failures else failures
    return f"{paint(text, 'bold', color)}, {rate:,.1f} a second, {painted}"


def _outcomes(stats: Stats, color: bool) -> list[tuple[str, str]]:
    """A row for each label, the most frequent first."""
    counted = sorted(stats.outcomes.items(), key=lambda item: (-item[1], item[0]))
    counts = [human_count(count) for _, count in counted]
    count_width = max(map(len, counts), default=0)
    name_width = max((len(name) for name, _ in counted), default=0)
    rows: list[tuple[str, str]] = []
    for (name, count), text in zip(counted, counts, strict=True):
        label = paint(f"{name:<{name_width}}", _colour(name), color)
        rows.append(("" if rows else "outcomes", f"{label}  {text:>{count_width}}  {count / stats.pages:6.1%}"))
    return rows


def _colour(name: str) -> str:
    if is_failure_label(name):
        return "red"
    return "green" if name.startswith("2") else "yellow"


def _parse_errors(count: int) -> str:
    """Where to look: the table has room for the number only."""
    if not count:
        return ""
    return f"{human_count(count, 'page')} on which your function failed: see their 'error', or -v"


def _hosts(hosts: Mapping[str, int]) -> str:
    if not hosts:
        return ""
    top = sorted(hosts.items(), key=lambda item: (-item[1], item[0]))[:_TOP_HOSTS]
    named = ", ".join(f"{printable(host)} {human_count(count)}" for host, count in top)
    more = len(hosts) - len(top)
    return f"{human_count(len(hosts))}: {named}" + (f", and {human_count(more)} more" if more else "")


def _others(others: Mapping[str, int]) -> str:
    """What was asked for that is no page."""
    robots, sitemaps = others.get("robots", 0), others.get("sitemap", 0)
    parts = [f"{human_count(robots)} robots.txt"] if robots else []
    if sitemaps:
        parts.append(f"{human_count(sitemaps, 'sitemap')}")
    return ", ".join(parts)


def _times(stats: Stats) -> list[tuple[str, str]]:
    if not stats.fetches:
        return []
    shares = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    server = ", ".join(f"{name} {_us(stats.server.percentile(share))}" for name, share in shares)
    received = f"{human_bytes(stats.wire_bytes)}, {human_bytes(stats.body_bytes)} decompressed"
    return [
        ("server", f"{server} to the headers" if stats.server.count else ""),
        ("waiting", f"{_us(stats.waited_us / stats.fetches)} a fetch, in our own queues"),
        ("parsing", f"{_us(stats.parse_us / stats.fetches)} a fetch"),
        ("received", f"{received}, in {human_count(stats.fetches, 'fetch', 'fetches')}"),
    ]


def _us(us: float) -> str:
    return human_duration(us / 1_000_000)
