"""The cookie jar: RFC 6265 rule by rule, the advisories of others, and what may never happen whatever the text."""

from __future__ import annotations

import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.backends.simulated import Web
from scraper.core import cookies
from scraper.core.cookies import Jar
from scraper.model import Fetched, Page, Request
from scraper.settings import Identity
from scraper.url import canonical
from tests.webs import crawl, rules

NOW = 1_700_000_000.0  # 2023-11-14
SUFFIXES = {"com", "org", "uk", "co.uk", "jp", "github.io", "io", "localhost", "test"}
HTTPS = "https://www.example.com/a/b"


def jar() -> Jar:
    return Jar(SUFFIXES.__contains__)


def after(*steps: tuple[str, str]) -> Jar:
    """A jar that met these answers, one second after the other."""
    made = jar()
    for second, (url, text) in enumerate(steps):
        made.store(url, [text], NOW + second)
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", "a=1"),
        ("a=1; Path=/", "a=1"),
        ("  a \t=  1 2 ; Path=/", "a=1 2"),
        ("a=b=c", "a=b=c"),
        ('a="1; 2"', 'a="1'),  # quotes are no syntax (5.2)
        ("a=", "a="),
        ("=1", None),
        ("a", None),
        ("", None),
        (";", None),
        ("; a=1", None),
        ("a=1;;;; =; Unknown=x", "a=1"),
        ("a=1\r\nX: y", None),
        ("a=1\x00", None),
        ("a=1; Path=/\x7f", None),
        ("a=\t1\t2", "a=1\t2"),
        ("a=\u00e9", None),
        ("\u00e9=1", None),
        ("a=1; Comment=\u00e9", "a=1"),
        (f"a={'x' * 4095}", f"a={'x' * 4095}"),
        (f"a={'x' * 4096}", None),
        (f"a=1; Path=/{'x' * 1024}", "a=1"),  # the attribute is ignored, not the cookie
        ("a=1; Path=/x" + ";" * 50_000, None),  # of another path, and read in no time
    ],
)
def test_a_set_cookie_value_is_read_as_the_rfc_says(text: str, expected: str | None) -> None:
    assert after((HTTPS, text)).header(HTTPS, NOW) == expected


@pytest.mark.parametrize(
    ("host", "domain", "sent_to", "not_to"),
    [
        ("www.example.com", "", ["www.example.com"], ["example.com", "a.www.example.com", "www.example.org"]),
        ("www.example.com", "www.example.com", ["www.example.com", "a.www.example.com"], ["example.com"]),
        ("www.example.com", "example.com", ["www.example.com", "example.com", "a.b.example.com"], ["badexample.com"]),
        ("www.example.com", ".example.com", ["example.com", "b.example.com"], ["example.com.test"]),
        ("www.example.com", "EXAMPLE.Com", ["b.example.com"], []),
        ("www.example.com", "..example.com", [], ["www.example.com"]),
        ("www.example.com", ".", ["www.example.com"], ["a.www.example.com", "example.com"]),
        ("www.example.com", "ample.com", [], ["www.example.com", "ample.com"]),
        ("www.example.com", "a.www.example.com", [], ["www.example.com", "a.www.example.com"]),
        ("www.example.com", "other.com", [], ["www.example.com", "other.com"]),
        ("www.example.com", "www.example.com.", [], ["www.example.com"]),
        ("www.example.com", "ex\u00e4mple.com", [], ["www.example.com"]),
        # public suffixes: refused, or of that very host alone (5.3, step 5)
        ("www.example.com", "com", [], ["www.example.com", "com"]),
        ("www.example.com", "COM", [], ["www.example.com"]),  # CVE-2023-46218: whatever the case
        ("www.example.com.", "com.", [], ["www.example.com.", "b.com."]),
        ("shop.co.uk", "co.uk", [], ["shop.co.uk", "bank.co.uk", "co.uk"]),  # GHSA-mfjm-vh54-3f96
        ("me.github.io", "github.io", [], ["me.github.io", "you.github.io"]),
        ("github.io", "github.io", ["github.io"], ["you.github.io"]),
        ("localhost", "localhost", ["localhost"], ["a.localhost"]),
        # addresses are only themselves (5.1.3)
        ("192.0.2.10", "192.0.2.10", ["192.0.2.10"], ["1.192.0.2.10"]),
        ("192.0.2.10", "2.10", [], ["192.0.2.10", "192.0.2.10"]),
        ("192.0.2.10", "0.2.10", [], ["192.0.2.10"]),
        ("[2001:db8::1]", "[2001:db8::1]", ["[2001:db8::1]"], ["[2001:db8::2]"]),
    ],
)
def test_a_cookie_goes_to_its_host_or_domain_and_to_no_other(
    host: str, domain: str, sent_to: list[str], not_to: list[str]
) -> None:
    met = after((f"https://{host}/", f"a=1; Domain={domain}"))
    for other in sent_to:
        assert met.header(f"https://{other}/", NOW) == "a=1", other
    for other in not_to:
        assert met.header(f"https://{other}/", NOW) is None, other


