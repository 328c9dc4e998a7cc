"""A server on this computer that gives weights as servers do: in parts or whole, slowly, cutting off on the way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WeightsServer(ThreadingHTTPServer):
    """What it gives, how, and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.etag: str | None = '"first"'
        self.gives_parts = True
        self.only_parts = False
        self.shift = 0  # its parts start so many bytes too late
        self.cut_after: int | None = None
        self.tells_length = True
        self.pause_s = 0.0
        self.asked: list[Message] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: WeightsServer

    def do_GET(self) -> None:
        self.server.asked.append(self.headers)
        content = self.server.files.get(self.path.strip("/"))
        if content is None:
            self.send_response(404)
            self.end_headers()
            return
        start = self._start()
        if start >= len(content) > 0:
            self.send_response(416)
            self.end_headers()
            return
        part = start > 0 or self.server.only_parts
        first = start + self.server.shift if part else 0
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(content) - first))
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        self.end_headers()
        self._give(content[first:])

    def _start(self) -> int:
        """Where to start: at 0 unless a part is asked for, of what is still the same file."""
        wanted = self.headers.get("Range", "")
        same = self.headers.get("If-Range") in (None, self.server.etag)
        return (
            int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and same and self.server.gives_parts else 0
        )

    def _give(self, content: bytes) -> None:
        end = len(content) if self.server.cut_after is None else self.server.cut_after
        for at in range(0, min(end, len(content)), 10_000):
            threading.Event().wait(self.server.pause_s)
            self.wfile.write(content[at : min(at + 10_000, end)])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[WeightsServer]:
    """Run a server."""
    with WeightsServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
