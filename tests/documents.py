"""The documents, taken apart: their code, links, anchors, names and tables."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT


@dataclass(frozen=True)
class Document:
    """A Markdown file."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)

    def blocks(self, language: str) -> list[str]:
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.DOTALL | re.MULTILINE)

    def languages(self) -> set[str]:
        """What the code blocks say that they are; an empty text where one says nothing."""
        return set(re.findall(r"^```(.*)\n(?:.*\n)*?```$", self.text, re.MULTILINE))

    def inline(self) -> list[str]:
        return re.findall(r"`([^`\n]+)`", self.prose)

    def links(self) -> list[str]:
        return re.findall(r"\]\(([^)\s]+)\)", self.prose)

    def anchors(self) -> set[str]:
        """Where links may lead, as GitHub names it: headings in small letters, blanks as hyphens, no other signs."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def table(self, first: str) -> list[tuple[str, ...]]:
        """The rows of all tables whose first column is called so, without backticks."""
        found = re.findall(rf"^\| {first} \|.*\n\|[ |-]+\|\n((?:\|.*\n)+)", self.text, re.MULTILINE)
        assert found, f"{self.path.name} has no table of {first}"
        rows = "".join(found).replace("`", "").splitlines()
        return [tuple(cell.strip() for cell in row[1:-1].split(" | ")) for row in rows]


class Snippet(NamedTuple):
    """A block of Python: where it stands, and what it says."""

    name: str
    code: str


def read(path: Path) -> Document:
    return Document(path, path.read_text("utf-8"))


DOCUMENTS = {
    str(path.relative_to(ROOT)): read(path) for path in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")))
}
README, CONTRIBUTING = DOCUMENTS["README.md"], DOCUMENTS["CONTRIBUTING.md"]
PRESENTER, PRACTITIONER, OPERATOR, HOW_IT_WORKS = (
    DOCUMENTS[f"docs/{name}.md"] for name in ("presenter", "practitioner", "operator", "how-it-works")
)

PYTHON = [
    Snippet(f"{name} {number}", code)
    for name, document in DOCUMENTS.items()
    for number, code in enumerate(document.blocks("python"), start=1)
]
FILES = [one for one in PYTHON if one.code.startswith("# segcore/")]
"""Whole files, to be added at the place that their first line names."""
SCRIPTS = [one for one in PYTHON if one not in FILES]
SHELL = [line for document in DOCUMENTS.values() for block in document.blocks("sh") for line in block.splitlines()]
INLINE = [span for document in DOCUMENTS.values() for span in document.inline()]
COMMANDS = [line.removeprefix(".venv/bin/") for line in SHELL if re.match(r"(\.venv/bin/)?segdeck ", line)]
