import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from segcore.networks.card import ModelCard, missing
from segcore.networks.catalogue import cards, family
from segcore.networks.finding import FINDING
from segcore.networks.network import open_network
from segcore.networks.store import confirm, install, remove
from segcore.settings import settings
from tests.hand_written import write_darknet
from tests.plain import refused
from tests.tiny_networks import find_red
from tests.weights_server import serving

NETWORK = find_red()
RED = np.full((2, 4, 3), (20, 20, 230), np.uint8)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as one:
        one.files["net"] = NETWORK
        yield one


@pytest.fixture
def card_of(write_card, server):
    """Write a card whose weights the server has, or that a person added (address None)."""

    def make(content=NETWORK, address=f"{server.address}/net", **changes):
        weights = {"name": "net.onnx", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        weights |= {"url": address} if address else {}
        (card,) = family(write_card("net", files=[weights], **changes))
        return card

    return make


def weights_of(card):
    return card.folder / card.weights.name


def files(card):
    return sorted(path.name for path in card.folder.iterdir())


def test_a_network_is_fetched_tried_and_published_once(server, card_of):
    card, seen = card_of(), []
    assert install(card, lambda here, total: seen.append((here, total)))
    assert weights_of(card).read_bytes() == NETWORK
    assert weights_of(card).stat().st_mode & 0o777 == 0o644
    assert files(card) == ["card.toml", FINDING, "net.onnx"]
    assert seen[-1] == (len(NETWORK), len(NETWORK))
    assert card.finding().weights_sha256 == card.weights.sha256
    assert card.finding().file == "net.onnx"
    assert card.finding().opencv_ms >= 0
    assert card.finding().verified == "unverified"
    assert (open_network(card).label_map(RED) == 1).all()
    assert not install(card)
    assert len(server.asked) == 1


def test_a_network_that_does_not_do_what_its_card_says_leaves_nothing(server, card_of):
    server.files["net"] = b"no network at all"
    with refused("Net", "not a network"):
        install(card_of(server.files["net"]))
    card = family("net")[0]
    assert files(card) == ["card.toml"]


def test_a_network_that_fails_its_reference_leaves_nothing(card_of, models_dir):
    card = card_of(reference={"picture": "red.png", "mask": "mask.png"})
    cv2.imwrite(str(models_dir / "net" / "red.png"), RED)
    cv2.imwrite(str(models_dir / "net" / "mask.png"), np.zeros((2, 4), np.uint8))
    with refused("Net", "reference"):
        install(card)
    assert files(card) == ["card.toml", "mask.png", "red.png"]
    cv2.imwrite(str(models_dir / "net" / "mask.png"), np.ones((2, 4), np.uint8))
    assert install(card)
    assert card.finding().verified == "reference"


def test_what_came_before_a_lost_connection_is_used(server, card_of):
    card = card_of()
    server.cut_after = len(NETWORK) // 2
    part = card.folder / "net.onnx.part"
    part.write_bytes(NETWORK[:40])
    with refused("goes on from there"):
        install(card)
    assert part.is_file()
    server.cut_after = None
    assert install(card)
    assert server.asked[-1]["Range"]
    assert files(card) == ["card.toml", FINDING, "net.onnx"]


def test_weights_that_were_here_before_are_tried_without_fetching(server, card_of):
    card = card_of()
    weights_of(card).write_bytes(NETWORK)
    assert card.finding() is None
    assert install(card)
    assert card.finding().file == "net.onnx"
    assert server.asked == []


def test_damaged_weights_are_replaced_only_by_whole_ones(server, card_of):
    card = card_of()
    install(card)
    weights_of(card).write_bytes(NETWORK[:-1])
    server.files["net"] = NETWORK[::-1]
    with refused("another sha256"):
        install(card)
    assert weights_of(card).read_bytes() == NETWORK[:-1]
    server.files["net"] = NETWORK
    assert install(card)
    card.verify()


def test_a_process_that_was_killed_does_no_harm(card_of):
    card = card_of()
    folder = card.folder / ".installing"
    folder.mkdir()
    (folder / "net.onnx").write_bytes(b"half")
    assert install(card)
    assert files(card) == ["card.toml", FINDING, "net.onnx"]


def test_processes_that_install_at_once_fetch_once(server, card_of, models_dir):
    card_of()
    server.pause_s = 0.5
    command = [sys.executable, "-m", "segcore.cli", "models", "install", "net"]
    environment = {**os.environ, "SEGDECK_MODELS_DIR": str(models_dir)}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = sorted(one.communicate(timeout=120)[0] for one in running)
    assert told == ["net: already installed\n"] * 2 + ["net: installed\n"]
    assert len(server.asked) == 1


def test_threads_that_install_at_once_fetch_once(server, card_of):
    card, new = card_of(), []
    server.pause_s = 0.3
    threads = [threading.Thread(target=lambda: new.append(install(card))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False, False, True]
    assert len(server.asked) == 1


def test_stopping_keeps_what_came(server, card_of, models_dir):
    card = card_of(NETWORK + bytes(1_000_000))
    server.files["net"] = NETWORK + bytes(1_000_000)
    server.pause_s = 0.05
    command = [sys.executable, "-m", "segcore.cli", "models", "install", "net"]
    part = card.folder / "net.onnx.part"
    with subprocess.Popen(
        command,
        env={**os.environ, "SEGDECK_MODELS_DIR": str(models_dir)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # in a shell's background, it is ignored
    ) as running:
        while running.poll() is None and not (part.exists() and part.stat().st_size):
            threading.Event().wait(0.005)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert (running.returncode, told.count("\n")) == (130, 1)
    assert "what came is kept" in told
    assert 0 < part.stat().st_size < 1_000_000


# a network of several files


def listed(name, content, address=None):
    whole = {"name": name, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return whole | ({"url": address} if address else {})


@pytest.fixture
def pair(server, write_card, tmp_path):
    """A card whose two files, weights and layout, the server has; the network has one label."""
    layout, weights = (path.read_bytes() for path in write_darknet(tmp_path, np.array([0.5, 1, 0, 0])))
    server.files |= {"weights": weights, "layout": layout}
    both = [
        listed("net.weights", weights, f"{server.address}/weights"),
        listed("net.cfg", layout, f"{server.address}/layout"),
    ]
    feed, output = {"width_px": 32, "height_px": 16}, {"kind": "logits"}
    (card,) = family(write_card("pair", files=both, input=feed, output=output))
    return card


def test_all_files_of_a_network_are_installed_checked_and_removed(pair):
    seen = []
    assert not pair.installed
    assert install(pair, lambda here, total: seen.append((here, total)))
    assert files(pair) == ["card.toml", FINDING, "net.cfg", "net.weights"]
    assert seen == sorted(seen)
    assert seen[-1] == (pair.size_bytes, pair.size_bytes)
    assert open_network(pair).label_map(RED).all()

    (pair.folder / "net.cfg").write_bytes(b"damaged")
    with refused("Pair", "damaged", "net.cfg", "segdeck models install pair"):
        pair.verify()
    assert install(pair)
    pair.verify()

    assert remove(pair)
    assert files(pair) == ["card.toml"]
    assert not remove(pair)


def test_only_the_file_that_is_missing_is_fetched(server, pair):
    install(pair)
    (pair.folder / "net.cfg").unlink()
    assert not pair.installed
    with refused("not installed"):
        pair.verify()
    server.asked.clear()
    assert install(pair)
    assert len(server.asked) == 1


def test_a_file_that_came_is_kept_until_the_others_have_come(server, pair):
    layout = server.files.pop("layout")
    with refused("Pair could not be fetched", "404"):
        install(pair)
    assert files(pair) == ["card.toml", "net.weights.etag", "net.weights.part"]
    server.files["layout"] = layout
    server.asked.clear()
    assert install(pair)
    assert len(server.asked) == 1
    assert files(pair) == ["card.toml", FINDING, "net.cfg", "net.weights"]


def test_files_that_are_not_run_yet_come_with_the_others(server, write_card):
    """As those of a network that is an encoder and a decoder."""
    server.files["decoder"] = b"decoder"
    both = [
        listed("encoder.onnx", NETWORK, f"{server.address}/net"),
        listed("decoder.onnx", b"decoder", f"{server.address}/decoder"),
    ]
    (card,) = family(write_card("prompted", files=both))
    assert install(card)
    assert files(card) == ["card.toml", "decoder.onnx", "encoder.onnx", FINDING]
    assert (open_network(card).label_map(RED) == 1).all()
    card.verify()
    assert remove(card)
    assert files(card) == ["card.toml"]


def test_a_file_that_a_person_put_beside_the_card_stays(server, write_card, models_dir):
    both = [listed("net.onnx", NETWORK, f"{server.address}/net"), listed("labels.txt", b"things")]
    (card,) = family(write_card("net", files=both))
    with refused("labels.txt of Net is not as its card says", "beside the card"):
        install(card)
    assert server.asked == []
    (models_dir / "net" / "labels.txt").write_bytes(b"things")
    assert install(card)
    assert remove(card)
    assert files(card) == ["card.toml", "labels.txt"]


# a network that a person added


def test_a_file_that_was_added_by_hand_is_not_fetched(server, card_of):
    card = card_of(address=None)
    for damage in (b"", b"another"):
        if damage:
            weights_of(card).write_bytes(damage)
        with refused("Net", "added by hand", "segdeck models remove net"):
            install(card)
    weights_of(card).write_bytes(NETWORK)
    assert install(card)
    assert server.asked == []
    assert "added by hand" in str(missing(card))


# remove and confirm


def test_what_installing_stored_is_removed(card_of):
    card = card_of()
    assert not remove(card)
    install(card)
    (card.folder / "net.mended.onnx").write_bytes(b"x")
    (card.folder / "net.onnx.part").write_bytes(b"x")
    assert remove(card)
    assert files(card) == ["card.toml"]
    assert not remove(card)
    assert install(card)


def test_a_network_that_a_person_added_is_removed_with_its_card(card_of):
    card = card_of(address=None)
    weights_of(card).write_bytes(NETWORK)
    install(card)
    assert remove(card)
    assert cards() == {}
    assert not card.folder.exists()
    with refused("Net", "can't be changed"):
        remove(card)


def test_a_person_confirms_a_network(card_of):
    card = card_of()
    with refused("Net", "not installed"):
        confirm(card)
    install(card)
    before = card.finding()
    confirm(card)
    assert card.finding() == before.model_copy(update={"verified": "confirmed"})
    confirm(card)
    assert not install(card)
    assert card.finding().verified == "confirmed"


def test_what_its_reference_verified_stays_so(card_of, models_dir):
    card = card_of(reference={"picture": "red.png", "mask": "mask.png"})
    cv2.imwrite(str(models_dir / "net" / "red.png"), RED)
    cv2.imwrite(str(models_dir / "net" / "mask.png"), np.ones((2, 4), np.uint8))
    install(card)
    confirm(card)
    assert card.finding().verified == "reference"


# where nothing can be written


def test_a_folder_that_may_not_be_written_to_is_told(card_of, models_dir, monkeypatch):
    card_of()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(models_dir / "net", Path(folder, "net"))
        Path(folder, "net").chmod(0o555)
        monkeypatch.setenv("SEGDECK_MODELS_DIR", folder)
        settings.cache_clear()
        (card,) = family("net")
        rights = os.geteuid()
        if rights == 0:
            os.seteuid(65534)  # root may write anywhere
        try:
            with refused("The files of Net can't be changed"):
                install(card)
        finally:
            os.seteuid(rights)
            Path(folder, "net").chmod(0o755)


def test_a_disk_that_is_full_is_told(server, card_of, models_dir, tmp_path):
    card_of(bytes(400_000))
    server.files["net"] = bytes(400_000)
    small = tmp_path / "small"
    small.mkdir()
    mount, names = 'mount -t tmpfs -o size=128k none "$1" && cp -r "$2" "$1" && shift 2', 'ls "$SEGDECK_MODELS_DIR"/net'
    command = ["unshare", "-rm", "sh", "-c", f'{mount} && "$@"; code=$?; {names}; exit $code', "sh", small]
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("no small disk can be made here: unshare -rm is not allowed")
    done = subprocess.run(
        [*command, models_dir / "net", sys.executable, "-m", "segcore.cli", "models", "install", "net"],
        env={**os.environ, "SEGDECK_MODELS_DIR": str(small)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "card.toml\n"), done
    assert done.stderr == "segdeck: There is not enough room on the disk for Net, which takes 0.4 MB.\n"


# our own cards, with their real files


def of_ours(library: Path) -> dict[str, ModelCard]:
    assert library == settings().models_dir
    return cards()


def test_our_cards_are_installed_from_real_files(library):
    assert of_ours(library).keys() == {"deeplab_v3", "road", "sinet_portrait", "skin_clothes_hair"}
    for card in of_ours(library).values():
        card.verify()
        assert card.finding().verified == "reference", card.name
        assert not install(card)


def test_the_repaired_file_is_made_again_without_fetching(library, tmp_path, monkeypatch):
    shutil.copytree(library / "deeplab_v3", tmp_path / "deeplab_v3")
    monkeypatch.setenv("SEGDECK_MODELS_DIR", str(tmp_path))
    settings.cache_clear()
    (card,) = family("deeplab_v3")
    repaired = card.folder / card.finding().file
    assert repaired.name == "deeplab_v3_1_default_1.mended.onnx"
    repaired.write_bytes(b"damaged")
    with refused("deeplab_v3_1_default_1.mended.onnx", "damaged", "segdeck models install deeplab_v3"):
        card.verify()
    assert install(card), "its server is gone"
    card.verify()
    assert remove(card)
    assert files(card) == ["card.toml", "example.jpg", "reference.jpg", "reference.png"]


def test_deeplab_gives_what_its_makers_say(library, shared):
    (card,) = [of_ours(library)["deeplab_v3"]]
    picture = cv2.imread(str(shared / "data/voc_golden/segmentation_input_rotation0.jpg"))
    golden = cv2.imread(str(shared / "data/voc_golden/segmentation_golden_rotation0.png"), cv2.IMREAD_GRAYSCALE)
    assert (open_network(card).label_map(picture) * 10 == golden).mean() >= 0.99


def test_the_right_parts_of_the_astronaut_are_found(library, astronaut):
    found = {name: open_network(card).label_map(astronaut) for name, card in of_ours(library).items()}
    names = {name: [label.name for label in card.labels] for name, card in of_ours(library).items()}
    face, hair, suit, wall = (120, 222), (30, 230), (400, 200), (20, 330)
    for name, place, label in [
        ("deeplab_v3", face, "person"),
        ("deeplab_v3", suit, "person"),
        ("sinet_portrait", face, "person"),
        ("sinet_portrait", suit, "person"),
        ("skin_clothes_hair", face, "skin"),
        ("skin_clothes_hair", hair, "hair"),
        ("skin_clothes_hair", suit, "clothes"),
    ]:
        assert found[name][place] == names[name].index(label) + 1
        assert found[name][wall] == 0


def test_the_road_in_a_street_is_found(library):
    clip = cv2.VideoCapture("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
    there, street = clip.read()
    if not there:
        pytest.skip("vtest.avi is not here: install opencv-doc")
    found = open_network(of_ours(library)["road"]).label_map(street)
    assert (found[280:320, 520:600] == 1).mean() > 0.9, "the road"
    assert (found[420:560, 60:400] == 0).mean() > 0.95, "the lawn"
