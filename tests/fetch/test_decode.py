from __future__ import annotations

import contextlib
import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from scraper.fetch.decode import decode
from scraper.fetch.errors import FetchError
from scraper.model import Reason
from tests.server import pack

CODINGS = st.sampled_from(["gzip", "deflate", "raw", "br", "zstd"])
BODIES = st.binary(max_size=2_000) | st.builds(bytes.__mul__, st.binary(max_size=20), st.integers(0, 20_000))


def named(coding: str) -> str:
    return coding.replace("raw", "deflate")


@given(CODINGS, BODIES)
def test_round_trip(coding: str, body: bytes) -> None:
    assert decode(pack(coding, body), named(coding), len(body)) == body


@given(CODINGS, CODINGS, st.binary(max_size=2_000))
def test_round_trip_of_two(inner: str, outer: str, body: bytes) -> None:
    packed = pack(outer, pack(inner, body))
    assert decode(packed, f"{named(inner)},{named(outer)}", 10_000) == body


@given(CODINGS, BODIES, st.data())
def test_every_cut_is_noticed(coding: str, body: bytes, data: st.DataObject) -> None:
    packed = pack(coding, body)
    cut = packed[: data.draw(st.integers(1, len(packed) - 1))] if len(packed) > 1 else b""
    if cut:
        assert reason(cut, named(coding), len(body) + 1) is Reason.ENCODING


@given(CODINGS, BODIES.filter(bool), st.integers(1, 100))
def test_limit_is_exact(coding: str, body: bytes, short: int) -> None:
    limit = max(0, len(body) - short)
    assert reason(pack(coding, body), named(coding), limit) is Reason.TOO_LARGE


@given(st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br"]), st.binary(min_size=1))
def test_junk_never_raises_anything_else(coding: str, body: bytes) -> None:
    with contextlib.suppress(FetchError):
        decode(body, coding, 10_000)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw", "br", "zstd"])
def test_sizes_around_the_steps(coding: str, size: int) -> None:
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert decode(pack(coding, body), named(coding), size) == body


def test_members_and_frames() -> None:
    assert decode(gzip.compress(b"a" * 70_000) + gzip.compress(b"b"), "gzip", 70_001) == b"a" * 70_000 + b"b"
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    frames = pack("zstd", b"one") + skippable + pack("zstd", b"two")
    assert decode(frames, "zstd", 100) == b"onetwo"


def test_zstd_of_unknown_size() -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    packed = packer.compress(b"hello" * 50_000) + packer.flush()
    assert decode(packed, "zstd", 250_000) == b"hello" * 50_000
    assert reason(packed[:-3], "zstd", 250_000) is Reason.ENCODING


def test_zstd_window_over_the_limit() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert reason(packer.compress(b"hello") + packer.flush(), "zstd", 100) is Reason.ENCODING


@pytest.mark.parametrize("value", ["", "identity", " , identity", "GZIP"])
def test_names(value: str) -> None:
    body = gzip.compress(b"hello") if "g" in value.lower() else b"hello"
    assert decode(body, value, 100) == b"hello"


def reason(body: bytes, coding: str, limit: int) -> Reason:
    with pytest.raises(FetchError) as caught:
        decode(body, coding, limit)
    return caught.value.reason