def test_what_is_not_the_hosts_to_set_is_not_even_kept() -> None:
    for host, domain in [("192.0.2.10", "2.10"), ("shop.co.uk", "co.uk"), ("a.com", "b.com"), ("a.com", "x.a.com")]:
        assert len(after((f"https://{host}/", f"a=1; Domain={domain}"))) == 0


def test_the_last_of_repeated_attributes_counts() -> None:
    met = after((HTTPS, "a=1; Domain=example.com; Path=/x; Domain=; Path=/a"))
    assert met.header("https://www.example.com/a", NOW) == "a=1"
    assert met.header("https://example.com/a", NOW) is None


@pytest.mark.parametrize(
    ("set_at", "path", "sent_to", "not_to"),
    [
        ("/a/b", "", ["/a", "/a/", "/a/c", "/a?q", "/a/b/c"], ["/", "/ab", "/b"]),
        ("/a/b/", "", ["/a/b", "/a/b/c"], ["/a", "/a/bc"]),
        ("/a", "", ["/", "/b"], []),
        ("/", "", ["/", "/b"], []),
        ("/a/b?c=/d/e", "", ["/a/x"], ["/b"]),
        ("/a/b", "a", ["/a"], ["/"]),  # no path: as if it were not there
        ("/a/b", "/x", ["/x", "/x/y", "/x?y"], ["/a", "/xy"]),
        ("/a/b", "/x/", ["/x/", "/x/y"], ["/x"]),
        ("/a/b", "/", ["/", "/z"], []),
    ],
)
def test_a_cookie_goes_to_its_path_and_below(set_at: str, path: str, sent_to: list[str], not_to: list[str]) -> None:
    met = after((f"https://a.test{set_at}", f"a=1; Path={path}"))
    for other in sent_to:
        assert met.header(f"https://a.test{other}", NOW) == "a=1", other
    for other in not_to:
        assert met.header(f"https://a.test{other}", NOW) is None, other


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Wed, 15 Nov 2023 00:13:20 GMT", 7_200),
        ("Wednesday, 15-Nov-23 00:13:20 GMT", 7_200),
        ("Wed Nov 15 00:13:20 2023", 7_200),
        ("15 nOVEMBERish 2023 0:13:20", 7_200),
        ("2023 15 Nov 00:13:20", 7_200),
        ("00:13:20x/15x/Novx/2023x", 7_200),
        ("Wed, 15 Nov 2023 00:13:20 +0500", 7_200),  # zones are not read
        ("Tue, 14 Nov 2023 22:13:20 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Thu, 01 Jan 70 00:00:00 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", cookies.LONGEST),
        ("15 Nov 69 00:00:00", cookies.LONGEST),
        # what is no date is not there: the cookie stays
        ("Wed, 31 Feb 2020 00:00:00 GMT", float("inf")),
        ("Wed, 15 Nov 1600 00:00:00 GMT", float("inf")),
        ("Wed, 15 Nov 2020 24:00:00 GMT", float("inf")),
        ("Wed, 15 Nov 2020 00:60:00 GMT", float("inf")),
        ("Wed, 15 Nov 2020 00:00:60 GMT", float("inf")),
        ("Wed, 00 Nov 2020 00:00:00 GMT", float("inf")),
        ("Wed, 015 Nov 20201 00:00:00 GMT", float("inf")),
        ("15 Nov 2020", float("inf")),
        ("tomorrow", float("inf")),
        ("", float("inf")),
    ],
)
def test_expires_is_read_by_the_algorithm_of_the_rfc(date: str, seconds: float | None) -> None:
    _ends_after(f"a=1; Expires={date}", seconds)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Max-Age=60", 60),
        ("max-AGE= 60 ", 60),
        ("Max-Age=0", None),
        ("Max-Age=-1", None),
        ("Max-Age=-", float("inf")),
        ("Max-Age=+60", float("inf")),
        ("Max-Age=6e1", float("inf")),
        ("Max-Age=\u0666", float("inf")),
        ("Max-Age=", float("inf")),
        (f"Max-Age={'9' * 1000}", cookies.LONGEST),
        (f"Max-Age={'9' * 1025}", float("inf")),
        ("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 60),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=0", None),
        ("Max-Age=5; Max-Age=60; Max-Age=x", 60),
    ],
)
def test_max_age_comes_before_expires(said: str, seconds: float | None) -> None:
    _ends_after(f"a=1; {said}", seconds)


