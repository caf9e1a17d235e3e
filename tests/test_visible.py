"""Text from strangers on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmig.text import visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ünï 表 🙂", "plain ünï 表 🙂"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\x9b31m\x90\x7f\x00\x08", "\\x9b31m\\x90\\x7f\\x00\\x08"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("user\u202etxt.lqs\u2066\u200f\u061c", "user\\u202etxt.lqs\\u2066\\u200f\\u061c"),
        ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
        ("undecodable \udcff", "undecodable \\udcff"),
    ],
)
def test_written_out(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_what_is_kept() -> None:
    assert visible("a\tb\nc\x1b", keep="\t\n") == "a\tb\nc\\x1b"


@given(st.text(alphabet=st.characters()))
def test_nothing_is_obeyed_and_it_can_be_encoded(text: str) -> None:
    shown = visible(text)
    assert shown.encode("utf-8").decode() == shown
    assert visible(shown) == shown
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown)
