"""What is measured of each frame, as a table."""

from segcore.outputs.table import Table
from segcore.pipeline import Result


class FrameTable(Table):
    """A row a frame: the share of each label, and how many objects there are where they are told apart."""

    name = "measures"
    summary = "each frame's measures"

    def header(self, result: Result) -> list[str]:
        """Return ``<label>_percent`` for each label, and ``objects``."""
        counted = ["objects"] if result.segmentation.instances is not None else []
        return [*(f"{name}_percent" for name in result.measures.coverage_percent), *counted]

    def rows(self, result: Result) -> list[list[str]]:
        """Return one row."""
        counted = [str(len(result.measures.objects))] if result.segmentation.instances is not None else []
        return [[*(f"{share:.2f}" for share in result.measures.coverage_percent.values()), *counted]]
