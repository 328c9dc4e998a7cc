import pickle

import hypothesis.strategies as st
import pytest
from hypothesis import given

from segcore.errors import LONGEST, SegdeckError, listed, quote, suggest


@given(st.text() | st.text("ab \n\x1b\u2028\ud800", min_size=LONGEST, max_size=1000))
def test_an_error_is_one_short_line_whatever_it_is_made_from(text: str) -> None:
    error = SegdeckError(text)
    assert str(error).isprintable()
    assert len(str(error)) <= LONGEST
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_what_a_long_error_ends_with_is_kept() -> None:
    said = str(SegdeckError(f"{'x' * 100_000} is not allowed: it must be a number."))
    assert said.startswith("xxx")
    assert said.endswith("is not allowed: it must be a number.")


def test_a_sentence_is_left_as_it_is() -> None:
    assert str(SegdeckError("There is no file 'Zoë 1.png'.")) == "There is no file 'Zoë 1.png'."


def test_a_quoted_name_is_short_and_keeps_its_end() -> None:
    assert quote("a\n\x1b") == "'a\\n\\x1b'"
    assert len(quote("/deep" * 5000 + "/name.png")) == 120
    assert quote("/deep" * 5000 + "/name.png").endswith("/name.png'")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("blurr", "did you mean blur?"),
        ("replace_", "did you mean replace?"),
        ("re", "did you mean replace?"),
        ("", "the known ones are blur, replace."),
        ("song", "the known ones are blur, replace."),
        ("x" * 100_000, "the known ones are blur, replace."),
    ],
)
def test_an_unknown_name_is_told_with_the_one_that_was_meant(name: str, said: str) -> None:
    assert suggest(name, {"blur": 1, "replace": 2}) == said


def test_a_long_list_is_cut_and_counted() -> None:
    assert listed([f"class {place}" for place in range(254)]).endswith("class 13, class 14 and 239 more")
    assert listed(["one"]) == "one"
    assert listed([]) == ""
