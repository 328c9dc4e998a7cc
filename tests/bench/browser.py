"""The Live page in headless Chromium over real WebRTC, against an app that sends each frame back as it came.

The fake camera's frames carry their number, as blocks of 160x144 pixels at the left and right edge: black or white,
so large that a blurred background (29 pixels at 720 rows) leaves their middle as it was. No effect has to be switched
off to read them. The number is read from each frame that the page receives, when it is decoded and ready to be
shown, and from each that its camera gives. So two things are known of a received frame: whether it is new, and how
many frames the camera is ahead of it.

A frame that is sent twice, because its successor is not ready, counts once.
"""

import itertools
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import BrowserContext, Page, sync_playwright

from pages.shared.camera.webrtc import CAMERA
from segcore.segmentation import Image
from tests.astronaut import read_astronaut
from tests.bench.common import folder, verdict
from tests.browser.conftest import FLAGS, ROOT, camera_flags, running_server

_PAIRS = 3
_WARM_UP_S, _MEASURED_S = 4, 8
_WIDTH, _HEIGHT, _NUMBERS = 1280, 720, 256
_BLOCK_WIDTH, _BLOCK_HEIGHT, _ROWS = 160, 144, 5
_READ = (ROOT / "tests" / "bench" / "read_numbers.js").read_text()


@dataclass(frozen=True)
class Seen:
    """What one visit showed.

    Attributes
    ----------
    rate
        New frames per second.
    delay
        How many frames the camera was ahead, the median.
    growth
        How much more that was in the last fifth of the time than in the first: a queue that fills up.
    size
        The frames' size, most of the time.
    """

    rate: float
    delay: float
    growth: float
    size: str


def camera_frame(number: int) -> Image:
    """Return a frame of the fake camera: a person who sways, before a soft wall, between the number's blocks."""
    board = np.random.default_rng(0).integers(60, 200, (9, 16, 3), dtype=np.uint8)
    frame = cv2.resize(board, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC)
    side = 560
    left = (_WIDTH - side) // 2 + round(60 * np.sin(2 * np.pi * number / 64))
    frame[-side:, left : left + side] = cv2.resize(read_astronaut(), (side, side))
    gray = number ^ number >> 1
    blocks = [False, True, *(bool(gray >> bit & 1) for bit in range(7, -1, -1))]
    for place, white in enumerate(blocks):
        top, at_left = place % _ROWS * _BLOCK_HEIGHT, place < _ROWS
        start = 0 if at_left else _WIDTH - _BLOCK_WIDTH
        frame[top : top + _BLOCK_HEIGHT, start : start + _BLOCK_WIDTH] = 235 if white else 16
    return frame


def write_camera() -> Path:
    path = folder() / "camera.mjpeg"
    with path.open("wb") as file:
        for number in range(_NUMBERS):
            file.write(cv2.imencode(".jpg", camera_frame(number), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
    return path


@contextmanager
def identity_server() -> Iterator[str]:
    """Start the identity app on a free port, and end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = ROOT / "tests" / "bench" / "identity_app.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with (folder() / "identity.txt").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
        )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=60).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError((folder() / "identity.txt").read_text()) from None
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def visit(context: BrowserContext, url: str, seconds: float = _MEASURED_S, recipe: str = "") -> Seen:
    """Open a page, press START, and watch: first to warm up, then to measure."""
    page = context.new_page()
    try:
        page.goto(url)
        if recipe:
            page.get_by_text(recipe).first.click()
        page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="START", exact=True).click()
        return _watch(page, seconds)
    finally:
        page.close()


def _watch(page: Page, seconds: float) -> Seen:
    frame = next(one for one in page.frames if "webrtc" in one.url)
    frame.evaluate("constraints => window.openCamera(constraints)", CAMERA)
    long_enough = "(ms) => received.length > 1 && sent.length && received.at(-1).at_ms - received[0].at_ms > ms"
    frame.wait_for_function(long_enough, arg=(_WARM_UP_S + seconds) * 1000, timeout=(seconds + 120) * 1000)
    notes, sizes = frame.evaluate("[received, sizes]")
    start = notes[0]["at_ms"] + _WARM_UP_S * 1000
    notes = [note for note in notes if note["at_ms"] >= start and note.get("newest") is not None]
    new = [note for before, note in itertools.pairwise(notes) if note["number"] != before["number"]]
    delays = [(note["newest"] - note["number"]) % _NUMBERS for note in notes]
    fifth = max(1, len(delays) // 5)
    return Seen(
        rate=len(new) * 1000 / (notes[-1]["at_ms"] - notes[0]["at_ms"]),
        delay=statistics.median(delays),
        growth=statistics.median(delays[-fifth:]) - statistics.median(delays[:fifth]),
        size=max(sizes, key=sizes.get),
    )


@contextmanager
def stage() -> Iterator[tuple[BrowserContext, str, str]]:
    """Yield a Chromium with the numbered camera, and the addresses of Segdeck's Live page and of the identity app."""
    with (
        running_server(folder()) as segdeck,
        identity_server() as identity,
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            folder() / "profile",
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, *camera_flags(write_camera())],
        ) as context,
    ):
        context.set_default_timeout(60_000)
        context.add_init_script(_READ)
        yield context, f"{segdeck.url}/live", identity


def run() -> Iterator[str]:
    with stage() as (context, segdeck, identity):
        pairs = [(visit(context, segdeck), visit(context, identity)) for _ in range(_PAIRS)]
    ours, plain = (list(seen) for seen in zip(*pairs, strict=True))
    rate, plain_rate = (statistics.median(seen.rate for seen in runs) for runs in (ours, plain))
    detail = f"{rate:.1f} against {plain_rate:.1f} new frames/s, at {ours[0].size} and {plain[0].size}"
    yield verdict("Live with blur, share of the identity's rate", rate / plain_rate, 0.85, at_least=True, detail=detail)
    delay, plain_delay = (statistics.median(seen.delay for seen in runs) for runs in (ours, plain))
    detail = f"{delay:g} against {plain_delay:g} frames from camera to page"
    yield verdict("Live with blur, frames more of delay", delay - plain_delay, 1, at_least=False, detail=detail)
    growth, plain_growth = (statistics.median(seen.growth for seen in runs) for runs in (ours, plain))
    detail = f"identity {plain_growth:g}, both over {_MEASURED_S} s"
    yield verdict("Live with blur, frames by which delay grows", growth, 1, at_least=False, detail=detail)
