"""What is not public is not connected to, whatever leads there: judged on the address, in both borders alike."""

from __future__ import annotations

import pytest

from scraper.model import Fetched, Kind, Reason, Refused, Request
from scraper.settings import Identity, Safety
from scraper.url import canonical, host_key
from tests.fetch.conftest import LIMITS, Border, word
from tests.fetch.internet import PUBLIC, Internet
from tests.fetch.test_tls import ROOMY, TRUSTING, tls_server
from tests.server import ScriptedServer, ok

REFUSED = "refused: private-address"
CLOSE = "Connection: close\r\n"


@pytest.fixture
def careful(border: Border) -> Border:
    """A border as it is without a word from the user."""
    return border.be(Identity(), LIMITS, Safety())


@pytest.mark.parametrize("kind", list(Kind))
def test_refused_before_anything_is_sent(careful: Border, server: ScriptedServer, kind: Kind) -> None:
    request = Request(server.script("/", ok()), kind=kind)
    outcome = careful.visit(request)
    assert isinstance(outcome, Refused)
    assert outcome.request == request
    assert outcome.reason is Reason.PRIVATE_ADDRESS
    assert outcome.detail == "127.0.0.1 is not a public address: --allow-private lets it pass"
    assert outcome.at > 0
    assert server.connections == 0


@pytest.mark.parametrize("host", [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1"),
    *("\uff11\uff12\uff17.\uff10.\uff10.\uff11", "127\u30020\u30020\u30021", "%31%32%37.0.0.1", "0", "0.0.0.0"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b:1::808:808]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[ff02::1]"),
    *("10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "255.255.255.255", "localhost"),
    *("LOCALHOST", "127.0.0.1."),
])  # fmt: skip
def test_every_way_to_write_it(careful: Border, server: ScriptedServer, host: str) -> None:
    url = canonical(f"http://{host}:{server.port}/")
    assert url is not None
    assert careful(url) == REFUSED
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "017700000001"])
def test_not_even_where_a_url_is_not_canonical(careful: Border, server: ScriptedServer, host: str) -> None:
    assert careful(f"http://{host}:{server.port}/") in {REFUSED, "url"}
    assert server.connections == 0


def test_the_detail_is_the_same_however_it_is_written(careful: Border) -> None:
    details = {getattr(outcome, "detail", "") for outcome in careful.fetch("http://[::1]/", "http://[0::0:1]/")}
    assert details == {"::1 is not a public address: --allow-private lets it pass"}


def test_what_the_user_allows(border: Border, server: ScriptedServer) -> None:
    assert border.be(Identity(), LIMITS, Safety(private=True))(server.script("/", ok())) == "200"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_the_user_named(border: Border, server: ScriptedServer, host: str) -> None:
    """The host with its port, and no other port of it: another service is another host."""
    server.script("/", ok())
    url = server.url("/", host)
    with ScriptedServer() as other:
        border.be(Identity(), LIMITS, Safety(named=frozenset({host_key(url)})))
        words = [word(outcome) for outcome in border.fetch(url, other.script("/", ok()), url, other.url("/", host))]
        assert words == ["200", REFUSED, "200", REFUSED]
        assert other.connections == 0


def test_a_default_port_is_that_of_the_scheme(border: Border) -> None:
    border.be(Identity(), LIMITS, Safety(named=frozenset({"127.0.0.1", "[::1]"})))
    assert border("http://127.0.0.1/") != REFUSED
    assert border("https://127.0.0.1/") != REFUSED
    assert border("http://[::1]/") != REFUSED
    assert border("http://127.0.0.1:443/") == REFUSED
    assert border("http://[::1]:8081/") == REFUSED


