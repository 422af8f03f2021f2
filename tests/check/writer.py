"""A process that writes a history until it is killed: ``python -m tests.check.writer FILE SEED [SQL NUMBER]``.

It prints the target and the time of each result once that is committed, a group a line. With ``SQL`` it kills itself
before the so-manieth statement that begins so.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys

from scraper.check.health import Change
from scraper.check.history.retention import Retention
from scraper.check.history.store import Committed, History
from scraper.check.model import Target
from scraper.check.notices.notice import State, Told
from tests.check.examples import BEGIN, stream, targets

TARGETS = 20


def say(group: Committed) -> None:
    print(*(f"{result.target.key}@{round(result.at * 1000)}" for result in group.results), flush=True)


def tell(change: Change, about: Target) -> list[str]:
    return ["hook"]


def kill_before(history: History, sql: str, number: int) -> None:
    left = number

    def look(statement: str) -> None:
        nonlocal left
        left -= statement.startswith(sql)
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    history._database.set_trace_callback(look)


def main(path: str, seed: str, sql: str | None = None, number: str = "1") -> None:
    chance = random.Random(f"{path}{seed}")
    over = targets(TARGETS)
    # some groups by their size, some by time, and roll-ups that begin and go all the time
    retention = Retention(raw=86_400.0, hourly=3 * 86_400.0)
    history = History(path, over, committed=say, tell=tell, retention=retention)
    if sql is not None:
        kill_before(history, sql, int(number))
    last = max(history.last_checked().values(), default=0.0)
    results = itertools.dropwhile(lambda each: each.due <= last, stream(over, int(seed), every=900.0))
    while True:
        history.write(list(itertools.islice(results, chance.randrange(1, 60))))
        if chance.random() < 0.5:
            history.commit()
        for (notice,) in history.hand_out(BEGIN * 2, ["hook"], {}):
            history.told([Told(notice.id, State.SENT, notice.change.at)])


if __name__ == "__main__":
    main(*sys.argv[1:])
