"""Opening and locking files, and what their troubles are called.

The lock is ``flock`` on the open file: the kernel lets it go with the process, however that ends, so that no stale
lock is ever left behind.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from scraper.errors import ConfigError, StoreError

__all__ = [
    "STDOUT",
    "check_place",
    "exists_already",
    "is_stream",
    "open_locked",
    "remove_stale",
    "replacement",
    "rewrite",
    "sync_folder",
    "trouble",
]

STDOUT = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
"""Names that mean the standard output."""

_FULL = "the disk is full, or a limit on file sizes is reached: make room"
_FORBIDDEN = "it may not be written: check its permissions and its folder's"
_TROUBLE = {
    errno.ENOENT: "its folder does not exist: create it first",
    errno.ENOTDIR: "its folder is no folder",
    errno.EISDIR: "it is a folder: name a file in it",
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: "its file system is read-only",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.ENAMETOOLONG: "its name is too long",
}


def trouble(name: str, error: OSError) -> StoreError:
    """The one message for ``error``, met at the file ``name``; raise it ``from error``."""
    if error.errno == errno.ENOENT and Path(name).resolve().parent.is_dir():
        return StoreError(f"{name}: it cannot be created: {error.strerror}")
    name = "standard output" if name in STDOUT else name
    return StoreError(f"{name}: {_TROUBLE.get(error.errno or 0, error.strerror or str(error))}")


def exists_already(name: str, *, resumable: bool) -> ConfigError:
    """What to say when a crawl would be written over an earlier one.

    :param resumable: whether it could be gone on with.
    """
    return ConfigError(f"{name} already exists: {'add --resume to go on with it, or ' * resumable}name another file")


def check_place(name: str) -> None:
    """Whether a file could have this ``name``, as far as that is seen without opening it.

    :raises ConfigError: for a folder, and for a file in a folder that is not there.
    """
    path = Path(name)
    if path.is_dir():
        raise ConfigError(f"{name}: {_TROUBLE[errno.EISDIR]}")
    if not path.parent.is_dir():
        raise ConfigError(f"{name}: {_TROUBLE[errno.ENOTDIR if path.parent.exists() else errno.ENOENT]}")


def is_stream(name: str) -> bool:
    """Whether ``name`` is written as a stream: the standard output, a pipe, a device. No lock, no reading back."""
    if name in STDOUT:
        return True
    try:
        mode = Path(name).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def open_locked(name: str, what: str, flags: int = 0) -> int:
    """A descriptor of the regular file ``name``, made if need be, for reading and writing, locked for us alone.

    :param what: what the user calls the file that is guarded; for the message.
    :param flags: further ones of open(2).
    :raises StoreError: when it cannot be opened, or is locked by another process.
    """
    while True:
        try:
            fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o666)
        except OSError as error:
            raise trouble(what, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _still(name, fd):
                return fd
        except BlockingIOError as error:
            message = f"{what} is in use by another process{_holder(fd)}: wait for it, or name another file"
            os.close(fd)
            raise StoreError(message) from error
        except OSError as error:
            os.close(fd)
            raise trouble(what, error) from error
        os.close(fd)


def _still(name: str, fd: int) -> bool:
    """Whether ``name`` is still the file behind ``fd``: it may have been replaced before we got the lock."""
    try:
        return os.path.samestat(os.stat(name), os.fstat(fd))  # noqa: PTH116 - beside fstat
    except FileNotFoundError:
        return False


def _holder(fd: int) -> str:
    """`` (pid N)`` where the kernel tells who holds the lock on ``fd``: proc(5), /proc/locks."""
    about = os.fstat(fd)
    place = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return ""
    for fields in map(str.split, lines):
        if fields[1] == "FLOCK" and place in fields and int(fields[4]) > 0:
            return f" (pid {fields[4]})"
    return ""


def rewrite(name: str, fd: int, change: Callable[[bytes], bytes]) -> None:
    """Replace the locked file ``name``, open as ``fd``, by itself with ``change`` applied to each line.

    :raises StoreError: when the new file cannot be written; the old one stands.
    """
    with replacement(name, fd) as new, Path(name).open("rb") as old, open(new, "wb", closefd=False) as file:
        file.writelines(map(change, old))
        file.flush()
    os.close(new)


@contextlib.contextmanager
def replacement(name: str, fd: int) -> Iterator[int]:
    """A new file, locked, that takes the place of the locked file ``name``, open as ``fd``, when the block ends well.

    It is written beside the old one and takes its place in one step; before that, nothing has happened. Nobody can
    lock the old one in between and write: :func:`open_locked` sees that it is gone. A name that is a symbolic link
    stays one. The new descriptor is the caller's afterwards; the old one was so all the time.

    :raises StoreError: when the new file cannot be written; the old one stands.
    """
    path, temporary = Path(name).resolve(), _temporary(name)
    try:
        remove_stale(name)
        new = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise trouble(name, error) from error
    try:
        fcntl.flock(new, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(new, stat.S_IMODE(os.fstat(fd).st_mode))
        yield new
        os.fsync(new)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        os.close(new)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise trouble(name, error) from error
        raise


def remove_stale(name: str) -> None:
    """Remove what a process that was killed in :func:`replacement` left behind; only for the holder of the lock."""
    _temporary(name).unlink(missing_ok=True)


def _temporary(name: str) -> Path:
    path = Path(name).resolve()
    return path.with_name(f".{path.name}.rewriting")


def sync_folder(folder: Path) -> None:
    """Make a renaming in ``folder`` durable: fsync(2) says that a file's own fsync does not."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
