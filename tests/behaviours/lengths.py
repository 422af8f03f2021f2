"""Where an answer ends: Content-Length, chunks, and what contradicts itself (RFC 9112, 6 and 7)."""

from __future__ import annotations

from tests.behaviours.rows import HELLO, OK, Rows, head, in_chunks, kept, later, row, with_length
from tests.server import chunked, close, endless, raw, stall

__all__ = ["CHUNKS", "LENGTHS"]

CHUNK = b"14\r\n" + HELLO + b"\r\n"
LAST = b"0\r\n\r\n"
CHUNKED_HEAD = OK + b"Transfer-Encoding: chunked\r\n\r\n"

LENGTHS: Rows = {
    "length": row(with_length("20"), "200", title="hello", size=20, wire=20),
    "no length": row(close(OK + b"\r\n" + HELLO), "200", title="hello", size=20),
    "no length, http/1.0": row(close(b"HTTP/1.0 200 OK\r\n\r\n" + HELLO), "200", title="hello", size=20),
    "length zero": row(with_length("0", b""), "200", title=None, size=0),
    "length zero with a body": row(with_length("0"), "200", title=None, size=0),
    "same length twice": row(with_length("20\r\nContent-Length: 20"), "200", title="hello"),
    "same length in a list": row(with_length("20, 20"), "200", title="hello"),
    "length amid white space": row(with_length(" \t 20\t "), "200", title="hello"),
    "length with leading zeros": row(with_length("00020"), "200", title="hello"),
    "length too short": row(kept(OK + b"Content-Length: 13\r\n\r\n" + HELLO), "200", title="hello<", size=13),
    "an answer behind the answer": row(kept(OK + b"Content-Length: 20\r\n\r\n" + HELLO + b"HTTP/1.1 500 No\r\n\r\n"),
                                       "200", title="hello", size=20),
    "length too long": row(with_length("21"), "reset"),
    "length and no body": row(with_length("20", b""), "reset"),
    "negative length": row(with_length("-20"), "protocol"),
    "length with a plus": row(with_length("+20"), "protocol"),
    "length in words": row(with_length("twenty"), "protocol"),
    "length in hex": row(with_length("0x14"), "protocol"),
    "length with a fraction": row(with_length("20.0"), "protocol"),
    "length with an exponent": row(with_length("2e1"), "protocol"),
    "length with an underscore": row(with_length("2_0"), "protocol"),
    "length with a space inside": row(with_length("2 0"), "protocol"),
    "length in full-width digits": row(with_length("\uff12\uff10"), "protocol"),
    "length with a unit": row(with_length("20 bytes"), "protocol"),
    "empty length": row(with_length(""), "protocol"),
    "two lengths": row(with_length("20\r\nContent-Length: 21"), "protocol"),
    "two lengths in a list": row(with_length("20, 21"), "protocol"),
    "a length and an empty one": row(with_length("20,"), "protocol"),
    "length over the limit": row(stall(OK + b"Content-Length: 16000001\r\n\r\n"), "too-large"),
    "length over 64 bits": row(with_length("18446744073709551636"), "too-large"),
    "length beyond counting": row(with_length("9" * 4_000), "too-large"),
    "length and chunks": row(in_chunks(CHUNK + LAST, "Content-Length: 20"), "protocol"),
    "length before chunks":
        row(head("Content-Length: 35", "Transfer-Encoding: chunked", body=CHUNK + LAST), "protocol"),
    "endless body": row(endless(OK + b"\r\n", b"hello"), "too-large"),
    "endless body, http/1.0": row(endless(b"HTTP/1.0 200 OK\r\n\r\n", b"<p>hello"), "too-large"),
}  # fmt: skip

