"""``--dry-run``: what would be crawled, and how. Nothing is fetched, nothing is written."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from scraper.cli.outputs import check_places, is_there
from scraper.errors import ConfigError
from scraper.options import Options, make_settings
from scraper.run import around, pick
from scraper.settings import Settings
from scraper.store import SqliteStore, open_store, printable

if TYPE_CHECKING:
    from scraper.cli.archiving import Archiving

__all__ = ["dry_run"]

_SHOWN = 10


def dry_run(given: dict[str, Any], options: Options, seeds: list[str], archiving: Archiving | None = None) -> int:
    """Print backend, settings and seeds to stdout; the exit code.

    What can be refused without making a file is refused as in the real run. A store to go on with is opened, and
    closed as it was; an output is not: JSON lines would be mended at their end, others written anew.
    """
    check_places(given)
    options, seeds = _remembered(given, options, seeds)
    settings = around(make_settings(**options), seeds)
    if archiving is not None:
        settings = archiving.settings(settings)
    name, why = pick(given["backend"], settings, seeds)
    _say(f"backend: {name} ({why})")
    for line in _settings(settings):
        _say(line)
    kept = given["store"] or given["output"]
    if kept:
        _say(f"results: {kept}{', which exists' if Path(kept).exists() else ''}")
    for line in archiving.lines() if archiving is not None else ():
        _say(line)
    _say(f"seeds: {len(seeds)}")
    for seed in seeds[:_SHOWN]:
        _say(f"  {seed}")
    if len(seeds) > _SHOWN:
        _say(f"  ... and {len(seeds) - _SHOWN} more")
    return 0


def _say(line: str) -> None:
    click.echo(printable(line))


def _remembered(given: dict[str, Any], options: Options, seeds: list[str]) -> tuple[Options, list[str]]:
    """Options and seeds with those that the store of an earlier run holds."""
    path = given["store"]
    if not (path and given["resume"] and is_there(path)):
        return options, seeds
    with contextlib.closing(open_store(path, resume=True)) as store:
        whole: Any = {**(store.meta("options") or {}), **options} if isinstance(store, SqliteStore) else options
        before = store.seeds() if isinstance(store, SqliteStore) else []
    seeds = list(dict.fromkeys([*before, *seeds]))
    if not seeds and not whole.get("sitemap"):
        raise ConfigError(f"{path} holds no seeds: give the URLs or the list once more")
    return whole, seeds


def _settings(settings: Settings) -> list[str]:
    """A line a group; headers, the login and the proxy only by name, since they may hold secrets."""
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
        case ("proxy", str()) | ("auth", tuple()):
            return "given"
        case "delay" | "per_address", None:
            return "auto"
        case str(), bool():
            return "yes" if value else "no"
        case _, None:
            return "none"
        case _, frozenset() | tuple():
            return " ".join(sorted(map(str, value))[:_SHOWN]) or "none"
        case _:
            return str(getattr(value, "value", value))
