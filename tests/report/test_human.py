from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import ConfigError
from scraper.report.human import human_bytes, human_count, human_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *[("10", 10.0), ("0", 0.0), ("1.5", 1.5), (".5", 0.5), ("50ms", 0.05), ("1.5s", 1.5), ("2m", 120.0)],
        *[("1h30m", 5400.0), ("1h 30m 5s", 5405.0), (" 2 M ", 120.0), ("1d", 86400.0), ("1m500ms", 60.5)],
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1", "-1s", "5 minutes", "1h30", "inf", "nan", "1e3", "1,5s", "٣s", "1 2"])
def test_what_is_no_duration_is_told_what_is(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is no duration: write 10 \(seconds\), 50ms, 1.5s, 2m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *[
            ("1000", 1000),
            ("0", 0),
            ("16MB", 16_000_000),
            ("512KiB", 524_288),
            ("512k", 512_000),
            ("1.5 MB", 1_500_000),
        ],
        *[("1GiB", 1 << 30), ("2gb", 2_000_000_000), ("10B", 10), ("1TiB", 1 << 40)],
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "B", "MB", "-1", "1e6", "16 bytes", "1XB", "1 000", "inf", "٣"])
def test_what_is_no_size_is_told_what_is(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is no size: write 1000 \(bytes\), 512KiB or 16MB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *[(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1500, "1.5 kB"), (999_499, "999 kB"), (999_999, "1 MB")],
        *[(16_000_000, "16 MB"), (123_456_789, "123 MB"), (5 * 10**9, "5 GB"), (5 * 10**15, "5000 TB")],
    ],
)
def test_bytes_are_written(number: int, text: str) -> None:
    assert human_bytes(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0, "0 ms"), (0.0004, "0.4 ms"), (0.85, "850 ms"), (0.9999, "1 s"), (1, "1 s"), (12.34, "12.3 s")],
        *[(59.94, "59.9 s"), (59.96, "1m00s"), (125, "2m05s"), (3599.6, "1h00m"), (5400, "1h30m")],
        *[(86400 * 2 + 3600 * 3, "2d03h")],
    ],
)
def test_durations_are_written(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@given(st.floats(0.0, 1e7))
def test_what_is_written_reads_as_nearly_the_same(seconds: float) -> None:
    assert parse_duration(human_duration(seconds)) == pytest.approx(seconds, rel=0.06, abs=0.0001)


def test_counts_have_their_thousands_apart() -> None:
    assert human_count(1234567) == "1,234,567"
