"""Silence, slowness, closes and resets, at each stage of an answer."""

from __future__ import annotations

from tests.behaviours.rows import GZIP, HELLO, OK, Rows, row, tls
from tests.server import ScriptedServer, close, drip, reset, stall

__all__ = ["CUT", "SLOW"]

CHUNKED_HEAD = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = OK + b"Content-Length: 500\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"


def silent_tls() -> ScriptedServer:
    """Asked by HTTPS, it waits for the rest of a request that is none."""
    return ScriptedServer()


SLOW: Rows = {
    "slow but in time": row(drip(OK + b"Content-Length: 20\r\n\r\n" + HELLO, 0.01, 4), "200", title="hello"),
    "slow chunks in time":
        row(drip(CHUNKED_HEAD + b"14\r\n" + HELLO + b"\r\n0\r\n\r\n", 0.01, 5), "200", title="hello"),
    "slow gzip in time": row(drip(OK + b"Content-Encoding: gzip\r\n\r\n" + GZIP, 0.01, 10), "200", size=1_000),
    "no answer": row(stall(), "timeout"),
    "silent in the status line": row(stall(b"HTTP/1.1 20"), "timeout"),
    "silent behind the status line": row(stall(OK), "timeout"),
    "silent in a header": row(stall(OK + b"Content-"), "timeout"),
    "silent before the empty line": row(stall(OK + b"Content-Length: 20\r\n"), "timeout"),
    "silent in the empty line": row(stall(OK + b"Content-Length: 20\r\n\r"), "timeout"),
    "silent behind an interim answer": row(stall(HINTS), "timeout"),
    "silent before the body": row(stall(LONG), "timeout"),
    "silent in the body": row(stall(LONG + HELLO), "timeout"),
    "silent before the last byte": row(stall(LONG + bytes(499)), "timeout"),
    "silent until close": row(stall(OK + b"\r\n" + HELLO), "timeout"),
    "silent in a gzip body": row(stall(OK + b"Content-Encoding: gzip\r\n\r\n" + GZIP), "timeout"),
    "silent in a chunk size": row(stall(CHUNKED_HEAD + b"1"), "timeout"),
    "silent in a chunk": row(stall(CHUNKED_HEAD + b"14\r\n<title>"), "timeout"),
    "silent behind a chunk": row(stall(CHUNKED_HEAD + b"14\r\n" + HELLO), "timeout"),
    "silent before the last chunk": row(stall(CHUNKED_HEAD + b"14\r\n" + HELLO + b"\r\n"), "timeout"),
    "silent in the trailers": row(stall(CHUNKED_HEAD + b"0\r\nX-Sum: 1\r\n"), "timeout"),
    "silent in a redirect": row(stall(b"HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 9\r\n\r\n"), "timeout"),
    "status line for ever": row(drip(b"HTTP/1.1 200 " + b"O" * 500, 0.05), "timeout"),
    "headers for ever": row(drip(OK + b"X-Slow: 1\r\n" * 100, 0.05, 11), "timeout"),
    "header line for ever": row(drip(OK + b"X-Slow: " + b"a" * 500, 0.05, 4), "timeout"),
    "interim answers for ever": row(drip(HINTS * 50, 0.08, len(HINTS)), "timeout"),
    "body for ever": row(drip(LONG + b"a" * 500, 0.05, 8), "timeout"),
    "chunks for ever": row(drip(CHUNKED_HEAD + b"1\r\na\r\n" * 500, 0.05, 6), "timeout"),
    "trailers for ever": row(drip(CHUNKED_HEAD + b"0\r\n" + b"X: y\r\n" * 500, 0.05, 6), "timeout"),
    "TLS handshake without an answer": row(None, "timeout", place=silent_tls, scheme="https"),
    "silent over TLS": row(stall(), "timeout", place=tls("server.pem")),
    "silent in the body over TLS": row(stall(LONG + HELLO), "timeout", place=tls("server.pem")),
    "body for ever over TLS": row(drip(LONG + b"a" * 500, 0.05, 8), "timeout", place=tls("server.pem")),
}  # fmt: skip

CUT: Rows = {
    "closed without a word": row(close(), "reset"),
    "closed in the status line": row(close(b"HTTP/1.1 20"), "reset"),
    "closed behind the status line": row(close(OK), "reset"),
    "closed in a header": row(close(OK + b"Content-Length: 20\r\nX-C"), "reset"),
    "closed before the empty line": row(close(OK + b"Content-Length: 20\r\n"), "reset"),
    "closed in the empty line": row(close(OK + b"Content-Length: 20\r\n\r"), "reset"),
    "closed behind an interim answer": row(close(HINTS), "reset"),
    "closed in the body": row(close(LONG + HELLO), "reset"),
    "closed before the body": row(close(LONG), "reset"),
    "closed before the last byte": row(close(LONG + bytes(499)), "reset"),
    "closed in a chunk size": row(close(CHUNKED_HEAD + b"1"), "reset"),
    "closed in a chunk": row(close(CHUNKED_HEAD + b"14\r\n<title>"), "reset"),
    "closed behind a chunk": row(close(CHUNKED_HEAD + b"14\r\n" + HELLO), "reset"),
    "closed before the last chunk": row(close(CHUNKED_HEAD + b"14\r\n" + HELLO + b"\r\n"), "reset"),
    "closed behind the last chunk": row(close(CHUNKED_HEAD + b"14\r\n" + HELLO + b"\r\n0\r\n"), "reset"),
    "closed in the trailers": row(close(CHUNKED_HEAD + b"0\r\nX-Sum: 1\r\n"), "reset"),
    "reset without a word": row(reset(), "reset"),
    "reset in the status line": row(reset(b"HTTP/1.1 2"), "reset"),
    "reset in the headers": row(reset(OK + b"X-A: 1\r\n"), "reset"),
    "reset in the body": row(reset(LONG + HELLO), "reset"),
    "reset in a chunk": row(reset(CHUNKED_HEAD + b"14\r\n<title>"), "reset"),
    "reset instead of a close": row(reset(OK + b"\r\n" + HELLO), "reset"),
    "closed in the body over TLS": row(close(LONG + HELLO), "reset", place=tls("server.pem")),
    "closed without a word over TLS": row(close(), "reset", place=tls("server.pem")),
    "reset in the body over TLS": row(reset(LONG + HELLO), "reset", place=tls("server.pem")),
    "reset instead of a close over TLS": row(reset(OK + b"\r\n" + HELLO), "reset", place=tls("server.pem")),
}  # fmt: skip