CHUNKS: Rows = {
    "chunked": row(chunked(HELLO[:9], HELLO[9:]), "200", title="hello", size=20, wire=20),
    "chunked, a byte at a time": row(chunked(*(HELLO[n : n + 1] for n in range(20))), "200", title="hello", size=20),
    "chunked in capitals": row(head("TRANSFER-ENCODING: CHUNKED", body=CHUNK + LAST), "200", title="hello"),
    "chunked, http/1.0": row(head("Transfer-Encoding: chunked", body=CHUNK + LAST, status=b"HTTP/1.0 200 OK\r\n"),
                             "200", title="hello", size=20),
    "chunked and empty": row(in_chunks(LAST), "200", title=None, size=0),
    "chunk extensions": row(in_chunks(b"14;a=b;c\r\n" + HELLO + b"\r\n0;last\r\n\r\n"), "200", title="hello"),
    "quoted chunk extension": row(in_chunks(b'14;a="b;c"\r\n' + HELLO + b"\r\n" + LAST), "200", title="hello"),
    "chunk extension of 60 KB":
        row(in_chunks(b"14;" + b"e" * 60_000 + b"\r\n" + HELLO + b"\r\n" + LAST), "200", size=20),
    "chunk size with leading zeros":
        row(in_chunks(b"0000000000000014\r\n" + HELLO + b"\r\n000\r\n\r\n"), "200", size=20),
    "chunk size, a space behind": row(in_chunks(b"14 \r\n" + HELLO + b"\r\n" + LAST), "200", title="hello"),
    "chunks with bare line feeds": row(in_chunks(b"14\n" + HELLO + b"\n0\n\n"), "200", title="hello", size=20),
    "trailers": row(in_chunks(CHUNK + b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"), "200", title="hello"),
    "trailers that would frame":
        row(in_chunks(CHUNK + b"0\r\nContent-Length: 3\r\nLocation: /x\r\n\r\n"), "200", size=20),
    "trailers that are none": row(in_chunks(CHUNK + b"0\r\nno colon\0here\r\n\r\n"), "200", title="hello"),
    "trailers of 60 KB": row(in_chunks(CHUNK + b"0\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"), "200", size=20),
    "bytes behind the last chunk": row(kept(CHUNKED_HEAD + CHUNK + LAST + CHUNK), "200", title="hello", size=20),
    "chunk size in words": row(in_chunks(b"twenty\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "negative chunk size": row(in_chunks(b"-14\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk size with a plus": row(in_chunks(b"+14\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk size with 0x": row(in_chunks(b"0x14\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk size with an underscore": row(in_chunks(b"1_4\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk size, a space before": row(in_chunks(b" 14\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk size, a space inside": row(in_chunks(b"1 4\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "empty chunk size": row(in_chunks(b"\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "extension without a chunk size": row(in_chunks(b";a=b\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk size over 64 bits": row(in_chunks(b"10000000000000014\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk size of 63 bits and a sign": row(stall(CHUNKED_HEAD + b"8000000000000014\r\n"), "too-large"),
    "chunk size of 64 bits": row(stall(CHUNKED_HEAD + b"ffffffffffffffff\r\n"), "too-large"),
    "a chunk over the limit": row(stall(CHUNKED_HEAD + b"ffffffff\r\n"), "too-large"),
    "chunk size ended by CR": row(in_chunks(b"14\r" + HELLO + b"\r\n" + LAST), "protocol"),
    "bare CR in an extension": row(in_chunks(b"14;a\rb\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk longer than its size": row(in_chunks(b"13\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk shorter than its size": row(in_chunks(b"16\r\n" + HELLO + b"\r\n" + LAST), "protocol"),
    "chunk shorter than its size by the CR":  # as curl has it, which takes a bare line feed there too
        row(in_chunks(b"15\r\n" + HELLO + b"\r\n" + LAST), "200", title="hello", size=21),
    "no line end behind a chunk": row(in_chunks(b"14\r\n" + HELLO + LAST), "protocol"),
    "only CR behind a chunk": row(in_chunks(b"14\r\n" + HELLO + b"\r" + LAST), "protocol"),
    "two line ends behind a chunk": row(in_chunks(CHUNK + b"\r\n" + LAST), "protocol"),
    "body that is not in chunks": row(in_chunks(HELLO + b"\r\n"), "protocol"),
    "transfer coding gzip": row(head("Transfer-Encoding: gzip, chunked", body=LAST), "protocol"),
    "transfer coding identity": row(head("Transfer-Encoding: identity"), "protocol"),
    "transfer coding chunked twice": row(head("Transfer-Encoding: chunked, chunked", body=CHUNK + LAST), "protocol"),
    "transfer coding chunked in two headers":
        row(head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=CHUNK + LAST), "protocol"),
    "transfer coding that ends in chunked": row(head("Transfer-Encoding: xchunked", body=CHUNK + LAST), "protocol"),
    "transfer coding with a vertical tab": row(head("Transfer-Encoding: \x0bchunked", body=CHUNK + LAST), "protocol"),
    "empty transfer coding": row(head("Transfer-Encoding:", body=CHUNK + LAST), "protocol"),
    "endless chunks": row(endless(CHUNKED_HEAD, CHUNK), "too-large"),
    "very many chunks of a byte": row(later(lambda: raw(CHUNKED_HEAD + b"1\r\na\r\n" * 100_001)), "too-large"),
    "endless chunk size": row(endless(CHUNKED_HEAD, b"0"), "too-large"),
    "endless chunk extension": row(endless(CHUNKED_HEAD + b"14;", b"ext"), "too-large"),
    "endless trailer line": row(endless(CHUNKED_HEAD + b"0\r\nX-Long: ", b"again"), "too-large"),
    "endless trailers": row(endless(CHUNKED_HEAD + b"0\r\n", b"X-Long: again\r\n"), "too-large"),
}  # fmt: skip
