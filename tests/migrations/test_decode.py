"""One form of text, whatever editor or platform wrote it."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.model import decode
from tests.samples import refused

# Text as PostgreSQL can store it, with LF line ends; a mark at its start would be taken for a byte-order mark.
TEXT = st.text(st.characters(exclude_characters="\0\r\ufeff", exclude_categories=["Cs"]))
NOT_UTF8 = ("is not UTF-8 text", "save the file as UTF-8")
NUL = ("holds a NUL character, which PostgreSQL cannot store", "save the file as UTF-8")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"", "", id="empty"),
        pytest.param(b"SELECT 1;\n", "SELECT 1;\n", id="as it is"),
        pytest.param(b"SELECT 1;\r\n\r\nSELECT 2;\r\n", "SELECT 1;\n\nSELECT 2;\n", id="CRLF"),
        pytest.param(codecs.BOM_UTF8 + b"SELECT 1;", "SELECT 1;", id="byte-order mark"),
        pytest.param(codecs.BOM_UTF8 + b"SELECT 1;\r\n", "SELECT 1;\n", id="byte-order mark and CRLF"),
        pytest.param("SELECT 'é';".encode(), "SELECT 'é';", id="letters beyond ASCII"),
        pytest.param(b"a\rb\n", "a\rb\n", id="a lone carriage return stays"),
        pytest.param(b"a\rb\r", "a\nb\n", id="CR"),
    ],
)
def test_the_text_of_a_file(data: bytes, text: str) -> None:
    assert decode(data, "m.sql") == text


@pytest.mark.parametrize(
    ("data", "place", "said"),
    [
        pytest.param("é".encode("latin-1"), "m.sql:1", NOT_UTF8, id="Latin-1"),
        pytest.param(b"SELECT 1;\r\n\nSELECT '\xe9';\n", "m.sql:3", NOT_UTF8, id="on a later line"),
        pytest.param(codecs.BOM_UTF8 + b"a\nb\n\xff", "m.sql:3", NOT_UTF8, id="behind a byte-order mark"),
        pytest.param("SELECT 1;".encode("utf-16"), "m.sql:1", NOT_UTF8, id="UTF-16"),
        pytest.param("SELECT 1;".encode("utf-16-le"), "m.sql:1", NUL, id="UTF-16 without its mark"),
        pytest.param(b"SELECT 1;\nSELECT '\0';", "m.sql:2", NUL, id="NUL"),
        pytest.param("a\ud800".encode("utf-8", "surrogatepass"), "m.sql:1", NOT_UTF8, id="half a surrogate pair"),
        pytest.param(b"\n\xff", "m.sql:2", NOT_UTF8, id="behind an empty line"),
        pytest.param(b"\n\0", "m.sql:2", NUL, id="NUL behind an empty line"),
        pytest.param(b"a\n\xc3", "m.sql:2", NOT_UTF8, id="cut off in a letter"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(data: bytes, place: str, said: tuple[str, str]) -> None:
    assert refused(decode, data, "m.sql") == [(place, *said)]


@given(TEXT)
@settings(deadline=None)
def test_neither_a_mark_nor_the_line_ends_change_the_text(text: str) -> None:
    assert decode(text.encode(), "m.sql") == text
    assert decode(codecs.BOM_UTF8 + text.encode(), "m.sql") == text
    assert decode(text.replace("\n", "\r\n").encode(), "m.sql") == text


@given(st.integers(0, 50), st.booleans(), st.sampled_from([b"\xff", b"\0"]))
@settings(deadline=None)
def test_the_line_is_that_of_the_first_bad_byte(lines: int, marked: bool, bad: bytes) -> None:
    data = codecs.BOM_UTF8 * marked + b"--\r\n" * lines + bad + b"\n" + bad
    ((place, _, _),) = refused(decode, data, "m.sql")
    assert place == f"m.sql:{lines + 1}"
