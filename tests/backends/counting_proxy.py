"""Between a client and a server: counts how often a client waits, and cuts both off when told."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class CountingProxy:
    """Listens on a port of its own, and hands everything on.

    Attributes:
        waits: how often a client sent something after what the server had said.
        received: how many bytes the server said.
        cut_at: the next that says this is heard by the server, and gets no answer.
    """

    def __init__(self, port: int) -> None:
        self.server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        self.waits = self.received = 0
        self.cut_at: bytes | None = None
        self._is_clients_turn = True

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server))
                for work in (self._ask, self._tell):
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), server:
            while data := client.recv(65536):
                self.waits += self._is_clients_turn
                self._is_clients_turn = False
                is_last = self.cut_at is not None and self.cut_at in data
                if is_last:
                    self.cut_at = None
                    client.shutdown(socket.SHUT_RDWR)
                server.sendall(data)
                if is_last:
                    time.sleep(0.2)  # the server does what it was told
            server.shutdown(socket.SHUT_RDWR)

    def _tell(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), client:
            while data := server.recv(65536):
                self.received += len(data)
                self._is_clients_turn = True
                client.sendall(data)
