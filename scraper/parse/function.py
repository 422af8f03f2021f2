"""The user's own function: found by name, run on one page at a time, its trouble kept to that page."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from scraper.errors import ConfigError, is_signal
from scraper.parse.document import Document

__all__ = ["call", "load_function"]

_ERROR_LENGTH = 200


def load_function(name: str) -> Callable[[Document], Any]:
    """The function that ``module:function`` names; the module is looked for in the current directory too.

    A name and not the function itself, because worker processes must import it afresh.

    :raises ConfigError: when there is no such module or function, or the module fails while it is imported; and for
        ``__main__``, which is another module in each process.
    """
    module_name, colon, path = name.partition(":")
    if not (colon and module_name and path):
        raise ConfigError(f"{name!r} names no function: write module:function")
    if module_name.startswith("."):
        raise ConfigError(f"{module_name!r} is no name of a module: it must not begin with a dot")
    if module_name == "__main__":
        raise ConfigError(f"{name!r} means nothing to worker processes: put the function into a module of its own")
    found: Any = _module(module_name)
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ConfigError(f"module {module_name!r} has no {path!r}") from None
    if not callable(found):
        raise ConfigError(f"{name!r} is no function but {type(found).__name__}")
    return found  # type: ignore[no-any-return]  # whether it takes a Document, only calling it can tell


def call(function: Callable[[Document], Any], document: Document) -> tuple[Any, str | None]:
    """What ``function`` made of ``document``, and why it gave nothing: one of the two is None."""
    try:
        return _plain(function(document)), None
    except BaseException as error:  # the function may do anything; the crawl goes on
        if is_signal(error):
            raise
        return None, _one_line(error)


def _module(name: str) -> Any:
    """Import ``name`` as ``python -m`` would: with the current directory on the path."""
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigError(f"there is no module {name!r}") from None
        raise ConfigError(f"module {name!r} cannot be imported: {_one_line(error)}") from error
    except Exception as error:
        raise ConfigError(f"module {name!r} cannot be imported: {_one_line(error)}") from error


def _plain(value: Any) -> Any:
    """``value`` as JSON will give it back: what travels between processes and what the store returns are the same.

    :raises Exception: when JSON cannot hold it, or msgpack, by which it travels: that has no integers over 64 bits.
    """
    plain = msgspec.json.decode(msgspec.json.encode(value))
    msgspec.msgpack.encode(plain)
    return plain


def _one_line(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"[:10_000]
    except Exception:  # noqa: BLE001  # an error of the user's own, which cannot even say what it is
        text = type(error).__name__
    said = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(said.split()).removesuffix(":")
    return text if len(text) <= _ERROR_LENGTH else text[: _ERROR_LENGTH - 1] + "…"
