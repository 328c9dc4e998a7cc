"""A line between browser and server that can be cut and mended: it passes bytes on over TCP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """Listens on a port of its own, at ``url``."""

    def __init__(self, server_url: str) -> None:
        self._server = ("127.0.0.1", urlsplit(server_url).port)
        self._open: set[socket.socket] = set()
        self._cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and every new one at once."""
        self._cut = True
        for one in list(self._open):
            self._end(one)

    def mend(self) -> None:
        """Let new connections through again."""
        self._cut = False

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                browser = self._listener.accept()[0]
                if self._cut:
                    browser.close()
                    continue
                server = socket.create_connection(self._server)
                self._open |= {browser, server}
                for ends in ((browser, server), (server, browser)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # an end hung up
            while piece := source.recv(1 << 16):
                target.sendall(piece)
        self._end(source)
        self._end(target)

    def _end(self, one: socket.socket) -> None:
        self._open.discard(one)
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def line_to(server_url: str) -> Iterator[Line]:
    line = Line(server_url)
    try:
        yield line
    finally:
        line.close()
