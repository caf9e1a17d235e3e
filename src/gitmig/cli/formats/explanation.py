"""A rule in words: for a terminal, as JSON, for SARIF, and as the page docs/findings.md.

`python -m gitmig.cli.formats.explanation` prints the page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gitmig.check.rules import RULES, Family
from gitmig.check.rules.registry import WhenProven
from gitmig.cli.output import say_exactly
from gitmig.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.rules import CheckRule
    from gitmig.check.rules.registry import Example
    from gitmig.cli import shapes

    AnyRule = CheckRule[..., Any]

LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
PAGE = """\
# Findings

What [`gitmig check`](commands/check.md) may say about two sides, by code. The codes are stable.
`gitmig check --explain GM205` prints one section. This page is made from the rules themselves: see
[architecture](architecture.md).

| severity | meaning |
|---|---|
| error | the two sides cannot live together: one order fails, or the orders give two schemas |
| warning | both orders run, and something may be wrong nevertheless: rows, functions, downs |
| note | worth knowing |

A finding that is *not certain* says why: it hangs on values, on types, or on code that runs only under a condition.

In the examples *ours* is the branch, *theirs* the base's tip. Both have the tables `comments (id, post_id, contents,
author)` and `posts (id, title, slug)`. More of them, with the exact answers, are in `tests/check/cases/`.
"""
NOTES = {Family.PROVEN: "Only with [`--prove`](commands/check.md#proof), which also decides about other findings."}


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
    return "\n\n".join([heading, *(_plain(part) for part in _paragraphs(rule)), *examples])


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
        "when_proven": rule.when_proven.name.lower(),
    }


def as_sarif(rule: AnyRule) -> dict[str, Any]:
    """A reportingDescriptor, with its help in it: `helpUri` would have to be absolute, and the page has no address."""
    words = [_plain(part) for part in _paragraphs(rule)]
    return {
        "id": rule.code,
        "shortDescription": {"text": _plain(rule.summary)},
        "fullDescription": {"text": "\n\n".join(filter(None, [_plain(rule.summary), _plain(rule.explanation)]))},
        "help": {"text": as_text(rule), "markdown": "\n\n".join([*words, *_markdown_examples(rule)])},
        "defaultConfiguration": {"level": rule.severity.value},  # SARIF has the same three words
    }


def page() -> str:
    """The whole of docs/findings.md."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield PAGE
    for family in Family:
        yield f"## {family.title}\n"
        if note := NOTES.get(family):
            yield f"{note}\n"
        for code in sorted(RULES):
            rule = RULES[code]
            if rule.family is family:
                first, *others = _paragraphs(rule)
                yield f"### {code} {rule.title}\n\n{rule.severity.value.capitalize()}. {first}\n"
                yield from (f"{part}\n" for part in [*others, *_markdown_examples(rule)])


def _paragraphs(rule: AnyRule) -> list[str]:
    parts = [rule.summary, rule.explanation, f"What to do: {rule.hint}."]
    if rule.when_proven is not WhenProven.KEPT:
        proof = "[proof](commands/check.md#proof)"
        parts.append(f"If a {proof} runs every order and all give one schema, {rule.when_proven.value}.")
    return [part for part in parts if part]


def _examples(rule: AnyRule) -> list[tuple[str, Example]]:
    return [("Found:", rule.conflict), *([("Fine:", rule.harmless)] if rule.harmless else [])]


def _markdown_examples(rule: AnyRule) -> list[str]:
    return [f"{title}\n\n```sql\n{example}\n```" for title, example in _examples(rule)]


def _plain(markdown: str) -> str:
    """Each paragraph on one line, without links into the documentation; other links are written out."""
    words = LINK.sub(lambda link: f"{link[1]} ({link[2]})" if link[2].startswith("http") else link[1], markdown)
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in words.split("\n\n"))


if __name__ == "__main__":
    say_exactly(page().removesuffix("\n"))
