"""What bounds a crawl: a table of rules, of which the first that speaks is right."""

from __future__ import annotations

from collections.abc import Callable

from scraper.bounds.model import BEYOND_ONE, Bound, Finding, Load
from scraper.bounds.words import clamped, percent, rate, seconds

__all__ = ["judge"]

_REACHED = 0.85
"""Of a ceiling, what counts as reached: the rest is what a crawl loses at its begin and end, and by chance. The same
share of a core counts as a full one: a loop that is busier than that makes answers wait noticeably (a queue with one
server that is used to 85 % holds six on average)."""
_SPARE = 0.5
"""Cores that are idle, at least, for threads to be said to wait for the lock and not for a core."""
_LOCKED = 0.25
"""Of the time of parsing, what is waited for the lock, for it to be the bound: one thread among few waits some 5 %,
as long as the lock is free; where it never is, two threads wait half of their time and more."""
_ONE = 0.6
"""Cores that a process held by the lock uses at least: who waits for it waits for somebody who runs, less what handing
it over takes."""
_TAKEN = 0.25
"""Of the cores in use, what the local server takes, for it to be the one that the crawl needed."""
_LATE = 0.25
_LATE_SECONDS = 0.005
"""A server is late when it is so by a quarter of its time, and by more than timers and a shared machine make of it."""
_QUEUED = 0.4
"""Of the time of a page, what it spends in queues, for them to be the bound."""
_MOST = 0.5
"""Of the time of a page, what the server takes, to be worth more requests in flight though no ceiling is reached."""


def judge(load: Load) -> Finding:
    """What keeps the crawl of ``load`` from being faster: the first of the rules that speaks."""
    for rule in _RULES:
        finding = rule(load)
        if finding is not None:
            return finding
    theirs = load.rate / load.ceiling
    text = f"nothing stands out: {_in_use(load)}, and {percent(theirs)} of a page's time is the server's"
    return Finding(Bound.UNKNOWN, clamped(max(load.full, theirs)), text)


def _politeness(load: Load) -> Finding | None:
    """Before the network: where both are reached, more in flight would not help."""
    if load.admitted is None or load.rate < _REACHED * load.admitted or load.admitted > load.ceiling:
        return None
    share = load.rate / load.admitted
    text = f"politeness admits {rate(load.admitted)} pages/s, and {percent(share)} of that is reached"
    return Finding(Bound.POLITENESS, clamped(share), text)


def _network(load: Load) -> Finding | None:
    """Little's law: places / latency is the most there can be."""
    ceiling = load.ceiling
    if load.rate < _REACHED * ceiling:
        return None
    share = load.rate / ceiling
    most = f"{load.places} in flight / {seconds(load.server)} = {rate(ceiling)} pages/s at most"
    return Finding(Bound.NETWORK, clamped(share), f"{most}, and {percent(share)} of that is reached")


def _server_on_our_cores(load: Load) -> Finding | None:
    theirs = load.server_cpu * load.rate
    both = load.used + theirs
    if both < _REACHED * load.cores or theirs < _TAKEN * both or load.full >= _REACHED:
        return None
    text = f"crawl and local server fill the machine: the server takes {theirs:.2f} of the {both:.2f} cores in use"
    return Finding(Bound.SERVER, clamped(theirs / load.cores), text)


def _lock(load: Load) -> Finding | None:
    if load.lock is None or load.parsers <= load.processes or load.parse <= 0:
        return None
    share, idle = load.lock / load.parse, load.cores - load.used - load.server_cpu * load.rate
    if share < _LOCKED or idle < _SPARE or load.used > BEYOND_ONE * load.processes:
        return None
    if load.used < _ONE * load.processes:
        return None
    where = "threads" if load.processes == 1 else f"the threads of {load.processes} processes"
    text = f"{where} wait {percent(share)} of their parsing time for the interpreter's lock"
    return Finding(Bound.GIL, clamped(share), f"{text}, and {idle:.1f} of {load.cores} cores are idle")


def _core(load: Load) -> Finding | None:
    ours = load.reach
    machine = (load.used + load.server_cpu * load.rate) / load.cores
    if load.full >= _REACHED:
        return _computing(load, "one core is full" if ours == 1 else f"{ours} cores are full")
    if machine < _REACHED or load.full < _MOST:
        return None
    cores = "its one core" if load.cores == 1 else f"its {load.cores} cores"
    return _computing(load, f"the machine is full, and the crawl has {load.used:.1f} of {cores}")


