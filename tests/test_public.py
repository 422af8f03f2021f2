"""The public face is ``__all__``: sorted, complete, documented."""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

import scraper
from scraper.backends.base import Backend
from scraper.store.base import Store

PUBLIC = [
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
"""What users import from ``scraper``: a name that is missing here or there is a decision, not an accident."""

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(scraper.__path__, "scraper.")
    if not name.endswith("__main__") and hasattr(importlib.import_module(name), "__all__")
]


def test_the_public_names_are_these() -> None:
    assert sorted(scraper.__all__) == sorted(PUBLIC)


def test_every_public_name_is_listed_by_dir() -> None:
    assert set(PUBLIC) <= set(dir(scraper))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'crwal'"):
        getattr(scraper, "crwal")  # noqa: B009 - a type checker would refuse the plain form


def test_importing_the_package_loads_next_to_nothing() -> None:
    """``import scraper`` is free; names are loaded when they are first used."""
    code = "import sys, scraper; print(*(m for m in sys.modules if m.partition('.')[0] in ('aiohttp', 'requests')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", ["scraper", *MODULES])
def test_all_is_sorted_and_says_what_exists(name: str) -> None:
    module = importlib.import_module(name)
    assert list(module.__all__) == sorted(set(module.__all__), key=_rank)
    assert [missing for missing in module.__all__ if not hasattr(module, missing)] == []


def _rank(name: str) -> tuple[int, str]:
    """Constants, classes, functions, each in order: as ruff sorts ``__all__``."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


@pytest.mark.parametrize("name", ["scraper", *MODULES])
def test_every_public_name_says_what_it_is_for(name: str) -> None:
    assert undocumented(importlib.import_module(name)) == []


def undocumented(module: ModuleType) -> list[str]:
    """The public classes, functions and methods of ``module`` that have no docstring of their own."""
    missing = [] if module.__doc__ else [module.__name__]
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            missing += [name] * (not value.__doc__)
        if inspect.isclass(value) and value.__module__ == module.__name__:
            missing += [f"{name}.{method}" for method in _methods(value) if not _documented(value, method)]
    return missing


def _documented(value: type[Any], method: str) -> bool:
    """Here, in a base class, or in the protocol that the class keeps."""
    return any(inspect.getdoc(getattr(home, method, None)) for home in (value, Backend, Store) if hasattr(home, method))


def _methods(value: type[Any]) -> list[str]:
    if issubclass(value, enum.Enum):
        return []
    wanted = (inspect.isfunction, lambda member: isinstance(member, property | classmethod | staticmethod))
    return [
        name
        for name, member in vars(value).items()
        if not name.startswith("_") and any(is_wanted(member) for is_wanted in wanted)
    ]
