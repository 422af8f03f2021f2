"""How long a made-up server takes: distributions by their quantile functions."""

from __future__ import annotations

import difflib
import math
import re
from statistics import NormalDist, fmean

import msgspec

from scraper.errors import ConfigError
from scraper.report.human import human_duration, parse_duration

__all__ = ["Latency", "read_latency"]

_CUT = 0.001
_SIGMA = 0.5
_MOST = 60.0
_NORMAL = NormalDist()

_FORMS = {
    "fixed": "fixed(80ms)",
    "lognormal": "lognormal(80ms) or lognormal(80ms,0.8)",
    "uniform": "uniform(20ms,200ms)",
    "exponential": "exponential(80ms)",
}
_CALL = re.compile(r"([a-z]+)\s*\(([^()]*)\)", re.IGNORECASE)


class Latency(msgspec.Struct, frozen=True):
    """A distribution of seconds, cut at its quantiles of 0.1 and 99.9 %.

    :ivar kind: ``fixed``: always ``first``. ``lognormal``: with the median ``first``, ``second`` being the sigma of the
        logarithm; the times of real servers look so. ``uniform``: from ``first`` to ``second``. ``exponential``: with
        the mean ``first``.
    """

    kind: str = "fixed"
    first: float = 0.0
    second: float = 0.0

    def at(self, u: float) -> float:
        """Seconds that the share ``u`` (0 to 1) of all answers do not exceed."""
        u = min(max(u, _CUT), 1 - _CUT)
        match self.kind:
            case "lognormal":
                return self.first * math.exp(self.second * _NORMAL.inv_cdf(u))
            case "uniform":
                return self.first + (self.second - self.first) * u
            case "exponential":
                return -self.first * math.log(1 - u)
            case _:
                return self.first

    @property
    def mean(self) -> float:
        """Seconds, over all quantiles as they are cut."""
        return fmean(self.at((step + 0.5) * _CUT) for step in range(round(1 / _CUT)))

    def __str__(self) -> str:
        """As :func:`read_latency` reads it, exact to the microsecond."""
        match self.kind:
            case "lognormal":
                sigma = "" if self.second == _SIGMA else f",{_plain(self.second)}"
                return f"lognormal({_duration(self.first)}{sigma})"
            case "uniform":
                return f"uniform({_duration(self.first)},{_duration(self.second)})"
            case "exponential":
                return f"exponential({_duration(self.first)})"
            case _:
                return _duration(self.first)


def read_latency(text: str) -> Latency:
    """The distribution that is written ``80ms``, ``lognormal(80ms)``, ``uniform(20ms,200ms)``, ...

    >>> read_latency("lognormal(80ms,0.8)")
    Latency(kind='lognormal', first=0.08, second=0.8)

    :raises ConfigError: for anything else, and for what may take more than a minute.
    """
    call = _CALL.fullmatch(text.strip())
    latency = Latency("fixed", _seconds(text)) if call is None else _read_call(call[1].lower(), call[2].split(","))
    if latency.at(1.0) > _MOST:
        raise ConfigError(f"{text!r} may take {human_duration(latency.at(1.0))}: at most {human_duration(_MOST)}")
    return latency


def _read_call(name: str, given: list[str]) -> Latency:
    match name, given:
        case "fixed" | "exponential", [first]:
            return Latency(name, _seconds(first))
        case "lognormal", [median]:
            return Latency(name, _seconds(median), _SIGMA)
        case "lognormal", [median, sigma]:
            return Latency(name, _seconds(median), _sigma(sigma))
        case "uniform", [first, second] if _seconds(first) <= _seconds(second):
            return Latency(name, _seconds(first), _seconds(second))
    if name in _FORMS:
        raise ConfigError(f"{name}({','.join(given)}): write {_FORMS[name]}")
    near = difflib.get_close_matches(name, _FORMS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_FORMS)}"
    raise ConfigError(f"unknown distribution {name!r}: {hint}")


def _seconds(text: str) -> float:
    seconds = round(parse_duration(text), 6)
    if seconds > _MOST:
        raise ConfigError(f"{text.strip()!r} is too long: at most {human_duration(_MOST)}")
    return seconds


def _sigma(text: str) -> float:
    plain = text.strip()
    if re.fullmatch(r"\d(\.\d*)?|\.\d+", plain, re.ASCII) is None:
        raise ConfigError(f"{plain!r} is no sigma: write a number from 0 to 9, as 0.5")
    return round(float(plain), 6)


def _duration(seconds: float) -> str:
    return f"{_plain(seconds)}s" if seconds >= 1 else f"{_plain(seconds * 1000)}ms"


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")
