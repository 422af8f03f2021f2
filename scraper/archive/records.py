"""The records of a recording, as bytes: one gzip member each, which stands and is read by itself.

A ``response`` holds the answer as a whole message: the head byte for byte as it came, and behind it the body. Where the
head announces chunks, the body stands in a single one: where the server had cut it is nobody's business and not kept,
but without any the message would be a broken one, and with another header in place of ``Transfer-Encoding`` the head
would not be the server's. So a replay sends the block as it stands, and every reader of WARC files knows chunks. The
payload digest is that of the stored bytes behind the head, chunk framing included, which is what wget and Heritrix
write and what ``warcio check`` and ``fastwarc check`` expect (ISO 28500, 5.9, leaves it open).

Fetches without a whole answer are ``metadata`` records with the outcome in JSON; the standard has no record for them.

FastWARC makes the records; its compressing stream takes ten times as long as :mod:`zlib` does for a record by itself.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zlib
from datetime import UTC, datetime

import msgspec
from fastwarc.warc import WarcRecord, WarcRecordType

from scraper.archive.about import About
from scraper.fetch.room import room_for
from scraper.model import Exchange, Failed, Fetched, Kind, Outcome, Refused, Request, Timings
from scraper.settings import Limits

__all__ = ["ATTEMPT", "BODY", "KIND", "SERVER", "Trouble", "framed", "info_record", "record_of"]

KIND, ATTEMPT, SERVER, BODY = "Scraper-Kind", "Scraper-Attempt", "Scraper-Server-Us", "Scraper-Body-Us"
"""Fields of our own: what the request was for, which try it was, microseconds until the head and from there to the end
of the body. Readers ignore fields that they do not know (ISO 28500, 4)."""

_LEVEL = 2
"""Of compression: 35 KB of made-up HTML become a fifth. Level 1 spares a tenth of the time and takes 7 % more room; 3
takes 1.4 times as long for 14 % less, and the usual one, 6, 3.5 times as long for 27 % less. Of a page that is all menu
all levels make a seventh, and 6 still takes 2.5 times as long as 2."""

_CHUNKED = re.compile(rb"\ntransfer-encoding:", re.IGNORECASE)
_BARE = re.compile(rb"HTTP/1\.\d (?:204|304)\b")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,18})", re.IGNORECASE)


class Trouble(msgspec.Struct, frozen=True, tag_field="outcome", tag="failed"):
    """Why there is no answer: the block of a ``metadata`` record.

    :ivar reason: the value of a :class:`scraper.model.Reason`.
    """

    reason: str
    detail: str = ""
    refused: bool = False


def info_record(about: About) -> bytes:
    """The first record of a file, or of a further crawl in it."""
    return _packed(WarcRecordType.warcinfo, {}, "application/warc-fields", about.fields())


def record_of(outcome: Outcome) -> bytes | None:
    """The record of a fetch; None where nothing is known of its answer, as of a simulated one."""
    match outcome:
        case Fetched(exchange=Exchange() as exchange):
            return _response(outcome, exchange)
        case Failed(reason=reason, detail=detail) | Refused(reason=reason, detail=detail):
            trouble = Trouble(reason.value, detail, isinstance(outcome, Refused))
            fields = _fields(outcome.request, outcome.at, getattr(outcome, "timings", Timings()))
            return _packed(WarcRecordType.metadata, fields, "application/json", msgspec.json.encode(trouble))
        case _:
            return None


def framed(exchange: Exchange) -> bytes:
    """An answer as a whole message."""
    head, body = exchange.head, exchange.body
    if not _CHUNKED.search(head) or _BARE.match(head):
        return b"%b\r\n\r\n%b" % (head, body)
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return b"%b\r\n\r\n%b0\r\n\r\n" % (head, chunk)


def _response(outcome: Fetched, exchange: Exchange) -> bytes:
    block = framed(exchange)
    payload = hashlib.sha1(memoryview(block)[len(exchange.head) + 4 :], usedforsecurity=False).digest()
    fields = _fields(outcome.request, outcome.at, outcome.timings)
    fields["WARC-Payload-Digest"] = f"sha1:{base64.b32encode(payload).decode()}"
    if outcome.address is not None:
        fields["WARC-IP-Address"] = outcome.address
    if _is_cut(outcome.request, exchange):
        fields["WARC-Truncated"] = "length"
    return _packed(WarcRecordType.response, fields, "application/http; msgtype=response", block)


def _fields(request: Request, at: float, timings: Timings) -> dict[str, str]:
    date = datetime.fromtimestamp(at, UTC)
    return {
        "WARC-Date": f"{date:%Y-%m-%dT%H:%M:%S.%fZ}",
        "WARC-Target-URI": request.url,
        KIND: request.kind.value,
        ATTEMPT: str(request.attempt),
        SERVER: str(timings.server_us),
        BODY: str(timings.body_us),
    }


def _is_cut(request: Request, exchange: Exchange) -> bool:
    """Whether there was more of the body than we take of such a file."""
    if request.kind is Kind.PAGE or len(exchange.body) < room_for(request, Limits()).size:
        return False
    length = _LENGTH.search(exchange.head)
    return length is None or int(length[1]) > len(exchange.body)


def _packed(kind: WarcRecordType, fields: dict[str, str], media_type: str, block: bytes) -> bytes:
    record = WarcRecord()
    record.init_headers(kind)
    for name, value in fields.items():
        record.headers[name] = value
    record.headers["Content-Type"] = media_type
    record.set_bytes_content(block)
    plain = io.BytesIO()
    record.write(plain, checksum_data=True)
    return zlib.compress(plain.getbuffer(), _LEVEL, 31)
