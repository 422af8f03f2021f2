"""The exceptions of scraper: only what the caller must act on.

::

    ScraperError
    ├── ConfigError      the caller's: an option, a list file or a URL is wrong; nothing ran
    ├── BackendError     the machine's: workers cannot be started or keep dying
    └── StoreError       the disk's: the store is locked, foreign, damaged or full

Trouble with the web is never an exception: it is an outcome with a :class:`scraper.model.Reason`.
"""

from __future__ import annotations

__all__ = ["BackendError", "ConfigError", "ScraperError", "StoreError", "is_signal"]


class ScraperError(Exception):
    """The base of all: its text is one clear message for a person."""


class ConfigError(ScraperError):
    """What was asked for cannot be done as it was said; nothing ran."""


class BackendError(ScraperError):
    """The workers cannot be kept alive; what was recorded so far stands."""


class StoreError(ScraperError):
    """The store cannot be opened or written; what was committed so far stands."""


def is_signal(error: BaseException) -> bool:
    """Whether ``error`` is meant for whoever runs the crawl, wherever it strikes: raised by a signal's handler.

    That is Ctrl-C, and what the package itself raises that is no :class:`Exception`. All else that a page's own code
    raises, be it no ``Exception`` either, is trouble with the page.
    """
    if isinstance(error, Exception):
        return False
    return isinstance(error, KeyboardInterrupt) or type(error).__module__.partition(".")[0] == __package__