@pytest.mark.parametrize(("answers", "words", "connected"), [
    ([[PUBLIC], ["127.0.0.1"]], ["200", REFUSED], [PUBLIC]),
    ([["127.0.0.1"], [PUBLIC]], [REFUSED, "200"], [PUBLIC]),
    ([["127.0.0.1", PUBLIC, "10.0.0.1", "::1"]], ["200", "200"], [PUBLIC, PUBLIC]),
    ([["10.0.0.1", "127.0.0.1", "::1"]], [REFUSED, REFUSED], []),
    ([["::ffff:127.0.0.1"]], [REFUSED, REFUSED], []),
])  # fmt: skip
def test_a_name_server_of_many_answers(
    careful: Border,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[list[str]],
    words: list[str],
    connected: list[str],
) -> None:
    """DNS rebinding: what is connected to is what was judged, and the name is looked up once a connection."""
    monkeypatch.setattr("scraper.fetch.connector.NAMES_KEPT", 0)
    secret = server.script("/", ok(b"secret"))
    with ScriptedServer() as public:
        public.script("/", ok(b"public", CLOSE))
        internet = Internet(monkeypatch, public.port, rebind_test=answers)
        url = secret.replace("127.0.0.1", "rebind.test")
        assert [word(outcome) for outcome in careful.fetch(url, url)] == words
    assert internet.connected == connected
    assert internet.asked == ["rebind.test"] * 2
    assert server.connections == 0


def test_addresses_that_are_remembered_are_judged_again(
    careful: Border, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiohttp remembers the answer for names; a host named on one port does not open the others."""
    server.script("/", ok(headers=CLOSE))
    Internet(monkeypatch, server.port, two_test=[["127.0.0.1"]])
    careful.be(Identity(), LIMITS, Safety(named=frozenset({f"two.test:{server.port}"})))
    url = server.url("/", "two.test")
    assert [word(outcome) for outcome in careful.fetch(url, "http://two.test/", url)] == ["200", REFUSED, "200"]


def test_a_kept_connection_is_that_of_its_host_alone(
    careful: Border, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script("/", ok())
    Internet(monkeypatch, server.port, a_test=[[PUBLIC]], b_test=[["127.0.0.1"]])
    urls = [server.url("/", host) for host in ("a.test", "b.test", "a.test")]
    assert [word(outcome) for outcome in careful.fetch(*urls)] == ["200", REFUSED, "200"]
    assert server.connections == 1


def test_where_an_answer_came_from(border: Border, server: ScriptedServer) -> None:
    url = server.script("/", ok())
    for outcome in border.fetch(url, url, server.script("/close", ok(headers=CLOSE)), server.url("/", "localhost")):
        assert isinstance(outcome, Fetched)
        assert outcome.address == "127.0.0.1"


def test_where_an_answer_over_tls_came_from(border: Border) -> None:
    with tls_server() as secure:
        secure.script("/", ok())
        for outcome in border.be(TRUSTING, ROOMY).fetch(*[secure.url("/", "localhost")] * 2):
            assert isinstance(outcome, Fetched)
            assert outcome.address == "127.0.0.1"


def test_behind_a_proxy_names_are_its_business_and_addresses_ours(border: Border, server: ScriptedServer) -> None:
    server.script("/", ok())
    border.be(Identity(proxy=server.url("")), LIMITS, Safety(named=frozenset({"10.0.0.9"})))
    urls = ["http://intranet/", "http://10.0.0.1/", "https://[::1]/", "http://127.1/", "http://10.0.0.9/"]
    outcomes = border.fetch(*urls)
    assert [word(outcome) for outcome in outcomes] == ["200", REFUSED, REFUSED, REFUSED, "200"]
    assert len(server.requests) == 2
    assert isinstance(outcomes[0], Fetched)
    assert outcomes[0].address is None


@pytest.mark.parametrize("host", ["localhost", "localhost.", "dev.localhost", "localhost:8000"])
def test_behind_a_proxy_localhost_is_an_address_too(border: Border, server: ScriptedServer, host: str) -> None:
    server.script("/", ok())
    border.be(Identity(proxy=server.url("")), LIMITS, Safety(named=frozenset({"localhost:1"})))
    assert border(f"http://{host}/") == REFUSED
    assert border(f"https://{host}/") == REFUSED
    assert not server.requests
    assert border("http://localhost:1/") == "200"
