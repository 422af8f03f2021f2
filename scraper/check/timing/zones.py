"""The time zone of cron lines, and of times that name none."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from tzlocal import get_localzone

from scraper.errors import ConfigError

__all__ = ["zone_of"]


def zone_of(name: str | None, table: str = "watch") -> tzinfo:
    """The time zone ``name``; the machine's own where none is named.

    :param table: where it was said.
    :raises ConfigError: for one that is not there.
    """
    try:
        return ZoneInfo(name) if name else get_localzone()
    except (OSError, ValueError, KeyError) as error:
        if name is None:
            return UTC
        raise ConfigError(f"{table}: there is no time zone {name!r}: write one as Europe/Berlin") from error
