"""Live over a line that turns narrow and wide again: frames a second, and their size, both ways.

Loopback has no congestion, so all goes through `tests.udp_relay.Line`.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.bench.browser import write_camera
from tests.bench.common import folder, verdict
from tests.browser.conftest import FLAGS, ROOT, camera_flags, running_server
from tests.udp_relay import Line

_NARROW_BPS = 1_000_000
_SETTLE_S, _MEASURED_S, _CLIMB_S = 15, 15, 90
_SCRIPTS = ("watch_video.js", "through_line.js")


def watch(page: Page, seconds: float) -> list[dict[str, Any]]:
    """Return the frames that come in the next seconds."""
    player = next(frame for frame in page.frames if "webrtc" in frame.url)
    before = player.evaluate("seen.length")
    page.wait_for_timeout(seconds * 1000)
    return player.evaluate(f"seen.slice({before})")


def size(frames: list[dict[str, Any]]) -> str:
    return Counter(f"{one['width']}x{one['height']}" for one in frames).most_common(1)[0][0] if frames else "none"


def run() -> Iterator[str]:
    line = Line()
    line.start()
    with (
        running_server(folder()) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            folder() / "line", executable_path=shutil.which("chromium"), args=[*FLAGS, *camera_flags(write_camera())]
        ) as context,
    ):
        context.expose_function("leadThrough", line.lead_through)
        for script in _SCRIPTS:
            context.add_init_script(path=ROOT / "tests" / "browser" / script)
        page = context.pages[0]
        page.goto(f"{server.url}/live")
        page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="START", exact=True).click()
        page.get_by_text("Pictures per second").wait_for(timeout=60_000)
        wide = watch(page, _MEASURED_S)
        line.bits_per_s = _NARROW_BPS
        turned = watch(page, _SETTLE_S)
        narrow = watch(page, _MEASURED_S)
        line.bits_per_s = None
        climbed = watch(page, _CLIMB_S)[-60:]
    line.end()
    rate = len(narrow) / _MEASURED_S
    sizes = f"{size(wide)} before, {size(narrow)} on 1 Mbit/s, {size(climbed)} {_CLIMB_S} s after"
    detail = f"{sizes}; {len(wide) / _MEASURED_S:.1f} a second before, {len(turned) / _SETTLE_S:.1f} while it adapts"
    yield verdict("Frames a second on a line of 1 Mbit/s", rate, 15, at_least=True, detail=detail)
