"""A receiver of webhooks on loopback, that answers as it is told and remembers what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

__all__ = ["Delivery", "WebhookReceiver"]


class Delivery(NamedTuple):
    """One POST, as it came."""

    headers: Message
    body: bytes

    @property
    def uid(self) -> str:
        return str(self.headers["webhook-id"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = msgspec.json.decode(self.body)["data"]
        return data

    @property
    def type(self) -> str:
        return str(msgspec.json.decode(self.body)["type"])


class WebhookReceiver:
    """Listens while the ``with`` block lasts.

    :ivar answers: what is answered, one after the other, as (status, headers); then 204 for ever.
    :ivar hold: while it is not set, no answer leaves.
    """

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.answers = list(answers)
        self.deliveries: list[Delivery] = []
        self.hold = threading.Event()
        self.hold.set()
        self._came = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def wait(self, until: Callable[[list[Delivery]], bool], seconds: float = 20) -> list[Delivery]:
        """The deliveries, once ``until`` holds for them."""
        with self._came:
            assert self._came.wait_for(lambda: until(self.deliveries), seconds), self.deliveries
            return list(self.deliveries)

    def take(self, delivery: Delivery) -> tuple[int, dict[str, str]]:
        with self._came:
            self.deliveries.append(delivery)
            self._came.notify_all()
            answer = self.answers.pop(0) if self.answers else (204, {})
        self.hold.wait(20)
        return answer

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(receiver: WebhookReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = receiver.take(Delivery(self.headers, body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
