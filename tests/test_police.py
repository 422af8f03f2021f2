"""The police of the simulated web: every rule broken, and kept by a hair."""

from __future__ import annotations

from itertools import pairwise

import pytest

from scraper.backends.police import Impolite, Police
from scraper.model import Failed, Fetched, Kind, Outcome, Reason, Request
from scraper.settings import Politeness

A, B, ROBOTS = "http://a/1", "http://a/2", "http://a/robots.txt"


class Beat:
    """A police and the crawl that it watches, step by step; robots files are off unless a test is about them."""

    def __init__(self, agent: str = "scraper", **politeness: object) -> None:
        settings = {"robots": False, "delay": 0.0, **politeness}
        self.police = Police(Politeness(**settings), agent)  # type: ignore[arg-type]

    def ask(self, url: str, at: float, kind: Kind = Kind.PAGE) -> Request:
        request = Request(url, kind=kind)
        self.police.asked(request, at)
        return request

    def visit(self, url: str, at: float = 0.0, **answer: object) -> Outcome:
        """Ask for a page, and have it answered in no time: status 200 unless ``answer`` says otherwise."""
        outcome = Fetched(self.ask(url, at), **{"status": 200, **answer})  # type: ignore[arg-type]
        self.police.answered(outcome, at)
        return outcome

    def robots(self, text: str | Reason | int, at: float = 0.0, url: str = ROBOTS, location: str | None = None) -> None:
        """Ask for a robots file: its text is answered, a status or a failure."""
        request = self.ask(url, at, Kind.ROBOTS)
        match text:
            case Reason():
                self.police.answered(Failed(request, text), at)
            case int():
                self.police.answered(Fetched(request, text, location=location), at)
            case str():
                self.police.answered(Fetched(request, 200), at, text)

    def refuses(self, complaint: str, url: str, at: float) -> None:
        with pytest.raises(Impolite, match=complaint):
            self.ask(url, at)


def test_the_text_says_which_request_and_when() -> None:
    beat = Beat(delay=2.0)
    beat.visit(A, 1.0)
    beat.refuses(r"^page http://a/2 at 2.500 s: only 1.500 s after the start before it on a, and not 2 s$", B, 2.5)
    assert issubclass(Impolite, AssertionError)


def test_what_was_answered_for_good_is_not_asked_again() -> None:
    beat = Beat()
    beat.ask(A, 0.0)
    beat.refuses("still being answered", A, 0.0)
    beat.visit(B)
    beat.refuses("it has been answered", B, 1.0)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_asked_again(status: int) -> None:
    beat = Beat()
    beat.visit(A, status=status)
    beat.visit(A, 1.0)


def test_failures_that_pass_are_asked_again_and_others_are_not() -> None:
    beat = Beat()
    for reason in (Reason.TIMEOUT, Reason.TLS):
        beat.police.answered(Failed(beat.ask(A, 0.0), reason), 0.0)
    beat.refuses("it has been answered", A, 9.0)


def test_starts_on_one_host_are_apart_whatever_the_scheme() -> None:
    beat = Beat(delay=1.0)
    beat.visit(A, 0.0)
    beat.visit("http://b/", 0.1)
    beat.visit("http://a:8080/", 0.2)
    beat.refuses("only 0.900 s after", "https://a/", 0.9)
    beat.visit("https://a/", 1.0)


def test_the_delay_is_that_of_the_host_where_none_was_said() -> None:
    beat = Beat(delay=None)
    beat.visit("http://localhost/1", 0.0)
    beat.visit("http://localhost/2", 0.0)
    beat.visit(A, 0.0)
    beat.refuses("not 0.5 s", B, 0.4)


def test_so_many_are_in_flight_on_a_host() -> None:
    beat = Beat(per_host=2)
    first = beat.ask(A, 0.0)
    beat.ask(B, 0.0)
    beat.refuses("2 others are in flight on a, and 2 is the limit", "http://a/3", 1.0)
    beat.police.answered(Failed(first, Reason.TIMEOUT), 1.0)
    beat.ask("http://a/3", 1.0)


