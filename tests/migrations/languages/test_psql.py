"""Commands of psql in a script."""

from __future__ import annotations

import pytest

from gitmig.migrations.languages.sql import flaws, without_restrict

DUMP = "\\restrict kX9\nSET x = 1;\nCREATE TABLE t ();\n\\unrestrict kX9\n"


def test_what_a_dump_says_to_psql_is_passed_over_at_unchanged_positions() -> None:
    text = without_restrict(DUMP)
    assert text == DUMP.replace("\\restrict kX9", " " * 13).replace("\\unrestrict kX9", " " * 15)
    assert flaws(text, True) == []


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("SELECT 1;\n\\i other.sql\n", "\\i is a command of psql", "put what that file says"),
        ("\\connect app\nSELECT 1;", "\\connect is a command of psql", "remove it: gitmig runs each script"),
        ("\\copy t FROM 'x'", "\\copy is a command of psql", "write the rows as INSERT"),
        ("\\if true\nSELECT 1;\n\\endif", "\\if is a command of psql", "use a DO block"),
        ("\\timing on", "\\timing is a command of psql", "remove it: it is for people"),
    ],
)
def test_others_are_named(text: str, message: str, hint: str) -> None:
    flaw, *others = flaws(without_restrict(text), True)
    assert [one.message.split()[0] for one in others] == (["\\endif"] if "endif" in text else []), "every one of them"
    assert flaw.message.startswith(message)
    assert flaw.hint.startswith(hint)
    assert text[flaw.offset :].lstrip().startswith("\\")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '\n\\i other.sql\n';",
        "SELECT $$\n\\restrict x\n$$;",
        "/*\n\\i x\n*/ SELECT 1;",
        "SELECT E'a\\nb';",
        'SELECT "\n\\d";',
    ],
)
def test_a_backslash_in_a_string_or_comment_is_none(text: str) -> None:
    assert without_restrict(text) == text
    assert flaws(text, True) == []
