"""Each page against WCAG 2.1 AA, by axe, and by keyboard alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, OpenBrowser, Server, settled

_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["live", "photo", "video"])
def test_axe_finds_nothing(name: str, size: dict[str, int], server: Server, open_browser: OpenBrowser) -> None:
    page = open_browser("--use-fake-device-for-media-stream", viewport=size).pages[0]
    page.goto(f"{server.url}/{name}")
    settled(page)
    found = Axe().run(page, options=_RULES).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found] == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "nothing sticks out to the side"


def test_a_recipe_is_chosen_by_keyboard(server: Server, open_browser: OpenBrowser) -> None:
    page = open_browser("--use-fake-device-for-media-stream").pages[0]
    page.goto(f"{server.url}/live")
    settled(page)
    role = "() => document.activeElement.getAttribute('role') || document.activeElement.type"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate(role) == "radio":
            break
    wanted = page.get_by_role("radio", name="Silhouette")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        if wanted.evaluate("radio => radio.contains(document.activeElement)"):
            break
    page.keyboard.press("Space")
    expect(page.get_by_text("people white, everything else black")).to_be_visible()
    expect(wanted).to_be_focused()
