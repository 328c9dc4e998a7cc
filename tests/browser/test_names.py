"""Names that other people gave are plain text, wherever they stand."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, OpenBrowser, _until_answers
from tests.hostile import names, shown

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
