"""``--dry-run``: what would be crawled, and how. Nothing is fetched, nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from scraper.options import Options, make_settings
from scraper.run import around, pick
from scraper.settings import Settings

__all__ = ["dry_run"]

_SHOWN = 10


def dry_run(given: dict[str, Any], options: Options, seeds: list[str]) -> int:
    """Print backend, settings and seeds to stdout; the exit code."""
    settings = around(make_settings(**options), seeds)
    name, why = pick(given["backend"], settings, seeds)
    click.echo(f"backend: {name} ({why})")
    for line in _settings(settings):
        click.echo(line)
    kept = given["store"] or given["output"]
    if kept:
        click.echo(f"results: {kept}{', which exists' if Path(kept).exists() else ''}")
    click.echo(f"seeds: {len(seeds)}" + (f", and those that {given['store']} holds" if given["resume"] else ""))
    for seed in seeds[:_SHOWN]:
        click.echo(f"  {seed}")
    if len(seeds) > _SHOWN:
        click.echo(f"  ... and {len(seeds) - _SHOWN} more")
    return 0


def _settings(settings: Settings) -> list[str]:
    """A line a group; headers and the proxy only by name, since they may hold secrets."""
    lines = []
    for group in msgspec.structs.fields(settings):
        value = getattr(settings, group.name)
        if isinstance(value, msgspec.Struct):
            fields = [(field.name, getattr(value, field.name)) for field in msgspec.structs.fields(value)]
            lines.append(f"{group.name}: " + ", ".join(f"{name} {_shown(name, entry)}" for name, entry in fields))
        else:
            lines.append(f"{group.name}: {value}")
    return lines


def _shown(name: str, value: Any) -> str:
    match name, value:
        case "headers", pairs:
            return " ".join(header for header, _ in pairs) or "none"
        case "proxy", str():
            return "given"
        case "delay", None:
            return "auto"
        case _, None:
            return "none"
        case _, frozenset() | tuple():
            return " ".join(sorted(map(str, value))[:_SHOWN]) or "none"
        case _:
            return str(getattr(value, "value", value))
