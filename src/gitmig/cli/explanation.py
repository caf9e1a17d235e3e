"""A rule in words: for a terminal, in Markdown, as JSON and for SARIF."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gitmig.check.rules import RULES
from gitmig.check.rules.registry import WhenProven
from gitmig.errors import UsageError

if TYPE_CHECKING:
    from gitmig.check.rules import CheckRule
    from gitmig.check.rules.registry import Example
    from gitmig.cli import shapes

    AnyRule = CheckRule[..., Any]

PROVEN = {
    WhenProven.GONE: "it goes",
    WhenProven.UNCERTAIN: "it is not certain: a scratch database has only the rows that migrations insert",
    WhenProven.NOTED: "it is a note",
}
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def find_rule(code: str) -> AnyRule:
    """The rule of a code, in capitals or not. Raises UsageError if there is none."""
    try:
        return RULES[code.upper()]
    except KeyError:
        alike = sorted(known for known in RULES if known[:3] == code.upper()[:3]) or sorted(RULES)
        raise UsageError(f"there is no finding {code}", hint=f"the codes are {', '.join(alike)}") from None


def as_text(rule: AnyRule) -> str:
    """As `gitmig check --explain` prints it."""
    heading = f"{rule.code} {rule.title} ({rule.severity.value})"
    examples = [
        "\n".join([title, *(f"  {line}" for line in str(example).splitlines())]) for title, example in _examples(rule)
    ]
    return "\n\n".join([heading, *(_plain(part) for part in paragraphs(rule)), *examples])


def as_json(rule: AnyRule) -> shapes.Explanation:
    """See docs/json.md."""
    return {
        "code": rule.code,
        "title": rule.title,
        "severity": rule.severity.value,
        "summary": _plain(rule.summary),
        "explanation": _plain(rule.explanation),
        "hint": _plain(rule.hint),
        "conflict": str(rule.conflict),
        "harmless": str(rule.harmless) if rule.harmless else None,
        "when_proven": rule.when_proven.value,
    }


def as_sarif(rule: AnyRule) -> dict[str, Any]:
    """A reportingDescriptor, with its help in it: `helpUri` would have to be absolute, and the page has no address."""
    words = [_plain(part) for part in paragraphs(rule)]
    return {
        "id": rule.code,
        "shortDescription": {"text": _plain(rule.summary)},
        "fullDescription": {"text": "\n\n".join(filter(None, [_plain(rule.summary), _plain(rule.explanation)]))},
        "help": {"text": as_text(rule), "markdown": "\n\n".join([*words, *markdown_examples(rule)])},
        "defaultConfiguration": {"level": rule.severity.value},  # SARIF has the same three words
    }


def paragraphs(rule: AnyRule) -> list[str]:
    """What it means and what to do, in Markdown; links are those of docs/findings.md."""
    parts = [rule.summary, rule.explanation, f"What to do: {rule.hint}."]
    if proven := PROVEN.get(rule.when_proven):
        parts.append(f"If a [proof](commands/check.md#proof) runs every order and all give one schema, {proven}.")
    return [part for part in parts if part]


def _examples(rule: AnyRule) -> list[tuple[str, Example]]:
    return [("Found:", rule.conflict), *([("Fine:", rule.harmless)] if rule.harmless else [])]


def markdown_examples(rule: AnyRule) -> list[str]:
    """What is found and what is fine, in Markdown."""
    return [f"{title}\n\n```sql\n{example}\n```" for title, example in _examples(rule)]


def _plain(markdown: str) -> str:
    """Each paragraph on one line, without links into the documentation; other links are written out."""
    words = LINK.sub(lambda link: f"{link[1]} ({link[2]})" if link[2].startswith("http") else link[1], markdown)
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in words.split("\n\n"))
