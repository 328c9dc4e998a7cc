"""By keyboard alone. (Every screenshot of the other tests is judged by axe as well.)"""

from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser, Server, settled


def test_a_recipe_is_chosen_by_keyboard(server: Server, open_browser: OpenBrowser) -> None:
    page = open_browser("--use-fake-device-for-media-stream").pages[0]
    page.goto(f"{server.url}/live")
    page.frame_locator("iframe[title*=webrtc]").get_by_role("button").first.wait_for()
    settled(page)  # the player runs the page anew as it mounts, and that would take a key's work back
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
