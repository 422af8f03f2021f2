"""Content codings: whole, cut, damaged, lying, and bombs (RFC 9110, 8.4)."""

from __future__ import annotations

import gzip
import zlib

import zstandard

from tests.behaviours.rows import GZIP, HELLO, HTML, OK, Row, Rows, encoded, head, later, row
from tests.server import Behaviour, bomb, chunked, endless, ok, pack

__all__ = ["BOMBS", "CODINGS"]

HUGE = 20_000_000
STORED = b"\x00\xff\xff\x00\x00" + bytes(65_535)
"""A deflate block that is not the last one and packs nothing."""
FLUSH = b"\x00\x00\x00\xff\xff"
"""One that holds nothing."""
GZIP_HEAD = gzip.compress(b"")[:10]
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\0\0\0skip"
"""A zstd frame that is to be read over (RFC 8878, 3.1.2)."""


def whole(behaviour: Behaviour) -> Row:
    """A row whose 1,000 bytes must come out."""
    return row(behaviour, "200", title="hello", size=1_000)


def with_parts() -> bytes:
    """A gzip member with every part that its header may have (RFC 1952, 2.3.1)."""
    head = b"\x1f\x8b\x08\x1f" + bytes(6) + b"\x04\0Ap\0\0" + b"name\0" + b"comment\0"
    check = (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    return head + check + GZIP[10:]


def wide_window() -> bytes:
    """A zstd frame that wants 128 MB to be unpacked."""
    options = zstandard.ZstdCompressionParameters(window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=options).compressobj()
    return packer.compress(HTML) + packer.flush()


def zstd_checked() -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(HTML)


CODINGS: Rows = {
    "gzip": whole(encoded("gzip", GZIP)),
    "x-gzip in capitals": whole(encoded("X-GZip", GZIP)),
    "gzip in chunks": whole(chunked(GZIP[:30], GZIP[30:], headers="Content-Encoding: gzip\r\n")),
    "gzip until close": whole(head("Content-Encoding: gzip", body=GZIP)),
    "gzip of two members": row(encoded("gzip", GZIP * 2), "200", size=2_000),
    "gzip of 1,000 members": row(encoded("gzip", gzip.compress(b"<") * 1_000), "200", size=1_000),
    "gzip with all header fields": whole(encoded("gzip", with_parts())),
    "gzip, padded with NULs": whole(encoded("gzip", GZIP + bytes(100))),
    "gzip of nothing": row(encoded("gzip", gzip.compress(b"")), "200", size=0),
    "gzip of a page that is gzip": row(encoded("gzip", gzip.compress(GZIP)), "200", title=None, size=len(GZIP)),
    "gzip and no word of it": row(ok(GZIP), "200", title=None, size=len(GZIP)),
    "deflate in zlib": whole(encoded("deflate", pack("deflate", HTML))),
    "deflate, raw": whole(encoded("deflate", pack("raw", HTML))),
    "deflate in flushed blocks": whole(encoded("deflate", FLUSH * 100 + pack("raw", HTML))),
    "brotli": whole(encoded("br", pack("br", HTML))),
    "zstd": whole(encoded("zstd", pack("zstd", HTML))),
    "zstd with a checksum": whole(encoded("zstd", zstd_checked())),
    "zstd of two frames": row(encoded("zstd", pack("zstd", HTML) * 2), "200", size=2_000),
    "zstd with a skippable frame": whole(encoded("zstd", SKIPPABLE + pack("zstd", HTML))),
    "identity": whole(encoded("identity")),
    "empty coding": whole(encoded("")),
    "two codings": whole(encoded("gzip, br", pack("br", GZIP))),
    "two codings in two headers":
        whole(ok(pack("br", GZIP), "Content-Encoding: gzip\r\nContent-Encoding: br\r\n")),
    "two codings and identity": whole(encoded("gzip,identity,  br,", pack("br", GZIP))),
    "nothing to unpack": row(encoded("gzip", b""), "200", size=0),
    "nothing to unpack, unknown coding": row(encoded("gzip, gzip, rot13", b""), "200", size=0),
    "three codings": row(encoded("gzip, gzip, gzip", pack("gzip", pack("gzip", GZIP))), "encoding"),
    "a hundred codings": row(encoded(", ".join(["gzip"] * 100), GZIP), "encoding"),
    "unknown coding": row(encoded("compress"), "encoding"),
    "charset for a coding": row(encoded("UTF-8"), "encoding"),
    "not gzip at all": row(encoded("gzip"), "encoding"),
    "not deflate at all": row(encoded("deflate", b"\xff" * 100), "encoding"),
    "not brotli at all": row(encoded("br"), "encoding"),
    "not zstd at all": row(encoded("zstd"), "encoding"),
    "brotli called gzip": row(encoded("gzip", pack("br", HTML)), "encoding"),
    "gzip called deflate": row(encoded("deflate", GZIP), "encoding"),
    "gzip called gzip twice": row(encoded("gzip, gzip", GZIP), "encoding"),
    "gzip cut": row(encoded("gzip", GZIP[:-9]), "encoding"),
    "gzip cut in its header": row(encoded("gzip", GZIP[:5]), "encoding"),
    "gzip cut in its trailer": row(encoded("gzip", GZIP[:-1]), "encoding"),
    "gzip cut in the second member": row(encoded("gzip", GZIP + GZIP[:-1]), "encoding"),
    "gzip, wrong checksum": row(encoded("gzip", GZIP[:-8] + b"abcd" + GZIP[-4:]), "encoding"),
    "gzip, wrong size": row(encoded("gzip", GZIP[:-4] + b"\0\0\0\1"), "encoding"),
    "gzip, reserved flags": row(encoded("gzip", GZIP[:3] + b"\xe0" + GZIP[4:]), "encoding"),
    "gzip, junk behind": row(encoded("gzip", GZIP + b"junk"), "encoding"),
    "zlib cut": row(encoded("deflate", pack("deflate", HTML)[:-1]), "encoding"),
    "zlib, wrong checksum": row(encoded("deflate", pack("deflate", HTML)[:-4] + b"abcd"), "encoding"),
    "zlib that wants a dictionary": row(encoded("deflate", b"\x78\xbb\0\0\0\1" + pack("raw", HTML)), "encoding"),
    "zlib, junk behind": row(encoded("deflate", pack("deflate", HTML) + b"junk"), "encoding"),
    "raw deflate cut": row(encoded("deflate", pack("raw", HTML)[:-1]), "encoding"),
    "brotli cut": row(encoded("br", pack("br", HTML)[:-1]), "encoding"),
    "brotli, junk behind": row(encoded("br", pack("br", HTML) + b"junk"), "encoding"),
    "zstd cut": row(encoded("zstd", pack("zstd", HTML)[:-1]), "encoding"),
    "zstd, wrong checksum": row(encoded("zstd", zstd_checked()[:-4] + b"abcd"), "encoding"),
    "zstd with a window of 128 MB": row(encoded("zstd", wide_window()), "encoding"),
    "zstd, junk behind": row(encoded("zstd", pack("zstd", HTML) + b"junk"), "encoding"),
    "many empty members": row(encoded("gzip", gzip.compress(b"") * 2_000), "encoding"),
    "many empty frames": row(encoded("zstd", pack("zstd", b"") * 2_000), "encoding"),
    "many skippable frames": row(encoded("zstd", SKIPPABLE * 2_000), "encoding"),
}  # fmt: skip

BOMBS: Rows = {
    "gzip bomb": row(later(lambda: bomb("gzip", HUGE)), "too-large"),
    "zlib bomb": row(later(lambda: bomb("deflate", HUGE)), "too-large"),
    "raw bomb": row(later(lambda: bomb("raw", HUGE)), "too-large"),
    "brotli bomb": row(later(lambda: bomb("br", HUGE)), "too-large"),
    "zstd bomb": row(later(lambda: bomb("zstd", HUGE)), "too-large"),
    "bomb of many members": row(later(lambda: encoded("gzip", gzip.compress(bytes(100_000)) * 200)), "too-large"),
    "bomb of many frames": row(later(lambda: encoded("zstd", pack("zstd", bytes(100_000)) * 200)), "too-large"),
    "bomb in a bomb": row(later(lambda: encoded("gzip, gzip", pack("gzip", pack("gzip", bytes(HUGE))))), "too-large"),
    "bomb in two codings": row(later(lambda: encoded("br, zstd", pack("zstd", pack("br", bytes(HUGE))))), "too-large"),
    "bomb in chunks":
        row(later(lambda: chunked(pack("br", bytes(HUGE)), headers="Content-Encoding: br\r\n")), "too-large"),
    "bomb with an error": row(later(lambda: encoded("zstd", pack("zstd", bytes(HUGE)), "500 Error")), "too-large"),
    "bomb with a redirect": row(
        later(lambda: ok(pack("gzip", bytes(HUGE)), "Content-Encoding: gzip\r\nLocation: /end\r\n", code="302 F")),
        "302", location="/end", size=0),
    "endless stored blocks": row(endless(OK + b"Content-Encoding: gzip\r\n\r\n" + GZIP_HEAD, STORED), "too-large"),
    "endless blocks of nothing": row(endless(OK + b"Content-Encoding: gzip\r\n\r\n" + GZIP_HEAD, FLUSH), "too-large"),
    "endless empty members": row(endless(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")), "too-large"),
    "a megabyte of blocks of nothing":
        row(encoded("deflate", FLUSH * 200_000 + pack("raw", HELLO)), "200", title="hello"),
}  # fmt: skip
