"""Which names and addresses the server answers, and what it tells browsers, without a server."""

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pages.shared.server.doors import Doors, is_host
from pages.shared.visitor import files
from segcore.settings import settings


async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def anything(request: Request) -> PlainTextResponse:
    return HTMLResponse("<p>") if request.url.path == "/live" else PlainTextResponse("let in")


APP = Starlette(
    routes=[
        Route("/files/{token}", files.serve_file),
        WebSocketRoute("/_stcore/stream", greet),
        Route("/{rest:path}", anything, methods=["GET", "POST"]),
    ],
    middleware=[Middleware(Doors)],
)


def ask(path: str, host: str = "localhost:8501", kind: str = "http") -> tuple[int | str, dict[str, str], bytes]:
    """Return the status, the headers and the body that a request is answered with."""
    answers = []
    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "app": APP,
    }

    said = iter(["websocket.connect" if kind == "websocket" else "http.request"])

    async def receive() -> dict[str, object]:
        if word := next(said, None):
            return {"type": word}
        return await asyncio.Future()  # nothing more is said

    async def send(message: dict[str, object]) -> None:
        answers.append(message)

    asyncio.run(APP(scope, receive, send))
    head = {name.decode(): value.decode() for name, value in answers[0].get("headers", ())}
    body = b"".join(one.get("body", b"") for one in answers[1:])
    return answers[0].get("status", answers[0]["type"]), head, body


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics/",
        "//_stcore/metrics",
        "/base/_stcore/metrics",
        "/_stcore/script-health-check",
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
        "/_stcore/agent/openapi.json",
        "/_stcore/what_the_next_streamlit_brings",
        "/_stcore",
    ],
)
def test_what_tells_about_others_is_closed(path: str) -> None:
    assert ask(path)[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/live",
        "/_stcore/health",
        "/_stcore/host-config",
        "/base/_stcore/host-config",
        "/_stcore/upload_file/visit/file",
        "/_stcore/bidi-components/drawing/x.js",
        "/media/abc.png",
    ],
)
def test_what_a_page_needs_is_open(path: str) -> None:
    assert ask(path)[0] == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:8501", "LOCALHOST:1", "127.0.0.1:8501", "[::1]:8501"])
def test_this_computer_is_let_in(host: str) -> None:
    assert ask("/live", host)[0] == 200
    assert ask("/_stcore/stream", host, "websocket")[0] == "websocket.accept"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "x@localhost:y", "", "[::1", "localhost:z@e.x"]
)
def test_a_name_that_was_not_given_is_refused(host: str) -> None:
    status, _, body = ask("/live", host)
    assert status == 421
    assert b"SEGDECK_HOSTS" in body
    assert ask("/_stcore/stream", host, "websocket")[0] == "websocket.close"


def test_health_is_told_under_any_name() -> None:
    assert ask("/_stcore/health", "10.0.0.7")[0] == 200


def test_the_operator_gives_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDECK_HOSTS", '["Desk.example.org", "*.lab.example"]')
    settings.cache_clear()
    hosts = ("desk.example.org", "a.lab.example:443", "b.a.lab.example", "lab.example", "xlab.example", "localhost")
    assert [ask("/live", host)[0] for host in hosts] == [200, 200, 200, 421, 421, 421]


def test_a_star_is_any_name() -> None:
    assert is_host("whatever.example:8501", ("*",))


def test_pages_may_not_be_framed_elsewhere_nor_fetch_pictures_from_elsewhere() -> None:
    head = ask("/live")[1]
    assert head["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in head["content-security-policy"]
    assert "img-src 'self' data: blob:;" in head["content-security-policy"]
    assert head["permissions-policy"].startswith("camera=(self)")
    assert head["referrer-policy"] == "same-origin"
    assert ask("/live", "evil.example")[1]["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "kind", "way"),
    [
        ("result.mp4", "video/mp4", "inline"),
        ("page.html", "application/octet-stream", "attachment"),
        ("drawing.svg", "application/octet-stream", "attachment"),
        ("measures.csv", "application/octet-stream", "attachment"),
    ],
)
def test_a_visitors_file_is_never_a_page(name: str, kind: str, way: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("<script>")
    try:
        status, head, body = ask(files.offer(path))
    finally:
        files.withdraw(path)
    assert (status, body) == (200, b"<script>")
    assert head["content-type"] == kind
    assert head["content-disposition"] == f'{way}; filename="{name}"'
    assert head["x-content-type-options"] == "nosniff"
