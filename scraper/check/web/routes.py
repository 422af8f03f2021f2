"""What is served under which path."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote

import msgspec
from aiohttp import hdrs, web

from scraper.check.model import Target
from scraper.check.web import api
from scraper.check.web.assets import Assets
from scraper.check.web.badges import KINDS, badge, of_target
from scraper.check.web.board import Board, Body, made
from scraper.check.web.desk import Desk
from scraper.check.web.events import Broadcaster
from scraper.check.web.probe import Asking, Prober
from scraper.check.web.safety import Guard

__all__ = ["Routes"]

_AGAIN = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=30"
_LONGEST_CHECK = 120.0
_GREY = "#5f6368"


class Routes:
    """The handlers, with all that they ask."""

    def __init__(
        self,
        desk: Desk,
        broadcaster: Broadcaster,
        guard: Guard,
        asking: Asking,
        modules: Mapping[str, Target],
        assets: Assets,
    ) -> None:
        self._desk, self._broadcaster, self._guard, self._assets = desk, broadcaster, guard, assets
        self._asking, self._prober = asking, Prober(asking, modules)

    def add_to(self, app: web.Application) -> None:
        """Put all of them into ``app``."""
        for path, question in (
            ("/", Board.index),
            ("/api/v1/targets", Board.api_targets),
            ("/api/v1/incidents", Board.api_incidents),
            ("/api/v1/summary", Board.api_summary),
        ):
            app.router.add_get(path, self._answering(question))
        app.router.add_get("/api/v1/notices", self._notices)
        app.router.add_get("/targets", self._target)
        app.router.add_get("/targets/{key:.+}", self._target)
        app.router.add_get("/api/v1/targets/{key:.+}", self._api_target)
        app.router.add_post("/api/v1/targets/{key:.+}/check", self._check)
        app.router.add_get("/badge/{rest:.+}", self._badge)
        app.router.add_get("/static/{name}", self._static)
        app.router.add_get("/fragments", self._fragments)
        app.router.add_get("/events", self._events, allow_head=False)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/probe", self._probe, allow_head=False)

    def _answering(
        self, question: Callable[[Board], Body]
    ) -> Callable[[web.Request], asyncio.Future[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            return _reply(request, await self._desk.ask(question))

        return handler  # type: ignore[return-value]  # a coroutine is as good

    async def _target(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info.get("key") or request.query.get("key", "")
        return _reply(
            request, await self._desk.ask(lambda board: board.target(key) or board.missing("There is no such target"))
        )

    async def _api_target(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        body = await self._desk.ask(lambda board: board.api_target(key))
        if body is None:
            raise web.HTTPNotFound(text="there is no such target")
        return _reply(request, body)

    async def _notices(self, request: web.Request) -> web.StreamResponse:
        """Who is told of changes is nobody else's business."""
        if not self._guard.loopback:
            self._guard.demand_token(request)
        return _reply(request, await self._desk.ask(Board.api_notices), "no-store")

    async def _check(self, request: web.Request) -> web.StreamResponse:
        """Check a target now; the answer is what that came to."""
        self._guard.refuse_others_pages(request)
        self._guard.demand_token(request)
        view = await self._desk.ask(lambda board: board.view(request.match_info["key"]))
        if view is None:
            raise web.HTTPNotFound(text="there is no such target")
        self._asking.pace(view.target.key, time.monotonic())
        result = await self._asking.check(view.target, _LONGEST_CHECK)
        if result is None:
            raise web.HTTPGatewayTimeout(text="not over in time")
        return _reply(request, made("application/json", msgspec.json.encode(api.result(result))), "no-store")

    async def _badge(self, request: web.Request) -> web.StreamResponse:
        """``/badge/KEY.svg``, ``/badge/KEY/KIND.svg``; slashes of the key are escaped, or taken as they are."""
        rest = request.rel_url.raw_path.removeprefix("/badge/")
        if not rest.endswith(".svg"):
            raise web.HTTPNotFound
        head, _, last = rest.removesuffix(".svg").rpartition("/")
        key, kind = (unquote(head), last) if head and last in KINDS else (unquote(rest.removesuffix(".svg")), None)
        view = await self._desk.ask(lambda board: board.view(key))
        text = of_target(view, kind) if view else badge("status", "no such target", _GREY)
        body = made("image/svg+xml", text.encode("utf-8", "replace"), 200 if view else 404)
        return _reply(request, body, _A_WHILE)

    async def _static(self, request: web.Request) -> web.StreamResponse:
        body = self._assets.files.get(request.match_info["name"])
        if body is None:
            raise web.HTTPNotFound
        return _reply(request, body, _FOR_EVER if request.query_string == self._assets.stamp else _AGAIN)

    async def _fragments(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("since", "")
        return _reply(request, await self._desk.ask(lambda board: board.fragments(since)))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self._guard.refuse_others_pages(request)
        version = await self._desk.ask(lambda board: board.version)
        return await self._broadcaster.serve(request, version, self._desk.announce)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        accept = request.headers.get(hdrs.ACCEPT, "")[:_LONGEST_ACCEPT]
        return _reply(request, await self._desk.ask(lambda board: board.metrics(accept)))

    async def _probe(self, request: web.Request) -> web.StreamResponse:
        self._guard.refuse_others_pages(request)
        if not self._guard.loopback:
            self._guard.demand_token(request)
        return await self._prober.probe(request)


_LONGEST_ACCEPT = 1_000


def _reply(request: web.Request, body: Body, cache: str = _AGAIN) -> web.Response:
    """``body``, gzipped where the client takes that; 304 where it has it already (RFC 9110, 13.1.2)."""
    headers = {"Cache-Control": cache, "ETag": body.etag, "Vary": "Accept-Encoding, Accept"}
    tag = body.etag.removeprefix('W/"').removesuffix('"')
    if body.status == 200 and any(known.value in (tag, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = body.kind
    if body.packed is not None and _takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=body.packed, status=body.status, headers=headers)
    return web.Response(body=body.raw, status=body.status, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3)."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
