"""A loaded network: fed as its card says, run by the runtime that was found best, its answers checked."""

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from segcore.errors import SegdeckError
from segcore.iou import mean_iou
from segcore.networks.answers import Choice, Fed, Outputs
from segcore.networks.card import ModelCard
from segcore.networks.masks import Planes
from segcore.networks.runtimes import Runtime, RuntimeName, forward_image, load
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
            How it is fed and what it answers with.
        runtime
            The loaded network.
        folder
            Where the card's files are stored.

        Raises
        ------
        SegdeckError
            If its answer does not fit the card, or it fails its reference.
        Exception
            The runtime's own kinds of error.
        """
        self.card = card
        self._runtime = runtime
        self._fed = Fed(card.input.height_px, card.input.width_px, runtime.layout)
        # The first forward takes up to five times the others, so this is the warm-up as well.
        outputs = self.forward(ramp(card.input.height_px, card.input.width_px))
        card.output.check(outputs, self._fed, len(card.labels), card.title)
        self.reference_iou = self._compare_with_reference(folder)

    def forward(self, image: Image) -> Outputs:
        """Run the network.

        Parameters
        ----------
        image
            (H, W, 3) uint8, BGR, of its input's size.

        Returns
        -------
        Outputs
            By name, as the network shapes them.
        """
        feed = self.card.input
        blob = np.asarray(cv2.dnn.blobFromImage(image, feed.scale, swapRB=feed.channels == "rgb"), np.float32)
        if any(feed.mean) or feed.std != (1, 1, 1):
            mean, std = (np.reshape(of, (1, 3, 1, 1)).astype(np.float32) for of in (feed.mean, feed.std))
            blob -= mean
            blob /= std
        return forward_image(self._runtime, blob)

    def segment(self, image: Image, choice: Choice, height: int, width: int) -> tuple[LabelMap, Planes | None]:
        """Run the network and read its answer.

        Parameters
        ----------
        image
            (H, W, 3) uint8, BGR, of its input's size.
        choice
            The labels to find.
        height, width
            Of the result.

        Returns
        -------
        tuple
            The label map, (height, width) uint8, at most N, and (N, height, width) uint8, the confidence of each of
            the N labels; None where the network tells none, or it were too much for memory.
        """
        return self.card.output.read(self.forward(image), self._fed, choice, height, width)

    def label_map(self, image: Image) -> LabelMap:
        """Segment an image of any size, (H, W, 3) uint8 BGR, into all of the card's labels, (H, W) uint8."""
        feed, count = self.card.input, len(self.card.labels)
        small = shrink(image, feed.height_px, feed.width_px)
        return self.segment(small, Choice(range(1, count + 1), count), *image.shape[:2])[0]

    def _compare_with_reference(self, folder: Path) -> float | None:
        """Return the mean IoU of what the network finds and the card's reference mask; None without one."""
        card = self.card
        if card.reference is None:
            return None
        image, mask = read_reference(card, folder)
        iou = mean_iou(self.label_map(image), mask, {0, *np.unique(mask).tolist()})
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
    folder, found = card.folder, card.finding()
    file = found.file if found else card.weights.name
    if found and found.runtime == "openvino":
        try:
            return open_with(card, file, folder, "openvino")
        except Exception:  # whatever it is, the other runtime may do
            pass
    return open_with(card, file, folder, "opencv")


def open_with(card: ModelCard, file: str, folder: Path, runtime: RuntimeName) -> Network:
    """Load a network from its folder with one runtime.

    Parameters
    ----------
    card
        The network.
    file
        The name of what is run: the card's first file, or its repaired copy.
    folder
        Where the files are stored.
    runtime
        What runs it.

    Raises
    ------
    SegdeckError
        If OpenCV can't read or run it, or `Network` refuses it.
    """
    try:
        return Network(card, load(paths_of(card, file, folder), card.input.layout, runtime), folder)
    except cv2.error as error:
        raise SegdeckError(why_refused(card.title, error)) from None


def paths_of(card: ModelCard, file: str, folder: Path) -> Sequence[Path]:
    """Return the paths of a card's files in a folder, with ``file`` in place of the first."""
    return [folder / name for name in (file, *(other.name for other in card.files[1:]))]


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
    """Return a card's reference image, (H, W, 3) BGR, and mask, (H, W), both uint8.

    Raises
    ------
    SegdeckError
        If they are missing, unreadable or of two sizes.
    """
    assert card.reference is not None
    image = cv2.imread(str(folder / card.reference.picture), cv2.IMREAD_COLOR)
    mask = cv2.imread(str(folder / card.reference.mask), cv2.IMREAD_GRAYSCALE)
    if image is None or mask is None or image.shape[:2] != mask.shape:
        raise SegdeckError(
            f"The reference of {card.title} can't be used: a picture and a grey PNG of the same size are needed."
        )
    return np.asarray(image, np.uint8), np.asarray(mask, np.uint8)


def ramp(height: int, width: int) -> Image:
    """Return an image with all greys, (height, width, 3) uint8."""
    row = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2)
