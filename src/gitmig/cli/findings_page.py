"""Print docs/findings.md, made from the rules.

Run it with `python -m gitmig.cli.findings_page > docs/findings.md`; a test fails where the page is stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.rules import RULES, Family
from gitmig.cli.explanation import markdown_examples, paragraphs
from gitmig.cli.output import say_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """\
# Findings

What [`gitmig check`](commands/check.md) may say about two sides, by code. The codes are stable.
`gitmig check --explain GM205` prints one section. This page is made from the rules themselves: see
[how to add a rule](../CONTRIBUTING.md#how-to-add).

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


def page() -> str:
    """The whole of docs/findings.md."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    yield HEAD
    for family in Family:
        yield f"## {family.title}\n"
        if note := NOTES.get(family):
            yield f"{note}\n"
        for code in sorted(RULES):
            rule = RULES[code]
            if rule.family is family:
                first, *others = paragraphs(rule)
                yield f"### {code} {rule.title}\n\n{rule.severity.value.capitalize()}. {first}\n"
                yield from (f"{part}\n" for part in [*others, *markdown_examples(rule)])


if __name__ == "__main__":
    say_exactly(page().removesuffix("\n"))
