"""Secrets of a watch: from the file of checks itself, a file of their own, or the environment, by name."""

from __future__ import annotations

import os
from pathlib import Path

from scraper.errors import ConfigError

__all__ = ["read_secret"]


def read_secret(what: str, plain: str | None = None, file: str | None = None, env: str | None = None) -> str | None:
    """The one of the three that was given; None where none was. It never stands in a message.

    :param what: what it is called there: ``secret of a webhook``.
    :param file: the name of a file with the secret in its one line.
    :param env: the name of an environment variable.
    :raises ConfigError: for more than one, for a file that cannot be read, and for what is empty.
    """
    given = [each for each in (plain, file, env) if each is not None]
    if len(given) > 1:
        raise ConfigError(f"the {what} is given more than once: choose one of the ways")
    if not given:
        return None
    if file is not None:
        found, place = _first_line(what, file), f"the file {file}"
    elif env is not None:
        found, place = os.environ.get(env, ""), f"the environment variable {env}"
    else:
        found, place = plain or "", "what is given for it"
    if not found.strip():
        raise ConfigError(f"the {what}: {place} is empty or not set")
    return found.strip()


def _first_line(what: str, name: str) -> str:
    try:
        lines = Path(name).read_text("utf-8").strip().splitlines()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise ConfigError(f"the {what} cannot be read from {name}: {why}") from error
    if len(lines) > 1:
        raise ConfigError(f"the {what}: {name} has {len(lines)} lines: it must stand in one alone")
    return lines[0] if lines else ""
