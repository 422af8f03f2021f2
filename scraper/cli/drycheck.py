"""``scraper check --dry-run``: what would be asked, and how. Nothing is asked, nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import click

from scraper.check.api import choose_backend
from scraper.check.model import Target
from scraper.printing import printable
from scraper.report.human import human_count, human_duration
from scraper.settings import Settings
from scraper.url import host_key

__all__ = ["conditions", "dry_run"]

_LONGEST_WAITS = 3


def dry_run(backend: str, settings: Settings, targets: Sequence[Target]) -> int:
    """Print to stdout what would be asked; the exit code."""
    name, why = choose_backend(backend, len(targets))
    hosts = Counter(host_key(target.url) for target in targets)
    click.echo(f"backend: {name} ({why})")
    click.echo(f"concurrency: {settings.concurrency}, {settings.politeness.per_host} on one host")
    for line in _waits(settings, hosts):
        click.echo(printable(line))
    click.echo(f"checks: {human_count(len(targets))}, of {human_count(len(hosts), 'host')}")
    for target in targets:
        click.echo(printable(f"  {_line(target)}"))
    return 0


def _waits(settings: Settings, hosts: Counter[str]) -> Iterator[str]:
    """What politeness makes of it: the hosts that are waited for longest."""
    spans = {host: (count - 1) * settings.politeness.delay_for(host) for host, count in hosts.items()}
    longest = sorted((host for host in spans if spans[host]), key=lambda host: (-spans[host], host))
    if not longest:
        yield "politeness: nothing to wait for"
    for host in longest[:_LONGEST_WAITS]:
        delay = human_duration(settings.politeness.delay_for(host))
        yield f"politeness: {hosts[host]} checks of {host}, {delay} apart, take {human_duration(spans[host])} at least"
    if len(longest) > _LONGEST_WAITS:
        yield f"politeness: and so {human_count(len(longest) - _LONGEST_WAITS, 'host')} more, for less time"


def _line(target: Target) -> str:
    title = f"{target.key}: " if target.name or target.group else ""
    place = f"  ({target.place})" if target.place else ""
    return f"{title}{target.probe().method} {target.url}  {', '.join(conditions(target))}{place}"


def conditions(target: Target) -> Iterator[str]:
    """What is expected of ``target``, and how often it is tried, in words."""
    yield f"expect {target.expect}"
    yield from (f"match {text!r}" for text in target.texts)
    yield from (f"match /{pattern}/" for pattern in target.patterns)
    yield from (f"json {path}={value}" for path, value in target.values)
    if target.slower_than is not None:
        yield f"slow from {human_duration(target.slower_than)} on"
    if target.cert_days is not None and target.url.startswith("https:"):
        yield f"certificate for {target.cert_days:g} days"
    if not target.follow:
        yield "redirects not followed"
    if target.timeout is not None:
        yield f"timeout {human_duration(target.timeout)}"
    pause = f", first pause {human_duration(target.pause)}" if target.tries > 1 else ""
    yield f"{human_count(target.tries, 'try', 'tries')}{pause}"
    if target.every is not None:
        yield f"every {target.every}"
