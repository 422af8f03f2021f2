"""What a process that only crawls sets for itself."""

from __future__ import annotations

import pytest

from scraper.tuning import raise_file_limit

resource = pytest.importorskip("resource")
ENDLESS = resource.RLIM_INFINITY


@pytest.mark.parametrize(("soft", "hard", "raised"), [
    (1_024, 4_096, 4_096),
    (1_024, 1_000_000, 65_536),
    (1_024, ENDLESS, 65_536),
    (4_096, 4_096, None),
    (100_000, 200_000, None),
    (ENDLESS, ENDLESS, None),
])  # fmt: skip
def test_file_limit(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised: int | None) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    raise_file_limit()
    assert asked == ([] if raised is None else [(raised, hard)])


def test_file_limit_that_the_system_does_not_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, ENDLESS))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    raise_file_limit()
