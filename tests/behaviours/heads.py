"""Status lines, interim answers and headers, and what is no HTTP at all (RFC 9112, 2 to 5)."""

from __future__ import annotations

from tests.behaviours.rows import HELLO, OK, Rows, head, kept, own, row
from tests.server import close, endless, ok, raw, status

__all__ = ["HEADERS", "NOT_HTTP", "STATUSES"]

SHORT = OK + b"Content-Length: 20\r\n\r\n" + HELLO
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"


def line(text: str) -> bytes:
    return text.encode() + b"\r\nContent-Length: 20\r\n\r\n" + HELLO


STATUSES: Rows = {
    "201": row(status(201), "201"),
    "204": row(kept(b"HTTP/1.1 204 No Content\r\n\r\n"), "204", size=0),
    "204 with a body": row(kept(b"HTTP/1.1 204 No Content\r\nContent-Length: 20\r\n\r\n" + HELLO), "204", size=0),
    "205 with a body": row(ok(HELLO, code="205 Reset Content"), "205", size=20),
    "206 that nobody asked for":
        row(ok(HELLO, "Content-Range: bytes 0-19/500\r\n", code="206 Partial"), "206", size=20),
    "400": row(status(400), "400"),
    "401": row(status(401, 'WWW-Authenticate: Basic realm="x"\r\n'), "401"),
    "401, negotiate": row(status(401, "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"), "401"),
    "403": row(status(403), "403"),
    "404 with a page": row(ok(HELLO, "Content-Type: text/html\r\n", code="404 Not Found"), "404", title="hello"),
    "407 without a proxy": row(status(407, "Proxy-Authenticate: Basic\r\n"), "407"),
    "408": row(status(408, "Connection: close\r\n"), "408"),
    "410": row(status(410), "410"),
    "416": row(status(416, "Content-Range: bytes */20\r\n"), "416"),
    "418": row(status(418), "418"),
    "421": row(status(421), "421"),
    "426": row(status(426, "Upgrade: h2c\r\nConnection: upgrade\r\n"), "426"),
    "429": row(status(429), "429", place=own(), retry_after=None),
    "429, wait 7 seconds": row(status(429, "Retry-After: 7\r\n"), "429", place=own(), retry_after=7.0),
    "429, wait until a date past":
        row(status(429, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), "429", place=own(), retry_after=0.0),
    "429, wait until a far date":
        row(status(429, "Retry-After: Tue, 31 Dec 2199 23:59:59 GMT\r\n"), "429", place=own(), retry_after=86_400.0),
    "429, wait for ever": row(status(429, f"Retry-After: {'9' * 400}\r\n"), "429", place=own(), retry_after=86_400.0),
    "429, wait for a negative time": row(status(429, "Retry-After: -1\r\n"), "429", place=own(), retry_after=None),
    "429, wait for garbage": row(status(429, "Retry-After: soon\r\n"), "429", place=own(), retry_after=None),
    "429, wait for a fraction": row(status(429, "Retry-After: 1.5\r\n"), "429", place=own(), retry_after=None),
    "429, wait until a date that is none":
        row(status(429, "Retry-After: Fri, 99 Foo 99999 99:99:99 GMT\r\n"), "429", place=own(), retry_after=None),
    "451": row(status(451), "451"),
    "500": row(status(500), "500"),
    "502": row(status(502), "502"),
    "503": row(status(503), "503", place=own(), retry_after=None),
    "503, wait 7 seconds": row(status(503, "Retry-After: 7\r\n"), "503", place=own(), retry_after=7.0),
    "599": row(status(599), "599"),
    "799": row(status(799), "799"),
    "999": row(status(999), "999"),
    "status without a reason": row(raw(line("HTTP/1.1 200")), "200", title="hello"),
    "status with a long reason": row(raw(line("HTTP/1.1 200 " + "O" * 60_000)), "200", title="hello"),
    "status with a latin-1 reason": row(raw(b"HTTP/1.1 200 D\xe9j\xe0 vu\r\n\r\n" + HELLO), "200", title="hello"),
    "http/1.2": row(raw(line("HTTP/1.2 200 OK")), "200", title="hello"),
    "status 000": row(raw(line("HTTP/1.1 000 OK")), "protocol"),
    "status 099": row(raw(line("HTTP/1.1 099 OK")), "protocol"),
    "status 99": row(raw(line("HTTP/1.1 99 OK")), "protocol"),
    "status 1000": row(raw(line("HTTP/1.1 1000 OK")), "protocol"),
    "status in words": row(raw(line("HTTP/1.1 OK 200")), "protocol"),
    "status with a sign": row(raw(line("HTTP/1.1 +200 OK")), "protocol"),
    "status with a letter": row(raw(line("HTTP/1.1 20x OK")), "protocol"),
    "status in full-width digits": row(raw(line("HTTP/1.1 \uff12\uff10\uff10 OK")), "protocol"),
    "no status": row(raw(line("HTTP/1.1")), "protocol"),
    "two spaces before the status": row(raw(line("HTTP/1.1  200 OK")), "protocol"),
    "tab before the status": row(raw(line("HTTP/1.1\t200 OK")), "protocol"),
    "no space behind the status": row(raw(line("HTTP/1.1 200OK")), "protocol"),
    # interim answers
    "100 before the answer": row(raw(b"HTTP/1.1 100 Continue\r\n\r\n" + SHORT), "200", title="hello"),
    "103 before the answer": row(raw(HINTS + SHORT), "200", title="hello", links=()),
    "16 interim answers": row(raw(HINTS * 16 + SHORT), "200", title="hello"),
    "17 interim answers": row(raw(HINTS * 17 + SHORT), "protocol"),
    "endless interim answers": row(endless(b"", HINTS), "protocol"),
    "endless headers of an interim answer": row(endless(b"HTTP/1.1 103 E\r\n", b"X-Long: again\r\n"), "too-large"),
    "interim answer with a body": row(raw(b"HTTP/1.1 103 E\r\nContent-Length: 20\r\n\r\n" + HELLO + SHORT), "protocol"),
    "101 to nowhere": row(raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "protocol"),
    "199 and no more": row(close(b"HTTP/1.1 199 Nearly\r\n\r\n"), "reset"),
}  # fmt: skip

