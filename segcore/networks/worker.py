"""Tries a network's files. This runs in a worker: see `segcore.processes.worker`."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np

from segcore.errors import SegdeckError
from segcore.files.parts import write_whole
from segcore.iou import mean_iou
from segcore.networks.answers import Output
from segcore.networks.card import Finding, ModelCard, file_sha256
from segcore.networks.files import KINDS, stated_input
from segcore.networks.network import Network, config_of, not_a_network, open_with, ramp, read_reference, why_refused
from segcore.networks.runtimes import Answer, Layout, in_proportion, load
from segcore.processes.posix import most_resident_mb
from segcore.processes.worker import Message
from segcore.segmentation import Image, LabelMap

Found = TypeVar("Found")
ReadLog: TypeAlias = Callable[[], str]

MIN_AGREEMENT = 0.99  # IoU of two runtimes' label maps
_MOST_RESIDENT_MB = 500  # of memory that is used: once it is added, a network runs in the server's own process
_FORWARDS = 7
_USUAL_SIZES = ((256, 256), (512, 512), (224, 224), (320, 320), (513, 513), (257, 257), (384, 384), (416, 416))


def check(card: Mapping[str, Any], folder: str) -> Iterator[Message]:
    """Do the work of `segcore.networks.check.check`."""
    for found in _check(ModelCard.model_validate(card), Path(folder), _catch_log()):
        yield found.model_dump(mode="json"), b""


def inspect(weights: str, config: str | None) -> Iterator[Message]:
    """Do the work of `segcore.networks.check.inspect`."""
    yield _inspect(Path(weights), Path(config) if config else None, _catch_log()), b""


def split(pixels: bytes, card: Mapping[str, Any], folder: str, height: int, width: int) -> Iterator[Message]:
    """Do the work of `segcore.networks.check.split`."""
    image = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    yield {}, _split(ModelCard.model_validate(card), Path(folder), image, _catch_log()).tobytes()


def _check(card: ModelCard, folder: Path, read_log: ReadLog) -> Iterator[Finding]:
    """Try a card's files and yield what is found, first with OpenCV alone."""
    weights = folder / card.weights.name
    before_mb = most_resident_mb()

    def run(path: Path) -> tuple[Path, Network]:
        return path, _network(card, path, folder)

    path, network = mended_if_need_be(weights, folder, card.title, read_log, run)
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
        other = open_with(card, path, folder, "openvino")
        _refuse_hungry(card.title, before_mb)
    except Exception:  # not installed, or not for this network
        return
    iou = min(_agreement(network, other, picture) for picture in _pictures(card, folder))
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


def _inspect(weights: Path, config: Path | None, read_log: ReadLog) -> dict[str, Any]:
    """Return what a network's files and a trial run tell: see `segcore.networks.check.NetworkFacts`."""
    kind = KINDS.get(weights.suffix.lower())
    if kind is None:
        raise SegdeckError(f"Files like this one are not taken; {', '.join(KINDS)} are accepted.")

    before_mb = most_resident_mb()

    def run(path: Path) -> dict[str, Any]:
        layout, height, width, answers = _first_that_runs(
            path, config, _inputs(stated_input(kind, path, config), any_layout=kind == "onnx")
        )
        _refuse_hungry("in this file", before_mb)
        answer = answers[0]
        if not in_proportion(answer.shape[1:], (height, width)) or min(answer.shape[1:]) < 2:
            raise SegdeckError(f"This network answers with shape {answer.shape}, which is no picture split into parts.")
        if not all(np.isfinite(one).all() for one in answers):
            raise SegdeckError("This network answers with values that are not finite.")
        return {
            "kind": kind,
            "input_height_px": height,
            "input_width_px": width,
            "layout": layout,
            "output_shape": answer.shape,
            "output": _output(answers),
            "channels": answer.shape[0],
            "mended": path != weights,
        }

    with tempfile.TemporaryDirectory() as folder:
        return mended_if_need_be(weights, Path(folder), "in this file", read_log, run)


