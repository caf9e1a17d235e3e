"""A rule in words."""

from __future__ import annotations

import pytest

from gitmig.check.rules import RULES
from gitmig.cli import explanation
from gitmig.cli.generated import findings_page
from gitmig.errors import UsageError
from tests.json_schemas import TOP


def test_links_of_the_page_lead_somewhere() -> None:
    targets = {link.partition("#")[0] for _, link in explanation.LINK.findall(findings_page())}
    docs = TOP / "docs"
    assert [target for target in targets if not target.startswith("http") and not (docs / target).exists()] == []


def test_a_code_is_found_in_small_letters_too() -> None:
    assert explanation.find_rule("gm205") is RULES["GM205"]


@pytest.mark.parametrize(
    ("code", "hint"), [("GM999", "the codes are GM101, "), ("GM599", "the codes are GM501, GM502")]
)
def test_an_unknown_code_is_refused_with_those_there_are(code: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        explanation.find_rule(code)
    assert error.value.message == f"there is no finding {code}"
    assert str(error.value.hint).startswith(hint)


def test_text() -> None:
    assert (
        explanation.as_text(RULES["GM204"])
        == """\
GM204 dropped twice (error)

Both sides drop the same: the second one to run finds nothing to drop.

What to do: take one of the two out: the second one to run finds nothing to drop.

If a proof runs every order and all give one schema, it goes.

Found:
  -- ours
  DROP TABLE posts;
  -- theirs
  DROP TABLE posts;
  CREATE TABLE likes (id int);

Fine:
  -- ours
  DROP TABLE IF EXISTS posts;
  -- theirs
  DROP TABLE IF EXISTS posts;
  CREATE TABLE likes (id int);"""
    )


def test_links_are_written_out_where_nobody_can_follow_them() -> None:
    assert "[" not in explanation.as_text(RULES["GM701"])
    assert explanation.as_json(RULES["GM701"])["summary"].startswith(
        "squawk (https://squawkhq.com), if it is installed"
    )
    assert explanation.as_json(RULES["GM302"])["hint"].startswith("give the file a name that the layout takes")


def test_json() -> None:
    assert explanation.as_json(RULES["GM206"]) == {
        "code": "GM206",
        "title": "named in a function body",
        "severity": "warning",
        "summary": "A PL/pgSQL function names what the other side drops or renames, or cannot insert any more.",
        "explanation": "PostgreSQL notices at the next call. What the function inserts it has to give all values for "
        "that the table wants, and to say ON CONFLICT of columns that are a unique key.",
        "hint": "write the function anew behind both: nothing fails before it is called",
        "conflict": str(RULES["GM206"].conflict),
        "harmless": str(RULES["GM206"].harmless),
        "when_proven": "uncertain",
    }
