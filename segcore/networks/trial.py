"""Tries a network's files. This runs in a process of its own: see `segcore.processes.worker`."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np

from segcore.errors import SegdeckError
from segcore.files.parts import write_whole
from segcore.iou import mean_iou
from segcore.networks.card import ModelCard
from segcore.networks.files import file_sha256
from segcore.networks.finding import Finding
from segcore.networks.formats import KINDS, stated_input
from segcore.networks.inspection import answer_kind, first_that_runs, inputs_to_try
from segcore.networks.masks import in_proportion
from segcore.networks.network import Network, not_a_network, open_with, paths_of, ramp, read_reference, why_refused
from segcore.networks.repair import REPAIRED_ENDING
from segcore.networks.runtimes import load
from segcore.processes.posix import most_resident_mb
from segcore.processes.worker import Message
from segcore.segmentation import Image, LabelMap

Result = TypeVar("Result")
ReadLog: TypeAlias = Callable[[], str]

MIN_AGREEMENT = 0.99  # IoU of two runtimes' label maps
_MOST_RESIDENT_MB = 500  # of memory that is used: once it is added, a network runs in the server's own process
_FORWARDS = 7


def check(card: Mapping[str, Any], folder: str) -> Iterator[Message]:
    """Do the work of `segcore.networks.check.check`."""
    for found in _check(ModelCard.model_validate(card), Path(folder), _catch_log()):
        yield found.model_dump(mode="json"), b""


def inspect(files: Sequence[str]) -> Iterator[Message]:
    """Do the work of `segcore.networks.check.inspect`."""
    yield _inspect([Path(file) for file in files], _catch_log()), b""


def segment(pixels: bytes, card: Mapping[str, Any], folder: str, height: int, width: int) -> Iterator[Message]:
    """Do the work of `segcore.networks.check.segment`."""
    image = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    yield {}, _segment(ModelCard.model_validate(card), Path(folder), image, _catch_log()).tobytes()


def _check(card: ModelCard, folder: Path, read_log: ReadLog) -> Iterator[Finding]:
    """Try a card's files and yield what is found, first with OpenCV alone."""
    weights = folder / card.weights.name
    before_mb = most_resident_mb()

    def run(path: Path) -> tuple[Path, Network]:
        return path, _network(card, path)

    path, network = run_or_repair(weights, folder, card.title, read_log, run)
    _refuse_hungry(card.title, before_mb)
    found = Finding(
        weights_sha256=file_sha256(weights),
        file=path.name,
        file_sha256=file_sha256(path),
        runtime="opencv",
        opencv_ms=_milliseconds(network)[0],
        verified="reference" if card.reference else "unverified",
    )
    yield found
    try:
        other = open_with(card, path.name, folder, "openvino")
        _refuse_hungry(card.title, before_mb)
    except Exception:  # not installed, or not for this network
        return
    iou = min(_agreement(network, other, image) for image in _images(card, folder))
    opencv_ms, openvino_ms = _milliseconds(network, other)
    faster = iou >= MIN_AGREEMENT and openvino_ms < opencv_ms
    yield found.model_copy(
        update={
            "runtime": "openvino" if faster else "opencv",
            "opencv_ms": opencv_ms,
            "openvino_ms": openvino_ms,
            "openvino_iou": round(iou, 4),
        }
    )


def _inspect(files: Sequence[Path], read_log: ReadLog) -> dict[str, Any]:
    """Return what a network's files and a trial run tell: see `segcore.networks.check.NetworkFacts`."""
    weights, *others = files
    kind = KINDS.get(weights.suffix.lower())
    if kind is None:
        raise SegdeckError(f"Files like this one are not taken; {', '.join(KINDS)} are accepted.")

    before_mb = most_resident_mb()

    def run(path: Path) -> dict[str, Any]:
        tried = [path, *others]
        inputs = inputs_to_try(stated_input(kind, tried), any_layout=kind == "onnx")
        (layout, height, width), answers = first_that_runs(tried, inputs)
        _refuse_hungry("in this file", before_mb)
        answer = answers[0]
        if not in_proportion(answer.shape[1:], (height, width)) or min(answer.shape[1:]) < 2:
            raise SegdeckError(f"This network answers with shape {answer.shape}, which is no map of labels.")
        if not all(np.isfinite(one).all() for one in answers):
            raise SegdeckError("This network answers with values that are not finite.")
        return {
            "kind": kind,
            "input_height_px": height,
            "input_width_px": width,
            "layout": layout,
            "output_shape": answer.shape,
            "output": answer_kind(answers),
            "channels": answer.shape[0],
            "repaired": path != weights,
        }

    with tempfile.TemporaryDirectory() as folder:
        return run_or_repair(weights, Path(folder), "in this file", read_log, run)


