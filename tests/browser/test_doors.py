"""The doors of the whole server, as it runs."""

import urllib.error
import urllib.request

import pytest

from tests.browser.conftest import Server


def ask(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + path, headers=headers), timeout=60) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as refusal:
        return refusal.code, {}


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/mcp", "/_stcore/script-health-check"]
)
def test_what_tells_about_others_is_closed(server: Server, path: str) -> None:
    assert ask(server, path)[0] == 404


def test_a_page_has_its_rules(server: Server) -> None:
    status, headers = ask(server, "/live")
    assert status == 200
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert [ask(server, path)[0] for path in ("/_stcore/health", "/_stcore/host-config")] == [200, 200]


def test_another_name_is_refused(server: Server) -> None:
    assert ask(server, "/live", Host="evil.example")[0] == 421