def _ends_after(text: str, seconds: float | None) -> None:
    met = after((HTTPS, text))
    if seconds is None:
        assert (len(met), met.header(HTTPS, NOW)) == (0, None)
    elif seconds == float("inf"):
        assert met.header(HTTPS, NOW + 1e12) == "a=1"
    else:
        assert met.header(HTTPS, NOW + seconds - 1) == "a=1"
        assert met.header(HTTPS, NOW + seconds) is None


def test_a_date_in_the_past_deletes_and_a_new_value_keeps_its_place() -> None:
    met = after((HTTPS, "a=1"), (HTTPS, "b=1"), (HTTPS, "a=2"))
    assert met.header(HTTPS, NOW) == "a=2; b=1"
    met.store(HTTPS, ["a=; Max-Age=0", "c=; Max-Age=0"], NOW)
    assert (met.header(HTTPS, NOW), len(met)) == ("b=1", 1)


def test_the_same_name_with_another_path_or_domain_is_another_cookie() -> None:
    met = after((HTTPS, "a=1; Path=/"), (HTTPS, "a=2; Path=/a"), (HTTPS, "a=3; Path=/; Domain=www.example.com"))
    assert met.header(HTTPS, NOW) == "a=2; a=1; a=3"
    met.store(HTTPS, ["a=; Path=/; Max-Age=0"], NOW)
    assert met.header(HTTPS, NOW) == "a=2; a=3"


def test_longer_paths_come_first_then_the_older() -> None:
    paths = ["/", "/a/b", "/a", "/a/b", "/a/"]
    met = after(*((HTTPS, f"c{number}=; Path={path}") for number, path in enumerate(paths)))
    assert met.header(HTTPS, NOW) == "c1=; c3=; c4=; c2=; c0="


def test_secure_cookies_go_over_https_only_and_come_from_there() -> None:
    met = after((HTTPS, "a=1; Secure; Path=/"), ("http://www.example.com/", "b=1; Secure; Path=/"))
    assert met.header(HTTPS, NOW) == "a=1"
    assert met.header("http://www.example.com/", NOW) is None


