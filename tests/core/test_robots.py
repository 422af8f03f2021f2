"""What a robots file allows: from its text to the answer, and from the outcome of asking for it to what holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.core.robots import ALLOW_ALL, DISALLOW_ALL, MAX_REDIRECTS, PIECES, Rules, target, verdict
from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request
from scraper.parse.robots import parse
from scraper.url import canonical

HOST = "https://example.com"


def allows(text: str, path: str) -> bool:
    """Whether a file that says ``text`` to everybody allows the canonical form of ``path``."""
    url = canonical(HOST + path)
    assert url is not None
    return Rules.of(parse(f"user-agent: *\n{text}".encode(), "ours").data).allowed(url)


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("", "/ /a /?q", ""),
        ("disallow:", "/ /a", ""),
        ("disallow: /", "/robots.txt", "/ /a /?q /robots.txt?q /robots.txt/"),
        ("disallow: /a", "/ /A /b/a", "/a /a/ /ab /a?q"),
        ("disallow: /a/", "/a /ab", "/a/ /a/b"),
        ("disallow: a", "/a /ba", ""),
        # the longest pattern decides, whatever the order (2.2.2)
        ("allow: /a/b\ndisallow: /a", "/a/b /a/bc", "/a /a/c"),
        ("disallow: /a\nallow: /a/b", "/a/b", "/a"),
        ("disallow: /a/b\nallow: /a", "/a", "/a/b"),
        ("disallow: /\nallow: /$", "/", "/a /?q"),
        ("allow: /page\ndisallow: /*.htm", "/page", "/page.htm"),
        ("allow: /page.\ndisallow: /*.htm", "/page.htm", "/b.htm"),
        # of equally long ones the one that allows (2.2.2)
        ("disallow: /a\nallow: /a", "/a", ""),
        ("disallow: /*b\nallow: /a*", "/ab", "/bb"),
        # * and $ (2.2.3)
        ("disallow: *", "", "/ /a"),
        ("disallow: /*", "", "/ /a"),
        ("disallow: *.php", "/a.html", "/a.php /a.phps /a/b.php?q"),
        ("disallow: /*.php$", "/a.php5 /a.php?q /a.php/", "/a.php /.php /a.php.php"),
        ("disallow: /a$", "/a/ /ab /a?", "/a"),
        ("disallow: /a*$", "/b", "/a /ab"),
        ("disallow: /*?", "/a", "/a?q /?"),
        ("disallow: /a*b*c", "/ac /acb /bac", "/abc /a1b2c3 /aabbcc"),
        ("disallow: /*ab*ab$", "/ab /aab", "/abab /abxab /ababab"),
        ("disallow: /a**b", "/a", "/ab /a**b"),
        ("disallow: /a$b", "/a", "/a$b /a$bc"),
        ("disallow: /$", "/a", "/"),
        # a literal * or $ is named by its escape (2.2.3)
        ("disallow: /a%2Ab", "/axb", "/a*b /a%2ab"),
        ("disallow: /a%24", "/a /ab", "/a$ /a$b /a%24"),
        # escapes and other letters (2.2.2)
        ("disallow: /%7Ejoe", "/joe", "/~joe /%7Ejoe /%7ejoe"),
        ("disallow: /~joe", "", "/~joe /%7Ejoe"),
        ("disallow: /a%2fb", "/a/b", "/a%2Fb /a%2fb"),
        ("disallow: /a/b", "/a%2Fb", "/a/b /%61/b"),
        ("disallow: /ツ", "/a", "/ツ /%E3%83%84 /%e3%83%84/x"),
        ("disallow: /%e3%83%84", "/%E3%83", "/ツ"),
        ("disallow: /a b", "/ab", "/a%20b"),
        ("disallow: /?q=it's", "/", "/?q=it's"),
        ("disallow: /a%", "/a", "/a%"),
        ("disallow: /a?b=1&c", "/a?b=1", "/a?b=1&c=2"),
        # lines as they are found
        ("  DISALLOW :\t/a  # a comment", "/b", "/a"),
        ("disallow /a\ndissallow: /b\ndisallow /c /d", "/c /d", "/a /b"),
        ("# disallow: /a\n<p>disallow: /b\nnot a line\n:\n: /c", "/a /b /c", ""),
        ("disallow: /\nallow: /a/index.html", "/a/ /a/index.html", "/a /a/b /a/index.htm"),
    ],
)
def test_what_a_file_allows(text: str, allowed: str, refused: str) -> None:
    assert [path for path in allowed.split() if not allows(text, path)] == []
    assert [path for path in refused.split() if allows(text, path)] == []


PATTERNS = st.text("ab*$/", max_size=12).map(lambda text: "/" + text)


def backtracking(pattern: str, path: str) -> bool:
    """The meaning of a pattern, written down as slowly as it is plain."""
    if pattern in ("", "$"):
        return not pattern or not path
    if pattern[0] == "*":
        return any(backtracking(pattern[1:], path[at:]) for at in range(len(path) + 1))
    return path[:1] == pattern[0] and backtracking(pattern[1:], path[1:])


@given(PATTERNS, st.text("ab/", max_size=10).map(lambda text: "/" + text))
def test_patterns_match_as_if_everything_were_tried(pattern: str, path: str) -> None:
    assert Rules([(False, pattern)]).allowed(HOST + path) is not backtracking(pattern, path)


@given(st.lists(st.tuples(st.booleans(), PATTERNS), max_size=6), st.text("ab/", max_size=8))
def test_the_longest_match_decides(rules: list[tuple[bool, str]], rest: str) -> None:
    matching = [(len(pattern), allow) for allow, pattern in rules if backtracking(pattern, "/" + rest)]
    assert Rules(rules).allowed(f"{HOST}/{rest}") is max(matching, default=(0, True))[1]


@pytest.mark.timeout(5)  # a matcher that goes back takes years
def test_many_stars_take_no_time() -> None:
    assert Rules([(False, "/" + "*a" * 30 + "b")]).allowed(f"{HOST}/{'a' * 7_000}")


def test_rules_come_from_data() -> None:
    rules = Rules.of({"rules": [[False, "/a"], [True, "/a/b"]], "delay": 2.5})
    assert (rules.allowed(HOST + "/a"), rules.allowed(HOST + "/a/b"), rules.delay) == (False, True, 2.5)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "no",
        {},
        {"rules": None},
        {"rules": [["/a"]]},
        {"rules": [[False, 5]]},
        {"rules": [], "delay": "x"},
        {"rules": [], "delay": -1.0},
        {"rules": [], "delay": float("inf")},
        {"rules": [], "delay": float("nan")},
    ],
)
def test_damaged_data_is_no_rule(data: Any) -> None:
    assert Rules.of(data) is ALLOW_ALL


ASKED = Request(HOST + "/robots.txt", kind=Kind.ROBOTS)
FILE = Page(data={"rules": [[False, "/a"]], "delay": None})


@pytest.mark.parametrize(
    ("outcome", "a", "b", "known"),
    [
        (Fetched(ASKED, 200, FILE), False, True, True),
        (Fetched(ASKED, 206, FILE), False, True, True),
        (Fetched(ASKED, 200), True, True, True),
        (Fetched(ASKED, 204), True, True, True),
        (Fetched(ASKED, 301), True, True, True),
        (Fetched(ASKED, 302, location=HOST + "/x"), True, True, True),
        (Failed(ASKED, Reason.REDIRECTS), True, True, True),
        (Fetched(ASKED, 400), True, True, True),
        (Fetched(ASKED, 401), True, True, True),
        (Fetched(ASKED, 403), True, True, True),
        (Fetched(ASKED, 404, FILE), True, True, True),
        (Fetched(ASKED, 410), True, True, True),
        (Fetched(ASKED, 499), True, True, True),
        (Fetched(ASKED, 429), False, False, False),
        (Fetched(ASKED, 500, FILE), False, False, False),
        (Fetched(ASKED, 503), False, False, False),
        (Fetched(ASKED, 599), False, False, False),
        (Fetched(ASKED, 999), False, False, False),
        *((Failed(ASKED, reason), False, False, False) for reason in Reason if reason is not Reason.REDIRECTS),
        (Refused(ASKED, Reason.PRIVATE_ADDRESS), False, False, False),
    ],
)
def test_what_an_outcome_means(outcome: Outcome, a: bool, b: bool, known: bool) -> None:
    rules, certain = verdict(outcome)
    assert (rules.allowed(HOST + "/a"), rules.allowed(HOST + "/b"), certain) == (a, b, known)


def test_redirects_are_followed_five_times_to_any_host() -> None:
    led = Fetched(ASKED, 301, location="https://other.example/r")
    assert [target(led, count) is not None for count in range(7)] == [True] * MAX_REDIRECTS + [False] * 2
    assert target(led, 0) == "https://other.example/r"
    assert target(Fetched(ASKED, 304), 0) is None
    assert target(Fetched(ASKED, 201, location=HOST + "/x"), 0) is None
    assert target(Failed(ASKED, Reason.TIMEOUT), 0) is None


def test_the_constants() -> None:
    assert ALLOW_ALL.allowed(HOST + "/a")
    assert not DISALLOW_ALL.allowed(HOST + "/a")
    assert DISALLOW_ALL.allowed(HOST + "/robots.txt")


def test_patterns_with_a_star_are_bounded_on_the_side_of_caution() -> None:
    """What is beyond the bound bars more than it says, and allows nothing."""
    many = [(False, f"/many/*{number}.") for number in range(PIECES // 2)]
    rules = Rules([*many, (False, "/late/*x"), (True, "/late/*x/y"), (False, "/plain")])
    assert not rules.allowed(f"{HOST}/many/0.")
    assert rules.allowed(f"{HOST}/many/x")
    assert not rules.allowed(f"{HOST}/late/")
    assert not rules.allowed(f"{HOST}/late/x/y")
    assert not rules.allowed(f"{HOST}/plain")
    assert rules.allowed(f"{HOST}/")
    assert sum(len(rule.pieces) for rule in rules._ranked if len(rule.pieces) > 1) == PIECES
