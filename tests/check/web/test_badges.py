from __future__ import annotations

import re

import lxml.etree  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.check.model import Verdict
from scraper.check.views import View
from scraper.check.web.badges import KINDS, badge, of_target, width
from scraper.check.web.words import Standing
from scraper.printing import printable
from tests.check.web.stand import HOSTILE, Facts, ask, company, result, serving, view

_SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str | bytes) -> list[str]:
    tree = lxml.etree.fromstring(svg if isinstance(svg, bytes) else svg.encode())
    return [text.text for text in tree.iter(f"{_SVG}text") if not text.get("aria-hidden")]


@pytest.mark.parametrize(("text", "pixels"), [("build", 27), ("passing", 42), ("coverage", 51), ("100%", 33), ("", 0)])
def test_a_text_is_as_wide_as_verdana(text: str, pixels: int) -> None:
    assert width(text) == pytest.approx(pixels, abs=1.5)


def test_wide_characters_and_marks() -> None:
    assert width("日本") == 2 * 12
    assert width("e\u0301") == width("e")


def test_the_halves_are_as_wide_as_their_texts() -> None:
    tree = lxml.etree.fromstring(badge("uptime 30d", "99.98 %", "#2f7d32").encode())
    one, two = (int(rect.get("width")) for rect in list(tree.iter(f"{_SVG}rect"))[1:3])
    assert int(tree.get("width")) == one + two
    lengths = [int(text.get("textLength")) for text in tree.iter(f"{_SVG}text")][::2]
    assert [one - 12, two - 12] == lengths == [round(width("uptime 30d")), round(width("99.98 %"))]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_and_nothing_else(name: str) -> None:
    svg = of_target(view(name), None)
    assert texts(svg)[0] == printable(name)[:60]
    plain = of_target(view("plain"), None)
    tags = [element.tag for element in lxml.etree.fromstring(svg.encode()).iter()]
    assert tags == [element.tag for element in lxml.etree.fromstring(plain.encode()).iter()]


@given(st.text(), st.text())
def test_every_badge_is_xml(left: str, right: str) -> None:
    told = texts(badge(left, right, "#000"))
    assert len(told) == 2
    assert all(text is None or len(text) <= 60 for text in told)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("Shop%2FStorefront.svg", ["Storefront", "up"]),
        ("Shop/Storefront.svg", ["Storefront", "up"]),
        ("Shop%2FPayments%20API.svg", ["Payments API", "down"]),
        ("Shop%2FPayments%20API/uptime-24h.svg", ["uptime 24h", "92.98 %"]),
        ("Shop/Payments%20API/uptime-24h.svg", ["uptime 24h", "92.98 %"]),
        ("Europe%2FCDN/response.svg", ["response", "2.4 s"]),
        ("nobody.svg", ["status", "no such target"]),
        ("nobody/uptime-30d.svg", ["status", "no such target"]),
    ],
)
def test_paths(path: str, said: list[str]) -> None:
    with serving(company()) as server:
        answer = ask(server, f"/badge/{path}")
    assert texts(answer.body) == said
    assert answer.status == (404 if "no such target" in said else 200)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=30"


def test_a_name_like_a_kind_is_told_apart_by_its_escaped_slash() -> None:
    with serving(Facts([view("x", uptime=(1.0, 1.0, 0.5, 1.0)), view("uptime-30d", group="x")])) as server:
        assert texts(ask(server, "/badge/x%2Fuptime-30d.svg").body) == ["uptime-30d", "up"]
        assert texts(ask(server, "/badge/x/uptime-30d.svg").body) == ["uptime 30d", "50 %"]


def test_a_badge_that_is_known_is_not_sent_again() -> None:
    with serving(Facts([view()])) as server:
        tag = ask(server, "/badge/shop.svg").headers["ETag"]
        assert ask(server, "/badge/shop.svg", headers={"If-None-Match": tag}).status == 304


@pytest.mark.parametrize("kind", [None, *sorted(KINDS)])
def test_what_is_not_known_is_said(kind: str | None) -> None:
    assert texts(of_target(View(view().target), kind))[1] in {"unknown", "none"}


def test_no_time_is_told_of_a_check_without_an_answer() -> None:
    silent = result(view().target, Verdict.DOWN, status=None, server_us=10_000_000)
    assert texts(of_target(view(result=silent), "response")) == ["response", "none"]


def contrast(color: str) -> float:
    """That of white text on ``color`` (WCAG 2.2, relative luminance)."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_white_text_is_readable_on_every_color() -> None:
    shares = [None, 0.0, 0.95, 0.98, 0.995, 1.0]
    uptimes = [of_target(view(uptime=(share, share, share, share)), "uptime-7d") for share in shares]
    states = [of_target(view(maintenance=True), None), of_target(view(state="down"), None)]
    states += [of_target(view(result=result(view().target, verdict)), None) for verdict in Verdict]
    times = [
        of_target(view(result=result(view().target, server_us=us)), "response")
        for us in (1_000, 500_000, 10**6, 3 * 10**6, 10**7)
    ]
    colors = {found for svg in (*uptimes, *states, *times) for found in re.findall(r'fill="(#[0-9a-f]{6})"', svg)}
    assert len(colors) >= len(Standing)
    assert {color for color in colors if contrast(color) < 4.5} == set()
