"""``make conformance``: how much of the public test suites holds, where their data files are at hand.

A suite takes the content of a file and gives its cases: what was asked, what it should give, what it gave. A figure
under its floor makes the exit code 1. What is missing is named, and is no fault.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scraper.compare.site import Site
from scraper.core.robots import Rules
from scraper.join import join_all
from scraper.parse import robots
from scraper.parse.encoding import encoding_name, sniff
from scraper.suffixes import registrable
from scraper.url import canonical, resolve, stripper

__all__ = ["SUITES", "Case", "Suite", "main"]


class Case(NamedTuple):
    """One question with the answer of the suite and ours."""

    asked: object
    expected: object
    found: object


class Suite(NamedTuple):
    """A way to read one file.

    :ivar misses: cases that may fail: the floor is that many under all.
    :ivar yardstick: what others reach.
    """

    name: str
    file: str
    cases: Callable[[Any], Iterator[Case]]
    misses: int
    yardstick: str


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where a suite is under its floor, 0 else."""
    options = _options(arguments)
    if not options.data.is_dir():
        print(f"there is no folder {options.data} with the suites' files; say where it is: make conformance DATA=...")
        return 0
    print("| suite | passed | of | floor | yardstick |\n|---|---:|---:|---:|---|")
    held = [_row(suite, options.data, options.verbose) for suite in SUITES]
    print(f"\n{link_cost():.2f} µs a link for the canonical links of a page of the benchmark's site; 2 at most")
    return 0 if all(held) else 1


def link_cost() -> float:
    """Microseconds of CPU for one href of the pages that the backends are measured on, session ids taken out."""
    site = Site(hosts=1, pages=20)
    base = site.origin(0) + "/"
    pages = [re.findall('href="([^"]*)"', site.body(number).decode()) for number in range(site.pages)]
    clean = stripper((), sessions=True)
    seconds = min(timeit.repeat(lambda: [join_all(base, hrefs, clean) for hrefs in pages], number=1, repeat=20))
    return 1e6 * seconds / sum(map(len, pages))


def _row(suite: Suite, data: Path, verbose: bool) -> bool:
    """Print a suite's figures; whether it is at its floor or above, or cannot be asked."""
    try:
        content = json.loads((data / suite.file).read_bytes())
    except FileNotFoundError:
        print(f"| {suite.name} | | | | there is no {suite.file} |")
        return True
    cases = list(suite.cases(content))
    failed = [case for case in cases if case.expected != case.found]
    passed, floor = len(cases) - len(failed), max(0, len(cases) - suite.misses)
    below = "" if passed >= floor else " BELOW"
    print(f"| {suite.name} | {passed} | {len(cases)} | {floor}{below} | {suite.yardstick} |")
    for case in failed if verbose else ():
        print(f"  {case.asked!a}: expected {case.expected!a}, found {case.found!a}", file=sys.stderr)
    return not below


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("conformance"), help="the folder of the data files")
    parser.add_argument("-v", "--verbose", action="store_true", help="name every case that fails")
    return parser.parse_args(arguments)


def _wpt(content: Any) -> Iterator[Case]:
    """What has an http(s) URL for its result; ``httpa:`` is among them, as in the figures of others."""
    for case in _wpt_cases(content):
        if str(case.get("href")).startswith("http"):
            yield Case((case["input"], case.get("base")), case["href"], resolve(case["input"], case.get("base")))


def _wpt_invalid(content: Any) -> Iterator[Case]:
    for case in _wpt_cases(content):
        if case.get("failure") and "relativeTo" not in case:
            yield Case((case["input"], case.get("base")), None, resolve(case["input"], case.get("base")))


def _wpt_cases(content: Any) -> Iterator[dict[str, Any]]:
    return (case for case in content if isinstance(case, dict))  # texts between them are comments


def _wpt_ascii(content: Any) -> Iterator[Case]:
    for case in _wpt_cases(content):
        host = case["output"] and f"https://{case['output']}/x"
        yield Case(case["input"], host, resolve(f"https://{case['input']}/x"))


def _rfc3986(content: Any) -> Iterator[Case]:
    for case in content["normal"] + content["abnormal"]:
        yield Case(case["ref"], resolve(case["target"]), resolve(case["ref"], content["base"]))


def _final(urls: Iterator[str]) -> Iterator[Case]:
    """The canonical form of a canonical form is itself."""
    for text in urls:
        if (url := canonical(text)) is not None:
            yield Case(text, url, canonical(url))


def _final_w3lib(content: Any) -> Iterator[Case]:
    cases = (case for part in ("cases", "safe_url_string", "others") for case in content.get(part, ()))
    return _final(text for case in cases for text in (case["args"][0], case["expected"]) if isinstance(text, str))


def _final_wpt(content: Any) -> Iterator[Case]:
    return _final(case[key] for case in _wpt_cases(content) for key in ("input", "base", "href") if case.get(key))


def _robots(scope: str) -> Callable[[Any], Iterator[Case]]:
    def cases(content: Any) -> Iterator[Case]:
        for case in content["cases"]:
            if case["scope"] == scope:
                body = base64.b64decode(case["robots_b64"]) if "robots_b64" in case else case["robots"].encode()
                rules = Rules.of(robots.parse(body, case["agent"]).data)
                url = canonical(case["url"]) or case["url"] or "http://foo.bar/"
                yield Case((case["agent"], body[:200], case["url"]), case["allowed"], rules.allowed(url))

    return cases


def _encodings(content: Any) -> Iterator[Case]:
    for case in content["cases"]:
        body = base64.b64decode(case["data_b64"])
        yield Case(body[:200], encoding_name(case["encoding"]), sniff(body, "text/html")[0])


def _suffixes(content: Any) -> Iterator[Case]:
    for case in content["cases"]:
        yield Case(case["host"], case["registrable"], registrable(case["host"] or ""))


SUITES = (
    Suite("WPT URLs with an http(s) result", "wpt-urltestdata.json", _wpt, 3, "urljoin 84, yarl 123 of 248"),
    Suite("WPT URLs that are none", "wpt-urltestdata.json", _wpt_invalid, 0, ""),
    Suite("WPT hosts to ASCII", "wpt-toascii.json", _wpt_ascii, 8, ""),
    Suite("WPT URLs, canonical form is final", "wpt-urltestdata.json", _final_wpt, 0, ""),
    Suite("w3lib URLs, canonical form is final", "w3lib-url.json", _final_w3lib, 0, ""),
    Suite("RFC 3986, 5.4", "rfc3986-resolution.json", _rfc3986, 1, "urljoin 41 of 42"),
    Suite("Google robots.txt, RFC 9309", "google-robotstxt.json", _robots("rfc9309"), 0, "protego 62, urllib 47 of 69"),
    Suite("Google robots.txt, its own", "google-robotstxt.json", _robots("google"), 76, "no rule for others"),
    Suite("html5lib encodings", "html5lib-encoding.json", _encodings, 7, "html5lib 75 of 82"),
    Suite("public suffixes", "publicsuffix-tests.json", _suffixes, 0, ""),
)
"""RFC 3986 may miss one: ``http:g`` is relative for the WHATWG standard, as it was for old parsers. The robots cases
of Google's own are its extensions and misspellings: they are counted and need not hold."""

if __name__ == "__main__":
    sys.exit(main())
