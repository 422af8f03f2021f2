"""Scopes: how far each mode reaches, by tables; what expressions select; and why a URL is refused."""

from __future__ import annotations

import pickle

import pytest

from scraper.errors import ConfigError
from scraper.scope import Scope, ScopeMode
from scraper.suffixes import is_public_suffix, registrable

SEED = "https://www.example.com/docs/guide/index.html?v=2"
HOST, DOMAIN, PATH, ANY = ScopeMode.HOST, ScopeMode.DOMAIN, ScopeMode.PATH, ScopeMode.ANY


@pytest.mark.parametrize(
    ("url", "modes"),
    [
        ("https://www.example.com/docs/guide/index.html?v=2", {HOST, DOMAIN, PATH, ANY}),
        ("https://www.example.com/docs/guide/", {HOST, DOMAIN, PATH, ANY}),
        ("https://www.example.com/docs/guide/deep/er?x=/", {HOST, DOMAIN, PATH, ANY}),
        ("https://www.example.com/docs/guide", {HOST, DOMAIN, ANY}),
        ("https://www.example.com/docs/guided/", {HOST, DOMAIN, ANY}),
        ("https://www.example.com/", {HOST, DOMAIN, ANY}),
        ("https://example.com/docs/guide/", {HOST, DOMAIN, ANY}),
        ("http://www.example.com/docs/guide/", {HOST, DOMAIN, ANY}),
        ("https://www.example.com:8443/docs/guide/", {DOMAIN, ANY}),
        ("https://blog.example.com/docs/guide/", {DOMAIN, ANY}),
        ("https://a.b.example.com/", {DOMAIN, ANY}),
        ("https://notexample.com/", {ANY}),
        ("https://example.com.evil.test/", {ANY}),
        ("https://com/", {ANY}),
        ("https://other.test/?u=https://www.example.com/docs/guide/", {ANY}),
        ("http://127.0.0.1/", {ANY}),
        ("http://[::1]/", {ANY}),
    ],
)
def test_how_far_a_scope_reaches(url: str, modes: set[ScopeMode]) -> None:
    assert {mode for mode in ScopeMode if Scope.around([SEED], mode).admits(url)} == modes


@pytest.mark.parametrize(
    ("seed", "mode", "url", "admitted"),
    [
        ("http://127.0.0.1:8000/", HOST, "http://127.0.0.1:8000/x", True),
        ("http://127.0.0.1:8000/", HOST, "http://127.0.0.1:8001/x", False),
        ("http://127.0.0.1:8000/", DOMAIN, "http://127.0.0.1:8001/x", True),
        ("http://127.0.0.1:8000/", DOMAIN, "http://10.127.0.0.1.test/", False),
        ("http://[::1]:8000/", HOST, "http://[::1]:8000/x", True),
        ("http://example.com/", DOMAIN, "http://www.example.com/", True),
        ("http://www.example.com/", DOMAIN, "http://example.com/", True),
        ("http://example.com/", PATH, "http://example.com/anything", True),
        ("http://example.com/a", PATH, "http://example.com/b", True),
        ("http://example.com/a/", PATH, "http://example.com/b", False),
        ("http://example.com/a/b?c=/d/", PATH, "http://example.com/a/x", True),
    ],
)
def test_scopes_of_special_seeds(seed: str, mode: ScopeMode, url: str, admitted: bool) -> None:
    assert Scope.around([seed], mode).admits(url) is admitted


@pytest.mark.parametrize("mode", list(ScopeMode))
def test_every_seed_is_in_its_own_scope(mode: ScopeMode) -> None:
    seeds = [SEED, "http://127.0.0.1:8000/", "http://[::1]:81/a/b", "http://localhost/", "https://a.b.c.test/x?y"]
    scope = Scope.around(seeds, mode)
    assert all(scope.admits(seed) for seed in seeds)
    assert pickle.loads(pickle.dumps(scope)) == scope


