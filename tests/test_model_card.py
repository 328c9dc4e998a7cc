import hashlib
import http.server
import threading

import pytest

from segcore.model_card import cards, family, file_sha256, install
from segcore.settings import Settings
from tests.plain import refused

CONTENT = bytes(range(256)) * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives the file, or fails in the way that the path names."""

    def do_GET(self):
        body = {"/wrong": CONTENT[::-1], "/long": CONTENT * 3, "/short": CONTENT[:9999], "/cut": CONTENT[:9999]}
        self.send_response(404 if self.path == "/gone" else 200)
        if self.path != "/short":
            self.send_header("Content-Length", str(len(CONTENT) * (3 if self.path == "/long" else 1)))
        self.end_headers()
        self.wfile.write(body.get(self.path, CONTENT))

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def card_at(write_card):
    def make(url):
        weights = {"name": "net.onnx", "size_bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
        (card,) = family(write_card("net", weights=weights, source={"project": "none", "url": url}))
        return card

    return make


def files(card):
    return sorted(path.name for path in card.path.parent.iterdir())


def test_weights_are_stored_whole_and_fetched_once(address, card_at):
    card, seen = card_at(f"{address}/good"), []
    assert not card.installed
    assert install(card, lambda here, total: seen.append((here, total)))
    assert card.path.read_bytes() == CONTENT
    assert card.path.stat().st_mode & 0o777 == 0o644
    assert files(card) == ["card.toml", "net.onnx"]
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    card.verify()
    assert not install(card)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/wrong", "another sha256"),
        ("/short", "another sha256"),
        ("/long", "another sha256"),
        ("/cut", "could not be fetched"),
        ("/gone", "answers 404"),
    ],
)
def test_what_is_not_the_promised_file_is_not_stored(path, part, address, card_at):
    card = card_at(f"{address}{path}")
    with refused("Net", part):
        install(card)
    assert files(card) == ["card.toml"]


def test_no_connection(card_at):
    card = card_at("http://127.0.0.1:9/net.onnx")
    with refused("Net could not be fetched", "Check the network"):
        install(card)
    assert files(card) == ["card.toml"]


def test_damaged_weights_are_found_and_replaced_only_by_whole_ones(address, card_at):
    card = card_at(f"{address}/good")
    card.path.write_bytes(CONTENT[:-1])
    with refused("damaged", "segdeck models install net"):
        card.verify()
    broken = card.model_copy(update={"source": card.source.model_copy(update={"url": f"{address}/wrong"})})
    with refused("another sha256"):
        install(broken)
    assert card.path.read_bytes() == CONTENT[:-1]
    assert install(card)
    card.verify()


def test_a_package_index_that_can_not_be_reached(write_card, monkeypatch):
    for name, value in {
        "INDEX_URL": "http://127.0.0.1:9/",
        "EXTRA_INDEX_URL": "",
        "FIND_LINKS": "",
        "RETRIES": "0",
    }.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    wheel = {"package": "segdeck-none==1.0", "platform": "any", "python": "3.11", "sha256": "0" * 64, "member": "x"}
    (card,) = family(write_card("net", source={"project": "none", "wheel": wheel}))
    with refused("Net could not be fetched", "Check the network"):
        install(card)
    assert files(card) == ["card.toml"]


def test_every_card_of_ours_is_in_order():
    folder = Settings().models_dir
    assert {card.parent.name for card in folder.glob("*/card.toml")} == set(cards())
    for name, card in cards().items():
        assert card.name == name
        assert (folder / name / "README.md").is_file()
        if card.installed:
            card.verify()
            assert card.path.stat().st_size == card.weights.size_bytes


def test_a_family_is_all_its_cards_and_a_card_is_itself(write_card):
    write_card("wide", family="both")
    write_card("high", family="both")
    assert [card.name for card in family("both")] == ["high", "wide"]
    assert [card.name for card in family("wide")] == ["wide"]
    assert family("wide")[0].aspect() == 2
    with refused("'other'", "both, high, wide"):
        family("other")


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"output": "guess"}, ("output", "'guess'", "'probability', 'logits' or 'argmax'")),
        ({"labels": []}, ("labels", "at least 1")),
        ({"source": {"project": "x"}}, ("source", "either a url or a wheel")),
        ({"source": {"project": "x", "url": "ftp:x"}}, ("source.url", "'ftp:x'", "http or https")),
        ({"weights": {"name": "..", "size_bytes": 1, "sha256": "0" * 64}}, ("weights.name", "'..'", "file name")),
        ({"weights": {"name": "a.b", "size_bytes": 0, "sha256": "0" * 64}}, ("weights.size_bytes", "0", "above 0")),
        ({"weights": {"name": "a.b", "size_bytes": 1, "sha256": "0"}}, ("weights.sha256", "64 hexadecimal digits")),
        ({"extra": 1}, ("extra", "no such field")),
    ],
)
def test_a_wrong_card_is_refused_by_its_name(changes, parts, write_card):
    write_card("net", **changes)
    with refused("models/net/card.toml", *parts):
        cards()


@pytest.mark.parametrize("content", [b"[", b"\xff\xfe"])
def test_a_card_that_is_no_toml_is_refused(content, models_dir):
    (models_dir / "net").mkdir()
    (models_dir / "net" / "card.toml").write_bytes(content)
    with refused("models/net/card.toml is not valid TOML"):
        cards()


def test_sha256_is_that_of_the_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
