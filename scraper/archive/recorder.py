"""A backend around a backend, which keeps what the fetches bring."""

from __future__ import annotations

import msgspec

from scraper.archive.writing import Writer
from scraper.backends import create
from scraper.backends.base import Around, Backend
from scraper.evidence import EXCHANGE
from scraper.model import Fetched, Outcome, Request
from scraper.settings import Settings

__all__ = ["Recorder"]


class Recorder(Around):
    """Lets ``backend`` do the work, and writes down every outcome, in the order of their arrival.

    Retries, redirects, robots files and sitemaps are in it too. What it gives on is what ``backend`` would have given
    without it. Both are its own: :meth:`close` closes them.

    :raises StoreError: from :meth:`collect` and :meth:`close`, when the disk refuses.
    """

    def __init__(self, backend: Backend, writer: Writer) -> None:
        super().__init__(backend)
        self._writer = writer
        self._asked: dict[str, Request] = {}

    @classmethod
    def around(cls, name: str, settings: Settings, writer: Writer) -> Recorder:
        """Record what the backend called ``name`` fetches.

        :raises ConfigError: as :func:`scraper.backends.create`; the writer is closed then.
        """
        try:
            return cls(create(name, settings), writer)
        except BaseException:
            writer.close()
            raise

    def submit(self, request: Request) -> None:
        self._asked[request.url] = request
        self.inner.submit(msgspec.structs.replace(request, wants=request.wants | EXCHANGE))

    def collect(self, timeout: float) -> list[Outcome]:
        outcomes = self.inner.collect(timeout)
        self._writer.write(outcomes)
        return [self._plain(outcome) for outcome in outcomes]

    def close(self) -> None:
        try:
            self.inner.close()
        finally:
            self._writer.close()

    def _plain(self, outcome: Outcome) -> Outcome:
        """The outcome as it would be if nobody had wanted more."""
        request = self._asked.pop(outcome.url)
        if isinstance(outcome, Fetched) and not request.wants & EXCHANGE:
            return msgspec.structs.replace(outcome, request=request, exchange=None)
        return msgspec.structs.replace(outcome, request=request)
