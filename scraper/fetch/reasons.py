"""Which reason an exception means, whoever raised it: the one table of them, and the text for a person.

The libraries' own errors come to it as they are; :class:`scraper.fetch.FetchError` knows its reason itself.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from scraper.fetch.errors import FetchError
from scraper.fetch.tls import tls_trouble
from scraper.model import Reason

__all__ = ["OURS", "REASONS", "WRAPPERS", "class_name", "detail", "named", "reason_of"]


def reason_of(error: BaseException) -> tuple[Reason, str]:
    """What an exception means, and its text for a person.

    A lack that :data:`OURS` knows is nobody else's fault. A :class:`FetchError` says it itself, and so does
    trouble with certificates. Else the first in the chain of causes that :data:`REASONS` knows decides, from the
    outermost inwards; then the first that :data:`WRAPPERS` knows; all else is a bug of ours.
    """
    chain = list(_chain(error))
    for nested in chain:
        if isinstance(nested, OSError) and nested.errno in OURS:
            return Reason.INTERNAL, OURS[nested.errno]
    for nested in chain:
        if isinstance(nested, FetchError):
            return nested.reason, detail(nested.detail)
    for nested in chain:
        told = tls_trouble(nested)
        if told is not None:
            return Reason.TLS, detail(told)
    for table in (REASONS, WRAPPERS):
        for nested in chain:
            for kind in type(nested).__mro__:
                reason = table.get(class_name(kind))
                if reason is not None:
                    return reason, detail(str(nested) or named(nested))
    return Reason.INTERNAL, detail(named(error))


REASONS = {
    "socket.gaierror": Reason.DNS,
    "ssl.SSLEOFError": Reason.RESET,
    "ssl.SSLZeroReturnError": Reason.RESET,
    "ssl.SSLError": Reason.TLS,
    "builtins.TimeoutError": Reason.TIMEOUT,
    "builtins.ConnectionRefusedError": Reason.CONNECT,
    "builtins.ConnectionError": Reason.RESET,  # reset, aborted, broken pipe
    "builtins.UnicodeError": Reason.URL,  # of the idna codec: a label that no name can have
    "http.client.RemoteDisconnected": Reason.RESET,
    "http.client.IncompleteRead": Reason.RESET,
    "urllib3.exceptions.ProxyError": Reason.PROXY,
    "urllib3.exceptions.LocationValueError": Reason.URL,
    "urllib3.exceptions.NameResolutionError": Reason.DNS,
    "urllib3.exceptions.NewConnectionError": Reason.CONNECT,
    "urllib3.exceptions.TimeoutError": Reason.TIMEOUT,
    "urllib3.exceptions.IncompleteRead": Reason.RESET,
    "urllib3.exceptions.DecodeError": Reason.ENCODING,
    "requests.exceptions.ProxyError": Reason.PROXY,
    "requests.exceptions.Timeout": Reason.TIMEOUT,
    "requests.exceptions.ChunkedEncodingError": Reason.RESET,
    "requests.exceptions.ContentDecodingError": Reason.ENCODING,
    "requests.exceptions.InvalidURL": Reason.URL,
    "requests.exceptions.InvalidSchema": Reason.URL,
    "aiohttp.client_exceptions.ClientProxyConnectionError": Reason.PROXY,
    "aiohttp.client_exceptions.ClientHttpProxyError": Reason.PROXY,
    "aiohttp.client_exceptions.ClientConnectorDNSError": Reason.DNS,
    "aiohttp.client_exceptions.ClientConnectorCertificateError": Reason.TLS,
    "aiohttp.client_exceptions.ServerTimeoutError": Reason.TIMEOUT,
    "aiohttp.client_exceptions.ServerDisconnectedError": Reason.RESET,
    "aiohttp.client_exceptions.ClientPayloadError": Reason.RESET,
    "aiohttp.client_exceptions.ClientResponseError": Reason.PROTOCOL,
    "aiohttp.client_exceptions.InvalidURL": Reason.URL,
}
"""What exceptions mean that know it themselves, by the name of their class or of a base of it. Names, since a crawl
with one library must not load the other."""

WRAPPERS = {
    "urllib3.exceptions.SSLError": Reason.TLS,
    "requests.exceptions.SSLError": Reason.TLS,
    "http.client.HTTPException": Reason.PROTOCOL,
    "urllib3.exceptions.ProtocolError": Reason.PROTOCOL,
    "requests.exceptions.ConnectionError": Reason.CONNECT,
    "aiohttp.client_exceptions.ClientConnectorSSLError": Reason.TLS,
    "aiohttp.client_exceptions.ClientConnectorError": Reason.CONNECT,
    "aiohttp.client_exceptions.ClientOSError": Reason.RESET,
    "aiohttp.client_exceptions.ClientError": Reason.PROTOCOL,
    "requests.exceptions.RequestException": Reason.PROTOCOL,
    "builtins.OSError": Reason.CONNECT,  # network or host unreachable
}
"""What those mean that only wrap another, when there is nothing more telling inside."""

OURS = {
    errno.EMFILE: "this process has too many files open: raise `ulimit -n`, or lower the concurrency",
    errno.ENFILE: "the system has too many files open: lower the concurrency",
}
"""What the system refuses for a lack of our own, whatever it was asked for, with what can be done about it."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"<([\w.]++)[^<>]* at 0x[0-9a-fA-F]+>|\b0x[0-9a-fA-F]{6,}")
_DETAIL = 200


def class_name(kind: type) -> str:
    """Module and name of a class, as the tables have it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what it wraps or came from, each once, from the outermost inwards."""
    waiting, seen = [error], set[int]()
    while waiting:
        nested = waiting.pop(0)
        if id(nested) in seen:
            continue
        seen.add(id(nested))
        yield nested
        inner = (getattr(nested, "reason", None), getattr(nested, "os_error", None), *nested.args, nested.__cause__)
        waiting += [value for value in inner if isinstance(value, BaseException)]


def named(error: BaseException) -> str:
    """An exception's class and what it says."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def detail(text: str) -> str:
    """One short line without control characters, nor addresses in memory, which would differ from run to run."""
    text = _ADDRESS.sub(r"\1", _CONTROLS.sub(" ", text[: 5 * _DETAIL])).strip()
    return text if len(text) <= _DETAIL else text[: _DETAIL - 1] + "…"
