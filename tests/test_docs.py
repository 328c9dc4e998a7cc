"""What the documents say is true: Python runs, commands parse, paths and links lead somewhere, tables fit the code."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import pytest
import typer

from segcore.cli.main import app
from segcore.methods import METHODS
from segcore.networks.catalogue import family
from segcore.overlays import OVERLAYS
from segcore.recipe import load_recipe, parse_recipe, ready_recipes
from segcore.settings import Settings
from tests.bench.__main__ import BENCHES
from tests.clips import make_clip, picture
from tests.conftest import ROOT
from tests.documents import (
    COMMANDS,
    CONTRIBUTING,
    DOCUMENTS,
    FILES,
    HOW_IT_WORKS,
    INLINE,
    OPERATOR,
    PRACTITIONER,
    PRESENTER,
    README,
    SCRIPTS,
    SHELL,
    Document,
    Snippet,
    read,
)
from tests.fuzz.kinds import KINDS

LANGUAGES = {"sh", "python", "toml", "caddyfile", "nginx"}
REGISTRIES = ("pypi" + ".org", "debian" + ".org", "npmjs" + ".")
EACH = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=[one.name for one in SCRIPTS])
def test_the_python_runs(script: Snippet, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    recipes = re.findall(r'load_recipe\("(\w+)"\)', script.code)
    if any(load_recipe(name).segmenter.method == "network" for name in recipes):
        request.getfixturevalue("weights")
    make_clip(tmp_path / "in.mp4", frames=5, sound="aac")
    cv2.imwrite(str(tmp_path / "me.jpg"), picture(0))
    done = subprocess.run([sys.executable, "-c", script.code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert list(tmp_path.glob("out.*"))


@pytest.mark.parametrize("file", FILES, ids=[one.name for one in FILES])
def test_a_file_that_is_added_is_found_by_itself(file: Snippet, tmp_path: Path) -> None:
    """In a copy of segcore, which a process finds before the real one where it is started beside it."""
    found = re.match(r"# (segcore/(\w+)/(\w+)\.py)\n", file.code)
    assert found
    path, room, name = found.groups()
    shutil.copytree(ROOT / "segcore", tmp_path / "segcore", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / path).write_text(file.code, "utf-8")
    cv2.imwrite(str(tmp_path / "me.jpg"), picture(0))
    make_clip(tmp_path / "in.mp4", frames=5)
    line, written = {
        "methods": (f"segment me.jpg out.png --set segmenter.method={name}", "out.png"),
        "overlays": (f"segment me.jpg out.png --set segmenter.method=threshold --set overlay.kind={name}", "out.png"),
        "outputs": (f"process in.mp4 out.mp4 --recipe color_pop_red --{name} out.csv", "out.csv"),
    }[room]
    command = [sys.executable, "-m", "segcore.cli", *line.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / written).read_bytes()


@pytest.mark.parametrize("file", FILES, ids=[one.name for one in FILES])
def test_a_file_that_is_added_passes_the_linter(file: Snippet, tmp_path: Path) -> None:
    (tmp_path / "added.py").write_text(file.code, "utf-8")
    for check in (["check"], ["format", "--diff"]):
        command = [sys.executable, "-m", "ruff", *check, "--config", str(ROOT / "pyproject.toml"), str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_commands_and_code_to_check() -> None:
    wanted = {"run", "segment", "process", "options", "evaluate", "models", "recipes"}
    assert {shlex.split(line)[1] for line in COMMANDS} == wanted
    assert len(SCRIPTS) >= 3
    assert {one.code.split("/")[1] for one in FILES} == {"methods", "overlays", "outputs"}


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that these words name, and the words that are left for it."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "resolve_command") and not words[0].startswith("-"):
        context = command.make_context("segdeck", list(words), resilient_parsing=True)
        _, command, words = command.resolve_command(context, words)
    return command, words


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_parses(line: str) -> None:
    """Typer reads the line as it would when run, and stops short of running it."""
    command, words = resolve(shlex.split(line, comments=True)[1:])
    assert not command.make_context("segdeck", words).args


@pytest.mark.parametrize("span", sorted({span for span in INLINE if span.startswith("segdeck ")}))
def test_a_command_in_a_sentence_is_there(span: str) -> None:
    """It may lack what it works on."""
    command, words = resolve(shlex.split(span)[1:])
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("span", sorted({span for span in (*SHELL, *INLINE) if "python -m tests." in span}))
def test_a_module_that_is_named_is_there(span: str) -> None:
    module, *words = span.split("python -m ")[1].split()
    assert find_spec(module)
    assert set(words[:1]) <= set({"tests.bench": BENCHES, "tests.fuzz": KINDS}.get(module, ()))


@EACH
def test_every_toml_is_a_recipe(document: Document) -> None:
    for text in document.blocks("toml"):
        parse_recipe(text)


@EACH
def test_every_block_says_its_language(document: Document) -> None:
    assert document.languages() <= LANGUAGES


@EACH
def test_every_path_is_there(document: Document) -> None:
    looks_like_one = r"(segcore|pages|tests|models|docs|\.streamlit)(/|$)|\w+\.(py|toml|lock)$"
    words = " ".join([*document.inline(), *document.blocks("sh")]).split()
    paths = {word for word in words if re.match(looks_like_one, word)} - {"card.toml"}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


@EACH
def test_every_link_leads_somewhere(document: Document) -> None:
    for link in document.links():
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = (document.path.parent / name).resolve() if name else document.path
        assert target.is_file(), link
        assert not anchor or anchor in read(target).anchors(), link


def test_readme_leads_to_every_document() -> None:
    assert set(DOCUMENTS) - {"README.md"} <= set(README.links())


def test_every_name_beside_a_file_is_in_it() -> None:
    """Such as `segcore/live.py` (`LiveProcessor.recv`)."""
    found = re.findall(r"`([\w/]+\.py)`\s+\(`([\w.]+)`", HOW_IT_WORKS.prose)
    assert len(found) > 20
    for path, name in found:
        code = (ROOT / path).read_text("utf-8")
        for part in name.split("."):
            assert re.search(rf"\b(def|class) {part}\b|\bimport .*\b{part}\b", code), f"{name} is not in {path}"


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)", "\n".join([*SHELL, *INLINE])))
    assert {"run", "test", "lint", "bench", "clean"} <= targets
    assert [name for name in sorted(targets) if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_the_settings_are_the_real_ones() -> None:
    wanted = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, Path):
            whose = "project's" if default.is_relative_to(ROOT) else "temporary"
            folder = re.sub(r"-\d+$", "-<user number>", default.name)
            shown = f"{folder} in the {whose} folder"
        elif isinstance(default, tuple):
            shown = ", ".join(default) or "none"
        else:
            shown = "not set" if default is None else f"{default:g}"
        wanted.append((f"SEGDECK_{name.upper()}", shown, field.description))
    assert OPERATOR.table("Setting") == wanted


def test_every_setting_that_is_named_is_one() -> None:
    named = {name for document in DOCUMENTS.values() for name in re.findall(r"\bSEGDECK_\w+", document.text)}
    on_the_command_line = {"SEGDECK_DEBUG"}
    assert named - on_the_command_line <= {f"SEGDECK_{name.upper()}" for name in Settings.model_fields}


def test_the_methods_are_the_real_ones() -> None:
    assert sorted(name for name, _ in PRACTITIONER.table("Method")) == sorted(METHODS)


def test_the_ready_recipes_are_the_real_ones() -> None:
    wanted = [(recipe.title, name, recipe.summary) for name, recipe in ready_recipes().items()]
    assert PRESENTER.table("Recipe") == wanted


def test_the_overlays_are_the_real_ones() -> None:
    wanted = [(one.title, kind, "yes" if one.hides_raw else "no") for kind, one in OVERLAYS.items()]
    assert sorted(PRESENTER.table("Overlay")) == sorted(wanted)


def test_the_networks_are_the_real_ones() -> None:
    rows = PRACTITIONER.table("Name")
    ours = {path.parent.name for path in (ROOT / "models").glob("*/README.md")}
    assert {card.name for name, _, _ in rows for card in family(name)} == ours
    for name, _, licence in rows:
        assert {card.licence for card in family(name)} == {licence}


def test_the_rooms_are_the_real_ones() -> None:
    rooms = [name for name, _ in CONTRIBUTING.table("Room")]
    there = [path for top in ("segcore", "pages/shared") for path in (ROOT / top).iterdir() if path.is_dir()]
    assert sorted(rooms) == sorted(str(path.relative_to(ROOT)) for path in there if path.name != "__pycache__")


def test_the_rooms_are_in_the_order_of_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    rooms = [name.replace("/", ".") for name, _ in CONTRIBUTING.table("Room")]
    for contract, least in (("imports go one way", 10), ("within pages, too", 5)):
        layers = next(one["layers"] for one in contracts if one["name"] == contract)
        place = {name: number for number, layer in enumerate(layers) for name in re.findall(r"[\w.]+", layer)}
        places = [place[room] for room in rooms if room in place]
        assert len(places) >= least
        assert places == sorted(places)


def test_the_benches_are_the_real_ones() -> None:
    said = CONTRIBUTING.prose.partition("One part alone:")[2]
    assert {"live", *re.findall(r"`([a-z]+)`", said)} == set(BENCHES)


def test_no_registry_is_named() -> None:
    """Where packages come from is the machine's own setting."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content:
            found += [(name, host) for host in REGISTRIES if host.encode() in content]
    assert found == []
