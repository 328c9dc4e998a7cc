"""``segdeck models``: the networks, what there is and what is installed."""

import sys
from typing import Annotated, TypeAlias

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from segcore.cli import STOPPED
from segcore.cli.add import add_model
from segcore.cli.completion import offer_networks
from segcore.errors import SegdeckError
from segcore.networks import store as model_store
from segcore.networks.adding import share
from segcore.networks.card import ModelCard
from segcore.networks.catalogue import broken_cards, cards, family
from segcore.networks.folders import is_own
from segcore.networks.runtimes import RUNTIME_TITLES

models = typer.Typer(help="The networks: what there is, what is installed.", no_args_is_help=True)
models.command("add")(add_model)

NameArgument: TypeAlias = Annotated[
    str, typer.Argument(help="A network, or a family of them.", autocompletion=offer_networks)
]


@models.command("list")
def list_models() -> None:
    """Show every network; in milliseconds, what one image takes on this computer."""
    table = Table("network, its family, what it finds", "licence", "size", "installed", "runs on", box=SIMPLE)
    for card in cards().values():
        names = card.name if card.family == card.name else f"{card.name} ({card.family})"
        size = f"{card.size_bytes / 1e6:.1f} MB"
        table.add_row(f"{names}\n[dim]{escape(card.task)}[/]", escape(card.licence), size, *_describe_state(card))
    Console().print(table)
    for problem in broken_cards().values():
        print(f"segdeck: {problem}", file=sys.stderr)


@models.command("install")
def install_model(name: NameArgument) -> None:
    """Fetch a network's weights, try them and measure how fast they run here."""
    console = Console(stderr=True)
    try:
        for card in family(name):
            with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
                task = bar.add_task(card.title, total=card.size_bytes)

                def show(here: int, total: int, *, bar: Progress = bar, task: TaskID = task) -> None:
                    bar.update(task, completed=here, total=total)

                new = model_store.install(card, show)
            print(f"{card.name}: {'installed' if new else 'already installed'}")
    except KeyboardInterrupt:
        print("segdeck: stopped; what came is kept, and the next install goes on from there", file=sys.stderr)
        sys.exit(STOPPED)


@models.command("verify")
def verify_models() -> None:
    """Compare the weights of every installed network with its card."""
    installed = [card for card in cards().values() if card.installed]
    if not installed:
        raise SegdeckError('No network is installed; "segdeck models install selfie" fetches the default ones.')
    for card in installed:
        card.verify()
        print(f"{card.name}: as its card says")


@models.command("remove")
def remove_model(name: NameArgument) -> None:
    """Delete a network's weights; of a network that you added, all."""
    for card in family(name):
        print(f"{card.name}: {'removed' if model_store.remove(card) else 'not installed'}")


@models.command("share")
def share_model(
    own: Annotated[str, typer.Argument(help="A visitor's own network, by the name that its page shows.")],
    name: Annotated[str, typer.Argument(help="What recipes call it then: small letters, digits, underscores.")],
) -> None:
    """Give a visitor's own network to all, while the visit lasts."""
    if not is_own(own):
        raise SegdeckError("This is not the name of a visitor's own network; its page shows one that begins with own.")
    found = share(family(own)[0], name)
    print(f"{name}: shared, {found.verified}")


@models.command("confirm")
def confirm_model(name: NameArgument) -> None:
    """Note that you looked at a test picture and the network works."""
    for card in family(name):
        model_store.confirm(card)
        print(f"{card.name}: confirmed")


def _describe_state(card: ModelCard) -> tuple[str, str]:
    """Say whether a network is here and known to work, and what runs it how fast."""
    found = card.finding()
    if not card.installed:
        return "no", ""
    if found is None:
        return "yes, not tried", ""
    verified = "verified" if found.verified == "reference" else found.verified
    spent_ms = found.openvino_ms if found.runtime == "openvino" else found.opencv_ms
    runtime = RUNTIME_TITLES[found.runtime]
    return f"yes, {verified}", runtime if spent_ms is None else f"{runtime}, {spent_ms:.0f} ms"
