"""What gitmig prints with `--json`, held against docs/schemas."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jsonschema.protocols import Validator

TOP = Path(__file__).parents[1]
SCHEMAS = TOP / "docs" / "schemas"


@functools.cache
def validator(name: str, *, closed: bool = False) -> Validator:
    """What validates against a schema; `closed`: keys that the schema does not name are errors, too."""
    from jsonschema import Draft202012Validator

    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    if closed:
        close(schema)
    return Draft202012Validator(schema)


def close(schema: Any) -> None:
    """Allow no other keys than those that are named, here and below."""
    if isinstance(schema, list):
        for one in schema:
            close(one)
    elif isinstance(schema, dict):
        if "properties" in schema:
            schema["additionalProperties"] = False
        for one in schema.values():
            close(one)


def schema_of(arguments: Sequence[str]) -> str | None:
    """The name of the schema for what `gitmig ARGUMENTS` prints; None if that is no JSON of gitmig's."""
    words = list(arguments[2:] if arguments[:1] == ["-C"] else arguments)
    if "--json" not in words and words[:1] + words[-2:] != ["check", "--format", "json"]:
        return None
    command = words[0]
    variants = (
        ("check", "--all"),
        ("check", "--explain"),
        ("status", "--doctor"),
        ("sync", "--rebuild"),
        ("kept", "show"),
        ("db", "list"),
    )
    for name, word in variants:
        if command == name and word in words:
            return f"{name}-{word.removeprefix('--')}"
    return command


def check_output(arguments: Sequence[str], out: str) -> None:
    """Fail if gitmig's output is not what its schema says; it is empty after an error."""
    if out and (name := schema_of(arguments)) is not None:
        validator(name, closed=True).validate(json.loads(out))
