"""``segdeck models add``: a network of one's own."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError

from segcore.errors import SegdeckError
from segcore.files.paths import check_apart, check_source, check_target, read_source
from segcore.methods.network import NetworkOptions
from segcore.networks.adding import add
from segcore.networks.answers import AnswerKind
from segcore.networks.card import ModelCard
from segcore.networks.formats import sort_files
from segcore.networks.label_guesses import color_labels, describe_labels
from segcore.networks.proposal import propose
from segcore.options import explain
from segcore.overlays.side_by_side import SideBySide
from segcore.picture.photo import read_photo, write_image
from segcore.pipeline import build_pipeline
from segcore.recipe import Recipe
from segcore.settings import settings


def add_model(
    file: Annotated[Path, typer.Argument(help="Its .onnx, .tflite, .pb, .caffemodel or .weights.")],
    config: Annotated[Path | None, typer.Argument(help="Its .prototxt or .cfg, where it has one.")] = None,
    name: Annotated[str | None, typer.Option(help="What recipes call it: small letters, digits, underscores.")] = None,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    licence: Annotated[str | None, typer.Option(help="Its licence, such as MIT.")] = None,
    labels: Annotated[str | None, typer.Option(help="In order, without background, such as skin,clothes,hair.")] = None,
    width: Annotated[int | None, typer.Option(help="Width of its input, in pixels.")] = None,
    height: Annotated[int | None, typer.Option(help="Height of its input, in pixels.")] = None,
    scale: Annotated[float | None, typer.Option(help="Factor from 0..255 to what it expects.")] = None,
    mean: Annotated[str | None, typer.Option(help="Subtracted after scaling, such as 0.485,0.456,0.406.")] = None,
    std: Annotated[str | None, typer.Option(help="Divided by, such as 0.229,0.224,0.225.")] = None,
    channels: Annotated[Literal["rgb", "bgr"] | None, typer.Option(help="Its order of colours.")] = None,
    output: Annotated[AnswerKind | None, typer.Option(help="What its numbers are.")] = None,
    test_picture: Annotated[Path | None, typer.Option(help="A photo to try it on.")] = None,
    preview: Annotated[Path | None, typer.Option(help="Write that photo, and what is found in it, here.")] = None,
) -> None:
    """Add a network of your own; what you do not say is proposed. Prints its card."""
    if (test_picture is None) != (preview is None):
        raise SegdeckError("--test-picture and --preview go together: a photo to try, and where to write the result.")
    if test_picture and preview:
        check_apart(test_picture, "photo", [preview])
        check_target(preview)
        photo = read_photo(read_source(test_picture, settings().max_upload_mb))
    proposal = propose(sort_files([check_source(path) for path in (file, config) if path]), stem=file.stem)
    changes: dict[str, Any] = {"name": name, "family": name, "title": title, "licence": licence}
    feed = {
        "width_px": width,
        "height_px": height,
        "scale": scale,
        "mean": mean.split(",") if mean else None,
        "std": std.split(",") if std else None,
        "channels": channels,
    }
    if output:
        changes["output"] = {"kind": output}
    card = _correct(proposal.card, changes, feed, labels.split(",") if labels else [])
    print(f"# {proposal.facts.describe()}\n{card.to_toml()}", end="")
    found = add(card, proposal.files)
    print(f"{card.name}: added, {found.verified}", file=sys.stderr)
    if test_picture and preview:
        recipe = Recipe(title="Preview", segmenter=NetworkOptions(model=card.name), overlay=SideBySide())
        write_image(preview, build_pipeline(recipe)(photo.image).image)
    if found.verified == "unverified":
        look = "If the preview looks" if preview else "If what it finds in a photo looks"
        print(f'{look} right, run "segdeck models confirm {card.name}".', file=sys.stderr)


def _correct(card: ModelCard, changes: dict[str, Any], feed: dict[str, Any], labels: list[str]) -> ModelCard:
    """Put what was said in place of what was proposed."""
    said = {name: value for name, value in changes.items() if value is not None}
    said["input"] = dict(card.input) | {name: value for name, value in feed.items() if value is not None}
    try:
        if labels:
            names = [label.strip() for label in labels]
            said |= {"labels": color_labels(names), "task": describe_labels(names)}
        return ModelCard.model_validate(card.model_dump() | said)
    except ValidationError as error:
        raise explain(error) from None
