"""What the parameters of ``scraper check`` and of ``scraper watch`` ask for: settings, and targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import click

from scraper.check.api import OPTIONS
from scraper.check.asking.config import Checklist
from scraper.check.asking.keys import read_keys
from scraper.check.asking.targets import read_checks
from scraper.cli.login import add_login
from scraper.cli.notes import Notes
from scraper.errors import ConfigError
from scraper.options import make_settings
from scraper.settings import CHECKS, Settings

__all__ = ["check_settings", "given_keys", "read_targets"]

_KEYS = ("expect", "match", "json", "slower_than", "cert_days", "method", "tries", "pause", "follow", "timeout")
"""Parameters that are keys of checks; see :mod:`scraper.check.asking.keys`."""


def check_settings(given: Mapping[str, Any], asked: Collection[str]) -> Settings:
    """The settings that the command's parameters ask for; of what was not given, those that suit checks.

    :raises ConfigError: for what cannot be meant.
    """
    options: dict[str, Any] = {name: given[name] for name in given if name in asked and name in OPTIONS}
    add_login(options, given["auth_file"])
    return make_settings(CHECKS, **options)


def given_keys(given: Mapping[str, Any], asked: Collection[str]) -> dict[str, Any]:
    """The keys of checks that the command's parameters set for all that do not say otherwise."""
    found = {name.replace("_", "-"): given[name] for name in _KEYS if name in asked}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def read_targets(given: Mapping[str, Any], asked: Collection[str], notes: Notes) -> Checklist:
    """What is to be checked; what was passed over is told.

    :raises ConfigError: for what is wrong; see :func:`scraper.check.asking.targets.read_checks`.
    """
    if not given["targets"]:
        raise click.UsageError("there is nothing to check: give a URL, a list, a TOML file, or - for standard input")
    keys = given_keys(given, asked)
    if wrong := read_keys(keys)[1]:
        raise ConfigError("\n".join(f"--{text}" for text in wrong))
    found = read_checks(given["targets"], given=keys, skip_bad=given["skip_bad"])
    if found.bad_count:
        notes.say(found.complaint())
        notes.say(f"passed over: {found.bad_count} (--skip-bad)")
    for text in found.notes:
        notes.explain(text)
    return found
