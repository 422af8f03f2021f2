"""Tests for robots, as the services show them; and pages that only speak of them."""

from __future__ import annotations

import pytest

from scraper.model import Response
from scraper.parse.challenge import RULES, challenge

JUST_A_MOMENT = b"""<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8"><meta name="robots" content="noindex"></head><body>
<div class="main-wrapper" role="main"><noscript>Enable JavaScript and cookies to continue</noscript></div>
<script>(function(){window._cf_chl_opt={cvId: '3'}})();</script></body></html>"""
ATTENTION = b"""<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>
<h1 data-translate="block_headline">Sorry, you have been blocked</h1></body></html>"""
AKAMAI = b"""<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>
You don't have permission to access "http&#58;&#47;&#47;shop&#46;test&#47;" on this server.<P>
Reference&#32;&#35;18&#46;5e8c1702&#46;1700000000&#46;abcdef
<P>https&#58;&#47;&#47;errors&#46;edgesuite&#46;net&#47;18&#46;5e8c1702&#46;1700000000&#46;abcdef</P></BODY></HTML>"""
IMPERVA = b"""<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head>
<body style="margin:0px;height:100%"><iframe id="main-iframe" src="/_Incapsula_Resource?SWUDNSAI=31&xinfo=1"
frameborder=0 width="100%">Request unsuccessful. Incapsula incident ID: 877000170113000000-1</iframe></body></html>"""
IMPERVA_SCRIPT = b"""<html><head><META NAME="robots" CONTENT="noindex,nofollow">
<script src="/_Incapsula_Resource?SWJIYLWA=5074a744e2e3d891814e9a2dace20bd4"></script><body></body></html>"""
DATADOME = b"""<html><head><title>shop.test</title></head>
<body><p id="cmsg">Please enable JS and disable any ad blocker</p>
<script data-cfasync="false">var dd={'rt':'c','host':'geo.captcha-delivery.com'}</script></body></html>"""
HUMAN = b"""<!DOCTYPE html><html><head><title>Access to this page has been denied</title></head><body>
<div id="px-captcha"></div><script>window._pxAppId = 'PXabc123';</script></body></html>"""
SUCURI = b"<html><title>Sucuri WebSite Firewall - Access Denied</title><body>Block ID: GEO02</body></html>"
GUARD = (
    b"<html><head><title>DDoS-Guard</title></head><body><h1>Checking your browser before accessing</h1></body></html>"
)
ANUBIS = b"""<!doctype html><html lang="en"><head><title>Making sure you&#39;re not a bot!</title>
<script id="anubis_version" type="application/json">"v1.21.3"</script></head></html>"""
RECAPTCHA = b'<html><body><form><div class="g-recaptcha" data-sitekey="6Lc"></div></form></body></html>'

TESTS: list[tuple[str, int, dict[str, str], bytes]] = [
    ("Cloudflare", 403, {"server": "cloudflare", "cf-mitigated": "challenge"}, b""),
    ("Cloudflare", 403, {"server": "cloudflare"}, JUST_A_MOMENT),
    ("Cloudflare", 503, {"server": "cloudflare"}, JUST_A_MOMENT),
    ("Cloudflare", 403, {"server": "cloudflare"}, ATTENTION),
    ("Akamai", 403, {"server": "AkamaiGHost"}, AKAMAI),
    ("Akamai", 403, {}, b"<H1>Access Denied</H1> https://errors.edgesuite.net/18.5e"),
    ("Imperva", 403, {"x-iinfo": "1"}, IMPERVA),
    ("Imperva", 200, {"x-iinfo": "1"}, IMPERVA),
    ("Imperva", 200, {}, IMPERVA_SCRIPT),
    ("DataDome", 403, {"x-datadome": "protected", "server": "DataDome"}, b""),
    ("DataDome", 403, {}, DATADOME),
    ("HUMAN", 403, {}, HUMAN),
    ("AWS WAF", 202, {"x-amzn-waf-action": "challenge"}, b""),
    ("AWS WAF", 405, {"x-amzn-waf-action": "captcha"}, b"<html><title>Human Verification</title></html>"),
    ("Sucuri", 403, {"server": "Sucuri/Cloudproxy"}, SUCURI),
    ("DDoS-Guard", 403, {"server": "ddos-guard"}, GUARD),
    (
        "Vercel",
        403,
        {"server": "Vercel", "x-vercel-mitigated": "challenge"},
        b"<title>Vercel Security Checkpoint</title>",
    ),
    ("Vercel", 429, {"x-vercel-mitigated": "challenge"}, b""),
    ("Anubis", 200, {}, ANUBIS),
    ("DDoS-Guard", 503, {"server": "ddos-guard"}, GUARD),
    ("Amazon", 503, {"server": "Server"}, b'<form method="get" action="/errors/validateCaptcha" name="">'),
    ("captcha", 429, {}, RECAPTCHA),
    ("captcha", 403, {}, b"<p>Please solve this CAPTCHA to go on"),
]