HEADERS: Rows = {
    "no headers": row(head(), "200", title="hello", size=20),
    "10,000 headers": row(head(*["X: 1"] * 10_000), "200", title="hello"),
    "a header of 60 KB": row(head("X-Long: " + "a" * 60_000), "200", title="hello"),
    "a header of 64 KiB": row(head("X-Long: " + "a" * 65_536), "too-large"),
    "endless headers": row(endless(OK, b"X-Long: again\r\n"), "too-large"),
    "endless header line": row(endless(OK + b"X-Long: ", b"again"), "too-large"),
    "endless header name": row(endless(OK, b"again"), "too-large"),
    "endless status line": row(endless(b"HTTP/1.1 200 ", b"OK"), "too-large"),
    "bare line feeds": row(close(b"HTTP/1.1 200 OK\nContent-Length: 20\n\n" + HELLO), "200", title="hello"),
    "bare carriage returns": row(close(b"HTTP/1.1 200 OK\rContent-Length: 20\r\r" + HELLO), "reset"),
    "folded header": row(head("X-Long: one", "  two", "\tthree", "Content-Length: 20"), "200", title="hello"),
    "folded Content-Type": row(head("Content-Type: text/html;", " charset=iso-8859-2", body=b"<title>\xb1</title>"),
                               "200", title="\u0105", charset="iso-8859-2"),
    "folded status line": row(head(" folded: yes", "Content-Length: 20"), "200", title="hello"),
    "header in latin-1": row(head(b"X-Name: caf\xe9", "Content-Length: 20"), "200", title="hello"),
    "header in UTF-8": row(head("X-Name: caf\u00e9", "Content-Length: 20"), "200", title="hello"),
    "empty header": row(head("X-Empty:", "Content-Length:20"), "200", title="hello"),
    "header with a tab in it": row(head("X-Tab: a\tb"), "200", title="hello"),
    "header without a colon": row(head("no colon"), "protocol"),
    "header without a name": row(head(": value"), "protocol"),
    "space before the colon": row(head("Content-Length : 20"), "protocol"),
    "space in a name": row(head("X Name: value"), "protocol"),
    "name in quotes": row(head('"X-Name": value'), "protocol"),
    "name not in ASCII": row(head("X-Nam\u00e9: value"), "protocol"),
    "bare CR in a value": row(head("X-Bad: a\rb"), "protocol"),
    "bare CR in a name": row(head("X-\rBad: a"), "protocol"),
    "NUL in a value": row(head("X-Bad: a\0b"), "protocol"),
    "NUL in a name": row(head("X-\0Bad: a"), "protocol"),
    "NUL in the reason": row(close(b"HTTP/1.1 200 O\0K\r\n\r\n"), "protocol"),
    "many cookies": row(head(*[f"Set-Cookie: c{n}={'v' * 100}; Path=/" for n in range(300)]), "200", title="hello"),
    "hop by hop": row(head("Connection: close, x-y", "Keep-Alive: timeout=0", "Upgrade: h2"), "200", title="hello"),
}  # fmt: skip

NOT_HTTP: Rows = {
    "http/0.9": row(close(b"<html>hello</html>"), "protocol"),
    "endless http/0.9": row(endless(b"", b"hello"), "protocol"),
    "http/0.9 by name": row(close(line("HTTP/0.9 200 OK")), "protocol"),
    "http/2 by name": row(close(line("HTTP/2 200 OK")), "protocol"),
    "http/2.0 by name": row(close(line("HTTP/2.0 200 OK")), "protocol"),
    "http/2 settings": row(close(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"), "protocol"),
    "http/2 preface": row(close(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "protocol"),
    "http/1 without a point": row(close(line("HTTP/1 200 OK")), "protocol"),
    "http/1.10": row(close(line("HTTP/1.10 200 OK")), "protocol"),
    "http/1.x": row(close(line("HTTP/1.x 200 OK")), "protocol"),
    "http in small letters": row(close(line("http/1.1 200 OK")), "protocol"),
    "http misspelt": row(close(line("HTPP/1.1 200 OK")), "protocol"),
    "empty line before the answer": row(close(b"\r\n" + SHORT), "protocol"),
    "byte order mark before the answer": row(close(b"\xef\xbb\xbf" + SHORT), "protocol"),
    "shoutcast": row(endless(b"ICY 200 OK\r\n\r\n", b"music"), "protocol"),
    "rtsp": row(close(b"RTSP/1.0 200 OK\r\n\r\n"), "protocol"),
    "ssh": row(close(b"SSH-2.0-OpenSSH_9.6\r\n"), "protocol"),
    "smtp": row(close(b"220 mail.example ESMTP\r\n"), "protocol"),
    "redis": row(close(b"-ERR wrong number of arguments\r\n"), "protocol"),
    "a TLS alert in plain text": row(close(b"\x15\x03\x01\0\x02\x02\x16"), "protocol"),
    "our request sent back": row(close(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "protocol"),
    "NULs": row(close(bytes(1_000)), "protocol"),
}  # fmt: skip
