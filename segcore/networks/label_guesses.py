"""Names and colours for the labels of a network that names none, as well as they can be guessed."""

import colorsys
from collections.abc import Sequence

from segcore.networks.card import CardLabel

VOC = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog",
    "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
)  # fmt: skip
"""The 20 labels of PASCAL VOC, on which most published networks with 21 channels were trained; background is first."""
_PERSON_COLOR = "#34c759"


def label_count(channels: int, *, background: bool) -> int:
    """Return how many labels a network with so many channels has; one that has a single channel has no other."""
    return channels - 1 if background and channels > 1 else channels


def propose_labels(number: int) -> tuple[CardLabel, ...]:
    """Return names and colours for so many labels, as well as they can be guessed."""
    names: Sequence[str] = [f"label {place}" for place in range(1, number + 1)]
    if number in (1, len(VOC)):
        names = VOC if number > 1 else ["person"]
    return color_labels(names)


def color_labels(names: Sequence[str]) -> tuple[CardLabel, ...]:
    """Return labels of these names in colours that are easily told apart; a person in the green of the other cards."""
    return tuple(
        CardLabel(name=name, color=_PERSON_COLOR if name == "person" else distinct_color(place))
        for place, name in enumerate(names)
    )


def distinct_color(place: int) -> str:
    """Return the colour of the label at a place, from 0 on, as ``#rrggbb``.

    Each hue is the golden ratio of a turn away from the one before: however many there are, they are spread evenly.
    """
    hue = (0.56 + place * 0.618034) % 1
    saturation, brightness = ((0.75, 0.8), (0.6, 0.95), (0.9, 0.6))[place % 3]
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, brightness))
    return f"#{red:02x}{green:02x}{blue:02x}"


def describe_labels(names: Sequence[str]) -> str:
    """Say in one sentence what a network with labels of these names finds."""
    if len(names) > 4:
        return f"Finds {', '.join(names[:3])} and {len(names) - 3} more."
    return f"Finds {' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}."