def _loop(load: Load) -> Finding | None:
    """On event loops pages wait for the loop, and for nobody else: it is at work, or others have its core."""
    if load.parsers > load.processes or load.places <= load.processes:
        return None
    if not _is_waiting(load) or load.full < _MOST:
        return None
    loops = "an event loop that works" if load.reach == 1 else "event loops that work"
    return _computing(load, f"pages wait {seconds(load.waited)} for {loops} {percent(load.full)} of the time")


def _computing(load: Load, what: str) -> Finding:
    parsing = _parsing(load)
    bound = Bound.PARSE if parsing is not None and parsing > 0.5 else Bound.CORE
    rest = "" if parsing is None else f", {percent(parsing)} of it parsing"
    return Finding(bound, clamped(load.full), f"{what}: {seconds(load.cpu)} of CPU a page{rest}")


def _held(load: Load) -> Finding | None:
    """A function that waits on an event loop lets all else wait with it; on threads it only takes its place."""
    share = load.parse * load.rate / load.processes
    if load.parsers > load.processes or share < _REACHED:
        return None
    text = f"a parse takes {seconds(load.parse)} and holds up all others: {percent(share)} of the time"
    return Finding(Bound.PARSE, clamped(share), text + _without_core(load))


def _late_server(load: Load) -> Finding | None:
    if load.late < max(_LATE * load.server, _LATE_SECONDS):
        return None
    share = load.late / (load.server + load.late)
    text = f"the local server answers up to {seconds(load.late)} later than the {seconds(load.server)} it should take"
    return Finding(Bound.SERVER, clamped(share), text)


def _queues(load: Load) -> Finding | None:
    """Where one process does all by itself, nothing is handed over."""
    if not _is_waiting(load) or (load.processes == 1 and load.parsers == 1):
        return None
    share = load.waited / _whole(load)
    text = f"a page waits {seconds(load.waited)} in queues, {percent(share)} of its time, and only {_in_use(load)}"
    return Finding(Bound.QUEUE, clamped(share), text)


def _is_waiting(load: Load) -> bool:
    return load.waited > 0 and load.waited >= _QUEUED * _whole(load)


def _whole(load: Load) -> float:
    """The time of a page."""
    return load.waited + load.server + load.parse


def _servers_time(load: Load) -> Finding | None:
    """No ceiling is reached, but a place spends most of its time with the server: one after the other, above all."""
    share = load.rate / load.ceiling
    if share < _MOST:
        return None
    text = f"of the time of a page {percent(share)} is the server's: {seconds(load.server)}"
    return Finding(Bound.NETWORK, clamped(share), text)


def _parses_time(load: Load) -> Finding | None:
    """As above, with the parse: where it waits for the user's own servers, no core is full by it."""
    share = load.parse * load.rate / load.places
    if share < _MOST:
        return None
    text = f"of the time of a page {percent(share)} is its parse: {seconds(load.parse)}"
    return Finding(Bound.PARSE, clamped(share), text + _without_core(load))


_RULES: tuple[Callable[[Load], Finding | None], ...] = (
    _politeness,
    _network,
    _server_on_our_cores,
    _lock,
    _core,
    _held,
    _late_server,
    _loop,
    _queues,
    _servers_time,
    _parses_time,
)
"""In order: promises and physics first, then who has the cores, then what is left when no core is full."""


def _without_core(load: Load) -> str:
    return f", {seconds(load.idle_parse)} of it without the CPU" if load.idle_parse > 0 else ""


def _parsing(load: Load) -> float | None:
    """The share of the CPU that goes to parsing; None where it cannot be told from waiting for the lock."""
    if load.parse_cpu is None and load.parsers > load.processes:
        return None
    spent = load.parse if load.parse_cpu is None else load.parse_cpu
    return min(1.0, spent / load.cpu) if load.cpu > 0 else 0.0


def _in_use(load: Load) -> str:
    return f"{percent(load.full)} of " + ("one core is in use" if load.reach == 1 else f"{load.reach} cores are in use")
