import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.outputs.frame_table import FrameTable
from segcore.outputs.object_table import ObjectTable, objects_csv, write_objects
from segcore.outputs.table import harmless
from segcore.pipeline import Result, build_pipeline
from segcore.recipe import Recipe, ready_recipes
from tests.plain import refused

BOX = ["left_px", "top_px", "width_px", "height_px"]
HEADER = ["time_s", "number", "label", "area_px", *BOX, "center_x_px", "center_y_px"]
RED, BLACK = (0, 0, 255), (0, 0, 0)


def two_red_squares() -> np.ndarray:
    image = np.full((90, 160, 3), BLACK, np.uint8)
    image[10:30, 20:50] = RED
    image[40:80, 100:140] = RED
    return image


def result(recipe: str) -> Result:
    return build_pipeline(ready_recipes()[recipe])(two_red_squares())


def test_the_objects_of_a_photo_are_a_row_each(tmp_path: Path) -> None:
    write_objects(tmp_path / "objects.csv", result("count_red_things"))
    assert list(csv.reader((tmp_path / "objects.csv").open(newline="", encoding="utf-8"))) == [
        HEADER,
        ["0.000", "1", "red", "600", "20", "10", "30", "20", "34.5", "19.5"],
        ["0.000", "2", "red", "1600", "100", "40", "40", "40", "119.5", "59.5"],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["objects.csv"]


def starts_a_formula(line: str) -> list[str]:
    """Return what a spreadsheet would work out, whichever character it takes for the separator of cells."""
    cells = [cell.strip(' "') for separator in ",;|\t" for cell in line.split(separator)]
    return [cell for cell in cells if re.match("[=+@\uff1d\uff0b\uff20\uff0d-]", cell) and not is_number(cell)]


def is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", cell))


@given(st.text(st.sampled_from("=+-@\uff1d \t\r\n,;|\"'a1("), max_size=12))
def test_no_name_becomes_a_formula(name: str) -> None:
    text = io.StringIO()
    csv.writer(text).writerow(["1", harmless(name), harmless(f"{name}_percent")])
    assert starts_a_formula(text.getvalue().strip("\r\n")) == []


@pytest.mark.parametrize("number", ["-5", "+5", "0", "-0.25", "1e-7", "-1.5e+300", "12.50"])
def test_a_number_stays_one(number: str) -> None:
    assert harmless(number) == number


@pytest.mark.parametrize("name", ["red", "sky-blue", "a=b", "me@home", "Füße", "it's", "C++"])
def test_a_harmless_name_stays_as_it_is(name: str) -> None:
    assert harmless(name) == name


@pytest.mark.parametrize("name", ["=HYPERLINK(A1)", "@SUM(1)", "-1+cmd", "+1+2", 'x";=1+1', "\t=1"])
def test_every_table_is_harmless(name: str, tmp_path: Path) -> None:
    plain = ready_recipes()["count_red_things"].model_dump()
    plain["segmenter"]["source"]["ranges"][0]["name"] = name
    found = build_pipeline(Recipe.model_validate(plain))(two_red_squares())
    write_objects(tmp_path / "objects.csv", found)
    for table in (FrameTable(tmp_path / "measures.csv"), ObjectTable(tmp_path / "all.csv")):
        table.open()
        table.add_at(0, found)
        table.finish()
        table.publish()
    texts = [objects_csv(found), *(path.read_text("utf-8") for path in tmp_path.glob("*.csv"))]
    assert len(texts) == 4
    for text in texts:
        assert "red" not in text
        assert [bad for line in text.splitlines() for bad in starts_a_formula(line)] == []


def test_the_objects_of_a_photo_are_text_for_a_download() -> None:
    header, *rows = csv.reader(io.StringIO(objects_csv(result("count_red_things"))))
    assert header == HEADER[1:]
    assert rows[0] == ["1", "red", "600", "20", "10", "30", "20", "34.5", "19.5"]


def test_a_recipe_that_does_not_tell_objects_apart_is_refused() -> None:
    with refused("does not tell objects apart"):
        ObjectTable("objects.csv").check(ready_recipes()["find_colors"])
    ObjectTable("objects.csv").check(ready_recipes()["count_red_things"])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="There is no folder"):
        write_objects(tmp_path / "no" / "objects.csv", result("count_red_things"))


def test_the_command_line_lists_the_objects_of_a_photo(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), two_red_squares())
    command = [sys.executable, "-m", "segcore.cli", "segment", tmp_path / "in.png", tmp_path / "out.png"]
    command += ["--recipe", "count_red_things", "--objects", tmp_path / "objects.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    header, *rows = csv.reader((tmp_path / "objects.csv").open(newline="", encoding="utf-8"))
    assert header == HEADER
    assert [row[1:4] for row in rows] == [["1", "red", "600"], ["2", "red", "1600"]]


def test_the_command_line_refuses_before_anything_is_written(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), two_red_squares())
    command = [sys.executable, "-m", "segcore.cli", "segment", tmp_path / "in.png", tmp_path / "out.png"]
    command += ["--recipe", "find_colors", "--objects", tmp_path / "objects.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "does not tell objects apart" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]
