from __future__ import annotations

import io
from pathlib import Path

import pytest

from scraper.errors import ConfigError
from scraper.seeds import read_seeds, seed_url, suggestion


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def complaint(*arguments: str, stdin: bytes = b"", skip_bad: bool = False) -> str:
    with pytest.raises(ConfigError) as caught:
        read_seeds(arguments, skip_bad=skip_bad, stdin=io.BytesIO(stdin))
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTP://Example.COM:80/a/../b#top", "http://example.com/b"),
        ("example.com/x", "https://example.com/x"),
        ("example.com:8080", "https://example.com:8080/"),
        ("localhost:8000/a", "http://localhost:8000/a"),
        ("localhost", "http://localhost/"),
        ("127.0.0.1", "http://127.0.0.1/"),
        ("[::1]:8080/x", "http://[::1]:8080/x"),
        ("intranet:8080", "http://intranet:8080/"),
        ("münchen.de", "https://xn--mnchen-3ya.de/"),
        ("http://example.com/urls.txt", "http://example.com/urls.txt"),
        ("example.com/urls.txt", "https://example.com/urls.txt"),
    ],
)
def test_one_argument_is_a_url(here: Path, written: str, url: str) -> None:
    assert read_seeds([written]).urls == [url]
    assert seed_url(written) == url


def test_an_existing_file_is_a_list_even_when_it_looks_like_a_host(here: Path) -> None:
    (here / "example.com").write_text("http://in.the.list/\n")
    assert read_seeds(["example.com"]).urls == ["http://in.the.list/"]
    assert read_seeds(["http://example.com"]).urls == ["http://example.com/"]


def test_a_list_with_all_that_people_put_in(here: Path) -> None:
    (here / "urls.txt").write_bytes(
        b"\xef\xbb\xbfhttp://a.example/\r\n"
        b"\r\n"
        b"# a comment\r\n"
        b"   http://b.example/x \t\r\n"
        b"http://c.example/  # why it is here\r\n"
        b"http://a.example/#again\n"
        b"d.example\n"
        b"http://e.example/?q=1#part"
    )
    assert read_seeds(["urls.txt"]).urls == [
        "http://a.example/",
        "http://b.example/x",
        "http://c.example/",
        "https://d.example/",
        "http://e.example/?q=1",
    ]


def test_urls_lists_and_stdin_mix_in_order(here: Path) -> None:
    (here / "list").write_text("http://two/\n")
    seeds = read_seeds(["http://one/", "list", "-", "http://one/"], stdin=io.BytesIO(b"http://three/\n"))
    assert seeds.urls == ["http://one/", "http://two/", "http://three/"]


def test_a_guessed_scheme_is_noted(here: Path) -> None:
    seeds = read_seeds(["a.example", "http://b.example", "c.example"])
    assert (seeds.guessed, seeds.guessed_count) == (("a.example", "https://a.example/"), 2)


def test_a_bad_line_is_named_with_its_place_and_what_may_be_meant(here: Path) -> None:
    (here / "urls.txt").write_text("http://fine/\n\nhtp//x\n")
    assert complaint("urls.txt") == "urls.txt:3: 'htp//x' is no http(s) URL; did you mean 'http://x'?"


def test_all_bad_lines_are_listed_up_to_ten(here: Path) -> None:
    (here / "urls.txt").write_text("".join(f"bad{number}\n" for number in range(13)))
    lines = complaint("urls.txt").splitlines()
    assert len(lines) == 11
    assert lines[9] == "urls.txt:10: 'bad9' is no http(s) URL"
    assert lines[10] == "... and 3 more"


def test_skip_bad_goes_on_and_keeps_the_complaints(here: Path) -> None:
    (here / "urls.txt").write_text("htp//x\nhttp://fine/\nnonsense\n")
    seeds = read_seeds(["urls.txt"], skip_bad=True)
    assert (seeds.urls, seeds.bad_count) == (["http://fine/"], 2)
    assert seeds.complaint().startswith("urls.txt:1: 'htp//x'")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("htp//x", "http://x"),
        ("htp://shop.example", "http://shop.example"),
        ("htttps://a.b", "https://a.b"),
        ("https;//a.b", "https://a.b"),
        ("http:\\\\a.b", "http://a.b"),
        ("'http://x.y',", "http://x.y"),
        ("<x.example>", "https://x.example"),
        ("ftp://a.b", None),
        ("mailto:a@b.c", None),
        ("hello", None),
        ("", None),
    ],
)
def test_suggestions(written: str, meant: str | None) -> None:
    assert suggestion(written) == meant