def _segment(card: ModelCard, folder: Path, image: Image, read_log: ReadLog) -> LabelMap:
    weights = folder / card.weights.name
    network = run_or_repair(weights, folder, card.title, read_log, lambda path: _network(card, path))
    return network.label_map(image)


def run_or_repair(weights: Path, folder: Path, title: str, read_log: ReadLog, run: Callable[[Path], Result]) -> Result:
    """Run a network's file or, where OpenCV refuses it, its repaired copy, which is written into ``folder``.

    Parameters
    ----------
    weights
        The file.
    folder
        Where the copy is written.
    title
        The network's, for a refusal.
    read_log
        Returns what OpenCV wrote on the way.
    run
        What is done with the file.

    Raises
    ------
    SegdeckError
        If OpenCV refuses the file and it can't be repaired.
    """
    try:
        return run(weights)
    except cv2.error as error:
        refused = SegdeckError(why_refused(title, error, read_log()))
        if KINDS.get(weights.suffix.lower()) != "onnx" or not_a_network(error):
            raise refused from None
    try:
        return run(_repair(weights, folder / f"{weights.stem}{REPAIRED_ENDING}"))
    except ImportError:
        raise SegdeckError(
            f"{str(refused).rstrip('.')}; "
            "it may be repaired once whoever runs this Segdeck adds the extra segdeck[onnx]."
        ) from None
    except SegdeckError:
        raise
    except Exception:  # onnx has many kinds of error; what is wrong is what OpenCV said first
        raise refused from None


def _repair(weights: Path, repaired: Path) -> Path:
    import onnx

    from segcore.networks.repair import repair

    model = repair(onnx.load(weights, load_external_data=False))
    write_whole(repaired, lambda part: part.write_bytes(model.SerializeToString()))
    return repaired


def _network(card: ModelCard, path: Path) -> Network:
    """Load a network with OpenCV, whose own errors tell whether it can be repaired."""
    folder = path.parent
    return Network(card, load(paths_of(card, path.name, folder), card.input.layout, "opencv"), folder)


def _refuse_hungry(title: str, before_mb: float) -> None:
    """Refuse a network that took too much memory since a time before it was loaded."""
    taken_mb = most_resident_mb() - before_mb
    if taken_mb > _MOST_RESIDENT_MB:
        raise SegdeckError(
            f"The network {title} takes {taken_mb:.0f} MB of memory when it runs; "
            f"at most {_MOST_RESIDENT_MB} MB are accepted."
        )


def _milliseconds(*networks: Network) -> list[float]:
    """Return the median time of each network's forward, all being warm, run in turn: whatever else runs hits both."""
    times: list[list[float]] = [[] for _ in networks]
    for _ in range(_FORWARDS):
        for network, own in zip(networks, times, strict=True):
            image = ramp(network.card.input.height_px, network.card.input.width_px)
            start = time.perf_counter()
            network.forward(image)
            own.append((time.perf_counter() - start) * 1000)
    return [round(statistics.median(own), 2) for own in times]


def _images(card: ModelCard, folder: Path) -> list[Image]:
    """Return images on which two runtimes are compared."""
    height, width = card.input.height_px, card.input.width_px
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return [ramp(height, width), noise, *([read_reference(card, folder)[0]] if card.reference else [])]


def _agreement(first: Network, second: Network, image: Image) -> float:
    return mean_iou(first.label_map(image), second.label_map(image), range(len(first.card.labels) + 1))


def _catch_log() -> ReadLog:
    """Catch what libraries write to the error stream: OpenCV names a layer there that its errors do not."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  kept as long as the process
    os.dup2(file.fileno(), 2)

    def read() -> str:
        file.seek(0)
        return file.read().decode("utf-8", "replace")

    return read
