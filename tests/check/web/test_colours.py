"""Contrast, computed from the style sheet (WCAG 2.2): 4.5 for text (1.4.3), 3 for what pictures say (1.4.11)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("scraper.check.web") / "static" / "status.css").read_text("utf-8")
SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", CSS, re.DOTALL), strict=True))
TEXT = ("text", "soft", "link", "up", "warn", "bad", "block", "calm", "none")
PICTURES = ("d0", "d1", "d2", "d3", "d4", "dns", "connect", "tls", "first", "body")
"""Without the days that were not checked: they are the ground that the others stand on, and the label counts them."""


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("names", "least"), [(TEXT, 4.5), (PICTURES, 3.0)])
def test_contrast(scheme: str, names: tuple[str, ...], least: float) -> None:
    colours = dict(re.findall(r"--(\w+): (#\w+)", SCHEMES[scheme]))
    low = {
        (name, ground): round(contrast(colours[name], colours[ground]), 2)
        for name in names
        for ground in ("page", "card")
        if contrast(colours[name], colours[ground]) < least
    }
    assert low == {}
