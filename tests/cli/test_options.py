"""What can be set is told, and what is told can be set."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from segcore.methods import METHODS
from segcore.overlays import OVERLAYS
from segcore.refinement import Refinement
from tests.cli.test_main import assert_refused, segdeck
from tests.clips import picture

SETS = {
    **{f"segmenter.{name}": options for name, options in METHODS.items()},
    "refinement": Refinement,
    **{f"overlay.{name}": options for name, options in OVERLAYS.items()},
}


def test_every_option_is_told_with_its_help() -> None:
    done = segdeck("options", COLUMNS="400")
    assert done.returncode == 0, done.stderr
    for name, options in SETS.items():
        part = name.partition(".")[0]
        for field, about in options.model_fields.items():  # type: ignore[attr-defined]
            if field not in ("method", "kind") or about.title:
                assert f"{part}.{field} " in done.stdout
                assert (about.description or "?") in done.stdout


def test_one_set_of_options_is_told_alone() -> None:
    done = segdeck("options", "overlay.outline")
    assert "overlay.width_px" in done.stdout
    assert "1 to 20 px" in done.stdout
    assert "refinement" not in done.stdout
    assert_refused(segdeck("options", "overlay.song"), "There are no options 'overlay.song'")


def test_a_recipe_is_changed_on_the_way(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), picture(0))
    common = ("segment", tmp_path / "in.png", tmp_path / "out.png", "--recipe", "color_pop_red")
    done = segdeck(*common, "--set", "overlay.kind=cut_out", "--set", "overlay.color=#00ff00")
    assert done.returncode == 0, done.stderr
    cut_out = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    assert cut_out.shape[2] == 4, "it is a cut-out now"
    assert np.count_nonzero(cut_out[..., 3]) == 900


@pytest.mark.parametrize("change", ["overlay.kind=song", "overlay.strength", "overlay.song=1"])
def test_a_change_that_cannot_be_made_is_one_line(change: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), picture(0))
    assert_refused(segdeck("segment", tmp_path / "in.png", tmp_path / "out.png", "--set", change), "")
    assert not (tmp_path / "out.png").exists()