@pytest.mark.parametrize(
    ("url", "text", "kept"),
    [
        ("http://www.example.com/", "a=2; Path=/", False),
        ("http://www.example.com/", "a=2; Path=/login/x", False),  # would be sent before the true one
        ("http://www.example.com/", "a=2; Path=/; Domain=example.com", False),
        ("http://x.www.example.com/", "a=2; Path=/", False),
        ("http://example.com/", "a=2; Path=/; Domain=example.com", False),
        ("http://www.example.com/", "a=; Path=/; Max-Age=0", False),
        ("http://www.example.com/", "b=2; Path=/", True),
        ("http://www.example.org/", "a=2; Path=/", True),
        ("https://www.example.com/", "a=2; Path=/", True),
    ],
)
def test_nothing_without_tls_puts_itself_before_a_secure_cookie(url: str, text: str, kept: bool) -> None:
    met = after(("https://www.example.com/", "a=1; Secure; Path=/; Domain=www.example.com"))
    met.store(url, [text], NOW)
    assert (len(met) == 2) == kept
    assert "a=1" in (met.header("https://www.example.com/login/x", NOW) or "")


@pytest.mark.parametrize(
    ("url", "text", "kept"),
    [
        (HTTPS, "__Secure-a=1", False),
        (HTTPS, "__Secure-a=1; Secure", True),
        (HTTPS, "__sEcUrE-a=1", False),
        ("http://www.example.com/", "__Secure-a=1; Secure", False),
        (HTTPS, "__Host-a=1; Secure; Path=/", True),
        (HTTPS, "__HOST-a=1; Secure; Path=/", True),
        (HTTPS, "__Host-a=1; Secure", False),
        ("https://www.example.com/", "__Host-a=1; Secure", False),
        (HTTPS, "__Host-a=1; Path=/", False),
        (HTTPS, "__Host-a=1; Secure; Path=/a", False),
        (HTTPS, "__Host-a=1; Secure; Path=/; Domain=www.example.com", False),
        (HTTPS, "__host-a=1; Secure; Path=/; Domain=example.com", False),
    ],
)
def test_prefixes_of_names_are_kept_to(url: str, text: str, kept: bool) -> None:
    assert len(after((url, text))) == kept


def test_a_cookie_of_a_redirect_is_its_own_hosts_and_not_its_targets() -> None:
    """CVE-2015-2296: a cookie without Domain, set by an answer that leads elsewhere."""
    met = after(("https://example.com/", "session=fixed"))
    assert met.header("https://evil.org/", NOW) is None
    assert met.header("https://example.com/", NOW) == "session=fixed"


def test_a_jar_that_was_put_away_knows_what_is_for_one_host_only() -> None:
    """CVE-2026-54279: host-only was lost on the way into a file and back."""
    met: Jar = pickle.loads(pickle.dumps(after((HTTPS, "a=1; Path=/"))))
    assert met.header(HTTPS, NOW) == "a=1"
    assert met.header("https://a.www.example.com/", NOW) is None


def test_of_a_domain_the_expired_and_the_insecure_and_the_unused_go_first() -> None:
    met = jar()
    for number in range(cookies.PER_DOMAIN - 5):
        met.store(HTTPS, [f"s{number}=; Secure; Path=/"], NOW)
    met.store(HTTPS, ["used=", "plain=; Path=/x", "more=", "old=; Secure; Max-Age=1", "late=; Secure"], NOW)
    met.header(HTTPS, NOW + 9)
    gone = []
    for number in range(5):
        before = names(met)
        met.store(HTTPS, [f"t{number}=; Secure; Path=/"], NOW + 10 + number)
        gone += sorted(before - names(met))
        assert len(met) == cookies.PER_DOMAIN
    assert gone == ["old", "plain", "used", "more", "s0"]


def names(met: Jar) -> set[str]:
    """What the jar holds; a copy is asked, since what is asked for counts as used."""
    twin: Jar = pickle.loads(pickle.dumps(met))
    headers = [twin.header(url, NOW) or "" for url in (HTTPS, "https://www.example.com/x")]
    return {pair.partition("=")[0] for header in headers for pair in header.split("; ")}


def test_of_all_domains_the_one_goes_that_was_not_used_for_longest() -> None:
    met = jar()
    sites = [f"https://{number}.test/" for number in range(cookies.IN_ALL + 2)]
    for url in sites[:-2]:
        met.store(url, ["a=1"], NOW)
    assert met.header(sites[0], NOW) == "a=1"
    for url in sites[-2:]:
        met.store(url, ["a=1"], NOW)
    assert len(met) == cookies.IN_ALL
    assert [met.header(url, NOW) for url in sites[:4]] == ["a=1", None, None, "a=1"]


