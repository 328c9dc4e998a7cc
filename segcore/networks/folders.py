"""Where a network's card and files are stored: in the folder of models, or in the folder of a visitor whose it is."""

import re
import secrets
from pathlib import Path

from segcore.settings import settings

OWN_NETWORKS = "own-networks"
"""What the part of a visitor's folder is called that holds networks of the visitor's own."""
_OWN = re.compile("own[0-9a-f]{32}")


def new_own_name() -> str:
    """Return a name for a visitor's own network, which nobody can guess: whoever knows it can use the network."""
    return f"own{secrets.token_hex(16)}"


def is_own(name: str) -> bool:
    """Tell whether a card's name is that of a visitor's own network, as `new_own_name` makes them."""
    return bool(_OWN.fullmatch(name))


def folder_of(name: str) -> Path:
    """Return the folder of the network of this name; a visitor's own is in the visitor's folder and goes with it."""
    own = next(settings().work_dir.glob(f"*/*/{OWN_NETWORKS}/{name}"), None) if is_own(name) else None
    return own or settings().models_dir / name
