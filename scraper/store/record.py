"""The record: what is kept of one URL, for people and for resuming; ``docs/records.md`` documents every field.

A record is an outcome laid flat. :func:`record_of` and :func:`outcome_of` go both ways; what gets lost on the way is
the time of the fetch below a millisecond, lone surrogates in texts, which UTF-8 cannot hold, and cookies, which are
secrets: a record has no place for them.

A field may be added under the same schema number, with a default. What changes the meaning of a field, or removes
one, raises the number, and files of another number are refused rather than guessed at.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request, Timings
from scraper.printing import utf8

__all__ = [
    "SCHEMA",
    "Record",
    "Times",
    "decode",
    "encode",
    "encode_lines",
    "outcome_of",
    "record_of",
    "url_of",
]

SCHEMA = 1

_NULL = msgspec.Raw(b"null")


class Times(msgspec.Struct, frozen=True, gc=False):
    """:class:`scraper.model.Timings` with names, since people read it: microseconds."""

    waited_us: int = 0
    server_us: int = 0
    body_us: int = 0
    parse_us: int = 0


class Record(msgspec.Struct, frozen=True, gc=False):
    """One final outcome; the fields are documented in ``docs/records.md``.

    :ivar links: None where there was no page to look for links on.
    :ivar data: JSON text; it is not decoded before somebody asks for the outcome.
    :ivar simhash: 16 hexadecimal digits, as ``digest``: of a number of 64 bits, JSON readers keep 53.
    """

    schema: int
    url: str
    outcome: Literal["fetched", "failed", "refused"]
    status: int | None = None
    reason: Reason | None = None
    detail: str | None = None
    title: str | None = None
    depth: int = 0
    via: str | None = None
    location: str | None = None
    attempts: int = 1
    redirects: int = 0
    content_type: str | None = None
    charset: str | None = None
    size: int = 0
    wire: int = 0
    timings: Times = Times()
    fetched_at: float = 0.0
    retry_after: float | None = None
    error: str | None = None
    data: msgspec.Raw = _NULL
    links: tuple[str, ...] | None = None
    kind: Kind = Kind.PAGE
    kinds: str | None = None
    unfollowed: tuple[tuple[str, str], ...] | None = None
    canonical: str | None = None
    robots: str | None = None
    cut: str | None = None
    simhash: str | None = None
    digest: str | None = None
    address: str | None = None


class _Url(msgspec.Struct):
    url: str


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Record)
_URL = msgspec.json.Decoder(_Url)

encode = _ENCODER.encode
"""JSON bytes of a record, or of anything else."""
encode_lines = _ENCODER.encode_lines
"""JSON bytes of several records, each followed by a newline: about 4 µs a page of 70 links."""


def decode(line: bytes) -> Record:
    """The record in a line of JSON.

    :raises msgspec.DecodeError: for what is no JSON, and (as its subclass ``ValidationError``) for what is no record.
    """
    return _DECODER.decode(line)


def url_of(line: bytes) -> str:
    """The URL of the record in a line of JSON, without looking at the rest."""
    return _URL.decode(line).url


def record_of(outcome: Outcome) -> Record:
    """Lay ``outcome`` flat. The hot path: once for every page, 1 to 2 µs."""
    match outcome:
        case Fetched():
            return _fetched(outcome)
        case Failed():
            return _without_answer("failed", outcome, outcome.timings)
        case Refused():
            return _without_answer("refused", outcome, _NO_TIMINGS)


def outcome_of(record: Record) -> Outcome:
    """The outcome that ``record`` was made of."""
    request = Request(record.url, record.depth, record.via, record.kind, record.attempts, record.redirects)
    times, reason = record.timings, record.reason or Reason.INTERNAL
    timings = Timings(times.waited_us, times.server_us, times.body_us, times.parse_us)
    match record.outcome:
        case "fetched":
            return Fetched(
                request=request,
                status=record.status or 0,
                page=_page(record),
                location=record.location,
                retry_after=record.retry_after,
                content_type=record.content_type,
                size=record.size,
                wire=record.wire,
                timings=timings,
                at=record.fetched_at,
                address=record.address,
                digest=_number(record.digest),
            )
        case "failed":
            return Failed(request, reason, record.detail or "", timings, record.fetched_at)
        case "refused":
            return Refused(request, reason, record.detail or "", record.fetched_at)


_NO_TIMINGS = Timings()
_NO_PAGE = Page()


def _fetched(outcome: Fetched) -> Record:
    request, page = outcome.request, outcome.page or _NO_PAGE
    data, error = (_NULL, page.error) if page.data is None else _data(page)
    # By position, in the order of the fields: keywords would double the cost of this call.
    return Record(
        SCHEMA,
        request.url,
        "fetched",
        outcome.status,
        None,
        None,
        utf8(page.title),
        request.depth,
        request.via,
        outcome.location,
        request.attempt,
        request.redirects,
        utf8(outcome.content_type),
        page.charset,
        outcome.size,
        outcome.wire,
        _times(outcome.timings),
        round(outcome.at, 3),
        outcome.retry_after,
        utf8(error),
        data,
        None if outcome.page is None else page.links,
        request.kind,
        page.kinds or None,
        page.others or None,
        page.canonical,
        utf8(page.robots),
        page.cut,
        _digits(page.simhash),
        _digits(outcome.digest),
        outcome.address,
    )


def _without_answer(kind: Literal["failed", "refused"], outcome: Failed | Refused, timings: Timings) -> Record:
    request = outcome.request
    return Record(
        schema=SCHEMA,
        url=request.url,
        outcome=kind,
        reason=outcome.reason,
        detail=utf8(outcome.detail),
        depth=request.depth,
        via=request.via,
        attempts=request.attempt,
        redirects=request.redirects,
        timings=_times(timings),
        fetched_at=round(outcome.at, 3),
        kind=request.kind,
    )


def _page(record: Record) -> Page | None:
    if record.links is None:
        return None
    data: Any = msgspec.json.decode(record.data)
    return Page(
        record.title,
        record.links,
        record.charset,
        data,
        record.error,
        record.kinds or "",
        record.unfollowed or (),
        record.canonical,
        record.robots,
        record.cut,
        _number(record.simhash),
    )


def _times(timings: Timings) -> Times:
    return Times(timings.waited_us, timings.server_us, timings.body_us, timings.parse_us)


def _digits(number: int | None) -> str | None:
    return None if number is None else f"{number:016x}"


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits, 16)


def _data(page: Page) -> tuple[msgspec.Raw, str | None]:
    """The user's data as JSON; data that JSON cannot hold becomes an error of its page, not of the crawl."""
    try:
        return msgspec.Raw(encode(page.data)), page.error
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        return _NULL, f"the data cannot be written as JSON: {error}"
