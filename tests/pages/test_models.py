"""The Models page without a browser: what it shows, installs, removes and adds."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segcore.networks.adding import add
from segcore.networks.catalogue import cards
from segcore.networks.proposal import propose
from segcore.settings import settings
from tests.conftest import ROOT, WriteCard
from tests.pages.conftest import Open, files_in, go, send
from tests.pages.reading import find, labels, press, put, read
from tests.tiny_networks import find_red

ESPNET = "espnetv2_s1.0_pascal_256x256.onnx"

pytestmark = pytest.mark.usefixtures("models_dir", "unlocked")


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the visitor change networks, as one at the server's own computer may: here there is no connection."""
    monkeypatch.setenv("SEGDECK_MODELS_LOCKED", "0")
    settings.cache_clear()


def said(app: AppTest) -> str:
    return "\n".join(one.value for kind in ("markdown", "caption", "subheader") for one in app.get(kind))


def errors(app: AppTest) -> list[str]:
    return [one.value for one in app.error]


def upload_network(app: AppTest, *paths: Path) -> AppTest:
    return send(app, "network", *((path.name, path.read_bytes()) for path in paths))


def test_every_card_of_ours_is_shown(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDECK_MODELS_DIR", str(ROOT / "models"))
    settings.cache_clear()
    app = visit("models")
    for card in cards().values():
        assert card.title in said(app)
        assert card.task in said(app)
        assert f"{card.licence} · {card.size_bytes / 1e6:.1f} MB" in said(app)


def test_a_card_that_is_not_installed_offers_that(visit: Open, write_card: WriteCard) -> None:
    write_card("net")
    app = visit("models")
    assert "not installed" in said(app)
    assert "Install" in labels(app, "button")
    assert "Yes, remove it" not in labels(app, "button")


def test_what_goes_wrong_is_said_beside_the_network(visit: Open, write_card: WriteCard) -> None:
    write_card("net")
    app = press(visit("models"), "Install")
    assert len(errors(app)) == 1
    assert "Net could not be fetched" in errors(app)[0]
    assert errors(read(app.run())) == []


def test_a_broken_card_does_not_hold_up_the_others(visit: Open, write_card: WriteCard) -> None:
    write_card("good")
    write_card("bad", labels=[])
    app = visit("models")
    assert "Good" in said(app)
    assert "models/bad/card.toml" in app.warning[0].value


def test_an_installed_network_shows_its_speed_and_is_removed(visit: Open, shared: Path, models_dir: Path) -> None:
    proposal = propose([shared / "models" / ESPNET], stem="espnet")
    add(proposal.card, proposal.files)
    app = visit("models")
    assert "installed" in said(app)
    assert "unverified" in said(app)
    assert f"OpenCV {cards()['espnet'].finding().opencv_ms:.0f} ms" in said(app)
    press(app, "Yes, remove it")
    assert "Espnet" not in said(app)
    assert list(models_dir.iterdir()) == []


def test_locked_the_page_only_shows(visit: Open, write_card: WriteCard, monkeypatch: pytest.MonkeyPatch) -> None:
    write_card("net")
    monkeypatch.setenv("SEGDECK_MODELS_LOCKED", "1")
    monkeypatch.setenv("SEGDECK_OWN_NETWORKS", "0")
    settings.cache_clear()
    app = visit("models")
    assert "Net" in said(app)
    assert labels(app, "button") == []
    assert labels(app, "file_uploader") == []
    assert "by whoever runs this Segdeck" in app.info[0].value


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let visitors come from elsewhere, and give a network of theirs."""
    monkeypatch.setenv("SEGDECK_MODELS_LOCKED", "1")
    monkeypatch.setenv("SEGDECK_OWN_NETWORKS", "1")
    settings.cache_clear()
    (tmp_path / "find_red.onnx").write_bytes(find_red())
    return tmp_path / "find_red.onnx"


def test_a_network_of_ones_own_is_ones_own(visit: Open, elsewhere: Path) -> None:
    app = press(upload_network(visit("models"), elsewhere), "Save")
    assert "Find red" in said(app)
    assert "Only you have it" in said(app)
    assert cards() == {}
    press(app, "Looks right: mark as confirmed")
    assert "confirmed" in said(app)
    put(go(app, "live"), "selectbox", "Method", "network")
    assert "Find red" in find(app, "selectbox", "Network").options

    other = visit("models")
    assert "Find red" not in said(other)
    put(go(other, "live"), "selectbox", "Method", "network")
    assert "Find red" not in find(other, "selectbox", "Network").options

    press(go(app, "models"), "Yes, remove it")
    assert "Find red" not in said(app)


def test_a_visit_has_room_for_so_many_networks(visit: Open, elsewhere: Path) -> None:
    app = press(upload_network(visit("models"), elsewhere), "Save")
    assert errors(upload_network(app, elsewhere)) == [
        "A visit has room for so many networks of its own: 1. Remove one to add another."
    ]


def test_a_visit_has_room_for_so_many_bytes(visit: Open, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDECK_OWN_NETWORKS_MB", "1")
    settings.cache_clear()
    elsewhere.write_bytes(find_red() + bytes(2_000_000))
    assert errors(upload_network(visit("models"), elsewhere)) == [
        "With this one your networks have 2 MB; the most accepted is 1 MB."
    ]


def test_a_network_is_added_corrected_and_confirmed(visit: Open, shared: Path, work_dir: Path) -> None:
    app = upload_network(visit("models"), shared / "models" / ESPNET)
    assert "ONNX · takes 256x256 pixels · answers with 21 channels" in said(app)
    assert "Finds: person 4" in said(app)
    put(app, "text_input", "Short name", "espnet")
    put(app, "text_input", "Name of label 15", "human")
    assert "Finds: human 4" in said(app)
    press(app, "Save")
    card = cards()["espnet"]
    assert card.labels[14].name == "human"
    assert card.finding().verified == "unverified"
    assert files_in(work_dir) == [], "the upload is not kept"
    press(app, "Looks right: mark as confirmed")
    assert cards()["espnet"].finding().verified == "confirmed"
    assert "confirmed" in said(app)


def test_a_wrong_feed_shows_in_the_preview(visit: Open, shared: Path) -> None:
    app = upload_network(visit("models"), shared / "models" / ESPNET)
    put(app, "selectbox", "Pixel values", "Something else")
    put(app, "number_input", "Scale", 1e-6)
    assert "Finds: person" not in said(app)
    put(app, "selectbox", "Pixel values", "Less ImageNet's mean")
    assert "Finds: person" in said(app)


def test_a_card_that_does_not_fit_can_not_be_saved(visit: Open, shared: Path) -> None:
    app = upload_network(visit("models"), shared / "models" / ESPNET)
    put(app, "selectbox", "Answer", "probability")
    assert "outside 0 to 1" in errors(app)[0]
    assert find(app, "button", "Save").disabled
    put(app, "selectbox", "Answer", "logits")
    put(app, "text_input", "Short name", "No Name")
    assert "small letters" in app.warning[0].value
    assert find(app, "button", "Save").disabled


def test_a_name_that_is_taken_is_said(visit: Open, shared: Path, write_card: WriteCard) -> None:
    write_card("net")
    app = put(upload_network(visit("models"), shared / "models" / ESPNET), "text_input", "Short name", "net")
    press(app, "Save")
    assert errors(app) == ["There is a network called 'net' already; choose another name."]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("a.onnx", b"Dear network, ...", "not a network"), ("a.cfg", b"[net]", "goes with a .weights file")],
)
def test_what_is_no_network_is_refused_and_not_kept(
    name: str, content: bytes, words: str, visit: Open, tmp_path: Path, work_dir: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    app = upload_network(visit("models"), tmp_path / name)
    assert words in errors(app)[0]
    assert files_in(work_dir) == []


@pytest.mark.usefixtures("ended_early")
def test_a_refusal_is_said_even_if_its_run_ends_early(visit: Open, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"Dear network, ...")
    assert "not a network" in errors(upload_network(visit("models"), tmp_path / "a.onnx"))[0]


def test_an_upload_outlasts_a_look_at_another_page(visit: Open, shared: Path, work_dir: Path) -> None:
    app = upload_network(visit("models"), shared / "models" / ESPNET)
    app = go(go(app, "photo"), "models")
    assert ESPNET.replace("_", "\\_") in said(app)
    press(app, "Remove")
    assert "Save" not in labels(app, "button")
    assert files_in(work_dir) == []
