"""Options for what a clip leaves besides its result: one for each output, made from it."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from segcore.outputs import OUTPUTS
from segcore.outputs.result_video import ResultVideo

_MORE = {name: output for name, output in OUTPUTS.items() if output is not ResultVideo}


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each output besides the result.

    Parameters
    ----------
    command
        Takes the outputs that were asked for as ``more``, a list.

    Returns
    -------
    Callable
        The same with an option of each output's name instead. It has a signature of its own, for Typer goes by that.
    """

    @wraps(command)
    def with_options(**values: Any) -> None:
        paths = {name: values.pop(name) for name in _MORE}
        command(**values, more=[output(paths[name]) for name, output in _MORE.items() if paths[name]])

    signature = inspect.signature(command)
    kept = [parameter for name, parameter in signature.parameters.items() if name != "more"]
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None,
            annotation=Annotated[Path | None, typer.Option(help=f"Also write {output.summary} here: {output.ending}.")],
        )
        for name, output in _MORE.items()
    ]
    with_options.__signature__ = signature.replace(parameters=[*kept, *options])  # type: ignore[attr-defined]
    return with_options
