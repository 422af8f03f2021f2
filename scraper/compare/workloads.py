"""Ten workloads with names, each an example of what keeps a crawl from being faster."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from scraper.compare.model import Workload
from scraper.errors import ConfigError

__all__ = ["WORKLOADS", "chosen"]

_DOUBLING = (1, 2, 4, 8, 16, 32, 64)

WORKLOADS: tuple[Workload, ...] = (
    Workload(
        name="latency",
        about="Many hosts that take their time: the crawl waits for the network, and next to nothing else.",
        fixture="web:hosts=20,pages=2000,latency=lognormal(80ms,0.25)",
        concurrency=_DOUBLING,
    ),
    Workload(
        name="near",
        about="Servers that answer at once: what is left is the work of crawling itself.",
        fixture="web:hosts=20,pages=2000,latency=0ms",
    ),
    Workload(
        name="parse",
        about="Pages read by BeautifulSoup, in pure Python: parsing is nearly all of the work.",
        fixture="web:hosts=20,pages=400,latency=10ms",
        options={"parser": "soup"},
        concurrency=(16,),
    ),
    Workload(
        name="function",
        about="A function of one's own that computes for 5 ms in Python, and holds the interpreter's lock.",
        fixture="web:hosts=20,pages=800,latency=10ms",
        options={"parse": "scraper.compare.functions:held"},
        concurrency=(16,),
    ),
    Workload(
        name="released",
        about="A function of one's own that computes for 5 ms in C, and lets others have the lock meanwhile.",
        fixture="web:hosts=20,pages=800,latency=10ms",
        options={"parse": "scraper.compare.functions:released"},
        concurrency=(16,),
    ),
    Workload(
        name="waits",
        about="A function of one's own that waits 20 ms for another service: an event loop waits with it.",
        fixture="web:hosts=20,pages=1500,latency=10ms",
        options={"parse": "scraper.compare.functions:waits"},
        concurrency=(16,),
    ),
    Workload(
        name="mixed",
        about="Servers that take 40 ms, and a function that computes for 2 ms: first the one bounds, then the other.",
        fixture="web:hosts=20,pages=1500,latency=lognormal(40ms,0.25)",
        options={"parse": "scraper.compare.functions:a_little"},
        concurrency=(4, 16, 64),
    ),
    Workload(
        name="one-host",
        about="A single host, which is asked for four pages at a time: more workers have nothing to do.",
        fixture="web:hosts=1,pages=400,latency=50ms",
        options={"per_host": 4},
        concurrency=(16,),
    ),
    Workload(
        name="polite",
        about="A pause of 100 ms between two requests to a host: the promise sets the pace, whoever keeps it.",
        fixture="web:hosts=20,pages=800,latency=20ms",
        options={"delay": 0.1},
        concurrency=(16,),
    ),
    Workload(
        name="large",
        about="Pages of 500 KB: what is moved and read counts more than how often one asks.",
        fixture="web:hosts=20,pages=240,latency=20ms,size=500KB,links=800",
        concurrency=(16,),
    ),
)
"""They are measured on a made-up web of 35 KB and 80 links a page, where they do not say otherwise. Where times vary
they do so by a quarter: a short run waits too long for the last of answers that vary more."""

_BY_NAME = {workload.name: workload for workload in WORKLOADS}


def chosen(names: Iterable[str]) -> list[Workload]:
    """The workloads called ``names``, each once, in that order; ``all`` stands for all of them.

    :raises ConfigError: for a name that none has.
    """
    found: dict[str, Workload] = {}
    for name in names:
        found.update(_BY_NAME if name == "all" else {name: _named(name)})
    return list(found.values())


def _named(name: str) -> Workload:
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name, _BY_NAME, 1)
    advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_BY_NAME)}"
    raise ConfigError(f"there is no workload {name!r}: {advice}")
