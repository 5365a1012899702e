"""Between a client and a server: counts how often a client waits, and what the server says."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class CountingProxy:
    """Listens on a port of its own, and hands everything on.

    Attributes:
        waits: how often a client sent something after what the server had said.
        received: how many bytes the server said.
    """

    def __init__(self, port: int) -> None:
        self.server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        self.waits = self.received = 0
        self._is_clients_turn = True

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server))
                for ends in ((client, server, self._asked), (server, client, self._told)):
                    threading.Thread(target=self._hand_on, args=ends, daemon=True).start()

    def _hand_on(self, source, target, counted) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(65536):
                counted(data)
                target.sendall(data)

    def _asked(self, data: bytes) -> None:
        self.waits += self._is_clients_turn
        self._is_clients_turn = False

    def _told(self, data: bytes) -> None:
        self.received += len(data)
        self._is_clients_turn = True
