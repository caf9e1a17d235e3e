"""The one door to the terminal: gitmig's own styles get through, nobody else's."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import gitmig.cli
from gitmig.cli import output

if TYPE_CHECKING:
    import pytest


def test_a_style_of_gitmigs_own_gets_through() -> None:
    assert output.printed(f"{output.styled('error:', fg='red')} x") == "\x1b[31merror:\x1b[0m x"


def test_who_has_set_no_color_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.printed(output.signed("+", "x\x1b[31m")) == "  + x\\x1b[31m"
    monkeypatch.setenv("NO_COLOR", "")
    assert output.printed(output.styled("x", bold=True)) == "\x1b[1mx\x1b[0m"


def test_a_strangers_does_not_not_even_inside_a_styled_piece() -> None:
    assert output.printed("\x1b[31mx") == "\\x1b[31mx"
    assert output.printed(output.styled("\x1b[8mhidden", bold=True)) == "\x1b[1m\\x1b[8mhidden\x1b[0m"


def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("table a\n+ table b")
    output.tell("x\r\ny")
    output.table(("one", "two"), [("a\tb", "c\nd")])
    assert capsys.readouterr() == ("table a\\n+ table b\na\\tb\tc\\nd\n", "x\\r\\ny\n")


def test_json_stays_what_it_is() -> None:
    value = {"name\x9b": "a\x1b[31m\n\u202eb\x7f", "list": ["ü", 1, None]}
    text = output.to_json(value)
    assert json.loads(text) == value
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


GENERATORS = {"generated.py"}  # run by hand, to write pages


def test_there_is_no_other_door() -> None:
    found = []
    for path in Path(gitmig.cli.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and path.name not in {"output.py", *GENERATORS}:
                called = ast.unparse(node.func)
                if re.fullmatch(r"print|click\.(echo|secho|style|confirm|prompt)|sys\.std(out|err)\.write", called):
                    found.append(f"{path.name}:{node.lineno} {called}")
    assert found == []
