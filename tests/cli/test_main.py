import io
import os
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from functools import partial
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from segcore.cli.completion import offer_places
from segcore.errors import SegdeckError
from segcore.recipe import change_recipe, load_recipe, parse_recipe, ready_recipes
from segcore.video import probe
from tests.cli.inside import answer, refusal
from tests.clips import make_clip, picture, repeat

RED_CUT_OUT = """
title = "Red"
[segmenter]
method = "color_range"
[[segmenter.ranges]]
name = "red"
low = [172, 110, 70]
high = [8, 255, 255]
[overlay]
kind = "cut_out"
"""


def segdeck(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "segcore.cli", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "200", **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=wide)


def assert_refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == 2, done
    assert words in done.stderr
    assert done.stderr.startswith("segdeck: ")
    assert done.stderr.count("\n") == 1, f"an error is one line: {done.stderr}"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    cv2.imwrite(str(path), picture(0))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4", sound="aac")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "red.toml"
    path.write_text(RED_CUT_OUT, "utf-8")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# segment


def test_segment_writes_a_transparent_cut_out(photo: Path, recipe: Path, tmp_path: Path) -> None:
    done = segdeck("segment", photo, tmp_path / "out.png", "--recipe", recipe, "--mask", tmp_path / "mask.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with PIL.Image.open(tmp_path / "out.png") as out:
        assert out.mode == "RGBA"
        opacity = np.asarray(out)[..., 3]
    wanted = np.zeros((120, 160), np.uint8)
    wanted[30:60, 4:34] = 255
    np.testing.assert_array_equal(opacity, wanted)
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(tmp_path / "mask.png")), wanted)


def test_segment_writes_other_formats_whole(photo: Path, tmp_path: Path) -> None:
    assert segdeck("segment", photo, tmp_path / "out.jpg", "--recipe", "color_pop_red").returncode == 0
    with PIL.Image.open(tmp_path / "out.jpg") as out:
        assert (out.format, out.size) == ("JPEG", (160, 120))
        red, green, blue = np.asarray(out)[10, 100].astype(int)
    assert max(red, green, blue) - min(red, green, blue) < 4, "what is not red turns grey"


@pytest.mark.parametrize(
    ("source", "target", "options", "words"),
    [
        ("no.png", "out.png", [], "There is no file"),
        ("in.png", "out.bmp", [], ".png, .jpg and .webp are accepted"),
        ("in.png", "no/out.png", [], "There is no folder"),
        (
            "in.png",
            "out.png",
            ["--recipe", "nothing"],
            "There is no recipe or file 'nothing'; the known",
        ),
        ("red.toml", "out.png", [], "PNG, JPEG and WebP are accepted"),
        ("in.png", "", [], "Missing argument"),
        ("in.png", "out.png", ["--colour", "red"], "No such option"),
        ("in.png", "in.png", [], "a name of its own"),
    ],
)
@pytest.mark.usefixtures("photo")
def test_segment_refuses_in_one_line(
    source: str, target: str, options: list[str], words: str, recipe: Path, tmp_path: Path
) -> None:
    chosen = options or ["--recipe", str(recipe)]
    targets = [tmp_path / target] if target else []
    assert_refused(segdeck("segment", tmp_path / source, *targets, *chosen), words)
    assert names(tmp_path) == ["in.png", "red.toml"]


