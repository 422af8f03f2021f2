"""The user's function: how it is found, what it sees, and what becomes of its result and its trouble."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from scraper.errors import ConfigError
from scraper.model import Page
from scraper.parse import Document, load_function, make_parser
from scraper.settings import Parsing, Settings
from tests.parse.pages import ENGINES, answer

BODY = """<!DOCTYPE html><title>Shop</title><base href="/shop/">
<h1>  Kettles
 and more</h1>
<ul><li class="item sale" data-price=12><a href=one>One</a> <b>new</b><li class=item hidden><a href=two>Two</a></ul>"""


def see(document: Document) -> Any:
    """A user's function that looks at everything."""
    item = document.css_first("li.sale")
    assert item is not None
    return {
        "url": document.url,
        "status": document.status,
        "type": document.headers["content-type"],
        "title": document.title,
        "links": document.links,
        "charset": document.charset,
        "heading": [heading.text for heading in document.css("h1")],
        "price": item.get("data-price"),
        "missing": [item.get("data-none"), item.get("data-none", "-"), document.css_first("article")],
        "hidden": [element.get("hidden") for element in document.css("li")],
        "attrs": item.attrs,
        "inside": [(link.tag, link.text, link.html) for link in item.css("a")],
        "bold": None if (bold := item.css_first("b")) is None else bold.text,
        "text": document.text == BODY and document.body == BODY.encode(),
        "soup": isinstance(document.soup, BeautifulSoup) and document.soup.h1 is not None,
        "repr": repr(item),
    }


def fail(document: Document) -> Any:
    raise ValueError("no\nprice\x1b[31m on " + "this page " * 100)


def quit_(document: Document) -> Any:
    sys.exit(3)


def interrupt(document: Document) -> Any:
    raise KeyboardInterrupt


def cancel(document: Document) -> Any:
    raise asyncio.CancelledError


def leave(document: Document) -> Any:
    raise GeneratorExit


class Own(BaseException):
    """Of a user who does not want to be caught."""


class Mute(ValueError):
    def __str__(self) -> str:
        raise TypeError


def mute(document: Document) -> Any:
    raise Mute


def own(document: Document) -> Any:
    raise Own("mine")


def silent(document: Document) -> Any:
    assert document.status == 0


def function(value: Any) -> Callable[[Document], Any]:
    return lambda document: value


nan, number, nothing = function(float("nan")), function(7), function(None)
element = function(object())
keys = function({("a", "b"): 1})
huge = function({"n": [2**64]})
large = function([2**64 - 1, -(2**63)])
surrogate = function("\ud800")
nested: list[Any] = []
nested.append(nested)
endless = function(nested)
not_callable = 3


def run(name: str, engine: str = "turbo", body: str = BODY) -> Page:
    parsing = Parsing(engine, f"{__name__}:{name}")
    return make_parser(Settings(parsing=parsing))(answer(body))


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_function_sees(engine: str) -> None:
    page = run("see", engine)
    assert page.error is None
    assert page.data == {
        "url": "http://x.test/dir/page",
        "status": 200,
        "type": "text/html; charset=utf-8",
        "title": "Shop",
        "links": ["http://x.test/shop/one", "http://x.test/shop/two"],
        "charset": "utf-8",
        "heading": ["Kettles and more"],
        "price": "12",
        "missing": [None, "-", None],
        "hidden": [None, ""],
        "attrs": {"class": "item sale", "data-price": "12"},
        "inside": [["a", "One", '<a href="one">One</a>']],
        "bold": "new",
        "text": True,
        "soup": True,
        "repr": "<li {'class': 'item sale', 'data-price': '12'}>",
    }


@pytest.mark.parametrize(
    ("name", "data"), [("number", 7), ("nothing", None), ("nan", None), ("large", [2**64 - 1, -(2**63)])]
)
def test_plain_results(name: str, data: object) -> None:
    page = run(name)
    assert (page.data, page.error) == (data, None)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("element", "TypeError: "),
        ("endless", "RecursionError: "),
        ("keys", "TypeError: "),
        ("surrogate", "UnicodeEncodeError: "),
        ("silent", "AssertionError: "),
        ("quit_", "SystemExit: 3"),
        ("cancel", "CancelledError"),
        ("leave", "GeneratorExit"),
        ("own", "Own: mine"),
        ("mute", "Mute"),
        ("huge", "OverflowError: "),
    ],
)
def test_trouble_is_kept_to_the_page(name: str, error: str) -> None:
    page = run(name)
    assert page.data is None
    assert page.error is not None
    assert page.error.startswith(error)
    assert len(page.links) == 2


def test_ctrl_c_is_no_trouble_of_the_page() -> None:
    with pytest.raises(KeyboardInterrupt):
        run("interrupt")


def test_breaking_off_is_no_trouble_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is broken off by a signal raises an exception of its own, which must come through."""

    class BrokenOff(BaseException):
        __module__ = "scraper.run"

    def broken(document: Document) -> Any:
        raise BrokenOff

    monkeypatch.setattr(sys.modules[__name__], "silent", broken)
    with pytest.raises(BrokenOff):
        run("silent")


def test_the_error_is_one_short_line() -> None:
    error = run("fail").error
    assert error is not None
    assert error.startswith("ValueError: no price")
    assert len(error) <= 200
    assert error.isprintable()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "names no function: write module:function"),
        (":f", "names no function"),
        ("m:", "names no function"),
        ("no_such_module:f", "there is no module 'no_such_module'"),
        ("json.no_such:f", r"there is no module 'json\.no_such'"),
        ("json:no_such", "module 'json' has no 'no_such'"),
        ("json:decoder.no_such", r"module 'json' has no 'decoder\.no_such'"),
        (f"{__name__}:not_callable", "is no function but int"),
        (".relative:f", "'.relative' is no name of a module"),
        ("__main__:f", "'__main__:f' means nothing to worker processes: put the function into a module of its own"),
        ("a b:f", "there is no module 'a b'"),
    ],
)
def test_names_that_lead_nowhere(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_function(name)


def test_a_module_in_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.chdir(tmp_path)
    Path("mine_here.py").write_text("class Shop:\n    @staticmethod\n    def parse(page): return page.title\n")
    found = load_function("mine_here:Shop.parse")
    assert found.__name__ == "parse"
    monkeypatch.delitem(sys.modules, "mine_here")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import no_such_thing",
            "'broken_here' cannot be imported: ModuleNotFoundError: No module named 'no_such_thing'",
        ),
        ("def f(:", "'broken_here' cannot be imported: SyntaxError"),
        ("1 / 0", "'broken_here' cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_module_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "broken_here.py").write_text(source)
    with pytest.raises(ConfigError, match=message):
        load_function("broken_here:f")


def test_a_bad_selector_is_the_functions_trouble() -> None:
    page = run("select_badly")
    assert page.error is not None
    assert page.error.startswith("SelectorSyntaxError: ")


def select_badly(document: Document) -> Any:
    return len(document.css("li:::"))
