"""What was found out about a network on this machine when it was installed."""

from typing import Literal

import tomli_w
from pydantic import Field

from segcore.networks.files import FileName, Sha256
from segcore.networks.runtimes import RuntimeName
from segcore.options import Options

FINDING = "installed.toml"
"""The name of the file that it is stored in, beside the card."""


class Finding(Options):
    """How a network did when it was tried on this machine."""

    weights_sha256: Sha256 = Field(description="Of the first file of the card that was tried.")
    file: FileName = Field(description="The file that is run: the first of the card's, or its repaired copy.")
    file_sha256: Sha256 = Field(description="Its hash.")
    runtime: RuntimeName = Field(description="The faster one of those whose answers are right.")
    opencv_ms: float | None = Field(default=None, description="One image, in milliseconds, one thread.")
    openvino_ms: float | None = Field(default=None, description="The same; none if it can't run this network.")
    openvino_iou: float | None = Field(default=None, description="The IoU of what the two find.")
    verified: Literal["reference", "confirmed", "unverified"] = Field(
        description="By its reference image, by a person who looked at a test image, or not yet."
    )

    def to_toml(self) -> str:
        """Return the finding as the TOML text that is stored beside the card."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))
