"""Live over a narrow line: the stream goes on, smaller, and grows again when there is room.

How many pictures a second that is, and how long it takes to be at full size again, is measured by the bench `line`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ROOT, OpenBrowser, Server, camera_flags, settled
from tests.browser.test_live import player, press, seen
from tests.udp_relay import Line

_ALLOWED_BPS = """async () => {
    for (const one of (await window.connections.at(-1).getStats()).values())
        if (one.type === "outbound-rtp") return one.targetBitrate;
}"""


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    line.start()
    yield line
    line.end()


@pytest.fixture
def live(server: Server, camera: Path, open_browser: OpenBrowser, line: Line) -> Page:
    context = open_browser(*camera_flags(camera))
    context.expose_function("leadThrough", line.lead_through)
    for script in ("watch_video.js", "through_line.js"):
        context.add_init_script(path=ROOT / "tests" / "browser" / script)
    page = context.pages[0]
    page.goto(f"{server.url}/live")
    settled(page)
    return page


def test_a_narrow_line_makes_the_picture_smaller_and_a_wide_one_larger_again(live: Page, line: Line) -> None:
    live.get_by_text("Colour pop: red").click()  # all of the wall's detail goes both ways
    press(live, "START")
    wide = seen(live, "seen.length >= 60")[-1]["width"]
    line.bits_per_s = 1_000_000
    seen(live, f"seen.slice(-30).every(picture => picture.width < {wide})")
    count = len(seen(live, "true"))
    narrow = seen(live, f"seen.length > {count} + 100")[-1]["width"]
    assert player(live).evaluate(_ALLOWED_BPS) < 1_000_000, "the browser sends less, too"
    line.bits_per_s = None
    seen(live, f"seen.slice(-30).every(picture => picture.width > {narrow})")


@pytest.fixture(autouse=True)
def _needs_weights(weights: None) -> None:
    """The fake camera is cut out by the network."""
