"""START on a fresh page, over and over, with four busy processes beside it: does a picture always come?

What the browser says of each connection is kept, and the server's log of its states; both are shown for a start that
brings no picture.
"""

import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, sync_playwright
from playwright.sync_api import TimeoutError as NoPictureError

from tests.bench.browser import write_camera
from tests.bench.common import folder, verdict
from tests.browser.conftest import FLAGS, Server, camera_flags, running_server

_STARTS, _BUSY, _PATIENCE_S = 40, 4, 60
_NOTE_STATES = """window.states = [];
const Plain = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Plain {
  constructor(...options) {
    super(...options);
    for (const name of ["signalingState", "iceConnectionState", "connectionState"])
      this.addEventListener(name.toLowerCase() + "change",
        () => states.push(`${Math.round(performance.now())} ms: ${name} ${this[name]}`));
  }
};"""
_PICTURE = "() => { const video = document.querySelector('video'); return video?.videoWidth && video.currentTime; }"


@contextmanager
def busy_processes() -> Iterator[None]:
    """Keep processes busy, each in a session of its own: Linux shares the cores out by session."""
    command = ["sh", "-c", "while :; do :; done"]
    busy = [subprocess.Popen(command, start_new_session=True) for _ in range(_BUSY)]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


def start(context: BrowserContext, server: Server) -> tuple[float | None, list[str]]:
    """Press START on a fresh page; return the seconds to a picture, None if none came, and what is known then."""
    page, logged = context.new_page(), server.log.stat().st_size
    try:
        page.goto(f"{server.url}/live")
        page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="START", exact=True).click()
        pressed = time.monotonic()
        player = next(frame for frame in page.frames if "webrtc" in frame.url)
        try:
            player.wait_for_function(_PICTURE, timeout=_PATIENCE_S * 1000, polling=100)
            took = time.monotonic() - pressed
        except NoPictureError:
            took = None
        log = server.log.read_bytes()[logged:].decode().splitlines()
        return took, [*player.evaluate("states"), *(line for line in log if "segdeck.webrtc" in line)]
    finally:
        page.close()


def run() -> Iterator[str]:
    times, without = [], 0
    with (
        running_server(folder()) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            folder() / "starts", executable_path=shutil.which("chromium"), args=[*FLAGS, *camera_flags(write_camera())]
        ) as context,
        busy_processes(),
    ):
        context.set_default_timeout(120_000)
        context.add_init_script(_NOTE_STATES)
        for number in range(_STARTS):
            took, states = start(context, server)
            if took is None:
                without += 1
                yield f"start {number}: no picture"
                yield from (f"  {state}" for state in states)
            else:
                times.append(took)
        again = server.log.read_text().count("is tried once more")
    detail = (
        f"seconds to the picture: median {statistics.median(times):.1f}, most {max(times):.1f}; {again} second tries"
    )
    yield verdict(f"Starts without a picture, of {_STARTS}", without, 0, at_least=False, detail=detail)
