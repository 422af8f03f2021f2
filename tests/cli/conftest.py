from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import site

__all__ = ["here", "site"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
