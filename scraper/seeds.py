"""Where a crawl begins: URLs, list files and standard input, mixed, as people write them.

What one argument means, the first rule that fits:

1. ``-`` is standard input, read as a list.
2. With ``://`` in it, it is a URL.
3. A file of that name is a list. A folder is an error.
4. What looks like a host is a URL: ``example.com/x``, ``localhost:8000``, ``127.0.0.1``, ``[::1]:8080``; but a name
   that ends like a list (``urls.txt``) and does not exist is a missing list, not the host ``urls.txt``.
5. The rest is an error.

A bare host gets ``https://``, or ``http://`` where it is ``localhost`` or an address; lines of a list likewise. A list
has one URL a line; blank lines and ``#`` comments are passed over, also behind a URL; Windows line ends, a byte order
mark and surrounding spaces do not matter. Lists are read line by line, so that only the URLs themselves stay in memory.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from scraper.errors import ConfigError
from scraper.lists import BadText, Text, lines_of
from scraper.url import MAX_LENGTH, canonical

__all__ = ["Seeds", "read_seeds", "seed_url", "suggestion", "texts_of"]

SHOWN = 10
"""Bad lines that a message lists; the others are counted."""

_LIST_ENDINGS = frozenset(
    {".txt", ".csv", ".tsv", ".lst", ".list", ".urls", ".json", ".jsonl", ".xml", ".log", ".toml"}
)
"""Endings of list files that are no top-level domains."""


class Seeds(msgspec.Struct):
    """What was read.

    :ivar urls: canonical, each once, in order.
    :ivar bad: what was passed over as no URL, a message each, at most :data:`SHOWN` of them; ``bad_count`` in all.
    :ivar guessed: bare hosts that got a scheme: the first text with its URL; ``guessed_count`` in all.
    """

    urls: list[str] = []
    bad: list[str] = []
    bad_count: int = 0
    guessed: tuple[str, str] | None = None
    guessed_count: int = 0

    def complaint(self) -> str:
        """The bad lines as one text."""
        more = self.bad_count - len(self.bad)
        return "\n".join([*self.bad, f"... and {more} more"] if more else self.bad)


def read_seeds(arguments: Iterable[str], *, skip_bad: bool = False, stdin: BinaryIO | None = None) -> Seeds:
    """The seeds that the command line's ``arguments`` name.

    :param skip_bad: go on without lines that are no URL; they are in the result.
    :param stdin: what ``-`` reads; the process's own by default.
    :raises ConfigError: for what cannot be read, and for every bad line together.
    """
    seeds = Seeds()
    found: dict[str, None] = {}
    for argument in arguments:
        for text in texts_of(argument, stdin):
            try:
                found[_guess(_alone(text), seeds)] = None
            except BadText as error:
                seeds.bad_count += 1
                if len(seeds.bad) < SHOWN:
                    seeds.bad.append(f"{text.place}: {error}" if text.place else str(error))
    if seeds.bad and not skip_bad:
        raise ConfigError(seeds.complaint())
    seeds.urls = list(found)
    return seeds


def seed_url(text: str) -> str:
    """The canonical URL of one seed as a person writes it: with or without scheme.

    :raises ConfigError: for what is no http(s) URL, or carries a login.
    """
    try:
        return _guess(text, Seeds())
    except BadText as error:
        raise ConfigError(str(error)) from None


def suggestion(text: str) -> str | None:
    """What the writer of ``text`` may have meant: a URL, or None.

    >>> suggestion("htp//x")
    'http://x'
    """
    text = text.strip().strip("\"'<>,;")
    if (match := _SCHEME.match(text)) and (scheme := _near(match[1])):
        text = f"{scheme}://{match[2]}"
    elif "://" not in text:
        text = f"{_scheme_for(text)}://{text}" if _looks_like_host(text) else ""
    if not text or " " in text or _login(text) is not None:
        return None
    return text if canonical(text) else None


def texts_of(argument: str, stdin: BinaryIO | None = None) -> Iterator[Text]:
    """The texts that ``argument`` stands for, by the rules above; blank lines and those of comments are left out.

    :param stdin: what ``-`` reads; the process's own by default.
    :raises ConfigError: for what is no list and no URL, and for a list that cannot be read, or is empty.
    """
    if argument == "-":
        yield from lines_of("standard input", stdin or _stdin())
    elif not argument.strip():
        raise ConfigError("an empty argument is no URL: is a variable not set?")
    elif "://" in argument:
        yield Text("", 0, argument)
    elif (path := Path(argument)).exists():
        yield from _file(path)
    elif _looks_like_host(argument) and not _named_like_list(argument):
        yield Text("", 0, argument)
    else:
        raise ConfigError(_nothing(argument))


def _alone(text: Text) -> str:
    """The URL of an argument or a line, without what is said behind it."""
    if isinstance(text.text, BadText):
        raise text.text
    if not text.name:
        return text.text
    url = _COMMENT.sub("", text.text)
    if found := _CONDITION.search(url):
        raise BadText(
            f"{_shown(found[0].strip())} behind the URL is for scraper check; for a crawl a line holds its URL alone"
        )
    return url


def _stdin() -> BinaryIO:
    if sys.stdin is None:  # closed by whoever started us
        raise ConfigError("standard input is closed: give the URLs, or lead a list there")
    return sys.stdin.buffer


def _file(path: Path) -> Iterator[Text]:
    if path.suffix.lower() == ".toml":
        raise ConfigError(f"{path} is a file of checks, for scraper check and watch; a list has one URL a line")
    if path.is_dir():
        hint = f"; for the site write {suggestion(str(path))}" if suggestion(str(path)) else ""
        raise ConfigError(f"{path} is a folder, not a list of URLs{hint}")
    try:
        with path.open("rb") as file:
            yield from lines_of(str(path), file)
    except OSError as error:
        raise ConfigError(f"cannot read the list {path}: {error.strerror or error}") from error


def _guess(text: str, seeds: Seeds) -> str:
    """The canonical URL of ``text``; a scheme that had to be guessed is noted in ``seeds``."""
    if "://" in text or not _looks_like_host(text):
        return _canonical(text)
    url = _canonical(f"{_scheme_for(text)}://{text}")
    seeds.guessed_count += 1
    seeds.guessed = seeds.guessed or (text, url)
    return url


def _canonical(text: str) -> str:
    login = _login(text)
    if login is not None:
        raise BadText(_login_refused(text, login))
    url = None if _SPACE.search(text) else canonical(text)
    if url is None:
        raise BadText(_why_not(text))
    return url


def _why_not(text: str) -> str:
    if len(text) > MAX_LENGTH:
        return f"{_shown(text)} is longer than {MAX_LENGTH:,} characters"
    meant = suggestion(text)
    if meant is None and _SPACE.search(text):
        return f"{_shown(text)} is no http(s) URL: there is a space in it"
    return f"{_shown(text)} is no http(s) URL" + (f"; did you mean {_shown(meant)}?" if meant else "")


def _login(text: str) -> str | None:
    """The ``user:password`` of a URL, None without."""
    match = None if _ADDRESS.match(text) else _AUTHORITY.match(text)
    login, at, _ = (match[1] if match else "").rpartition("@")
    return login if at else None


def _login_refused(text: str, login: str) -> str:
    """Says where a login belongs, without repeating it."""
    bare = text.replace(f"{login}@", "", 1)
    return (
        f"{_shown(bare)} was given with a login, which would stay in records and links; "
        "give it apart: --auth-file FILE, with user:password in it; in Python auth='user:password'"
    )


def _nothing(argument: str) -> str:
    path = Path(argument)
    meant = None if _named_like_list(argument) else suggestion(argument)
    if meant:
        return f"{_shown(argument)} is neither a URL nor a file; did you mean {_shown(meant)}?"
    near = difflib.get_close_matches(path.name, _names(path.parent), n=1)
    hint = f"; did you mean {path.parent / near[0]}?" if near else ""
    return f"{_shown(argument)} is neither a file nor a URL{hint}"


def _named_like_list(argument: str) -> bool:
    return "/" not in argument and Path(argument).suffix.lower() in _LIST_ENDINGS


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _shown(text: str) -> str:
    """``text`` for a message: quoted, control characters escaped, cut."""
    return repr(text if len(text) <= 80 else text[:77] + "...")


_COMMENT = re.compile(r"(?:^|\s+)#.*\Z", re.DOTALL)
_CONDITION = re.compile(r"\s+[a-z][a-z-]*=\S*")
_SPACE = re.compile(r"\s")
_AUTHORITY = re.compile(r"\s*\w+:[/\\]*([^/?#\\]*)")
_ADDRESS = re.compile(r"\s*mailto:(?!/)", re.IGNORECASE)  # an @, and no login
_SCHEME = re.compile(r"([A-Za-z]{2,7})[:;/\\]+(.+)\Z")
_NAME = r"localhost|[\w-]+(?:\.[\w-]+)*\.[^\W\d_][\w-]*\.?|\d+(?:\.\d+){3}|\[[0-9A-Fa-f:.]+\]"
_HOST = re.compile(rf"(?:{_NAME})(?::\d{{1,5}})?(?:[/?#].*)?\Z")
_NAMED_PORT = re.compile(r"[\w-]+:\d{1,5}(?:[/?#].*)?\Z")


def _looks_like_host(text: str) -> bool:
    """Whether ``text`` begins with a dotted name, ``localhost``, an address, or a name with a port."""
    return bool(_HOST.match(text) or _NAMED_PORT.match(text))


def _scheme_for(host: str) -> str:
    """``http`` for this machine and for addresses, which seldom have certificates; ``https`` for names."""
    name = re.match(r"\[[^\]]*\]|[^:/?#]*", host)
    assert name is not None
    try:
        ipaddress.ip_address(name[0].strip("[]"))
    except ValueError:
        return "http" if name[0] == "localhost" or "." not in name[0] else "https"
    return "http"


def _near(scheme: str) -> str | None:
    """``http`` or ``https`` where ``scheme`` is a slip of the pen."""
    if scheme.lower() in {"ftp", "ftps", "file"}:
        return None
    return next(iter(difflib.get_close_matches(scheme.lower(), ["http", "https"], n=1, cutoff=0.7)), None)