def _split(card: ModelCard, folder: Path, image: Image, read_log: ReadLog) -> LabelMap:
    weights = folder / card.weights.name
    network = mended_if_need_be(weights, folder, card.title, read_log, lambda path: _network(card, path, folder))
    return network.label_map(image)


def mended_if_need_be(
    weights: Path, folder: Path, title: str, read_log: ReadLog, run: Callable[[Path], Found]
) -> Found:
    """Run a network's file or, where OpenCV refuses it, what it can be mended to, written into ``folder``."""
    try:
        return run(weights)
    except cv2.error as error:
        refused = SegdeckError(why_refused(title, error, read_log()))
        if KINDS.get(weights.suffix.lower()) != "onnx" or not_a_network(error):
            raise refused from None
    try:
        return run(_mend(weights, folder / f"{weights.stem}.mended.onnx"))
    except ImportError:
        raise SegdeckError(
            f"{str(refused).rstrip('.')}; it may be mended once whoever runs this Segdeck adds the extra segdeck[onnx]."
        ) from None
    except SegdeckError:
        raise
    except Exception:  # onnx has many kinds of error; what is wrong is what OpenCV said first
        raise refused from None


def _mend(weights: Path, mended: Path) -> Path:
    import onnx

    from segcore.networks.mending import mend

    model = mend(onnx.load(weights, load_external_data=False))
    write_whole(mended, lambda part: part.write_bytes(model.SerializeToString()))
    return mended


def _network(card: ModelCard, path: Path, folder: Path) -> Network:
    """Load a network with OpenCV, whose own errors tell whether it can be mended."""
    return Network(card, load(path, config_of(card, folder), card.input.layout, "opencv"), folder)


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
            picture = ramp(network.card.input.height_px, network.card.input.width_px)
            start = time.perf_counter()
            network.forward(picture)
            own.append((time.perf_counter() - start) * 1000)
    return [round(statistics.median(own), 2) for own in times]


def _pictures(card: ModelCard, folder: Path) -> list[Image]:
    """Return pictures on which two runtimes are compared."""
    height, width = card.input.height_px, card.input.width_px
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return [ramp(height, width), noise, *([read_reference(card, folder)[0]] if card.reference else [])]


def _agreement(first: Network, second: Network, picture: Image) -> float:
    return mean_iou(first.label_map(picture), second.label_map(picture), range(len(first.card.labels) + 1))


def _inputs(stated: tuple[Layout, int, int] | None, *, any_layout: bool) -> list[tuple[Layout, int, int]]:
    """Return the inputs to try: what the file states, the usual sizes where it leaves that open."""
    if stated and stated[1] and stated[2]:
        return [stated]
    layouts: list[Layout] = [stated[0]] if stated else ["nchw", "nhwc"] if any_layout else ["nchw"]
    return [(layout, height, width) for layout in layouts for height, width in _USUAL_SIZES]


def _first_that_runs(
    path: Path, config: Path | None, inputs: list[tuple[Layout, int, int]]
) -> tuple[Layout, int, int, list[Answer]]:
    """Return the first input that the network takes, and its answers to noise in three usual scales."""
    for number, (layout, height, width) in enumerate(inputs, start=1):
        noise = np.random.default_rng(0).random((1, 3, height, width), np.float32)
        try:
            runtime = load(path, config, layout, "opencv")
            return layout, height, width, [runtime.forward(blob) for blob in (noise, noise * 2 - 1, noise * 255)]
        except cv2.error:
            if number == len(inputs):
                raise
    raise AssertionError("there is always an input to try")


def _output(answers: list[Answer]) -> Output:
    """Tell what a network's numbers are."""
    low, high = min(one.min() for one in answers), max(one.max() for one in answers)
    if len(answers[0]) == 1 and low >= 0 and high <= 255 and all((one == np.rint(one)).all() for one in answers):
        return "argmax"
    return "probability" if low >= -0.001 and high <= 1.001 else "logits"


def _catch_log() -> ReadLog:
    """Catch what libraries write to the error stream: OpenCV names a layer there that its errors do not."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  kept as long as the process
    os.dup2(file.fileno(), 2)

    def read() -> str:
        file.seek(0)
        return file.read().decode("utf-8", "replace")

    return read
