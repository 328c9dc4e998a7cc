"""Names that other people gave are plain text, wherever they stand."""

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w
from playwright.sync_api import Page, expect

from segcore.recipe import load_recipe
from tests.browser.conftest import ROOT, OpenBrowser, Server, _until_answers, open_choices, running_server, settled
from tests.browser.test_photo import red_ball, upload
from tests.hostile import IMAGE, names, shown
from tests.tiny_networks import find_red

MARKUP = (
    "a, img, em, strong, del, code, pre, h1, h2, h3, ul, ol, table, hr, blockquote, .katex, "
    "[role=img], [style*=color], [class*=Badge], [class*=HelpIcon]"
)
READ = """([count, markup]) => Array.from({length: count}, (_, number) => {
    const here = document.querySelector(`.st-key-name-${number}`);
    const texts = here.querySelectorAll("[data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]");
    return [...texts].map((one) => [one.textContent, one.querySelectorAll(markup).length]);
})"""


@pytest.fixture
def every_place(tmp_path) -> Iterator[str]:
    """Serve an app that shows the names in every kind of place."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = ROOT / "tests" / "browser" / "names_app.py"
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    log = tmp_path / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=out, stderr=out
        )
    _until_answers(f"http://localhost:{port}/_stcore/health", process, log)
    yield f"http://localhost:{port}"
    process.terminate()
    process.wait()


def test_every_name_is_shown_as_it_was_typed(open_browser: OpenBrowser, every_place: str) -> None:
    page = open_browser().new_page()
    page.goto(every_place)
    wanted = [shown(name) for name in names(250)]
    expect(page.locator(f".st-key-name-{len(wanted) - 1} [data-testid=stCheckbox]")).to_be_visible()
    wrong = []
    for name, places in zip(wanted, page.evaluate(READ, [len(wanted), MARKUP]), strict=True):
        texts = [" ".join(text.replace("\u2060", "").split()) for text, _ in places]
        if texts != [name, name, name, f"{name} 5 %"] or any(marked for _, marked in places):
            wrong.append((name, texts, [marked for _, marked in places]))
    assert wrong[:3] == []


EVIL = "[src*='evil.example'], [href*='evil.example'], [style*='evil.example']"


@pytest.fixture
def hostile_server(tmp_path: Path) -> Iterator[Server]:
    """A Segdeck whose one network has a card of names that mean something."""
    folder = tmp_path / "models" / "evil"
    folder.mkdir(parents=True)
    (folder / "net.onnx").write_bytes(find_red())
    sha256 = hashlib.sha256(find_red()).hexdigest()
    card = {
        "title": f"T {IMAGE}",
        "family": "evil",
        "task": f"K {IMAGE}",
        "licence": f"L {IMAGE}",
        "output": "probability",
        "source": {"project": f"P {IMAGE}"},
        "weights": {"name": "net.onnx", "size_bytes": len(find_red()), "sha256": sha256},
        "input": {"width_px": 4, "height_px": 2},
        "labels": [{"name": IMAGE, "color": "#34c759"}],
    }
    (folder / "card.toml").write_text(tomli_w.dumps(card), "utf-8")
    with running_server(tmp_path, SEGDECK_MODELS_DIR=str(folder.parent)) as running:
        yield running


def literal(page: Page, text: str) -> None:
    """Check that a text stands in the page as it was typed, and that nothing in the page leads to another server."""
    page.wait_for_function(
        "wanted => document.body.innerText.replaceAll('\u2060', '').includes(wanted)", arg=text, timeout=60_000
    )
    expect(page.locator(EVIL)).to_have_count(0)


def test_no_page_does_what_a_name_says(open_browser: OpenBrowser, hostile_server: Server) -> None:
    page = open_browser().pages[0]
    page.goto(f"{hostile_server.url}/models")
    settled(page)
    for text in (f"T {IMAGE}", f"K {IMAGE}", f"P {IMAGE} · L {IMAGE}"):
        literal(page, text)
    page.get_by_text("Photo", exact=True).first.click()
    settled(page)
    upload(page, f"{IMAGE.replace('/', '_')}.png", red_ball())
    page.get_by_text("Fine-tune").click()
    plain = load_recipe("count_red_things").model_dump(mode="json") | {"title": IMAGE, "summary": f"S {IMAGE}"}
    plain["icon"] = IMAGE
    plain["segmenter"]["source"]["ranges"][0]["name"] = IMAGE
    recipe = {"name": f"{IMAGE[:4]}.toml", "mimeType": "", "buffer": tomli_w.dumps(plain).encode()}
    page.locator("input[type=file][accept*=toml]").set_input_files(recipe)
    for text in (f"S {IMAGE}", f"Covers: {IMAGE} ", "1 object"):
        literal(page, text)
    for name in ("Live", "Video", "Photo"):
        page.get_by_text(name, exact=True).first.click()
        settled(page)
        literal(page, "Choose a video" if name == "Video" else f"S {IMAGE}")
    literal(page, f"{IMAGE.replace('/', '_')}.png")
    page.get_by_text("Fine-tune").click()
    open_choices(page, "Method")
    page.get_by_role("option", name="Neural network").click()
    open_choices(page, "Network")
    page.get_by_role("option", name=f"T {IMAGE}").click()
    literal(page, f"K {IMAGE}")
    page.get_by_role("button", name="Colours").click()
    literal(page, f"Colour of {IMAGE}")
