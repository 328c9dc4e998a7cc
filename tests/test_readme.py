"""What README.md says is true: its Python runs, its commands parse, its paths exist, its defaults are the real ones."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import typer

from segcore.cli.main import app
from segcore.recipe import load_recipe, parse_recipe
from segcore.settings import Settings
from tests.clips import make_clip, picture
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PYTHON, SHELL, TOML = (re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL) for kind in ("python", "sh", "toml"))
COMMANDS = re.findall(r"^segdeck .+", "\n".join(SHELL), re.MULTILINE)
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
REGISTRIES = ("pypi" + ".org", "debian" + ".org", "npmjs" + ".")


@pytest.mark.parametrize("code", PYTHON, ids=["video", "photo"])
def test_the_python_runs(code: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    recipes = re.findall(r'load_recipe\("(\w+)"\)', code)
    if any(load_recipe(name).segmenter.method == "network" for name in recipes):
        request.getfixturevalue("weights")
    make_clip(tmp_path / "in.mp4", frames=5, sound="aac")
    cv2.imwrite(str(tmp_path / "me.jpg"), picture(0))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert list(tmp_path.glob("out.*"))


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 8
    assert {shlex.split(line)[1] for line in COMMANDS} == {
        "run",
        "segment",
        "process",
        "options",
        "evaluate",
        "models",
        "recipes",
    }


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_parses(line: str) -> None:
    """Typer reads the line as it would when run, and stops short of running it."""
    command, words = typer.main.get_command(app), shlex.split(line, comments=True)[1:]
    context = command.make_context("segdeck", list(words), resilient_parsing=False)
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(context, words)
        context = command.make_context(name, list(words), parent=context)
    assert not context.args


def test_the_recipe_is_one() -> None:
    for text in TOML:
        parse_recipe(text)


def test_every_path_is_there() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", README)
    named = [name for name in INLINE if re.match(r"(segcore|pages|tests|models|docs|\.streamlit)(/|$)", name)]
    paths = {path for path in [*linked, *named] if "://" not in path}
    assert len(paths) >= 8
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)", "\n".join([*SHELL, *INLINE])))
    assert {"run", "test", "lint", "bench", "clean"} <= targets
    assert [name for name in sorted(targets) if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_the_settings_are_the_real_ones() -> None:
    rows = re.findall(r"^\| `(SEGDECK_\w+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    wanted = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, Path):
            whose = "project's" if default.is_relative_to(ROOT) else "temporary"
            folder = re.sub(r"-\d+$", "-<user number>", default.name)
            shown = f"`{folder}` in the {whose} folder"
        elif isinstance(default, tuple):
            shown = ", ".join(default) or "none"
        else:
            shown = "not set" if default is None else f"{default:g}"
        wanted.append((f"SEGDECK_{name.upper()}", shown, field.description))
    assert rows == wanted


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
