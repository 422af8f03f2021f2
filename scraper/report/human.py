"""Numbers with units, as people write and read them."""

from __future__ import annotations

import re

from scraper.errors import ConfigError

__all__ = ["human_bytes", "human_count", "human_duration", "parse_duration", "parse_size"]

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = r"(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|d)"
_PARTS = re.compile(rf"(?:{_PART}\s*)+", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)

_BYTES = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_BYTES |= {"ki": 1024, "mi": 1024**2, "gi": 1024**3, "ti": 1024**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([kmgt]i?|)b?", re.ASCII | re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Seconds: a bare number, or numbers with ms, s, m, h and d.

    >>> parse_duration("1h30m"), parse_duration("50ms"), parse_duration("10")
    (5400.0, 0.05, 10.0)

    :raises ConfigError: for anything else, negative numbers too.
    """
    plain = text.strip().lower()
    if _NUMBER.fullmatch(plain):
        return float(plain)
    if _PARTS.fullmatch(plain):
        return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, plain))
    raise ConfigError(f"{text!r} is no duration: write 10 (seconds), 50ms, 1.5s, 2m or 1h30m")


def parse_size(text: str) -> int:
    """Bytes: a bare number, or one with kB, MB, GB (thousands) or KiB, MiB, GiB (1024s); the B may be left out.

    >>> parse_size("16MB"), parse_size("512KiB"), parse_size("1000")
    (16000000, 524288, 1000)

    :raises ConfigError: for anything else, negative numbers too.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"{text!r} is no size: write 1000 (bytes), 512KiB or 16MB")
    return int(float(found[1]) * _BYTES[found[2].lower()])


def human_count(number: int, one: str = "", many: str | None = None) -> str:
    """A count, of what is called ``one``, or ``many``, if that takes more than an ``s``.

    >>> human_count(1_234_567), human_count(1, "page"), human_count(2, "try", "tries")
    ('1,234,567', '1 page', '2 tries')
    """
    word = one if number == 1 or not one else many or f"{one}s"
    return f"{number:,} {word}".rstrip()


def human_bytes(number: float) -> str:
    """Bytes in thousands: ``999 B``, ``1.5 kB``, ``16 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{_short(number)} {unit}"
        number /= 1000
    return f"{_short(number)} TB"


def human_duration(seconds: float) -> str:
    """A time in two units at most: ``0.4 ms``, ``850 ms``, ``12.3 s``, ``2m05s``, ``1h30m``, ``2d03h``."""
    if seconds < 0.9995:
        return f"{_short(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for size, unit, part_size, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}{whole % size // part_size:02}{part}"
    return f"{whole // 60}m{whole % 60:02}s"


def _short(number: float) -> str:
    """``number`` with one decimal below 100, where it says something."""
    return f"{number:.1f}".removesuffix(".0") if number < 99.95 else f"{number:.0f}"