def test_a_wrong_value_in_a_recipe_is_named(photo: Path, recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(RED_CUT_OUT.replace("172", "300"), "utf-8")
    assert_refused(
        segdeck("segment", photo, tmp_path / "out.png", "--recipe", recipe),
        "300 is not allowed: hue must be from 0 to 179",
    )


# run


def test_run_says_at_once_what_is_wrong() -> None:
    assert_refused(segdeck("run", SEGDECK_MAX_LENGTH_S="abc"), "SEGDECK_MAX_LENGTH_S can't be used")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_refused(segdeck("run", "--port", port), f"Port {port} can't be used")


# process


def test_process_writes_result_mask_and_measures(clip: Path, recipe: Path, tmp_path: Path) -> None:
    done = segdeck(
        *("process", clip, tmp_path / "out.mp4", "--recipe", recipe),
        *("--mask", tmp_path / "mask.mp4", "--measures", tmp_path / "measures.csv"),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert names(tmp_path) == ["in.mp4", "mask.mp4", "measures.csv", "out.mp4", "red.toml"]
    assert (probe(tmp_path / "out.mp4").frames, probe(tmp_path / "out.mp4").sound) == (24, "aac")
    assert (probe(tmp_path / "mask.mp4").frames, probe(tmp_path / "mask.mp4").sound) == (24, "")
    assert len((tmp_path / "measures.csv").read_text().splitlines()) == 25


def test_process_tells_that_a_video_is_cut_off(recipe: Path, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=40)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    done = segdeck("process", clip, tmp_path / "out.mp4", "--recipe", recipe)
    assert done.returncode == 0
    assert done.stderr == "The video ends before its end: the result holds what could be read.\n"


@pytest.mark.parametrize(
    ("source", "target", "options", "words"),
    [
        ("no.mp4", "out.mp4", [], "There is no file"),
        ("in.mp4", "out.avi", [], "does not end in .mp4"),
        ("in.mp4", "no/out.mp4", [], "There is no folder"),
        ("in.mp4", "in.mp4", [], "not that of the video"),
        ("in.mp4", "out.mp4", ["--recipe", "nothing"], "There is no recipe or file 'nothing'"),
        ("red.toml", "out.mp4", [], "not a video"),
    ],
)
@pytest.mark.usefixtures("clip")
def test_process_refuses_in_one_line(
    source: str, target: str, options: list[str], words: str, recipe: Path, tmp_path: Path
) -> None:
    chosen = options or ["--recipe", str(recipe)]
    assert_refused(segdeck("process", tmp_path / source, tmp_path / target, *chosen), words)
    assert names(tmp_path) == ["in.mp4", "red.toml"]


def test_a_folder_that_may_not_be_written_to_is_told(clip: Path, recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        folder = Path("/proc")  # for root, who may write anywhere else
    assert_refused(segdeck("process", clip, folder / "out.mp4", "--recipe", recipe), "could not be written")


def test_ctrl_c_leaves_no_half_file(recipe: Path, tmp_path: Path) -> None:
    clip = repeat(make_clip(tmp_path / "in.mp4", frames=500, sound="aac"), 20)
    target, mask, table = tmp_path / "out.mp4", tmp_path / "mask.mp4", tmp_path / "measures.csv"
    command = [sys.executable, "-m", "segcore.cli", "process", clip, target, "--recipe", recipe]
    command += ["--mask", mask, "--measures", table]
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # in a shell's background, Ctrl-C is ignored
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed
    ) as running:
        while running.poll() is None and not list(tmp_path.glob("measures.csv.*.part")):
            threading.Event().wait(0.005)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "segdeck: stopped; nothing was left behind\n")
    assert names(tmp_path) == ["in.mp4", "red.toml"]


def test_a_video_that_was_killed_leaves_nothing_once_the_next_is_made(recipe: Path, tmp_path: Path) -> None:
    clip = repeat(make_clip(tmp_path / "in.mp4", frames=500), 20)
    command = [sys.executable, "-m", "segcore.cli", "process", clip, tmp_path / "out.mp4", "--recipe", recipe]
    with subprocess.Popen(command) as running:
        while running.poll() is None and not list(tmp_path.glob("*.part")):
            threading.Event().wait(0.005)
        running.kill()
    clip = make_clip(tmp_path / "short.mp4", frames=2)
    assert segdeck("process", clip, tmp_path / "other.mp4", "--recipe", recipe).returncode == 0
    assert names(tmp_path) == ["in.mp4", "other.mp4", "red.toml", "short.mp4"]


# recipes


def test_every_ready_recipe_is_listed() -> None:
    done = segdeck("recipes", "list")
    assert done.returncode == 0
    for name, recipe in ready_recipes().items():
        assert name in done.stdout
        assert recipe.title in done.stdout


@pytest.mark.parametrize("name", ["blur_my_background", "find_colors"])
def test_a_shown_recipe_reads_back(name: str) -> None:
    done = segdeck("recipes", "show", name)
    assert done.returncode == 0
    assert tomllib.loads(done.stdout)["title"] == ready_recipes()[name].title
    assert parse_recipe(done.stdout) == ready_recipes()[name]


def test_an_unknown_recipe_is_refused() -> None:
    assert_refused(segdeck("recipes", "show", "nothing"), "There is no recipe or file 'nothing'")


# the rest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "a command is missing"),
        (["models"], "a command is missing"),
        (["dance"], "No such command 'dance'"),
        (["run", "--port", "0"], "--port"),
        (["run", "--port", "eighty"], "--port"),
    ],
)
def test_a_wrong_command_is_one_line_too(arguments: list[str], words: str) -> None:
    assert_refused(segdeck(*arguments), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["modles"], "Did you mean 'models'?"),
        (["models", "instal"], "Did you mean 'install'"),
        (["segment", "a", "b", "--recip", "x"], "--recipe"),
        (["recipes", "show", "blur_my_backgrund"], "did you mean blur_my_background?"),
        (["models", "install", "selfi"], "did you mean selfie?"),
        (["options", "segmenter.treshold"], "did you mean segmenter.threshold?"),
        (["segment", "a", "b", "--set", "overlay.strength=1"], "no such field; did you mean strength_percent?"),
        (["segment", "a", "b", "--set", "refinemnt.smoothing=1"], "no such field; did you mean refinement?"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(arguments: list[str], words: str) -> None:
    assert words in refusal(*arguments)


def test_the_version_is_told() -> None:
    out = io.StringIO()
    assert answer("--version", out=out) == (0, "")
    assert out.getvalue() == f"segdeck {version('segdeck')}\n"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("segment a b --recipe cut", "cut_me_out\ncut_out_what_i_mark"),
        ("process a b --set overlay.col", "overlay.color="),
        ("evaluate a b --recipe silh", "silhouette"),
        ("recipes show poste", "poster"),
        ("models install selfie_g", "selfie_general"),
        ("options overlay.side", "overlay.side_by_side"),
        ("mod", "models"),
    ],
)
def test_the_shell_completes(line: str, offered: str) -> None:
    words = f"segdeck {line}"
    asked = {"_SEGDECK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    assert segdeck(**asked).stdout.strip() == offered


def test_every_place_that_the_shell_offers_is_one() -> None:
    places = [place for place, _ in offer_places()]
    assert {"title=", "segmenter.method=", "overlay.kind=", "refinement.fill_holes=", "segmenter.cuts="} <= set(places)
    for place in places:
        with pytest.raises(SegdeckError, match=r"is not allowed|it must|no such field"):
            change_recipe(load_recipe("poster"), [f"{place}{{}}"])


def test_help_tells_of_every_command() -> None:
    done = segdeck("--help")
    assert done.returncode == 0
    for word in ("run", "segment", "process", "models", "recipes"):
        assert word in done.stdout
