"""What is measured of each object, as a table: of a clip, or of one image."""

import csv
import io
from pathlib import Path

from segcore.errors import SegdeckError
from segcore.files.paths import check_target
from segcore.outputs.table import Table, harmless
from segcore.pipeline import Result
from segcore.recipe import Recipe

OBJECT_COLUMNS = (
    "number", "label", "area_px", "left_px", "top_px", "width_px", "height_px", "center_x_px", "center_y_px",
)  # fmt: skip


class ObjectTable(Table):
    """A row for each object of each frame, by rising number."""

    name = "objects"
    summary = "every object's measures"

    def check(self, recipe: Recipe) -> None:
        """Refuse a recipe that does not tell objects apart: the table would stay empty."""
        super().check(recipe)
        if not recipe.segmenter.numbers_objects:
            raise SegdeckError("This recipe does not tell objects apart; one that segments by the method objects does.")

    def header(self, result: Result) -> list[str]:  # noqa: ARG002  they are the same for every result
        """Return the columns."""
        return list(OBJECT_COLUMNS)

    def rows(self, result: Result) -> list[list[str]]:
        """Return a row an object."""
        return [list(map(str, row)) for row in object_rows(result)]


def object_rows(result: Result) -> list[tuple[int | float | str, ...]]:
    """Return each object's measures, by rising number, in the order of `OBJECT_COLUMNS`."""
    return [
        (one.number, one.label, one.area_px, *one.box_px, *(round(at, 2) for at in one.center_px))
        for one in result.measures.objects
    ]


def objects_csv(result: Result) -> str:
    """Return the objects of one image as CSV with a header, in the columns `OBJECT_COLUMNS`."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(OBJECT_COLUMNS)
    rows.writerows([harmless(str(cell)) for cell in row] for row in object_rows(result))
    return text.getvalue()


def write_objects(path: Path, result: Result) -> None:
    """Write the objects of one image as CSV, in the columns of a clip's; their time is 0.

    Raises
    ------
    SegdeckError
        If no file can be written there.
    """
    check_target(path)
    table = ObjectTable(path)
    try:
        table.open()
        table.add_at(0, result)
        table.finish()
        table.publish()
    finally:
        table.discard()
