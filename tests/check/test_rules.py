"""The registry of rules is whole: what is printed is in it, what is in it is printed, and its examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

import gitmig
from gitmig.check.findings import Severity
from gitmig.check.rules import PAIR_RULES, RULES, SIDE_RULES, Family
from gitmig.check.rules.merged import two_folders
from gitmig.check.rules.registry import Example, rule
from tests.check.golden import Case, read_cases

SOURCES = {path: path.read_text(encoding="utf-8") for path in Path(gitmig.__file__).parent.rglob("*.py")}
REGISTRY = next(path for path in SOURCES if path.match("check/rules/registry.py"))
# What can be said of scripts alone: no folders, no proof, no source code, no squawk.
STATIC = sorted(
    code
    for code, found in RULES.items()
    if found.family in {Family.SETS, Family.OBJECTS, Family.MERGED, Family.UNSEEN} and found is not two_folders
)


def codes(example: Example) -> set[str]:
    case = Case.parse({"base": whole(example.base), "ours": whole(example.ours), "theirs": whole(example.theirs)})
    return {finding.code for finding in case.findings()}


def whole(scripts: object) -> object:
    """An example's scripts as a case has them: with sections of their own, the text is the file."""
    if isinstance(scripts, dict):
        return {name: {"whole": text} if "migrate:" in str(text) else text for name, text in scripts.items()}
    return scripts or {}


@pytest.mark.parametrize("code", STATIC)
def test_the_example_of_a_rule_is_found(code: str) -> None:
    assert code in codes(RULES[code].conflict)


@pytest.mark.parametrize("code", STATIC)
def test_the_harmless_example_is_not_found(code: str) -> None:
    harmless = RULES[code].harmless
    assert harmless is not None
    assert code not in codes(harmless)


def test_two_folders_are_found() -> None:
    sides = Case.parse({}).sides()
    assert list(two_folders(sides)) == []
    split = replace(sides, merge=replace(sides.merge, folders=("a", "b")))
    assert [found.message for found in two_folders(split)] == ["after the merge there are migrations in a and in b"]


def test_every_rule_about_scripts_has_a_golden_case() -> None:
    expected = "".join(case.expected for case in read_cases().values())
    assert sorted(set(re.findall(r"^GM\d+", expected, re.MULTILINE))) == STATIC


def test_two_rules_cannot_have_one_code() -> None:
    register = rule("GM101", "again", Severity.ERROR, hint="take another one", conflict=Example())
    with pytest.raises(ValueError, match="two rules have the code GM101"):
        register(lambda: None)


def test_only_the_registry_makes_findings() -> None:
    assert [path for path, text in SOURCES.items() if re.search(r"(?<!class )(?<![\w.])Finding\(", text)] == [REGISTRY]


def test_a_code_is_written_where_its_rule_is_and_nowhere_else() -> None:
    written = [code for text in SOURCES.values() for code in re.findall(r'"(GM[1-9]\d\d)"', text)]
    assert sorted(written) == sorted(RULES)


@pytest.mark.parametrize("code", sorted(RULES))
def test_every_rule_is_asked(code: str) -> None:
    asked = RULES[code]
    name = asked.find.__name__
    imported = re.compile(rf"^from [\w.]+ import (?:\([^)]*|.*)\b{name}\b", re.MULTILINE)
    called = [path for path, text in SOURCES.items() if imported.search(text)]
    assert asked in SIDE_RULES or asked in PAIR_RULES or called


def test_rules_of_pairs_are_tried_in_the_order_of_their_codes() -> None:
    tried = [one.code for one in PAIR_RULES]
    assert tried == sorted(tried)
    assert tried == [code for code in sorted(RULES) if RULES[code].family is Family.OBJECTS]
