"""A concurrent web crawler with swappable backends.

::

    import scraper

    for outcome in scraper.crawl("https://example.org", depth=1):
        match outcome:
            case scraper.Fetched(status=200, page=scraper.Page() as page):
                print(outcome.url, page.title)
            case scraper.Failed(reason=reason):
                print(outcome.url, reason.value)

The names below are the public ones. They are imported when they are first used, so that ``import scraper`` is free.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scraper.api import acrawl, crawl
    from scraper.backends.base import Backend
    from scraper.backends.police import Impolite, Police
    from scraper.backends.simulated import Simulated, Web
    from scraper.check.api import check_urls
    from scraper.check.model import Result, Statuses, Target, Verdict
    from scraper.errors import BackendError, ConfigError, ScraperError, StoreError
    from scraper.model import Failed, Fetched, Outcome, Page, Reason, Refused, Request, Timings
    from scraper.settings import Budget, Identity, Limits, Parsing, Politeness, Retry, Scope, ScopeMode, Settings
    from scraper.stats import Stats

__version__ = "0.1.0"

__all__ = [
    "Backend",
    "BackendError",
    "Budget",
    "ConfigError",
    "Failed",
    "Fetched",
    "Identity",
    "Impolite",
    "Limits",
    "Outcome",
    "Page",
    "Parsing",
    "Police",
    "Politeness",
    "Reason",
    "Refused",
    "Request",
    "Result",
    "Retry",
    "Scope",
    "ScopeMode",
    "ScraperError",
    "Settings",
    "Simulated",
    "Stats",
    "Statuses",
    "StoreError",
    "Target",
    "Timings",
    "Verdict",
    "Web",
    "__version__",
    "acrawl",
    "check_urls",
    "crawl",
]

_HOMES = {
    "scraper.api": ("acrawl", "crawl"),
    "scraper.backends.base": ("Backend",),
    "scraper.backends.police": ("Impolite", "Police"),
    "scraper.backends.simulated": ("Simulated", "Web"),
    "scraper.check.api": ("check_urls",),
    "scraper.check.model": ("Result", "Statuses", "Target", "Verdict"),
    "scraper.errors": ("BackendError", "ConfigError", "ScraperError", "StoreError"),
    "scraper.model": ("Failed", "Fetched", "Outcome", "Page", "Reason", "Refused", "Request", "Timings"),
    "scraper.settings": (
        "Budget",
        "Identity",
        "Limits",
        "Parsing",
        "Politeness",
        "Retry",
        "Scope",
        "ScopeMode",
        "Settings",
    ),
    "scraper.stats": ("Stats",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for a public one

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module 'scraper' has no attribute {name!r}")
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
