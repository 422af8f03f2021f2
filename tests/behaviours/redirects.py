"""Answers that point elsewhere (RFC 9110, 15.4 and 10.2.2)."""

from __future__ import annotations

from tests.behaviours.rows import HELLO, Row, Rows, head, here, html, row
from tests.server import Behaviour, close, ok, page, redirect, status

__all__ = ["REDIRECTS"]

END = {"/end": row(page("<title>end</title>"), "200", seed=False, title="end")}
FOUND = b"HTTP/1.1 302 Found\r\n"


def to_end(location: str) -> Row:
    """A redirect that leads to the page at ``/end`` of the same server."""
    return row(pointing(location), "302", location="/end", title=None, size=0)


def nowhere(location: str) -> Row:
    """A redirect that is recorded and leads nowhere."""
    return row(pointing(location), "302", location=None, title=None, size=0)


def pointing(location: str | bytes, code: int = 302) -> Behaviour:
    value = location if isinstance(location, bytes) else location.encode()
    return close(b"HTTP/1.1 %d Found\r\nContent-Length: 0\r\nLocation: %b\r\n\r\n" % (code, value))


def ring(name: str, size: int) -> Rows:
    """Further pages of a row that redirect to one another; the last one to the first."""
    return {
        f"/{name}-{n}": row(
            redirect(f"/{name}-{(n + 1) % size}"), "302", seed=False, location=f"/{name}-{(n + 1) % size}"
        )
        for n in range(size)
    }


def chain(name: str, size: int, last: str) -> Rows:
    """As many redirects in a row; the last of them has another word."""
    links = {
        f"/{name}-{n}": row(redirect(f"/{name}-{n + 1}"), "302", seed=False, location=f"/{name}-{n + 1}")
        for n in range(size)
    }
    final = row(redirect(f"/{name}-{size + 1}"), last, seed=False)
    return {**links, f"/{name}-{size}": final}