def test_so_many_are_in_flight_on_an_address_once_it_is_known() -> None:
    beat = Beat(per_host=1, per_address=2)
    for host in "abc":
        beat.visit(f"http://{host}/1", address="192.0.2.1")
    for host in "ab":
        beat.ask(f"http://{host}/2", 0.0)
    beat.ask("http://d/1", 0.0)  # nobody knows yet where it is
    beat.refuses("2 others are in flight on address 192.0.2.1", "http://c/2", 0.0)


def test_on_an_address_starts_are_a_quarter_of_the_delay_apart() -> None:
    beat = Beat(delay=2.0)
    for host in "abc":
        beat.visit(f"http://{host}/1", 0.0, address="192.0.2.1")
    beat.visit("http://a/2", 2.0)
    beat.refuses("only 0.400 s after the start before it on address 192.0.2.1, and not 0.5 s", "http://b/2", 2.4)
    beat.visit("http://b/2", 2.5)


def test_an_address_has_four_times_the_room_of_a_host_and_ones_own_has_no_limit() -> None:
    beat = Beat(per_host=1)
    for host in range(6):
        beat.visit(f"http://h{host}/", address="192.0.2.1")
        beat.visit(f"http://127.0.0.{host}/", address="127.0.0.1")
    for host in range(6):
        beat.ask(f"http://127.0.0.{host}/1", 1.0)
    for host in range(4):
        beat.ask(f"http://h{host}/1", 1.0)
    beat.refuses("4 is the limit", "http://h4/1", 1.0)


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_asks_for_silence_is_left_alone(status: int) -> None:
    beat = Beat(longest_hold=60.0)
    beat.visit(A, 1.0, status=status, retry_after=30.0)
    beat.visit("http://b/", 2.0)
    beat.refuses("silence until 31.000 s", B, 30.0)
    beat.visit(B, 31.0, status=status, retry_after=1e6)
    beat.refuses("silence until 91.000 s", "http://a/3", 90.9)
    beat.visit("http://a/3", 91.0)


def test_no_page_comes_before_its_robots_file() -> None:
    beat = Beat(robots=True)
    beat.refuses("not been answered yet", A, 0.0)
    request = beat.ask(ROBOTS, 0.0, Kind.ROBOTS)
    beat.refuses("not been answered yet", A, 0.5)
    beat.police.answered(Fetched(request, 404), 1.0)
    beat.visit(A, 1.0)
    beat.refuses("not been answered yet", "https://a/1", 1.0)  # of each origin its own (RFC 9309, 2.3)


@pytest.mark.parametrize(
    ("text", "allowed", "forbidden"),
    [
        ("", "12", ""),
        ("User-agent: *\nDisallow:", "12", ""),
        ("User-agent: *\nDisallow: /", "", "12"),
        ("user-AGENT: * # all\nDISALLOW: /1", "2", "1"),
        ("User-agent: *\nDisallow: /\nAllow: /1", "1", "2"),
        ("User-agent: *\nDisallow: /1\nAllow: /1", "1", ""),
        ("User-agent: *\nDisallow: /*2$\nAllow: /", "1", "2"),
        ("User-agent: *\nDisallow: /1$x", "1", ""),
        ("User-agent: other\nDisallow: /", "12", ""),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Scraper\nDisallow: /1", "2", "1"),
        ("User-agent: *\nDisallow: /\nUser-agent: scraper\n", "12", ""),
        ("User-agent: scraper\nUser-agent: other\nDisallow: /1", "2", "1"),
        ("User-agent: scraper\nCrawl-delay: 1\nUser-agent: other\nDisallow: /1", "2", "1"),
        (
            "User-agent: scraper\nDisallow: /1\nUser-agent: other\nDisallow: /\nUser-agent: scraper\nDisallow: /2",
            "",
            "12",
        ),
    ],
)
def test_what_a_robots_file_forbids_is_not_asked_for(text: str, allowed: str, forbidden: str) -> None:
    beat = Beat(robots=True)
    beat.robots(text)
    for page in forbidden:
        beat.refuses("robots.txt forbids it", f"http://a/{page}", 99.0)
    for page in allowed:
        beat.visit(f"http://a/{page}", 99.0)


