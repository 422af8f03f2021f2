"""Figures as people read them."""

from __future__ import annotations

__all__ = ["clamped", "percent", "rate", "seconds"]


def clamped(share: float) -> float:
    """``share`` as one between 0 and 1."""
    return min(1.0, max(0.0, share))


def percent(share: float) -> str:
    """``97 %``; a share is never more than all."""
    return f"{100 * clamped(share):.0f} %"


def rate(value: float) -> str:
    """``1,240``, ``4.5``."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def seconds(value: float) -> str:
    """``100 ms``, ``0.55 ms``, ``2.5 s``."""
    if value >= 1:
        return f"{value:.1f} s"
    return f"{1e3 * value:.0f} ms" if value >= 0.01 else f"{1e3 * value:.2g} ms"
