"""The file of a recording, while it is written.

Each record is a gzip member of its own, written whole and at once at the end of the file, as soon as the fetch is over:
a process that is killed leaves at most one that is torn, which whoever reads sees (:mod:`scraper.archive.reading`), and
which the next one that goes on with the file cuts off. The store is written later, so that a recording holds what the
store holds. The disk is waited for at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from scraper.archive.about import About
from scraper.archive.reading import scan
from scraper.archive.records import info_record, record_of
from scraper.errors import ConfigError
from scraper.model import Outcome
from scraper.store.files import check_place, exists_already, is_stream, open_locked, trouble
from scraper.store.sink import FileSink

__all__ = ["ENDING", "Writer", "check_recording"]

ENDING = ".warc.gz"
"""How the name of a recording ends, so that other tools know it."""


class Writer:
    """Writes outcomes with their exchanges to the recording at ``path``; one process at a time does.

    :param about: what the crawl is, for the first record.
    :param resume: go on with the file if it is there.
    :ivar cut: bytes of a torn record at the end, which were cut off.
    :raises ConfigError: when the file holds something and ``resume`` was not said, or holds no recording.
    :raises StoreError: when it cannot be opened, or is in use.
    """

    def __init__(self, path: str | Path, about: About, *, resume: bool = False) -> None:
        self.name = str(path)
        check_recording(self.name, resume=resume)
        fd = open_locked(self.name, self.name)
        try:
            self.cut = _made_sound(self.name, fd, resume)
            self._sink = FileSink(fd, self.name, os.fstat(fd).st_size)
            self._put([info_record(about)])
        except BaseException:
            os.close(fd)
            raise
        self._open = True

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Append a record for each of ``outcomes`` of which there is something to keep.

        :raises StoreError: when the disk refuses; what was written before stands.
        """
        records = [record for outcome in outcomes if (record := record_of(outcome)) is not None]
        if records:
            self._put(records)

    def close(self) -> None:
        """Wait for the disk, and let the file go; may be called twice."""
        if not self._open:
            return
        self._open = False
        try:
            self._sink.finish()
        finally:
            self._sink.close()

    def _put(self, records: list[bytes]) -> None:
        self._sink.put(b"".join(records), len(records))
        self._sink.flush()


def check_recording(name: str, *, resume: bool) -> None:
    """Whether a recording can be written to ``name``, as far as that is seen without opening it.

    :raises ConfigError: when it cannot, or would overwrite something.
    """
    if not name.endswith(ENDING) or is_stream(name):
        raise ConfigError(f"{name}: a recording is a file whose name ends in {ENDING}")
    check_place(name)
    if not resume and Path(name).is_file() and Path(name).stat().st_size > 0:
        raise exists_already(name, resumable=True)


def _made_sound(name: str, fd: int, resume: bool) -> int:
    """Cut off what is torn at the end of the file; how many bytes that was."""
    size = os.fstat(fd).st_size
    if not size:
        return 0
    if not resume:
        raise exists_already(name, resumable=True)
    found = scan(name)
    if not found.packed:
        raise ConfigError(f"{name} is not compressed, and what is recorded now would be: name another file")
    try:
        os.ftruncate(fd, found.end)
    except OSError as error:
        raise trouble(name, error) from error
    return size - found.end
