"""Processing a clip: it is read on one thread, goes through the pipeline on another, and is written on further ones."""

import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import av

from segcore.errors import SegdeckError
from segcore.files.paths import check_apart, check_target
from segcore.outputs import Output
from segcore.outputs.result_video import ResultVideo
from segcore.pipeline import Pipeline, build_pipeline
from segcore.recipe import Recipe
from segcore.video.probe import VideoInfo, probe
from segcore.video.progress import Progress, Summary
from segcore.video.reader import ClipReader
from segcore.video.threads import OutputWriting, read_ahead


def process_clip(
    source: Path | str,
    outputs: Path | str | Sequence[Output],
    recipe: Recipe | Pipeline,
    *,
    info: VideoInfo | None = None,
) -> Summary:
    """Process a clip to its end.

    Parameters
    ----------
    source
        The clip.
    outputs
        What it leaves, each with its path: any of ``segcore.outputs.OUTPUTS`` or of one's own. A path alone is that of
        a `ResultVideo`: H.264 MP4, with the clip's sound, frame times and colour tags, upright.
    recipe
        What is done with each frame.
    info
        What `probe` found, if that is known already.

    Returns
    -------
    Summary
        When all files are whole.

    Raises
    ------
    SegdeckError
        If the clip can't be read or is over a limit, or an output can't be written, or not by this recipe. Nothing is
        left behind then.
    """
    for last in iterate_clip(source, outputs, recipe, info=info):  # noqa: B007  the last step says it all
        pass
    return Summary(frames=last.frames_done, elapsed_s=last.elapsed_s, cut_off=last.cut_off)


def iterate_clip(
    source: Path | str,
    outputs: Path | str | Sequence[Output],
    recipe: Recipe | Pipeline,
    *,
    info: VideoInfo | None = None,
) -> Generator[Progress]:
    """Process a clip, one step a frame.

    Closing the generator cancels the work. However it ends before its end, nothing is left behind.

    Parameters
    ----------
    source, outputs, recipe, info
        As in `process_clip`.

    Yields
    ------
    Progress
        After each frame. After the last one it comes once more, when all files are whole.

    Raises
    ------
    SegdeckError
        As `process_clip`.
    """
    source = Path(source)
    info = info or probe(source)
    pipeline = recipe if isinstance(recipe, Pipeline) else build_pipeline(recipe)
    outputs = as_outputs(outputs)
    _check(source, outputs, pipeline.recipe)
    start = time.monotonic()
    progress = None
    with ExitStack() as stack:  # left in reverse: the threads stop, then what was written goes, then the clip is closed
        reader = stack.enter_context(ClipReader(source, info))
        writing = stack.enter_context(OutputWriting(outputs))
        for item in read_ahead(stack, reader):
            if isinstance(item, av.Packet):
                writing.add_sound(item)
                continue
            result = pipeline.on_canvas(item.canvas)
            if progress is None:  # a decoder knows all of a clip's colour tags only now
                writing.open(reader.stream)
            writing.add(item, result)
            progress = Progress(
                frames_done=progress.frames_done + 1 if progress else 1,
                frames_expected=info.frames,
                elapsed_s=time.monotonic() - start,
                time_s=item.time_s,
                result=result,
            )
            yield progress
        if progress is None:
            raise SegdeckError("There is not one picture in this video that can be read.")
        damaged = writing.finish()
        yield replace(
            progress,
            frames_expected=progress.frames_done,
            elapsed_s=time.monotonic() - start,
            cut_off=reader.cut_off or damaged,
        )


def as_outputs(outputs: Path | str | Sequence[Output]) -> Sequence[Output]:
    """Return outputs as a list: a path alone is that of the result."""
    return [ResultVideo(outputs)] if isinstance(outputs, Path | str) else outputs


def _check(source: Path, outputs: Sequence[Output], recipe: Recipe) -> None:
    """Refuse what can't be written, before anything is."""
    paths = [output.path for output in outputs]
    for path in paths:
        check_target(path)
    check_apart(source, "video", paths)
    if sum(output.takes_sound for output in outputs) > 1:  # its packets can be decoded, and moved to a file, only once
        raise SegdeckError("Only one of the files that are written can have the video's sound.")
    for output in outputs:
        output.check(recipe)
