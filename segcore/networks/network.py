"""A loaded network: fed as its card says, run by the runtime that was found best, its answers checked."""

import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from segcore.errors import SegdeckError
from segcore.iou import mean_iou
from segcore.networks.answers import read_labels, read_probability, to_probability
from segcore.networks.card import ModelCard
from segcore.networks.runtimes import Answer, Runtime, RuntimeName, load
from segcore.picture.scaling import shrink
from segcore.segmentation import Image, LabelMap

MIN_REFERENCE_IOU = 0.9
_NOT_A_NETWORK = re.compile(r"parse (ONNX|GraphDef|NetParameter)|incorrect|has_graph|BinSize|sz > 0|origin framework")


class Network:
    """A loaded network. Threads may share it."""

    def __init__(self, card: ModelCard, runtime: Runtime, folder: Path) -> None:
        """Warm up and check a network.

        Parameters
        ----------
        card
            How it is fed and what it answers.
        runtime
            It, loaded.
        folder
            Where the card's files lie.

        Raises
        ------
        SegdeckError
            If its answer has a wrong shape or a value that is not finite, or it fails its reference.
        Exception
            The runtime's own kinds of error.
        """
        self.card = card
        self._runtime = runtime
        # The first forward takes up to five times the others, so this is the warm-up as well.
        self._check(self.forward(ramp(card.input.height_px, card.input.width_px)))
        self.reference_iou = self._compare_with_reference(folder)

    def forward(self, image: Image) -> Answer:
        """Run the network.

        Parameters
        ----------
        image
            (H, W, 3) uint8, BGR, of its input's size.

        Returns
        -------
        ndarray
            (C, h, w) float32: what the network says, in its own size.
        """
        feed = self.card.input
        blob = np.asarray(cv2.dnn.blobFromImage(image, feed.scale, swapRB=feed.channels == "rgb"), np.float32)
        if any(feed.mean) or feed.std != (1, 1, 1):
            mean, std = (np.reshape(of, (1, 3, 1, 1)).astype(np.float32) for of in (feed.mean, feed.std))
            blob -= mean
            blob /= std
        return self._runtime.forward(blob)

    def label_map(self, image: Image) -> LabelMap:
        """Split a picture of any size, (H, W, 3) uint8 BGR, into all of the card's labels, (H, W) uint8."""
        height, width = image.shape[:2]
        card, wanted = self.card, range(1, len(self.card.labels) + 1)
        answer = self.forward(shrink(image, card.input.height_px, card.input.width_px))
        if card.output == "argmax":
            return read_labels(answer, wanted, height, width)
        background = len(answer) > len(wanted)
        return read_probability(to_probability(answer, card.output), wanted, height, width, background=background)[0]

    def _check(self, answer: npt.NDArray[np.float32]) -> None:
        card, channels = self.card, answer.shape[0]
        wanted = (1,) if card.output == "argmax" else (len(card.labels), len(card.labels) + 1)
        if answer.ndim != 3 or channels not in wanted or min(answer.shape[1:]) < 2:
            raise SegdeckError(
                f"The network {card.title} answers with shape {answer.shape}, which does not fit its card: "
                f"{' or '.join(map(str, wanted))} channels are expected."
            )
        if not np.isfinite(answer).all():
            raise SegdeckError(f"The network {card.title} answers with values that are not finite.")
        if card.output == "probability" and (answer.min() < -0.01 or answer.max() > 1.01):
            raise SegdeckError(f"The network {card.title} answers with values outside 0 to 1, not probabilities.")

    def _compare_with_reference(self, folder: Path) -> float | None:
        """Return how far the network agrees with the card's reference mask; None without one."""
        card = self.card
        if card.reference is None:
            return None
        picture, mask = read_reference(card, folder)
        iou = mean_iou(self.label_map(picture), mask, {0, *np.unique(mask).tolist()})
        if iou < MIN_REFERENCE_IOU:
            raise SegdeckError(
                f"The network {card.title} does not find in its reference picture what it should: the overlap "
                f"(mean IoU) is {iou:.2f}, and at least {MIN_REFERENCE_IOU} is needed."
            )
        return iou


def open_network(card: ModelCard) -> Network:
    """Load a card's network from its folder, with the file and the runtime that were found best at install.

    OpenCV takes over where OpenVINO has gone, or fails, since then.

    Raises
    ------
    SegdeckError
        If its file is missing or damaged, OpenCV can't read it, or `Network` refuses it.
    """
    card.verify()
    folder, found = card.path.parent, card.finding()
    path = folder / found.file if found else card.path
    if found and found.runtime == "openvino":
        try:
            return open_with(card, path, folder, "openvino")
        except Exception:  # whatever it is, the other runtime may do
            pass
    return open_with(card, path, folder, "opencv")


def open_with(card: ModelCard, path: Path, folder: Path, runtime: RuntimeName) -> Network:
    """Load a network from a file of its folder with one runtime.

    Raises
    ------
    SegdeckError
        If OpenCV can't read or run it, or `Network` refuses it.
    """
    try:
        return Network(card, load(path, config_of(card, folder), card.input.layout, runtime), folder)
    except cv2.error as error:
        raise SegdeckError(why_refused(card.title, error)) from None


def config_of(card: ModelCard, folder: Path) -> Path | None:
    """Return where a network's layout lies in a folder, where it is a file of its own."""
    return folder / card.config.name if card.config else None


def why_refused(title: str, error: cv2.error, log: str = "") -> str:
    """Say in one sentence why OpenCV does not take a network.

    Parameters
    ----------
    title
        The network's.
    error
        OpenCV's own words fill several lines and name folders of this computer.
    log
        What it wrote on the way: it may name the layer where the error does not.
    """
    if not_a_network(error):
        return (
            f"OpenCV can't run the network {title}: its file is not a network, or is cut off; "
            "ONNX, TFLite, TensorFlow, Caffe and Darknet files are accepted."
        )
    layer = re.search(r"Node \[(\w+)@|of type='(\w+)'|Unknown layer type: (\w+)", f"{error.err} {log}")
    if layer:
        name = next(filter(None, layer.groups()))
        return f"OpenCV can't run the network {title}: its {name[:40]} layer is not supported there."
    reason = " ".join(re.sub(r"\S*/\S*|>", "", error.err).split()).strip(" .:")
    return f"OpenCV can't run the network {title}: {reason[:160]}."


def not_a_network(error: cv2.error) -> bool:
    """Tell whether OpenCV found that a file is no network at all."""
    return bool(_NOT_A_NETWORK.search(error.err))


def read_reference(card: ModelCard, folder: Path) -> tuple[Image, LabelMap]:
    """Return a card's reference picture, (H, W, 3) BGR, and mask, (H, W), both uint8.

    Raises
    ------
    SegdeckError
        If they are missing, unreadable or of two sizes.
    """
    assert card.reference is not None
    picture = cv2.imread(str(folder / card.reference.picture), cv2.IMREAD_COLOR)
    mask = cv2.imread(str(folder / card.reference.mask), cv2.IMREAD_GRAYSCALE)
    if picture is None or mask is None or picture.shape[:2] != mask.shape:
        raise SegdeckError(
            f"The reference of {card.title} can't be used: a picture and a grey PNG of the same size are needed."
        )
    return np.asarray(picture, np.uint8), np.asarray(mask, np.uint8)


def ramp(height: int, width: int) -> Image:
    """Return a picture with all greys, (height, width, 3)."""
    row = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2)
