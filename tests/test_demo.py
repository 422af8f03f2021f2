"""The demo site answers as designed, and its links lead where they should."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from fixtures.demo import SITE, DemoSite
from scraper.model import Response
from scraper.parse import make_parser
from scraper.settings import Settings
from scraper.url import canonical, host_key

ROOT = SITE.parent.parent
SCRIPT = str(ROOT / "fixtures" / "demo.py")


@pytest.fixture(scope="module")
def site() -> Iterator[DemoSite]:
    with DemoSite(latency=0.0) as running:
        yield running


def get(url: str, **headers: str) -> Response:
    """One answer, redirects not followed."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(
            "GET", parts.path or "/", headers={name.replace("_", "-"): headers[name] for name in headers}
        )
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Response(url, answer.status, found, answer.read())
    finally:
        connection.close()


def crawl(start: str) -> dict[str, Response]:
    """All answers that can be reached from ``start`` on its host, redirects being links."""
    parse, seen, todo = make_parser(Settings()), {start: get(start)}, [start]
    while todo:
        answer = seen[todo.pop()]
        location = answer.headers.get("location")
        links = parse(answer).links if answer.headers["content-type"].startswith("text/html") else ()
        for url in [*links, *([canonical(location, answer.url)] if location else [])]:
            assert url is not None
            if host_key(url) == host_key(start) and url not in seen:
                seen[url] = get(url)
                todo.append(url)
    return seen


def test_the_site_is_small_and_has_some_forty_pages() -> None:
    files = [path for path in SITE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 400_000
    assert 40 <= sum(path.suffix == ".html" for path in files) <= 60


def test_every_link_leads_somewhere_but_for_the_one_that_should_not(site: DemoSite) -> None:
    answers = crawl(site.url)
    missing = {url.removeprefix(site.url) for url, answer in answers.items() if answer.status == 404}
    assert missing == {"drafts/work-stealing.html"}
    assert {answer.status for answer in answers.values()} == {200, 301, 302, 404}
    pages = {f"{site.url}{path.relative_to(SITE)}".removesuffix("index.html") for path in SITE.rglob("*.html")}
    assert pages - answers.keys() == {f"{site.url}404.html"}


def test_every_page_has_a_title_of_its_own(site: DemoSite) -> None:
    parse = make_parser(Settings())
    titles = [parse(answer).title for answer in crawl(site.url).values() if "html" in answer.headers["content-type"]]
    assert None not in titles
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("path", "status", "target"),
    [
        ("gil.html", 301, "gil/"),
        ("old/queue.html", 302, "queues/fifo.html"),
        ("loop/one.html", 302, "loop/two.html"),
        ("loop/two.html", 302, "loop/one.html"),
        ("threads", 301, "threads/"),
    ],
)
def test_redirects(site: DemoSite, path: str, status: int, target: str) -> None:
    answer = get(site.url + path)
    assert answer.status == status
    assert canonical(answer.headers["location"], answer.url) == site.url + target


@pytest.mark.parametrize(
    "path", ["_site.toml", "../demo.py", "x/../../demo.py", "nothing", "threads/nothing.html", "%00"]
)
def test_what_is_no_page_is_missing(site: DemoSite, path: str) -> None:
    assert get(site.url + path).status == 404


def test_a_page_in_windows_1252_says_so_only_in_its_head(site: DemoSite) -> None:
    answer = get(f"{site.url}hazards/dinner.html")
    assert answer.headers["content-type"] == "text/html"
    page = make_parser(Settings())(answer)
    assert (page.charset, page.title) == ("windows-1252", "The philosophers\u2019 dîner · Side by Side")


def test_a_page_with_a_base(site: DemoSite) -> None:
    page = make_parser(Settings())(get(f"{site.url}talks/2019.html"))
    assert f"{site.url}threads/lock.html" in page.links
    assert not any("talks/lock" in link for link in page.links)


def test_compression_for_those_who_accept_it(site: DemoSite) -> None:
    plain, packed = get(f"{site.url}all.html"), get(f"{site.url}all.html", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert len(plain.body) > 30_000


def test_types(site: DemoSite) -> None:
    assert get(f"{site.url}img/philosophers.png").headers["content-type"] == "image/png"
    assert get(f"{site.url}img/philosophers.png").body.startswith(b"\x89PNG")
    assert b"Disallow: /private/" in get(f"{site.url}robots.txt").body


def test_hits_and_connections_that_stay_open() -> None:
    with DemoSite(latency=0.0) as site:
        connection = HTTPConnection("127.0.0.1", urlsplit(site.url).port, timeout=10)
        for path in ("/", "/about.html", "/"):
            connection.request("GET", path)
            connection.getresponse().read()
        assert site.hits == ["/", "/about.html", "/"]
    connection.close()  # only now: the site has ended all the same


def test_answers_come_side_by_side() -> None:
    with DemoSite(latency=0.0) as site, ThreadPoolExecutor(8) as pool:
        assert [answer.status for answer in pool.map(get, [site.url] * 32)] == [200] * 32


def test_the_script_runs_a_command_with_the_address_and_gives_its_code() -> None:
    code = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1] + 'about.html').status); sys.exit(7)"
    done = subprocess.run(
        [sys.executable, SCRIPT, "--", sys.executable, "-c", code, "{demo}"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "200\n", "")


def test_the_script_names_a_command_that_is_not_there() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--", "no-such-command"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 127
    assert "no-such-command" in done.stderr


def test_the_script_serves_until_it_is_interrupted() -> None:
    with subprocess.Popen([sys.executable, SCRIPT], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = server.stderr.readline().strip()
        assert get(url).status == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
        assert server.stderr.read() == ""


def test_an_interrupt_ends_the_command_first() -> None:
    code = (
        "import signal, sys, time, urllib.request as u\n"
        "def stop(*_):\n print(u.urlopen(sys.argv[1]).status); sys.exit(130)\n"
        "signal.signal(signal.SIGINT, stop); print('ready', flush=True)\n"
        "while True: time.sleep(0.05)"
    )
    command = [sys.executable, SCRIPT, "--", sys.executable, "-c", code, "{demo}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        _interrupt_group(server.pid)
        assert server.wait(timeout=30) == 130
        assert server.stdout.read() == "200\n"  # the server was still there while the command ended


def _interrupt_group(leader: int) -> None:
    """What a terminal does on Ctrl-C."""

    os.killpg(leader, signal.SIGINT)