@pytest.mark.parametrize(
    ("include", "exclude", "path", "admitted"),
    [
        ((), (), "x", True),
        (("/blog/",), (), "blog/1", True),
        (("/blog/",), (), "shop/1", False),
        (("/blog/", "/shop/"), (), "shop/1", True),
        ((), (r"\.pdf$",), "a.pdf", False),
        ((), (r"\.pdf$",), "a.pdf?x", True),
        (("/blog/",), ("draft",), "blog/draft-1", False),
    ],
)
def test_expressions(include: tuple[str, ...], exclude: tuple[str, ...], path: str, admitted: bool) -> None:
    scope = Scope.around(["http://a.test/"], HOST, include, exclude)
    assert scope.admits(f"http://a.test/{path}") is admitted
    assert scope.selects(f"http://elsewhere.test/{path}") is admitted
    assert not scope.admits(f"http://elsewhere.test/{path}")


@pytest.mark.parametrize(
    ("seed", "mates", "strangers"),
    [
        (
            "docs.example.co.uk",
            ["example.co.uk", "a.b.example.co.uk", "example.co.uk."],
            ["co.uk", "other.co.uk", "uk"],
        ),
        ("me.github.io", ["me.github.io", "x.me.github.io"], ["you.github.io", "github.io", "www.github.io"]),
        ("github.io", ["github.io"], ["me.github.io"]),
        ("www.ck", ["www.ck", "a.www.ck"], ["ck", "a.b.ck"]),
        ("a.city.kawasaki.jp", ["city.kawasaki.jp"], ["kawasaki.jp", "a.b.kawasaki.jp"]),
        ("www.xn--85x722f.xn--55qx5d.cn", ["xn--85x722f.xn--55qx5d.cn"], ["a.xn--55qx5d.cn", "xn--55qx5d.cn"]),
        ("a.unlisted", ["b.a.unlisted"], ["b.unlisted", "unlisted"]),
        ("localhost", ["localhost:81"], ["a.localhost"]),
        ("10.0.0.1", ["10.0.0.1:81"], ["10.1.0.1", "2.0.0.1"]),
        ("[::1]:80", ["[::1]:81"], ["[::2]"]),
    ],
)
def test_domains_by_the_public_suffix_list(seed: str, mates: list[str], strangers: list[str]) -> None:
    scope = Scope.around([f"http://{seed}/"], DOMAIN)
    assert [mate for mate in mates if not scope.admits(f"https://{mate}/")] == []
    assert [stranger for stranger in strangers if scope.admits(f"https://{stranger}/")] == []


@pytest.mark.parametrize(
    ("host", "suffix"),
    [
        ("com", True), ("co.uk", True), ("github.io", True), ("a.ck", True), ("www.ck", False), ("example.com", False),
        ("localhost", True), ("CO.UK.", True), ("127.0.0.1", False), ("[::1]", False), ("", False), (".", False),
    ],
)  # fmt: skip
def test_public_suffixes(host: str, suffix: bool) -> None:
    assert is_public_suffix(host) is suffix
    if suffix:
        assert registrable(host) is None


@pytest.mark.parametrize(
    ("mode", "url", "why"),
    [
        (HOST, "http://b.test/", "outside the hosts of the seeds (--scope host)"),
        (DOMAIN, "http://b.test/", "outside the domains of the seeds (--scope domain)"),
        (PATH, "http://a.test/b/", "outside the folders of the seeds (--scope path)"),
        (ANY, "http://b.test/x/9", "matches --exclude '[0-9]$'"),
        (HOST, "http://a.test/x/y.pdf", "matches --exclude 'pdf'"),
        (ANY, "http://a.test/y", "does not match --include"),
        (HOST, "http://a.test/x/y", None),
    ],
)
def test_why_a_url_is_refused(mode: ScopeMode, url: str, why: str | None) -> None:
    scope = Scope.around(["http://a.test/x/"], mode, ["/x/", "^http://b"], ["pdf", "[0-9]$"])
    assert scope.refuses(url) == why
    assert scope.admits(url) == (why is None)


@pytest.mark.parametrize("mode", list(ScopeMode))
def test_where_a_seed_redirects_to_is_a_seed(mode: ScopeMode) -> None:
    seeds = ["http://a.test/x/", "https://www.b.test:81/y/?z"]
    scope = Scope.around(seeds[:1], mode, ["."], ["never"])
    assert scope.admits(seeds[1]) is (mode is ANY)
    assert scope.widened(seeds[1]) == Scope.around(seeds, mode, ["."], ["never"])
    assert scope.widened(seeds[0]) == scope


def test_an_expression_that_does_not_compile() -> None:
    with pytest.raises(ConfigError, match=r"'\(' is no regular expression"):
        Scope.around([], exclude=["("])
