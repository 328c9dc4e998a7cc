"""Who may change the networks that all use."""

import cv2
import pytest

from pages.shared.visitor.rights import at_this_computer
from segcore.networks.card import missing
from segcore.networks.catalogue import cards
from segcore.settings import settings
from tests.conftest import WriteCard, noise
from tests.pages.conftest import Open, send

HERE = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "[::1]"])
@pytest.mark.parametrize(
    "headers", [HERE, {"host": "127.0.0.1:1"}, {"Host": "[::1]:8501", "Origin": "http://[::1]:8501"}]
)
def test_who_sits_at_the_server_may(headers: dict[str, str], address: str) -> None:
    assert at_this_computer(headers, None, address)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "desk.example.org"},
        {"Host": "localhost.example.org"},
        HERE | {"Origin": "https://desk.example.org"},
        HERE | {"X-Forwarded-For": "10.0.0.7"},
        HERE | {"x-forwarded-proto": "https"},
        HERE | {"X-Real-IP": "127.0.0.1"},
        HERE | {"Forwarded": "for=localhost"},
        HERE | {"Via": "1.1 proxy"},
    ],
)
def test_who_comes_through_another_server_may_not(headers: dict[str, str]) -> None:
    assert not at_this_computer(headers, None, "localhost")


ELSEWHERE = [("10.0.0.7", "localhost"), (None, "0.0.0.0"), (None, None), (None, "")]


@pytest.mark.parametrize(("ip_address", "listens_on"), ELSEWHERE)
def test_nobody_may_where_others_can_reach_the_server(ip_address: str | None, listens_on: str | None) -> None:
    assert not at_this_computer(HERE, ip_address, listens_on)


@pytest.mark.parametrize(("locked", "remedy"), [("0", "Install it on the Models page."), ("1", "Whoever runs this")])
@pytest.mark.parametrize("page", ["live", "photo"])
def test_no_page_sends_a_visitor_to_a_shell(
    page: str, locked: str, remedy: str, visit: Open, write_card: WriteCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_card("selfie_general", family="selfie", title="Selfie")
    monkeypatch.setenv("SEGDECK_MODELS_LOCKED", locked)
    settings.cache_clear()
    app = visit(page)
    if page == "photo":
        send(app, "photo", ("me.png", cv2.imencode(".png", noise(64, 64))[1].tobytes()))
        assert "not installed" in app.error[0].value
        assert remedy in app.error[0].value
    said = [one.value for kind in ("error", "info", "caption") for one in app.get(kind)]
    assert any("“Selfie”, which is not installed" in one for one in said)
    assert not any("segdeck models" in one for one in said)
    links = [one.proto.label for one in app.get("page_link")]
    assert ("Install it on the Models page" in links) == (locked == "0")


def test_the_command_line_says_what_to_type(write_card: WriteCard) -> None:
    write_card("net")
    assert "segdeck models install net" in str(missing(cards()["net"]))