@pytest.mark.parametrize("answer", [Reason.TIMEOUT, Reason.CONNECT, 500, 503])
def test_a_robots_file_that_cannot_be_had_forbids_everything_until_it_can(answer: Reason | int) -> None:
    beat = Beat(robots=True)
    beat.robots(answer)
    beat.refuses("could not be had", A, 0.0)
    beat.robots("")
    beat.visit(A)
    beat.robots(answer, 80_000.0)
    beat.visit(B, 160_000.0)  # what was known may still be used


@pytest.mark.parametrize("status", [200, 401, 403, 404, 410])
def test_without_rules_everything_may_be_asked_for(status: int) -> None:
    beat = Beat(robots=True)
    beat.robots(status)
    beat.visit(A)


def test_a_robots_file_is_good_for_a_day() -> None:
    beat = Beat(robots=True)
    beat.robots("")
    beat.visit(A, 86_400.0)
    beat.refuses("robots.txt was read 86401 s ago", B, 86_401.0)
    beat.robots("", 86_401.0)
    beat.visit(B, 86_401.0)


def test_a_robots_file_may_lie_elsewhere() -> None:
    beat = Beat(robots=True)
    beat.robots(301, location="http://b/r")
    beat.refuses("not been answered yet", A, 0.0)
    beat.robots(302, url="http://b/r", location="http://c/robots.txt")
    beat.robots("User-agent: *\nDisallow: /2", url="http://c/robots.txt")
    beat.visit(A)
    beat.refuses("forbids", B, 0.0)
    beat.refuses("forbids", "http://c/2", 0.0)
    beat.refuses("not been answered yet", "http://b/1", 0.0)


def test_a_robots_file_elsewhere_may_be_late() -> None:
    beat = Beat(robots=True)
    beat.robots(301, location="http://b/r")
    beat.robots(503, url="http://b/r")
    beat.refuses("could not be had", A, 0.0)
    beat.robots("User-agent: *\nDisallow: /2", url="http://b/r")
    beat.visit(A)
    beat.refuses("forbids", B, 0.0)
    beat.robots("", 1.0)  # its own, from now on
    beat.robots(503, 2.0, url="http://b/r")
    beat.visit(B, 2.0)


def test_behind_too_many_redirects_there_is_no_robots_file() -> None:
    beat = Beat(robots=True)
    chain = [ROBOTS, *(f"http://r{number}/" for number in range(6))]
    for here, there in pairwise(chain[:-1]):
        beat.robots(301, location=there, url=here)
    beat.refuses("not been answered yet", A, 0.0)
    beat.robots(301, location=chain[-1], url=chain[-2])
    beat.visit(A)


def test_a_loop_of_redirects_is_no_robots_file() -> None:
    beat = Beat(robots=True)
    beat.robots(301, location="http://b/r")
    beat.refuses("not been answered yet", A, 0.0)
    beat.robots(301, location=ROBOTS, url="http://b/r")
    beat.visit(A)


def test_a_crawl_delay_is_kept_up_to_the_longest() -> None:
    beat = Beat(robots=True, delay=1.0, longest_crawl_delay=10.0)
    beat.robots("User-agent: *\nCrawl-delay: 5.5")
    beat.visit(A, 5.5)
    beat.refuses("not 5.5 s", B, 10.9)
    beat.visit(B, 11.0)
    beat.robots("User-agent: *\nCrawl-delay: 10.5", url="http://b/robots.txt")
    beat.refuses("asks for pauses of 10.5 s", "http://b/", 99.0)
