"""An internet for tests: names have the addresses that a test says, and a public address leads to this machine."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import pytest

__all__ = ["PUBLIC", "Internet"]

PUBLIC = "93.184.215.14"
"""An address that is public; nothing is ever sent there."""


class Internet:
    """What the system says of names and where it connects to.

    :ivar asked: the names that were looked up; ``connected`` the addresses that were connected to.
    :param port: where connections to :data:`PUBLIC` lead.
    """

    def __init__(self, patch: pytest.MonkeyPatch, port: int, **answers: Sequence[Sequence[str]]) -> None:
        self.asked: list[str] = []
        self.connected: list[str] = []
        self._port = port
        self._answers = {name.replace("_", "."): list(listed) for name, listed in answers.items()}
        self._look_up, self._connect = socket.getaddrinfo, socket.socket.connect
        patch.setattr(socket, "getaddrinfo", self._addresses)
        patch.setattr(socket.socket, "connect", lambda sock, where: self._lead(sock, where))

    def _addresses(self, host: str, port: int, *args: Any, **options: Any) -> Any:
        listed = self._answers.get(host)
        if listed is None:
            return self._look_up(host, port, *args, **options)
        self.asked.append(host)
        found = listed.pop(0) if len(listed) > 1 else listed[0]
        return [entry for address in found for entry in self._look_up(address, port, type=socket.SOCK_STREAM)]

    def _lead(self, sock: socket.socket, where: Any) -> None:
        self.connected.append(where[0])
        self._connect(sock, ("127.0.0.1", self._port) if where[0] == PUBLIC else where)
