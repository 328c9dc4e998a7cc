"""Every package that is imported is one that pyproject.toml asks for: none comes along with another by luck."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.conftest import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
_OURS = {"segcore", "pages", "tests"}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(*extras: str) -> set[str]:
    lines = [*_PROJECT["dependencies"], *(line for one in extras for line in _PROJECT["optional-dependencies"][one])]
    return {_plain(re.split(r"[^\w.-]", line)[0]) for line in lines}


def _imported(paths: Iterable[Path]) -> set[str]:
    """Return the packages, by their names on an index, that some files import at any place in them."""
    modules = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    known = packages_distributions()
    return {_plain(known[name][0]) for name in modules - _OURS - sys.stdlib_module_names}


def test_what_runs_is_declared() -> None:
    files = [ROOT / "app.py", *ROOT.glob("segcore/**/*.py"), *ROOT.glob("pages/**/*.py")]
    assert _imported(files) - _declared() == {"onnx", "openvino"}, "these two are extras"
    assert _declared("onnx", "openvino") >= {"onnx", "openvino"}


def test_what_tests_is_declared() -> None:
    compared = ROOT / "tests/bench/libraries.py"  # leaves out what is not installed
    files = (path for path in ROOT.glob("tests/**/*.py") if path != compared)
    assert _imported(files) <= _declared("dev", "onnx", "openvino")


def test_what_is_declared_is_used() -> None:
    used = _imported([ROOT / "app.py", *ROOT.glob("segcore/**/*.py"), *ROOT.glob("pages/**/*.py")])
    assert _declared() - used == {"pip"}, "pip is run, not imported"
