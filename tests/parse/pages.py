"""Helpers of the parser tests: pages by hand, by the folder, and by chance."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from fixtures.demo import SITE
from scraper.model import Page, Response
from scraper.parse import make_parser
from scraper.settings import Discovery, Parsing, Settings

EVERY_LINK = Discovery(all_links=True)
ENGINES = ("turbo", "lexbor", "soup")
PAGES = SITE.parent / "pages"
EXPECTED: dict[str, dict[str, Any]] = json.loads((PAGES / "expected.json").read_text("utf-8"))

_WORDS = st.sampled_from(["one", "two & three", "vier", "пять", "六", "&amp;", "&lt;b&gt;", "&nbsp;", "7 < 8", "\n\t"])
_HREFS = st.sampled_from(
    [
        "/",
        "a",
        "../b",
        "?q=1&r=2",
        "#top",
        "",
        "//other.test/x",
        "http://é.test/é",
        "mailto:x@y",
        "/sp ace",
        "a&amp;b",
        " /edge ",
    ]
)
_BLOCKS = ("p", "div", "ul", "li", "section", "h2", "span", "em", "b", "blockquote")


def answer(
    body: bytes | str, content_type: str = "text/html; charset=utf-8", url: str = "http://x.test/dir/page"
) -> Response:
    """An answer of the server at x.test."""
    return Response(url, 200, {"content-type": content_type}, body.encode() if isinstance(body, str) else body)


def parse(body: bytes | str, engine: str = "turbo", content_type: str = "text/html; charset=utf-8") -> Page:
    """The page that an engine makes of a body."""
    return make_parser(Settings(parsing=Parsing(engine), discovery=EVERY_LINK))(answer(body, content_type))


@st.composite
def _element(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    tag = draw(st.sampled_from(_BLOCKS))
    return f"<{tag} class='c'>{draw(children)}</{tag}>"


@st.composite
def _link(draw: st.DrawFn) -> str:
    quote = draw(st.sampled_from(["'", '"']))
    name = draw(st.sampled_from(["a", "A"]))
    return f"<{name} {draw(st.sampled_from(['', 'id=x ']))}href={quote}{draw(_HREFS)}{quote}>{draw(_WORDS)}</a>"


_INLINE = st.one_of(_WORDS, _link(), st.just("<br>"), st.just("<!-- <a href=no> -->"), st.just("<area href=/area>"))
MARKUP = st.recursive(
    _INLINE, lambda inner: st.lists(st.one_of(_INLINE, _element(inner)), max_size=6).map("".join), max_leaves=30
)
"""Markup that nests as it should: all engines see the same links in it, in the same order."""

SOUP = st.lists(
    st.one_of(
        _link(),
        _WORDS,
        st.sampled_from(
            [f"<{slash}{tag}>" for slash in ("", "/") for tag in (*_BLOCKS, "table", "tr", "td", "a", "form")]
        ),
        st.sampled_from(
            ["<", "</", "<!--", "-->", "<a href=", "<a href=x", '"', "'", ">", "<svg>", "</svg>", "<base href=/b/>"]
        ),
    ),
    max_size=40,
).map("".join)
"""Markup that nests as it likes: the WHATWG rules say what it means, so two engines out of three must agree."""