@pytest.mark.parametrize(("name", "status", "headers", "body"), TESTS)
def test_tests_for_robots(name: str, status: int, headers: dict[str, str], body: bytes) -> None:
    assert challenge(Response("http://a.test/", status, headers, body)) == name


ARTICLE = (
    b"<title>How we left Cloudflare</title><p>Just a moment... Attention Required! _Incapsula_Resource g-recaptcha"
)

PAGES: list[tuple[int, dict[str, str], bytes]] = [
    (200, {}, b"<title>Shop</title>"),
    (200, {"server": "cloudflare", "cf-ray": "8f-FRA"}, ARTICLE + b" captcha Access Denied errors.edgesuite.net"),
    (200, {"server": "cloudflare"}, JUST_A_MOMENT),
    (200, {"x-datadome": "protected"}, b"<title>Shop</title><script src=https://js.captcha-delivery.com/tags.js>"),
    (200, {}, b"<title>Shop</title><script>window._pxAppId='PX1'</script>" + RECAPTCHA),
    (200, {}, b"<title>Shop</title>" + b"<p>word" * 1_000 + b'<script src="/_Incapsula_Resource?SWJIYLWA=1"></script>'),
    (200, {}, b"<title>What is Anubis?</title><p>Making sure you're not a bot! says its title"),
    (200, {"server": "ddos-guard"}, b"<title>Shop</title><a href=https://ddos-guard.net>ddos-guard"),
    (200, {}, b"<title>Sucuri WebSite Firewall: a review</title>"),
    (403, {"server": "cloudflare"}, b"<title>403 Forbidden</title>"),
    (403, {}, b"<h1>Access Denied</h1>"),
    (404, {}, RECAPTCHA),
    (500, {"server": "cloudflare"}, ARTICLE),
    (503, {}, b"<title>Just a moment...</title> we are down for maintenance"),
    # outages behind such a service: its marks are there, the site is not
    (503, {"x-datadome": "protected"}, b"<title>Maintenance</title>"),
    (503, {}, b"<title>Maintenance</title><script>window._pxAppId='PX1'</script>" + RECAPTCHA),
    (503, {"x-iinfo": "1"}, b'<title>Maintenance</title><script src="/_Incapsula_Resource?SWJIYLWA=1"></script>'),
    (503, {"x-iinfo": "8"}, IMPERVA),
    (503, {"server": "Sucuri/Cloudproxy"}, b"<title>Sucuri WebSite Firewall - Back-end server timeout</title>"),
    (503, {"server": "ddos-guard"}, b"<title>503: no answer from the origin | DDoS-Guard</title>"),
    (200, {}, b"<title>What an Incapsula incident ID is</title><p>_Incapsula_Resource" + b"<p>word" * 1_000),
    (401, {"www-authenticate": "Basic"}, b""),
    (429, {"retry-after": "5"}, b"slow down"),
    (200, {"x-amzn-waf-action": "allow", "cf-mitigated": ""}, b""),
    (301, {"location": "/captcha"}, b""),
]


@pytest.mark.parametrize(("status", "headers", "body"), PAGES)
def test_pages_and_other_troubles(status: int, headers: dict[str, str], body: bytes) -> None:
    assert challenge(Response("http://a.test/", status, headers, body)) is None


def test_every_rule_has_its_test() -> None:
    for rule in RULES:
        assert any(
            rule.name == name and rule.holds(Response("http://a.test/", status, headers, body), body[:8_192].lower())
            for name, status, headers, body in TESTS
        ), rule


def test_what_lies_deep_in_a_body_is_not_looked_at() -> None:
    body = b"<p>word " * 2_000 + RECAPTCHA
    assert challenge(Response("http://a.test/", 403, {}, body)) is None
