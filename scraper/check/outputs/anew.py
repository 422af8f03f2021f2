"""Report files, written anew each time: beside the old one, which stays whole until the new one takes its place.

A report is of the last run, so the next run's replaces it, as with other tools of CI. What is no regular file is never
replaced, nor is one that somebody has made read-only, nor a database, which would be a store that was meant.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from scraper.errors import ConfigError
from scraper.store.files import check_place, is_stream, open_locked, sync_folder, trouble
from scraper.store.sink import FileSink

__all__ = ["AnewSink"]

_SQLITE = b"SQLite format 3\0"


class AnewSink(FileSink):
    """A file that appears under its name when it is finished; closed before, it leaves no trace.

    :param name: of a regular file, or of none yet; a symbolic link stays one.
    :param tail: what closes the file.
    :raises ConfigError: for what must not be replaced.
    :raises StoreError: when it cannot be written there, or another process is at it.
    """

    def __init__(self, name: str, tail: bytes = b"") -> None:
        check_place(name)
        self._place = Path(name).resolve()
        _check_old(name, self._place)
        self._beside = self._place.with_name(f".{self._place.name}.writing")
        self._finished = False
        fd = open_locked(str(self._beside), name, os.O_NOFOLLOW)  # in /tmp others may have put a link there
        os.ftruncate(fd, 0)  # of a run that was killed
        with contextlib.suppress(OSError):
            os.fchmod(fd, stat.S_IMODE(self._place.stat().st_mode))
        super().__init__(fd, name, 0, tail)

    def finish(self) -> None:
        """Write what is left, wait for the disk, and take the old file's place; nothing after trouble."""
        if self.broken or self._finished:
            return
        super().finish()
        try:
            self._beside.replace(self._place)
            self._finished = True
            sync_folder(self._place.parent)
        except OSError as error:
            self.broken = True
            raise trouble(self._name, error) from error

    def close(self) -> None:
        """Let the file and its lock go; what is not finished is removed."""
        if self.fd >= 0 and not self._finished:
            with contextlib.suppress(OSError):
                self._beside.unlink(missing_ok=True)
        super().close()


def _check_old(name: str, place: Path) -> None:
    """Whether what is at ``place`` may be replaced."""
    if is_stream(str(place)):
        raise ConfigError(f"{name} is a device or a pipe, and cannot be replaced: name a file")
    try:
        with place.open("rb") as old:
            begin = old.read(len(_SQLITE))
    except FileNotFoundError:
        return
    except OSError as error:
        raise trouble(name, error) from error
    if begin == _SQLITE:
        raise ConfigError(f"{name} is a SQLite file, and no report: name another file, or keep a history with --store")
    if not os.access(place, os.W_OK):
        raise ConfigError(f"{name} is read-only: name another file, or let it be written")
