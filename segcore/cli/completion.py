"""What the shell offers when Tab is pressed: names and places, each with what it is."""

from segcore.cli.options import SETS
from segcore.networks.catalogue import cards
from segcore.options import is_choice
from segcore.recipe import Recipe, ready_recipes

Offers = list[tuple[str, str]]


def offer_recipes() -> Offers:
    """Return the ready recipes."""
    return [(name, recipe.title) for name, recipe in ready_recipes().items()]


def offer_networks() -> Offers:
    """Return the networks, and the families of several."""
    found = {card.family: card.task for card in cards().values()}
    return list((found | {name: card.task for name, card in cards().items()}).items())


def offer_places() -> Offers:
    """Return the places of a recipe that ``--set`` changes."""
    places = {"segmenter.method": "How it is segmented.", "overlay.kind": "What is drawn."}
    places |= {name: field.description or "" for name, field in Recipe.model_fields.items() if field.annotation is str}
    for name, options in SETS.items():
        part = name.partition(".")[0]
        for key, field in options.model_fields.items():
            if not is_choice(field):
                places.setdefault(f"{part}.{key}", field.description or "")
    return [(f"{place}=", about) for place, about in places.items()]
