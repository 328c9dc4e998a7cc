"""Tries a network's files before anything is done with them: what they hold, and how well they run here.

They are read in a process of its own, `segcore.networks.trial`, so that a crafted file can take down only that.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from segcore.errors import SegdeckError
from segcore.networks.answers import AnswerKind
from segcore.networks.card import ModelCard
from segcore.networks.finding import Finding
from segcore.networks.formats import Kind
from segcore.networks.runtimes import Layout
from segcore.processes.worker import Limits, Message, ask
from segcore.segmentation import Image, LabelMap
from segcore.settings import settings

MAX_BYTES = 500_000_000
"""The largest network that is taken."""
_LIMITS = Limits(memory_bytes=4 << 30, silence_s=50)  # OpenVINO reserves far more memory than it uses
_WAIT_S = 30
_KIND_NAMES = {"onnx": "ONNX", "tflite": "TFLite", "tensorflow": "TensorFlow", "caffe": "Caffe", "darknet": "Darknet"}
_FAILED = "This network could not be looked at: reading it failed, or took more memory or time than is given to it."


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What a network's files and a trial run tell.

    Attributes
    ----------
    kind
        The file's format.
    input_height_px, input_width_px
        The size of its input: what the file says, or the first usual one that works.
    layout
        The order of axes that OpenCV wants for its input.
    output_shape
        Of its answer as (C, h, w).
    output
        What its numbers are, as far as its answers to noise tell.
    channels
        C, 1 for one that answers with the labels' numbers.
    repaired
        Whether OpenCV takes it only once it is repaired.
    """

    kind: Kind
    input_height_px: int
    input_width_px: int
    layout: Layout
    output_shape: tuple[int, ...]
    output: AnswerKind
    channels: int
    repaired: bool

    def describe(self) -> str:
        """Return the facts in one line for people."""
        size = f"takes {self.input_width_px}x{self.input_height_px} pixels"
        numbers = {"probability": "probabilities", "logits": "logits", "argmax": "labels"}[self.output]
        answers = f"answers with {self.channels} channel{'s' * (self.channels != 1)} of {numbers}"
        return " · ".join([_KIND_NAMES[self.kind], size, answers, *(["repaired"] if self.repaired else [])])


def check(card: ModelCard, folder: Path) -> Finding:
    """Try a network's files, repair them if need be, and measure how fast each runtime is here, on one thread.

    Parameters
    ----------
    card
        What it should be.
    folder
        Where its files are, by the card's names; a repaired copy is written beside them.

    Returns
    -------
    Finding
        ``verified`` by its reference if it has one.

    Raises
    ------
    SegdeckError
        If the files are too large, no network, not supported, or do not do what the card says.
    """
    _refuse_large([folder / file.name for file in card.files])
    found, _ = _ask("check", _named(card, folder))
    return Finding.model_validate(found)


def inspect(files: Sequence[Path]) -> NetworkFacts:
    """Look into a network's files and try them.

    Parameters
    ----------
    files
        As `segcore.networks.formats.sort_files` orders them; the first one's ending tells the format.

    Raises
    ------
    SegdeckError
        If they are too large, no network, not supported, or answer with no image or with values that are not finite.
    """
    _refuse_large(files)
    found, _ = _ask("inspect", {"files": [str(file) for file in files]})
    return TypeAdapter(NetworkFacts).validate_python(found)


def segment(card: ModelCard, folder: Path, image: Image) -> LabelMap:
    """Segment an image with a network that is not installed yet.

    Parameters
    ----------
    card
        What it should be.
    folder
        Where its files are, by the card's names.
    image
        (H, W, 3) uint8, BGR, of any size.

    Returns
    -------
    LabelMap
        (H, W) uint8, with all of the card's labels.

    Raises
    ------
    SegdeckError
        As `check`.
    """
    height, width = image.shape[:2]
    _, labels = _ask("segment", {**_named(card, folder), "height": height, "width": width}, image.tobytes())
    return np.frombuffer(labels, np.uint8).reshape(height, width)


def _named(card: ModelCard, folder: Path) -> dict[str, Any]:
    return {"card": card.model_dump(mode="json"), "folder": str(folder)}


def _refuse_large(paths: Sequence[Path]) -> None:
    if not all(path.is_file() for path in paths):
        raise SegdeckError("A file of this network is missing.")
    size = sum(path.stat().st_size for path in paths)
    if size > MAX_BYTES:
        raise SegdeckError(f"This network has {size / 1e6:.0f} MB; the largest accepted is {MAX_BYTES / 1e6:.0f} MB.")


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until fewer networks are tried in this process than may be at once, but not for long."""
    turns = _turns(settings().network_checks)
    if not turns.acquire(timeout=_WAIT_S):
        raise SegdeckError("Other networks are being tried just now; try again in a minute.")
    try:
        yield
    finally:
        turns.release()


@cache
def _turns(number: int) -> BoundedSemaphore:
    return BoundedSemaphore(number)


def _ask(task: str, question: dict[str, Any], blob: bytes = b"") -> Message:
    """Return the last answer of the trial: each is a whole one, better than the one before.

    Should OpenVINO end the process, what was found with OpenCV is kept.
    """
    answer: Message | None = None
    try:
        with _turn(), closing(ask(f"segcore.networks.trial:{task}", question, _LIMITS, _FAILED, blob)) as answers:
            for newest in answers:
                answer = newest
    except SegdeckError:
        if answer is None:
            raise
    if answer is None:
        raise SegdeckError(_FAILED)
    return answer