@pytest.mark.parametrize("url", ["http://user:secret@host/x", "https://user@host", "http:/user:secret@host"])
def test_a_login_is_refused_and_not_repeated(here: Path, url: str) -> None:
    (here / "list").write_text(url)
    message = complaint("list")
    assert "list:1:" in message
    assert "--auth-file FILE, with user:password in it" in message
    assert "secret" not in message


def test_an_at_sign_in_the_path_is_no_login(here: Path) -> None:
    assert read_seeds(["http://host/@user?m=a@b"]).urls == ["http://host/@user?m=a@b"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list", b"caf\xe9\n", "list:1: not UTF-8 (byte 0xe9); save the list as UTF-8"),
        ("list", "http://a/\n".encode("utf-16"), "list is UTF-16; save the list as UTF-8"),
        ("list", b"\x7fELF\x02\0\0\n", "list:1: this is no list of URLs, but looks like a binary file"),
        ("list", b"x" * 200_000, "list:1: this is no list of URLs, but looks like a binary file"),
        ("list", b"", "list holds no URL"),
        ("list", b"# nothing\n\n", "list holds no URL"),
        ("list", b"http://a/ http://b/\n", "list:1: 'http://a/ http://b/' is no http(s) URL: there is a space in it"),
    ],
)
def test_a_file_that_is_no_list(here: Path, name: str, content: bytes, message: str) -> None:
    (here / name).write_bytes(content)
    assert complaint(name) == message
    assert complaint("-", stdin=content) == message.replace("list", "standard input", 1)


def test_a_url_that_is_too_long(here: Path) -> None:
    (here / "list").write_text("http://a/" + "x" * 9_000)
    assert complaint("list").endswith("is longer than 8,000 characters")
    assert len(complaint("list")) < 200


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("urls.txt", "'urls.txt' is neither a file nor a URL; did you mean urlz.txt?"),
        ("missing/urls.txt", "'missing/urls.txt' is neither a file nor a URL"),
        ("hello", "'hello' is neither a file nor a URL"),
        ("http//a.b", "'http//a.b' is neither a URL nor a file; did you mean 'http://a.b'?"),
        ("htp://a.b", "'htp://a.b' is no http(s) URL; did you mean 'http://a.b'?"),
        ("http://", "'http://' is no http(s) URL"),
        ("folder", "folder is a folder, not a list of URLs"),
        ("example.com", "example.com is a folder, not a list of URLs; for the site write https://example.com"),
        ("\x1b[31m", "'\\x1b[31m' is neither a file nor a URL"),
    ],
)
def test_an_argument_that_is_nothing(here: Path, argument: str, message: str) -> None:
    (here / "urlz.txt").touch()
    (here / "folder").mkdir()
    (here / "example.com").mkdir()
    assert complaint(argument) == message


def test_a_list_that_may_not_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "list").touch()

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)  # chmod would not stop root
    assert complaint("list") == "cannot read the list list: Permission denied"


def test_a_long_list_is_read_line_by_line() -> None:
    class Lines(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError("read whole")

    lines = Lines(b"".join(b"http://host/%d\n" % number for number in range(20_000)))
    assert len(read_seeds(["-"], stdin=lines).urls) == 20_000


def test_a_line_that_is_no_utf_8_is_a_bad_line(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"http://a/\ncaf\xe9\nhttp://b/\n")
    seeds = read_seeds([str(tmp_path / "list")], skip_bad=True)
    assert (seeds.urls, seeds.bad_count) == (["http://a/", "http://b/"], 1)
    assert "list:2: not UTF-8 (byte 0xe9)" in seeds.complaint()


def test_an_empty_argument_is_no_url() -> None:
    with pytest.raises(ConfigError, match="an empty argument is no URL"):
        read_seeds([""])


def test_a_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ConfigError, match="standard input is closed"):
        read_seeds(["-"])


def test_what_is_for_checks_is_told_so(here: Path) -> None:
    (here / "urls.txt").write_text("http://a/ expect=200 # fine\nb.example name=shop\n")
    told = "behind the URL is for scraper check; for a crawl a line holds its URL alone"
    assert complaint("urls.txt").splitlines() == [
        f"urls.txt:1: 'expect=200' {told}",
        f"urls.txt:2: 'name=shop' {told}",
    ]
    (here / "checks.toml").write_text("")
    assert complaint("checks.toml").startswith("checks.toml is a file of checks, for scraper check and watch")
    assert complaint("absent.toml") == "'absent.toml' is neither a file nor a URL"
