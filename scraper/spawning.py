"""How processes are started that need nothing of the program that starts them."""

from __future__ import annotations

import contextlib
import signal
import sys
import types
from collections.abc import Collection, Iterator

__all__ = ["main_hidden", "signals_held_back"]


@contextlib.contextmanager
def main_hidden() -> Iterator[None]:
    """Keep a new process from running the main module again.

    So a plain script needs no ``if __name__ == "__main__":`` to use processes.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def signals_held_back(numbers: Collection[signal.Signals]) -> Iterator[None]:
    """Let a new process begin with signals blocked that it will ignore: Ctrl-C goes to the whole group at once."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
