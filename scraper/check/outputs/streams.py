"""Outputs for programs: a record a result, written as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scraper.check.model import Result
from scraper.check.outputs.base import Summary, open_sink
from scraper.check.record import CertificateRecord, CheckRecord, record_of
from scraper.printing import escaped, on_its_line
from scraper.store.exports import JsonArray, cell, rows
from scraper.store.record import encode

__all__ = ["CsvOutput", "JsonOutput", "JsonlOutput"]


class _Stream:
    """Records one after the other; a subclass says what one looks like."""

    head = b""
    tail = b""

    def __init__(self, file: str | None) -> None:
        self._sink = open_sink(file, self.tail)
        self._open, self._empty = True, True
        try:
            self._sink.put(self.head, 0)
            self._sink.flush()
        except BaseException:
            self._sink.close()
            raise

    def write(self, results: Sequence[Result]) -> None:
        """See :class:`scraper.check.outputs.base.Output`."""
        if results:
            self._empty = False
            self._sink.put(self._lines([record_of(each) for each in results]), len(results))
        self._sink.tick()

    def close(self, summary: Summary | None = None) -> None:
        """See :class:`scraper.check.outputs.base.Output`; there is no summary among records."""
        if not self._open:
            return
        self._open = False
        try:
            if summary is not None or not self._empty:  # an older report says more than what broke off at once
                self._sink.finish()
        finally:
            self._sink.close()

    def abandon(self) -> None:
        """See :class:`scraper.check.outputs.base.Output`."""
        self._open = False
        self._sink.close()

    def _lines(self, records: Sequence[CheckRecord]) -> bytes:
        raise NotImplementedError

    def _shown(self, json: bytes) -> bytes:
        """``json``, each record on its line; what a terminal could obey is escaped where one sees it."""
        return escaped(json) if self._sink.terminal else on_its_line(json)


class JsonlOutput(_Stream):
    """A JSON object a line; the fields are those of :class:`scraper.check.record.CheckRecord`."""

    def _lines(self, records: Sequence[CheckRecord]) -> bytes:
        return self._shown(b"".join(encode(record) + b"\n" for record in records))


class JsonOutput(JsonArray, _Stream):
    """One JSON array, an object a line. It is whole at its end."""

    def _lines(self, records: Sequence[CheckRecord]) -> bytes:
        return self._shown(self._next(records))


class CsvOutput(_Stream):
    """One row a result, RFC 4180; of the tries the numbers only. No cell is run as a formula."""

    COLUMNS = (
        *("url", "name", "group", "place", "verdict", "reason", "detail", "status", "final_url", "redirects"),
        *("attempts", "failed_attempts", "server_ms", "waited_ms", "own_ms", "dns_ms", "connect_ms", "tls_ms"),
        *("first_byte_ms", "body_ms", "address", "http", "certificate_subject", "certificate_issuer"),
        *("certificate_not_after", "certificate_days_left", "certificate_trouble", "checked_at"),
    )

    head = (",".join(COLUMNS) + "\r\n").encode()

    def _lines(self, records: Sequence[CheckRecord]) -> bytes:
        return rows(map(_cells, records))


def _cells(record: CheckRecord) -> list[Any]:
    texts = (record.url, record.name, record.group, record.place, record.verdict.value, record.reason, record.detail)
    phases = record.phases
    return [
        *map(cell, texts),
        record.status,
        cell(record.final_url),
        record.redirects,
        record.attempts,
        record.failed_attempts,
        record.server_ms,
        *(phases.waited, phases.own, phases.dns, phases.connect, phases.tls, phases.first_byte, phases.body),
        cell(record.address),
        cell(record.http),
        *_certificate_cells(record.certificate),
        record.checked_at,
    ]


def _certificate_cells(shown: CertificateRecord | None) -> list[Any]:
    if shown is None:
        return [None] * 5
    return [cell(shown.subject), cell(shown.issuer), shown.not_after, shown.days_left, cell(shown.trouble)]
