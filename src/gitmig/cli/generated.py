"""Write what is made from the code: docs/schemas, the table in docs/configuration.md, and docs/findings.md.

Run it with `python -m gitmig.cli.generated`; tests fail where something is stale.
"""

from __future__ import annotations

import json
import re
import sys
import types
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from gitmig.check.rules import RULES, Family
from gitmig.cli.explanation import markdown_examples, paragraphs
from gitmig.cli.shapes import SHAPES
from gitmig.config import CONFIG_FILE, KEYS, Form, Key

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[3]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
TABLE = re.compile(r"(?<=<!-- settings -->\n).*?(?=\n<!-- end of settings -->)", re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


class Definitions:
    """Schemas of types; those of the TypedDicts are gathered in `found`, by name."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}

    def schema(self, hint: Any) -> dict[str, Any]:
        """The schema of a type as it stands in an annotation."""
        if hint in PRIMITIVES:
            return {"type": PRIMITIVES[hint]}
        if is_typeddict(hint):
            self.found.setdefault(hint.__name__, self.table(hint))
            return {"$ref": f"#/$defs/{hint.__name__}"}
        return self._generic(get_origin(hint), get_args(hint))

    def _generic(self, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
        if origin is Annotated:
            return self._annotated(*arguments)
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin is list:
            return {"type": "array", "items": self.schema(arguments[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.schema(arguments[1])}
        if origin in {Union, types.UnionType}:
            return {"anyOf": [self.schema(argument) for argument in arguments]}
        raise TypeError(f"no schema is known for {origin!r} of {arguments!r}")

    def table(self, shape: Any) -> dict[str, Any]:
        """The schema of a TypedDict. It says nothing of other keys: what is not named is allowed."""
        hints = get_type_hints(shape, include_extras=True)
        return {
            "description": " ".join(shape.__doc__.split()),
            "type": "object",
            "properties": {key: self.schema(hint) for key, hint in hints.items()},
            "required": [key for key in hints if key in shape.__required_keys__],
        }

    def _annotated(self, hint: Any, note: Any) -> dict[str, Any]:
        if isinstance(note, type) and issubclass(note, Enum):
            return {"enum": [member.value for member in note]}
        return {"enum": list(note)}


def of_command(shape: Any, title: str) -> dict[str, Any]:
    """The schema of what a command prints: one object, or a list."""
    definitions = Definitions()
    root = definitions.table(shape) if is_typeddict(shape) else definitions.schema(shape)
    whole = {"$schema": DIALECT, "title": title, **root}
    return {**whole, "$defs": dict(sorted(definitions.found.items()))} if definitions.found else whole


TEXT = {"type": "string"}
FORMS: dict[Form, dict[str, Any]] = {
    Form.TEXT: TEXT,
    Form.TEXTS: {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]},
    Form.TRUTH: {"type": "boolean"},
    Form.TABLE: {"type": "object", "additionalProperties": TEXT},
}


def of_settings() -> dict[str, Any]:
    """The schema of gitmig.toml, where other keys are an error."""
    return {
        "$schema": DIALECT,
        "title": CONFIG_FILE,
        "description": f"The settings of a team: `{CONFIG_FILE}`, or `[tool.gitmig]` of a `pyproject.toml`.",
        "type": "object",
        "properties": {key.name: _of_key(key) for key in KEYS.values()},
        "additionalProperties": False,
    }


def _of_key(key: Key) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": LINK.sub(r"\1", key.meaning)}
    schema |= {"enum": list(key.words)} if key.words else FORMS[key.form]
    if key.default is not None:
        schema["default"] = key.default == "true" if key.form is Form.TRUTH else key.default
    return {**schema, "pattern": key.pattern} if key.pattern is not None else schema


def settings_table() -> str:
    """The keys as docs/configuration.md lists them."""
    rows = ["| `gitmig.toml` | `git config` | meaning | default |", "|---|---|---|---|"]
    for key in KEYS.values():
        first, *others = key.name.split("_")
        personal = first + "".join(other.capitalize() for other in others)
        quote = "" if key.form is Form.TRUTH else '"'
        default = key.otherwise if key.default is None else f"`{quote}{key.default}{quote}`"
        rows.append(f"| `{key.name}` | `gitmig.{personal}` | {key.meaning} | {default} |")
    return "\n".join(rows)


FINDINGS = """\
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


def findings_page() -> str:
    """The whole of docs/findings.md."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    yield FINDINGS
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


def generated() -> dict[Path, str]:
    """Path → text of everything that is made from the code."""
    schemas = {f"{name}.schema.json": of_command(shape, _title(name)) for name, shape in SHAPES.items()}
    schemas[f"{CONFIG_FILE}.schema.json"] = of_settings()
    texts = {
        TOP / "docs" / "schemas" / name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }
    page = TOP / "docs" / "configuration.md"
    texts[TOP / "docs" / "findings.md"] = findings_page()
    return {**texts, page: TABLE.sub(lambda _: settings_table(), page.read_text(encoding="utf-8"))}


def _title(name: str) -> str:
    words = name.split("-")
    return " ".join(
        ["gitmig", *(f"--{word}" if word in {"all", "explain", "rebuild"} else word for word in words), "--json"]
    )


def main() -> None:
    """Write what is stale, and remove schemas of what is no longer printed."""
    expected = generated()
    for path, text in expected.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"written: {path.relative_to(TOP)}\n")
    for path in set((TOP / "docs" / "schemas").glob("*.json")) - expected.keys():
        path.unlink()
        sys.stdout.write(f"removed: {path.relative_to(TOP)}\n")


if __name__ == "__main__":
    main()