REDIRECTS: Rows = {
    "redirect": row(redirect("/end"), "302", location="/end", title=None, size=0, more=END),
    "301": row(redirect("/end", 301), "301", location="/end"),
    "303": row(redirect("/end", 303), "303", location="/end"),
    "307": row(redirect("/end", 307), "307", location="/end"),
    "308": row(redirect("/end", 308), "308", location="/end"),
    "300 with a choice": row(redirect("/end", 300), "300", location="/end"),
    "300 with a page": row(ok(HELLO, "Content-Type: text/html\r\n", code="300 Choices"), "300",
                           location=None, title="hello"),
    "304 with a location": row(close(b"HTTP/1.1 304 Not\r\nLocation: /never\r\n\r\n"), "304", location=None),
    "304 with a length": row(close(b"HTTP/1.1 304 Not\r\nContent-Length: 500\r\n\r\n"), "304", size=0),
    "305 use a proxy": row(redirect("http://127.0.0.1:9/", 305), "305", location=None),
    "306": row(redirect("/never", 306), "306", location=None),
    "399 with a location": row(redirect("/never", 399), "399", location=None),
    "200 with a location": row(html(HELLO, "Location: /never"), "200", location=None, title="hello"),
    "201 with a location": row(ok(HELLO, "Location: /never\r\n", code="201 Made"), "201", location=None),
    "404 with a location": row(ok(HELLO, "Location: /never\r\n", code="404 No"), "404", location=None),
    "redirect with a page":
        row(ok(HELLO, "Location: /end\r\n", code="302 F"), "302", location="/end", title=None, size=0),
    "redirect with a damaged body":
        row(ok(b"junk", "Location: /end\r\nContent-Encoding: gzip\r\n", code="302 F"), "302", location="/end", size=0),
    "redirect with a cut body": row(close(FOUND + b"Location: /end\r\nContent-Length: 99\r\n\r\ncut"), "reset"),
    "redirect without a location": row(status(301), "301", location=None),
    "several locations": row(head("Location: /end", "Location: /never", "Content-Length: 0", body=b"", status=FOUND),
                             "302", location="/end"),
    "the same location twice":
        row(head("Location: /end", "Location: /end", "Content-Length: 0", body=b"", status=FOUND), "302",
            location="/end"),
    "location with a comma": row(pointing("/end?a, b"), "302", location="/end?a,%20b",
                                 more={"/end?a,%20b": row(None, "200", seed=False, title="end")}),
    "empty location": row(pointing(""), "302", location="/empty-location"),
    "location of white space": row(pointing(" \t "), "302", location="/location-of-white-space"),
    "to itself": row(redirect("/to-itself"), "302", location="/to-itself"),
    "to itself by a fragment": row(redirect("#top"), "302", location="/to-itself-by-a-fragment"),
    "loop of two": row(redirect("/two"), "302", location="/two",
                       more={"/two": row(redirect("/loop-of-two"), "302", seed=False, location="/loop-of-two")}),
    "loop of five": row(redirect("/five-0"), "302", location="/five-0", more=ring("five", 5)),
    "chain of eleven": row(redirect("/far-0"), "302", location="/far-0", more=chain("far", 9, "redirects")),
    "relative": to_end("end"),
    "relative with dots": to_end("./a/../../../end"),
    "relative with encoded dots": to_end("./a/%2e%2E/end"),
    "relative with backslashes": to_end("\\a\\..\\end"),
    "protocol-relative": row(here(lambda base: pointing(f"//{base}/end")), "302", location="/end"),
    "absolute": row(here(lambda base: pointing(f"http://{base}/end")), "302", location="/end"),
    "absolute in capitals": row(here(lambda base: pointing(f"HTTP://{base}/end")), "302", location="/end"),
    "without slashes": row(pointing("http:end"), "302", location="/end"),
    "with one slash too many": row(here(lambda base: pointing(f"http:///{base}/end")), "302", location="/end"),
    "with a fragment": to_end("/end#top"),
    "with credentials": row(here(lambda base: pointing(f"http://user:secret@{base}/end")), "302", location="/end"),
    "amid white space": to_end("  /end\t "),
    "with a tab inside": to_end("/e\tnd"),
    "to the number of the host":
        row(here(lambda base: pointing(f"http://0x7f000001:{base[10:]}/end")), "302", location="/end"),
    "to the short form of the host":
        row(here(lambda base: pointing(f"http://127.1:{base[10:]}/end")), "302", location="/end"),
    "to the host in full-width digits":
        row(here(lambda base: pointing(f"http://\uff11\uff12\uff17.0.0.1:{base[10:]}/end")), "302", location="/end"),
    "non-ASCII bytes": row(pointing("/caf\u00e9?\u00e9"), "302", location="/caf%C3%A9?%C3%A9",
                           more={"/caf%C3%A9?%C3%A9": row(status(404), "404", seed=False)}),
    "bytes in latin-1": row(pointing(b"/na\xefve"), "302", location="/na%C3%AFve",
                            more={"/na%C3%AFve": row(status(404), "404", seed=False)}),
    "encoded CR LF": row(pointing("/a%0d%0aX-Evil:%20b"), "302", location="/a%0D%0AX-Evil:%20b",
                         more={"/a%0D%0AX-Evil:%20b": row(status(404), "404", seed=False)}),
    "location with CR": row(pointing("/end\rX-Evil: 1"), "protocol"),
    "location with NUL": row(pointing("/end\0"), "protocol"),
    "location with CR LF": row(pointing("/end\r\nX-Evil: 1"), "302", location="/end"),
    "to a URL of 100 KB": row(pointing("/" + "a" * 60_000), "302", location=None),
    "to a URL over the limit of headers": row(pointing("/" + "a" * 100_000), "too-large"),
    "to a file": nowhere("file:///etc/passwd"),
    "to ftp": nowhere("ftp://127.0.0.1/"),
    "to javascript": nowhere("javascript:alert(1)"),
    "to data": nowhere("data:text/html,<h1>hello"),
    "to mail": nowhere("mailto:a@example.org"),
    "to gopher": nowhere("gopher://127.0.0.1:70/1"),
    "to an unknown scheme": nowhere("x-evil+1:/end"),
    "to view-source": nowhere("view-source:http://127.0.0.1/"),
    "to blob": nowhere("blob:http://127.0.0.1/1-2-3"),
    "to no host": nowhere("http://"),
    "to a host with a space": nowhere("http://exa mple/"),
    "to a port that is none": nowhere("http://127.0.0.1:99999/"),
    "to an address that is none": nowhere("http://127.0.0.256/"),
    "to broken brackets": nowhere("http://[::1/"),
}  # fmt: skip
