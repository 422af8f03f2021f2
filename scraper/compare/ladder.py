"""Lists of numbers as people write them, some of which the dots leave out: ``1,2,4,...,64``.

The dots stand between the two numbers before them and the one behind them. They go on as those two do: by the same
factor, where it is a whole one (1,2 and 2,4 double) and leads to the number behind the dots; if it does not, by the
same step. What leads there in neither way is an error, and never a guess.
"""

from __future__ import annotations

from collections.abc import Callable

from scraper.errors import ConfigError

__all__ = ["LONGEST", "read_ladder"]

LONGEST = 64
"""Numbers that a list may have: each is a case of its own, for each backend."""

_DOTS = frozenset({"...", "..", "\N{HORIZONTAL ELLIPSIS}"})


def read_ladder(text: str) -> tuple[int, ...]:
    """The numbers that ``text`` stands for, each once, from the least.

    >>> read_ladder("1,2,4,...,64"), read_ladder("10,20,...,50"), read_ladder("8")
    ((1, 2, 4, 8, 16, 32, 64), (10, 20, 30, 40, 50), (8,))

    :raises ConfigError: for what is no such list.
    """
    words = [word.strip() for word in text.split(",")]
    found: list[int] = []
    for index, word in enumerate(words):
        if word not in _DOTS:
            found.append(_number(word))
        elif len(found) < 2 or index + 1 == len(words) or words[index - 1] in _DOTS:
            raise ConfigError(f"{text!r}: the dots need two numbers before them and one behind: 1,2,...,64")
        else:
            found += _between(found[-2], found[-1], _number(words[index + 1]))
        if len(found) > LONGEST:
            raise ConfigError(f"{text!r} stands for more than {LONGEST} numbers")
    return tuple(sorted(set(found)))


def _number(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 7 and int(word) > 0):
        raise ConfigError(f"{word!r} is no number of requests or processes: write a list such as 1,2,4,...,64")
    return int(word)


def _between(first: int, second: int, end: int) -> list[int]:
    """What the dots between ``first, second`` and ``end`` stand for."""
    if first < second < end:
        factor, step = second // first, second - first
        if second % first == 0 and (found := _climb(second, end, lambda number: number * factor)) is not None:
            return found
        if (found := _climb(second, end, lambda number: number + step)) is not None:
            return found
    raise ConfigError(f"{first},{second},... comes to {end} neither by the same factor nor by the same step")


def _climb(start: int, end: int, onward: Callable[[int], int]) -> list[int] | None:
    """The numbers between ``start`` and ``end`` that ``onward`` passes; None where it misses ``end``.

    No more than a list may have, and one: the caller refuses those.
    """
    found: list[int] = []
    number = onward(start)
    while number < end and len(found) <= LONGEST:
        found.append(number)
        number = onward(number)
    return found if number == end or len(found) > LONGEST else None
