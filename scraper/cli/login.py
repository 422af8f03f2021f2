"""A login in a file: what stands in a command, everybody on the machine can read while it runs."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import click

from scraper.errors import ConfigError

__all__ = ["add_login", "read_login"]

_LONGEST = 10_000


def add_login(options: MutableMapping[str, Any], file: str | None) -> None:
    """Add to ``options`` the login that ``--auth-file`` names, if it was given.

    :raises UsageError: where ``--auth`` was given too.
    :raises ConfigError: see :func:`read_login`.
    """
    if file is None:
        return
    if "auth" in options:
        raise click.UsageError("--auth and --auth-file exclude each other")
    options["auth"] = read_login(file)


def read_login(name: str) -> str:
    """The one line, ``user:password``, of the file ``name``; nothing of it stands in a message.

    :raises ConfigError: when it cannot be read, or holds anything else.
    """
    try:
        with Path(name).open("rb") as file:
            content = file.read(_LONGEST)
    except OSError as error:
        raise ConfigError(f"cannot read the login in {name}: {error.strerror or error}") from error
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is not UTF-8") from None
    if ":" not in text or "\n" in text or len(content) == _LONGEST:
        raise ConfigError(f"{name} must hold one line, user:password")
    return text