def test_one_answer_sets_so_many_and_the_header_grows_so_long() -> None:
    met = jar()
    domains = ["www.example.com", "example.com"] * 30
    met.store(HTTPS, (f"c{n}={'x' * 1000}; Domain={domain}" for n, domain in enumerate(domains)), NOW)
    assert len(met) == cookies.PER_ANSWER
    header = met.header(HTTPS, NOW)
    assert header is not None
    assert header.count(";") == 7
    assert len(header) <= cookies.HEADER
    assert header.endswith("x")


def test_values_stand_in_no_repr() -> None:
    met = after((HTTPS, "name=secret"))
    assert repr(met) == "<Jar of 1 cookies>"
    assert "secret" not in repr(vars(met))


SITES = ["a.example.com", "example.com", "b.co.uk", "c.b.co.uk", "me.github.io", "you.github.io", "192.0.2.1", "com"]
words = st.sampled_from(
    [
        *SITES,
        ".",
        "=",
        ";",
        "; ",
        "Domain=",
        "Path=",
        "Secure",
        "Max-Age=",
        "Expires=",
        "__Host-",
        "a",
        "1",
        ",",
        " ",
        "/",
    ]
)
texts = st.lists(words | st.text(max_size=5), max_size=12).map("".join) | st.text()


@given(st.lists(st.tuples(st.sampled_from(SITES), st.text(max_size=5), texts), max_size=8))
def test_whatever_is_set_nothing_raises_and_no_site_gets_anothers(steps: list[tuple[str, str, str]]) -> None:
    for scheme in ("http", "https"):
        by_site: dict[str, Jar] = {}
        together = jar()
        for number, (host, path, text) in enumerate(steps):
            url = canonical(f"{scheme}://{host}/{path}") or f"{scheme}://{host}/"
            for met in (together, by_site.setdefault(site(host), jar())):
                met.store(url, [text], NOW + number)
        for host in SITES:
            alone = by_site.get(site(host), jar())
            for url in (f"http://{host}/", f"https://x.{host}/a"):
                header = together.header(url, NOW)
                assert header == alone.header(url, NOW)
                assert header is None or (header.isascii() and header.isprintable() | ("\t" in header))


def site(host: str) -> str:
    """The registrable domain, the plain way."""
    labels = host.split(".")
    whole = [".".join(labels[start:]) for start in range(len(labels))]
    return next((above for name, above in zip(whole[1:], whole, strict=False) if name in SUFFIXES), host)


@given(
    st.text() | st.lists(st.sampled_from(["1", "23", ":", "Nov", "2023", " ", "9999", "-"]), max_size=12).map("".join)
)
def test_any_text_may_stand_for_a_date_or_an_age(text: str) -> None:
    met = after((HTTPS, f"a=1; Expires={text}"), (HTTPS, f"b=1; Max-Age={text}"))
    met.header(HTTPS, NOW)


@pytest.mark.parametrize("on", [True, False])
def test_a_crawl_sends_cookies_back_where_they_are_from_and_records_none(on: bool) -> None:
    sent: dict[str, str | None] = {}

    def answer(request: Request) -> Fetched:
        sent[request.url] = request.cookie
        links = ("https://shop.example.com/2", "https://other.org/") if request.via is None else ()
        return Fetched(request, 200, Page(links=links), cookies=("id=secret; Path=/; Secure",), at=NOW)

    how = msgspec.structs.replace(rules(robots=True), identity=Identity(cookies=on))
    log = crawl(Web.of(answer), "https://shop.example.com/", settings=how).log
    back = "id=secret" if on else None
    assert sent == {
        "https://shop.example.com/": None,
        "https://shop.example.com/2": back,
        "https://other.org/": None,
    }
    assert "secret" not in str(msgspec.to_builtins(log.entries))  # no repr shows any
