"""What a row of the table is, and the words that rows are written in."""

from __future__ import annotations

import functools
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from tests.server import Behaviour, ScriptedServer, close, ok, pack, raw

__all__ = [
    "CERTS",
    "GZIP",
    "HELLO",
    "HTML",
    "OK",
    "Place",
    "Row",
    "Rows",
    "encoded",
    "greeting",
    "head",
    "here",
    "html",
    "in_chunks",
    "kept",
    "later",
    "own",
    "plain",
    "row",
    "tls",
    "typed",
    "with_length",
]

CERTS = Path(__file__).parents[1] / "fetch" / "certs"

Place: TypeAlias = Callable[[], ScriptedServer]
"""Makes the server that a row is on. Rows with the same place share one server in a run."""


def plain() -> ScriptedServer:
    """The HTTP server that most rows share."""
    return ScriptedServer()


@dataclass(frozen=True)
class Row:
    """One misbehaviour and what must come of it.

    :ivar behaviour: what the server does when the row's URL is asked for; None where nobody is asked.
    :ivar word: the status, the reason of the failure, or ``refused: `` and the reason.
    :ivar facts: what else must be so; see :func:`tests.behaviours.stage.facts_of`. URLs stand without the server's
        own origin.
    :ivar place: where the row's URL is.
    :ivar more: further paths of that server that have a record, each as a row of its own; only seeds where they say so.
    :ivar scripts: further paths that are served and have no record.
    :ivar url: a URL that is on none of our servers.
    :ivar host: the name that the server is asked under, where it is not that of the row or 127.0.0.1; ``scheme`` where
        it is not the one that the server speaks.
    :ivar seed: whether the URL is given to the crawl, or must be found by it.
    :ivar mannered: whether the row is about robots files, sitemaps or what pages ask of robots: such rows are in a
        crawl that minds them, and goes to where the seeds lead.
    :ivar times: how many records there are; one of every page.
    """

    behaviour: Behaviour | None
    word: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    place: Place = plain
    more: Mapping[str, Row] = field(default_factory=dict)
    scripts: Mapping[str, Behaviour] = field(default_factory=dict)
    url: str | None = None
    host: str | None = None
    scheme: str | None = None
    seed: bool = True
    mannered: bool = False
    times: int = 1

    @property
    def hasty(self) -> bool:
        """Whether the row is about a limit of time, and so is run under short ones."""
        return self.word == "timeout" or any(part.hasty for part in self.more.values())


Rows: TypeAlias = dict[str, Row]


def row(
    behaviour: Behaviour | None,
    word: str,
    *,
    place: Place = plain,
    more: Mapping[str, Row] | None = None,
    scripts: Mapping[str, Behaviour] | None = None,
    url: str | None = None,
    host: str | None = None,
    scheme: str | None = None,
    seed: bool = True,
    mannered: bool = False,
    times: int = 1,
    **facts: Any,
) -> Row:
    """A row; the other keywords are facts."""
    return Row(behaviour, word, facts, place, more or {}, scripts or {}, url, host, scheme, seed, mannered, times)


def own() -> Place:
    """A server for one row alone, with a port and so a politeness of its own."""
    return lambda: ScriptedServer()


def tls(certificate: str) -> Place:
    """An HTTPS server; with the same certificate the same one."""
    return _TLS.setdefault(certificate, functools.partial(_tls_server, certificate))


def greeting(data: bytes) -> Place:
    """A server that says ``data`` to whatever comes, asked by HTTPS."""
    return lambda: ScriptedServer(greeting=data)


def _tls_server(certificate: str) -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / certificate)
    return ScriptedServer(context)


_TLS: dict[str, Place] = {}

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = b"<title>hello</title>"
"""20 bytes; where a row admits them they must come whole."""
HTML = HELLO * 50
GZIP = pack("gzip", HTML)


def head(*lines: str | bytes, body: bytes = HELLO, status: bytes = OK) -> Behaviour:
    """A status line, header lines and a body that ends with the connection."""
    block = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines)
    return close(status + block + b"\r\n" + body)


def with_length(value: str, body: bytes = HELLO) -> Behaviour:
    """``body`` with a Content-Length of ``value``, then a close."""
    return head(f"Content-Length: {value}", body=body)


def in_chunks(body: bytes, *lines: str) -> Behaviour:
    """``body`` as it stands behind ``Transfer-Encoding: chunked``, then a close."""
    return head("Transfer-Encoding: chunked", *lines, body=body)


def encoded(coding: str, body: bytes = HTML, code: str = "200 OK") -> Behaviour:
    """A whole answer whose body is said to be in ``coding``."""
    return ok(body, f"Content-Encoding: {coding}\r\nContent-Type: text/html\r\n", code=code)


def html(markup: str | bytes, *headers: str) -> Behaviour:
    """A whole HTML page of which nothing says the encoding."""
    return typed("text/html", markup, *headers)


def typed(content_type: str, body: str | bytes, *headers: str) -> Behaviour:
    """A whole answer with this Content-Type."""
    data = body.encode() if isinstance(body, str) else body
    return ok(data, "".join(f"{line}\r\n" for line in (f"Content-Type: {content_type}", *headers)))


def here(make: Callable[[str], Behaviour]) -> Behaviour:
    """A behaviour that must know the host and port it is asked under."""

    def behave(connection: socket.socket) -> bool:
        return make(f"127.0.0.1:{connection.getsockname()[1]}")(connection)

    return behave


def later(make: Callable[[], Behaviour]) -> Behaviour:
    """A behaviour that is made when it is first asked for, since it is large."""
    made = functools.cache(make)
    return lambda connection: made()(connection)


def kept(data: bytes) -> Behaviour:
    """``data`` as it stands, the connection being kept."""
    return raw(data, keep=True)
