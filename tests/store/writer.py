"""A process that writes records until it is ended: ``python -m tests.store.writer FILE [COUNT]``.

It tells on stdout when it has begun, and what happened to it.
"""

from __future__ import annotations

import sys

from scraper.errors import StoreError
from scraper.store import open_store
from tests.store.examples import fetched


def main(path: str, count: str = "") -> None:
    try:
        store = open_store(path, resume=True)
        number = len(list(store.read()))
        print("begun", flush=True)
        while not count or number < int(count):
            store.write([fetched(number, links=20)])
            number += 1
        store.close()
    except StoreError as error:
        print(error, flush=True)
        store.close()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
