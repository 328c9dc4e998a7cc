import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from segcore.errors import SegdeckError
from segcore.files.toml_text import LARGEST_MB, parse_toml, read_toml
from tests.plain import refused

DEEP = "a." * 20 + "a=1"
MEMORY_MB = 300
FRAGMENTS = ['"', '"""', "'", "'''", "\\", "#", "\n", "\r\n", "[", "]", "{", "}", ",", "=", "x=", " ", "[1,2]", "é"]
FRAGMENTS += ["data:image/a;base64,", '"data:image/a;base64,AA"', DEEP, f"{{{DEEP}}}", '"."', "b", "2.5", "\t"]


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
@example(f'x={{y="data:image/a;base64,\\" ",{DEEP}}}')
@example(f'x={{y="""a"""",{DEEP}}}')
@example(f"x={{y='''a'''',{DEEP}}}")
@example(f'x="""a\\""" # """\n{DEEP}')
@example(f'# "data:image/a;base64,\\\n{DEEP}')
def test_no_string_or_comment_hides_what_is_out_of_bounds(text: str) -> None:
    """What the bounds take for a string must be one for the parser, too."""
    try:
        wanted = tomllib.loads(text)
    except ValueError:
        with pytest.raises(SegdeckError):
            parse_toml(text, "This text")
        return
    try:
        found = parse_toml(text, "This text")
    except SegdeckError:
        assert depth(wanted) > 8, "it is within the bounds"
    else:
        assert found == wanted
        assert depth(wanted) < 20


def hostile() -> Iterator[str]:
    """Texts of up to 16 MB that cost the parser far more than they have."""
    many = 2_000_000
    yield "a." * 20_000 + "a=1"
    yield '"a".' * 20_000 + "a=1"
    yield "[" + "a . " * 20_000 + "a]"
    yield "x=" + "{a=" * 20_000
    yield "x={" + "'a'.b." * 20_000 + "c=1}"
    for value in ("0,", "[],", "{},", "[1,2],", "'',", "{a.b.c.d.e.f.g=1},", "1979-05-27,"):
        yield f"x=[{value * (many // len(value))}"
        yield f"x=[{value * (250_000 // len(value))}]"
    for places in (12_000, 60_000):
        for line in ("{:x}=0", "[{:x}]", "[{:x}.a.a.a.a.a.a.a]", "{:x}.b.c.d.e.f.g.h=0", "[[a.b.c{:x}]]"):
            yield "\n".join(map(line.format, range(places)))
    for text in (
        "#\n",
        "\n",
        " ",
        "a",
        "1",
        "-",
        '"',
        "'",
        '""',
        "\\",
        "[",
        "]",
        "{",
        "[[a]]\n",
        "a.a=1\n",
        '"""\\',
        "é",
    ):
        yield text * (many // len(text))
        yield "x=" + text * (many // len(text))
        yield "x=" + text * (250_000 // len(text))
    for digits in ("1", "0x" + "f", "0.1", "1e1"):
        yield f"x={digits + digits[-1] * 250_000}"
        yield f"x={digits + digits[-1] * many}"
    yield 'x="data:image/png;base64,' + "A" * 8_000_000 + '"'
    yield 'x="data:image/png;base64,' + "A" * 8_000_000
    yield "x=[" + "0," * 7_900_000 + "]"
    yield "x=[" + '"data:image/a;base64,",' * 90_000 + "]"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_no_text_takes_much_memory() -> None:
    """Each is refused in a process that may take 300 MB more than it has after its imports."""
    child = f"""
import resource
from segcore.errors import SegdeckError
from segcore.recipe import parse_recipe
from tests.files.test_toml_text import hostile
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, [size + {MEMORY_MB} * 1_000_000] * 2)
refused = 0
for text in hostile():
    try:
        parse_recipe(text)
    except SegdeckError:
        refused += 1
print(refused)
"""
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == len(list(hostile()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DEEP, "This text has a key of too many parts; at most 8 are accepted."),
        ("x=" + "[" * 17 + "]" * 17, "too many brackets in each other; at most 16 are accepted"),
        ("x=[" + "0," * 150_000 + "]", "at most 256 kB are accepted"),
        ("x=[" + "[0,0]," * 100_001 + "]", "too many pairs of numbers; at most 100,000 are accepted"),
        ("#" * (LARGEST_MB * 1_000_000 + 1), "16.0 MB; at most 16 MB are accepted"),
        ("x=" + "1" * 5000, "not valid TOML"),
    ],
)
def test_what_is_out_of_bounds_is_said(text: str, words: str) -> None:
    with refused(words):
        parse_toml(text, "This text")


def test_what_is_within_the_bounds_is_read() -> None:
    assert depth(parse_toml("x=" + "[" * 16 + "]" * 16, "This text")) == 17
    assert depth(parse_toml("a.a.a.a.a.a.a.a=1", "This text")) == 8
    assert len(parse_toml("x=[" + "[0.5, 1e-9],\n" * 100_000 + "]", "This text")["x"]) == 100_000
    assert len(parse_toml('x="' + "[a.b.c.d.e.f.g.h.i.j" * 12_000 + '"', "This text")["x"]) == 240_000


def test_of_a_file_no_more_is_loaded_than_may_be(tmp_path: Path) -> None:
    large, pipe = tmp_path / "large.toml", tmp_path / "pipe.toml"
    with large.open("wb") as file:
        file.truncate(1_000_000_000_000)
    os.mkfifo(pipe)
    for path, words in [
        (large, "This text has more than the 16 MB that are accepted."),
        (pipe, "This text is a pipe or a device; name a file."),
        (Path("/dev/zero"), "This text is a pipe or a device; name a file."),
        (tmp_path, "This text is a folder; name a file."),
        (tmp_path / "none.toml", "There is no file This text."),
    ]:
        with refused(words):
            read_toml(path, "This text")
    large.write_bytes(b"\xff")
    with refused("This text is not a text file; TOML in UTF-8 is accepted."):
        read_toml(large, "This text")
