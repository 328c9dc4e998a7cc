"""The command line's commands for photos, videos and recipes."""

import os
import sys
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from segcore.cli import STOPPED
from segcore.cli.completion import offer_places, offer_recipes
from segcore.cli.evaluate import evaluate
from segcore.cli.models import models
from segcore.cli.options import show_options
from segcore.cli.outputs import output_options
from segcore.cli.run import run
from segcore.errors import SegdeckError, one_line
from segcore.files.paths import check_apart, check_source, check_target, read_source
from segcore.outputs import Output
from segcore.outputs.object_table import ObjectTable, write_objects
from segcore.outputs.result_video import ResultVideo
from segcore.overlays.cut_out import CutOut, cut_out_rgba
from segcore.picture.photo import read_photo, write_image
from segcore.pipeline import build_pipeline
from segcore.processes.set_up import set_up_process
from segcore.recipe import change_recipe, load_recipe, ready_recipes
from segcore.settings import settings
from segcore.video import iterate_clip_in_worker

app = typer.Typer(no_args_is_help=True)
recipes = typer.Typer(help="The ready recipes.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(recipes, name="recipes")
app.command()(run)
app.command()(evaluate)
app.command("options")(show_options)

RecipeOption = Annotated[
    str, typer.Option("--recipe", help="A ready recipe's name, or a TOML file.", autocompletion=offer_recipes)
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PLACE=VALUE",
        help='Change the recipe; see "segdeck options".',
        autocompletion=offer_places,
    ),
]
_DEFAULT = "blur_my_background"


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"segdeck {version('segdeck')}")
        raise typer.Exit


@app.callback()
def segdeck(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Segment pictures and videos."""


@app.command()
def segment(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A photo: PNG, JPEG or WebP.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The result: .png, .jpg or .webp.")],
    recipe: RecipeOption = _DEFAULT,
    changes: SetOption = None,
    mask: Annotated[Path | None, typer.Option(help="Also write the bare mask here, as PNG.")] = None,
    objects: Annotated[Path | None, typer.Option(help="Also write every object's measures here: .csv.")] = None,
) -> None:
    """Segment one photo. A cut-out written as PNG or WebP is transparent."""
    targets = [path for path in (target, mask, objects) if path]
    for path in targets:
        check_target(path)
    check_apart(source, "photo", targets)
    chosen = change_recipe(load_recipe(recipe), changes or ())
    if objects:
        ObjectTable(objects).check(chosen)
    photo = read_photo(read_source(source, settings().max_upload_mb))
    result = build_pipeline(chosen)(photo.image)
    drawn = result.image
    if isinstance(chosen.overlay, CutOut) and target.suffix.lower() in (".png", ".webp"):
        drawn = cut_out_rgba(photo.image, result.segmentation, photo.opacity)
    write_image(target, drawn)
    if mask:
        write_image(mask, result.segmentation.grey())
    if objects:
        write_objects(objects, result)


@app.command()
@output_options
def process(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A video.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The result: .mp4.")],
    recipe: RecipeOption = _DEFAULT,
    changes: SetOption = None,
    *,
    more: list[Output],
) -> None:
    """Segment a video, frame by frame, and keep its sound."""
    chosen = change_recipe(load_recipe(recipe), changes or ())
    console = Console(stderr=True)
    cut_off = False
    steps = iterate_clip_in_worker(check_source(source), [ResultVideo(target), *more], chosen)
    columns = (BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    bar = Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
    with bar, closing(steps):  # closed at once, also by Ctrl-C: that is what takes half a file away
        task = bar.add_task("frames", total=None, rate="")
        for step in steps:
            total, rate = step.frames_expected or None, f"{step.rate_fps:.0f} frames/s"
            bar.update(task, completed=step.frames_done, total=total, rate=rate)
            cut_off = step.cut_off
    if cut_off:
        print("The video ends before its end: the result holds what could be read.", file=sys.stderr)


@recipes.command("list")
def list_recipes() -> None:
    """Show the ready recipes."""
    table = Table("name", "title", "what it does")
    for name, recipe in ready_recipes().items():
        table.add_row(name, recipe.title, recipe.summary)
    Console().print(table)


@recipes.command("show")
def show_recipe(
    name: Annotated[str, typer.Argument(help="A ready recipe's name, or a TOML file.", autocompletion=offer_recipes)],
) -> None:
    """Print a recipe as TOML, to start one's own from."""
    print(load_recipe(name).to_toml(), end="")


def main() -> None:
    """Run the command line. An error is one line on stderr and exit status 2, whatever went wrong; Ctrl-C is 130."""
    set_up_process()
    run_app: Callable[..., object] = typer.main.get_command(app).main
    try:
        code = run_app(prog_name="segdeck", standalone_mode=False)
    except typer.TyperException as error:
        _fail(error.format_message() or "a command is missing.")
    except SegdeckError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    except Exception as error:
        if os.environ.get("SEGDECK_DEBUG"):
            raise
        _fail(f"something went wrong inside Segdeck ({type(error).__name__}); SEGDECK_DEBUG=1 shows the details.")
    if code == STOPPED:
        print("segdeck: stopped; nothing was left behind", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> NoReturn:
    print(f"segdeck: {one_line(message)}", file=sys.stderr)
    sys.exit(2)
