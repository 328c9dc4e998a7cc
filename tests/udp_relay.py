"""A line between a browser and the server, of a width of the test's choice: loopback itself is never narrow."""

import heapq
import itertools
import random
import re
import select
import socket
import threading
import time

_LONGEST_QUEUE_S = 0.3  # as a router's: what comes when so much is waiting is dropped
_CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host")


class Line(threading.Thread):
    """Carries datagrams both ways between one port of its own and the server's, each way with the same width.

    Attributes
    ----------
    bits_per_s
        What it carries each way; None for all there is. May change at any time.
    loss
        The share of datagrams that are lost on the way, 0 to 1.
    """

    def __init__(self) -> None:
        super().__init__(name="line", daemon=True)
        self.bits_per_s: float | None = None
        self.loss = 0.0
        self._server: tuple[str, int] | None = None
        self._browser: tuple[str, int] | None = None
        self._near, self._far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for end in (self._near, self._far):
            end.bind(("0.0.0.0", 0))
            end.setblocking(False)
        self._free_s = {self._near: 0.0, self._far: 0.0}  # when a way has carried all that it was given
        self._waiting: list[tuple[float, int, bytes, socket.socket]] = []
        self._number = itertools.count()
        self._dice = random.Random(0)
        self._over = False

    def lead_through(self, answer: str) -> str:
        """Return the server's answer (SDP) with this line's address as the only one, so that all goes through it."""
        host, port = _CANDIDATE.search(answer).groups()
        self._server, self._browser = (host, int(port)), None
        through = f"a=candidate:1 1 udp 2130706431 {host} {self._near.getsockname()[1]} typ host"
        without = re.sub(r"a=candidate:.*\r\n", "", answer)
        return re.sub(r"(a=mid:\S+)", rf"\1\r\n{through}", without)

    def end(self) -> None:
        self._over = True
        self.join()
        for one in (self._near, self._far):
            one.close()

    def run(self) -> None:
        while not self._over:
            wait_s = max(0, self._waiting[0][0] - time.monotonic()) if self._waiting else 0.05
            for end in select.select([self._near, self._far], [], [], min(wait_s, 0.05))[0]:
                self._take(end)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, data, onto = heapq.heappop(self._waiting)
                target = self._server if onto is self._far else self._browser
                if target:
                    onto.sendto(data, target)

    def _take(self, end: socket.socket) -> None:
        data, source = end.recvfrom(65536)
        if end is self._near:
            self._browser = source
        onto = self._far if end is self._near else self._near
        now = time.monotonic()
        start = max(now, self._free_s[onto])
        if self._dice.random() < self.loss or start - now > _LONGEST_QUEUE_S:
            return
        self._free_s[onto] = start + (8 * len(data) / self.bits_per_s if self.bits_per_s else 0)
        heapq.heappush(self._waiting, (self._free_s[onto], next(self._number), data, onto))
