"""What a workload's measurements come to in words: who is ahead, why, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scraper.bounds import Bound
from scraper.bounds.words import rate, seconds
from scraper.compare.figures import ratio
from scraper.compare.load import load_of
from scraper.compare.model import Interval, Machine, Row, Run, Verdict, Workload

__all__ = ["load_of", "verdict_of"]

_NEARLY = 1.03
"""A lead that nobody would notice is none, however surely it was measured."""
_ONCE = 1.10
"""Of one round nobody knows how it varies: then a lead is more than a shared machine usually makes."""
_PAYS = 1.10
"""Over sequential, what concurrency must bring to be worth speaking of."""
_SLOW_START = 0.1
"""Seconds of a start that people notice."""
_A_FEW = 10
"""Pages that are done at once, whoever fetches them."""
_FAR = 10
"""Times as many pages as were measured, of which nothing is said."""
_VAGUE = 2.0
"""Between the ends of an interval, what makes a figure none."""
_NAMED = 3
"""URLs, and backends, that are named at most."""


class _Field(NamedTuple):
    """The backends of a workload, each with its fastest row.

    :ivar rows: the fastest first.
    :ivar leads: by backend, how many times faster the first is; :attr:`level` those whom it is not beyond doubt ahead
        of, itself included.
    """

    rows: list[Row]
    leads: dict[str, Interval]
    level: list[Row]

    @property
    def first(self) -> Row:
        return self.rows[0]

    @property
    def behind(self) -> list[Row]:
        """The others, without the sequential one: that it is slower, everybody knows."""
        return [row for row in self.rows if row not in self.level and row.case.backend != "sequential"]

    @property
    def pays(self) -> bool:
        """Whether the fastest is faster than one request after the other."""
        return self.first.speedup is None or self.first.speedup.value >= _PAYS


def verdict_of(workload: Workload, rows: Sequence[Row], runs: Sequence[Run], machine: Machine) -> Verdict:
    """What is to be said of ``workload``; rows and runs of others are passed over."""
    rows = [row for row in rows if row.case.workload == workload.name]
    runs = [run for run in runs if run.case.workload == workload.name]
    if not rows:
        return Verdict(workload.name, None, None, None, ("Nothing was measured.",))
    differing = [run for run in runs if run.different]
    if differing:
        return Verdict(workload.name, None, None, None, tuple(_different(differing)))
    field = _field(rows, runs)
    text = (*_who(field), *_why(field), *_advice(field, machine), *_start(field))
    several = [row for row in field.rows if row.case.backend != "sequential"]
    even = not field.pays or (len(several) > 1 and not field.behind)
    second = field.leads.get(field.rows[1].case.backend) if len(field.rows) > 1 else None
    return Verdict(workload.name, None if even else field.first.case, second, field.first.speedup, text)


def _field(rows: Iterable[Row], runs: Sequence[Run]) -> _Field:
    best: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: -row.rate.value):
        best.setdefault(row.case.backend, row)
    ranked = list(best.values())
    leads = {row.case.backend: _lead(ranked[0], row, runs) for row in ranked[1:]}
    level = [row for row in ranked if row is ranked[0] or not _beyond_doubt(leads[row.case.backend])]
    return _Field(ranked, leads, level)


def _lead(first: Row, other: Row, runs: Sequence[Run]) -> Interval:
    """How many times faster ``first`` is, paired by rounds."""
    ours = {run.round: run.rate for run in runs if run.case == first.case}
    theirs = {run.round: run.rate for run in runs if run.case == other.case}
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        value = first.rate.value / other.rate.value
        return Interval(value, value, value)
    return ratio([ours[number] for number in both], [theirs[number] for number in both])


def _beyond_doubt(lead: Interval) -> bool:
    if lead.low == lead.high:
        return lead.value >= _ONCE
    return lead.low > 1.0 and lead.value >= _NEARLY


def _different(runs: Sequence[Run]) -> Iterator[str]:
    """Which runs had other outcomes, and of what: speed at the price of results is none."""
    worst: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: -run.different):
        worst.setdefault(run.case.name, run)
    for run in list(worst.values())[:_NAMED]:
        some = ", ".join(run.differences[:_NAMED])
        more = f", and {run.different - _NAMED:,} more" if run.different > _NAMED else ""
        yield f"{run.case.name} came to other outcomes than the others, in round {run.round + 1}: {some}{more}."
    yield "Nobody wins: only equal outcomes can be compared."


def _who(field: _Field) -> Iterator[str]:
    first, lead = field.first, field.leads
    rivals = [row for row in field.level if row.case.backend != "sequential"]
    if not field.pays:
        assert first.speedup is not None
        yield f"Concurrency does not pay here: at best it is {_times(first.speedup)} one request at a time."
    elif len(rivals) > 1:
        yield f"{_listed(_names(rivals))} are level, within their intervals: {_figures(first)}."
    else:
        over = [f"{_times(lead[row.case.backend])} {row.case.backend}" for row in field.rows[1:2]]
        over += [f"{_times(first.speedup)} sequential" for _ in over if first.speedup and len(field.rows) > 2]
        yield f"{first.case.backend} is ahead: {_figures(first)}" + (f", {_listed(over)}." if over else ".")
    for row in field.behind if len(rivals) > 1 else ():
        yield f"{row.case.backend} is behind: {_figures(row)}."


def _why(field: _Field) -> Iterator[str]:
    """The finding of the first, and those of others that are kept back by something else."""
    yield _sentence(f"{field.first.case.backend}: {field.first.finding.text}")
    other = [row for row in field.behind if row.finding.bound is not field.first.finding.bound]
    for row in sorted(other, key=lambda row: row.finding.bound is not Bound.GIL)[:_NAMED]:
        text = row.finding.text
        yield _sentence(text if text.startswith(row.case.backend) else f"{row.case.backend}: {text}")


def _advice(field: _Field, machine: Machine) -> Iterator[str]:
    first, bound = field.first, field.first.finding.bound
    if bound is Bound.POLITENESS:
        yield "No backend can be faster than what was promised to the hosts. " + _cheapest(field)
    elif bound is Bound.NETWORK:
        yield "Raise --concurrency: the network is the bound, and no core is." + _besides(field)
    elif bound is Bound.SERVER:
        yield "The local server is the bound: what is faster than it cannot be told apart here."
    elif not field.pays or (len(field.level) > 1 and not field.behind):
        yield _cheapest(field)
    else:
        yield f"Use {_command(first)}{_gain(field)}."
        if bound in (Bound.PARSE, Bound.CORE) and 0 < first.case.workers < machine.cores:
            yield f"More workers may be faster still: there are {machine.cores} cores."


def _besides(field: _Field) -> str:
    return f" {_cheapest(field)}" if len(field.level) > 1 else ""


def _gain(field: _Field) -> str:
    """Over threads, which is what people have; or over whoever comes next."""
    for name in ("threads", *(row.case.backend for row in field.rows[1:])):
        if name in field.leads and field.first.case.backend != name:
            return f": {_times(field.leads[name])} {name}"
    return ""


def _cheapest(field: _Field) -> str:
    """Of those that are level, who needs the least CPU; as far as that differs."""
    by_cost = sorted(field.level, key=_cpu)
    low, high = by_cost[0], by_cost[-1]
    if low is high or _cpu(high) < _NEARLY * _cpu(low):
        return f"Use {_command(low)}."
    costs = f"{seconds(_cpu(low))} of CPU a page, {high.case.backend} {seconds(_cpu(high))}"
    return f"Choose the cheapest: {low.case.backend} takes {costs}."


def _start(field: _Field) -> Iterator[str]:
    """Where the first is overtaken by who starts sooner, in a short crawl.

    Not where they are level, or nearly so: then nobody knows how many pages are few.
    """
    first = field.first
    quickest = min(field.rows, key=lambda row: (row.start, -row.rate.value))
    later = first.start - quickest.start
    if later < _SLOW_START or quickest in field.level:
        return
    lead = field.leads[quickest.case.backend]
    least, pages, most = (later * first.rate.value / (times - 1) for times in (lead.high, lead.value, lead.low))
    if not _A_FEW <= pages <= _FAR * first.pages or most > _VAGUE * least:
        return
    begins = (
        f"{first.case.backend} takes {seconds(first.start)} to start, {quickest.case.backend} {seconds(quickest.start)}"
    )
    yield f"Below {_round(pages):,} pages {quickest.case.backend} is done sooner: {begins}."


def _round(pages: float) -> int:
    """To two figures: the start of a process is not known better."""
    return int(round(pages, 2 - len(str(int(pages)))))


def _figures(row: Row) -> str:
    case = row.case
    places = f"{case.concurrency} requests in flight" if case.concurrency > 1 else "one request at a time"
    workers = f" and {case.workers} workers" if case.workers > 1 else ""
    return f"{rate(row.rate.value)} pages/s with {places}{workers}"


def _command(row: Row) -> str:
    workers = f" with {row.case.workers} workers" if row.case.workers > 1 else ""
    return f"{row.case.backend}{workers}"


def _times(value: Interval) -> str:
    """``1.9 times (1.8 to 2.0)``; of one round there is no interval."""
    digits = 1 if value.value >= 10 else 2
    between = f" ({value.low:.{digits}f} to {value.high:.{digits}f})" if value.low != value.high else ""
    return f"{value.value:.{digits}f} times{between}"


def _names(rows: Iterable[Row]) -> list[str]:
    return [row.case.backend for row in rows]


def _listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _cpu(row: Row) -> float:
    return (row.user + row.system) / max(1, row.pages)
