"""The spelling of cards from before a card could name several files: it is read, and never written."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from segcore.networks.files import NetworkFile, Origin
from segcore.options import Options


class _Source(Origin):
    """``[source]``: who made the network, and where its weights are fetched from."""

    project: str = Field(description="Who made it.")


class _EarlierFiles(Options):
    """The tables that named a network's files: an error in one is told with the name that stands in the card."""

    source: _Source
    weights: NetworkFile
    config: NetworkFile | None = Field(default=None, description="The network's layout, where it is its own file.")


def respelled(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card's values in the spelling of today.

    Parameters
    ----------
    card
        The values in either spelling.

    Raises
    ------
    ValidationError
        If a table of the earlier spelling holds something wrong.
    """
    values = dict(card)
    if isinstance(values.get("output"), str):
        values["output"] = {"kind": values["output"]}
    if "files" in values or not {"source", "weights"} & values.keys():
        return values
    names = _EarlierFiles.model_fields.keys() & values.keys()
    earlier = _EarlierFiles.model_validate({name: values.pop(name) for name in names})
    source = earlier.source
    weights = earlier.weights.model_copy(update={"url": source.url, "wheel": source.wheel})
    files = [file.model_dump() for file in (weights, earlier.config) if file]
    return {**values, "project": source.project, "files": files}
