"""Enums, composite types, domains, ranges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements, commented, dropped, of_kind
from gitmig.schema.names import literal

if TYPE_CHECKING:
    from gitmig.schema.definitions import Composite, Domain, Enum, Range


def _create_enum(name: str, enum: Enum, _context: Context) -> Statements:
    yield f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, enum.labels or ()))})"


def _alter_enum(name: str, old: Enum, new: Enum, _context: Context) -> Statements | Instead:
    before, after = list(old.labels or ()), list(new.labels or ())
    if [label for label in after if label in before] == before:
        return list(_additions(name, before, after))
    renamed = [(a, b) for a, b in zip(before, after) if a != b]
    if len(before) == len(after) and len(renamed) == 1 and renamed[0][1] not in before:
        return [f"ALTER TYPE {name} RENAME VALUE {literal(renamed[0][0])} TO {literal(renamed[0][1])}"]
    return Instead.REPLACE


def _additions(name: str, before: list[str], after: list[str]) -> Statements:
    remaining = set(before)
    for position, label in enumerate(after):
        if label in remaining:
            remaining.remove(label)
        elif position and remaining:
            yield f"ALTER TYPE {name} ADD VALUE {literal(label)} AFTER {literal(after[position - 1])}"
        elif remaining:
            yield f"ALTER TYPE {name} ADD VALUE {literal(label)} BEFORE {literal(before[0])}"
        else:
            yield f"ALTER TYPE {name} ADD VALUE {literal(label)}"


def _create_composite(name: str, composite: Composite, _context: Context) -> Statements:
    attributes = [_attribute(*attribute[:3]) for attribute in composite.attributes or ()]
    inside = ",".join(f"\n    {attribute}" for attribute in attributes)
    yield f"CREATE TYPE {name} AS ({inside}{chr(10) if inside else ''})"


def _attribute(name: str, type_: str, collation: str | None) -> str:
    return f"{name} {type_}{f' COLLATE {collation}' if collation else ''}"


def _attribute_comments(name: str, composite: Composite, _context: Context) -> Statements:
    for attribute, _, _, comment in composite.attributes or ():
        if comment is not None:
            yield commented(f"COLUMN {name}.{attribute}", comment)


def _alter_composite(name: str, old: Composite, new: Composite, context: Context) -> Statements | Instead:
    """ALTER TYPE can drop attributes anywhere and add them at the end."""
    before, after = old.attributes or (), new.attributes or ()
    names = [attribute[0] for attribute in after]
    kept = [attribute[0] for attribute in before if attribute[0] in names]
    if names[: len(kept)] != kept:
        return Instead.REPLACE
    old_by_name = {attribute[0]: attribute for attribute in before}
    changed = [one for one in after if one[0] in old_by_name and old_by_name[one[0]][1:3] != one[1:3]]
    if changed and _is_a_column(name, context):
        return Instead.REPLACE
    return list(_attribute_changes(name, old_by_name, after))


def _is_a_column(name: str, context: Context) -> bool:
    """PostgreSQL does not change attributes of a type that rows have in them."""
    from gitmig.schema.model import ObjectName

    dependents = context.found.dependents.get(ObjectName("composite type", name), {})
    return any(dependent.kind == "column" for dependent in dependents)


def _attribute_changes(name: str, before: dict[str, tuple], after: tuple[tuple, ...]) -> Statements:  # type: ignore[type-arg]
    for gone in sorted(before.keys() - {attribute[0] for attribute in after}):
        yield f"ALTER TYPE {name} DROP ATTRIBUTE {gone}"
    for attribute, type_, collation, comment in after:
        old = before.get(attribute)
        text = _attribute(attribute, type_, collation)
        if old is None:
            yield f"ALTER TYPE {name} ADD ATTRIBUTE {text}"
        elif old[1:3] != (type_, collation):
            yield f"ALTER TYPE {name} ALTER ATTRIBUTE {attribute} TYPE {_attribute('', type_, collation).strip()}"
        if (old[3] if old else None) != comment:
            yield commented(f"COLUMN {name}.{attribute}", comment)


def _create_domain(name: str, domain: Domain, _context: Context) -> Statements:
    text = f"CREATE DOMAIN {name} AS {domain.type}"
    text += f" COLLATE {domain.collation}" if domain.collation else ""
    text += f" DEFAULT {domain.default}" if domain.default is not None else ""
    named = [json.loads(constraint) for constraint in domain.constraints or ()]
    if domain.not_null and not any(definition.startswith("NOT NULL") for _, definition, _ in named):
        text += " NOT NULL"
    clauses = [
        f" CONSTRAINT {constraint} {definition}" for constraint, definition, _ in named if "NOT VALID" not in definition
    ]
    yield text + "".join(clauses)
    for constraint, definition, _ in named:
        if "NOT VALID" in definition:
            yield f"ALTER DOMAIN {name} ADD CONSTRAINT {constraint} {definition}"


def _domain_comments(name: str, domain: Domain, _context: Context) -> Statements:
    for constraint, _, comment in map(json.loads, domain.constraints or ()):
        if comment is not None:
            yield commented(f"CONSTRAINT {constraint} ON DOMAIN {name}", comment)


def _alter_domain(name: str, old: Domain, new: Domain, _context: Context) -> Statements | Instead:
    if (old.type, old.collation) != (new.type, new.collation):
        return Instead.REPLACE
    return list(_domain_changes(name, old, new))


def _domain_changes(name: str, old: Domain, new: Domain) -> Statements:
    before = {one[0]: one for one in map(json.loads, old.constraints or ())}
    after = {one[0]: one for one in map(json.loads, new.constraints or ())}
    for constraint, (_, definition, _) in before.items():
        if constraint not in after or after[constraint][1] != definition:
            if definition == (after.get(constraint) or [""] * 2)[1] + " NOT VALID":
                yield f"ALTER DOMAIN {name} VALIDATE CONSTRAINT {constraint}"
            else:
                yield f"ALTER DOMAIN {name} DROP CONSTRAINT {constraint}"
    if old.default != new.default:
        yield f"ALTER DOMAIN {name} {'DROP DEFAULT' if new.default is None else f'SET DEFAULT {new.default}'}"
    named = any(one[1].startswith("NOT NULL") for one in [*before.values(), *after.values()])
    if old.not_null != new.not_null and not named:
        yield f"ALTER DOMAIN {name} {'SET' if new.not_null else 'DROP'} NOT NULL"
    for constraint, (_, definition, comment) in after.items():
        there = before.get(constraint)
        if (there is None or there[1] != definition) and not (there and there[1] == definition + " NOT VALID"):
            yield f"ALTER DOMAIN {name} ADD CONSTRAINT {constraint} {definition}"
            there = None
        if (there[2] if there else None) != comment:
            yield commented(f"CONSTRAINT {constraint} ON DOMAIN {name}", comment)


# A canonical function needs the type, and the type the function.
def _create_range(name: str, range_: Range, _context: Context) -> Statements:
    properties = [f"SUBTYPE = {range_.subtype}", f"SUBTYPE_OPCLASS = {range_.operator_class}"]
    properties += [f"COLLATION = {range_.collation}"] if range_.collation else []
    properties += [f"SUBTYPE_DIFF = {range_.difference}"] if range_.difference != "-" else []
    properties.append(f"MULTIRANGE_TYPE_NAME = {range_.multirange}")
    yield f"CREATE TYPE {name} AS RANGE ({', '.join(properties)})"


RULES = {
    "enum": Rule(create=_create_enum, drop=dropped("TYPE"), alter=_alter_enum, subject=of_kind("TYPE")),
    "composite type": Rule(
        create=_create_composite,
        drop=dropped("TYPE"),
        alter=_alter_composite,
        settings=_attribute_comments,
        subject=of_kind("TYPE"),
    ),
    "domain": Rule(
        create=_create_domain,
        drop=dropped("DOMAIN"),
        alter=_alter_domain,
        settings=_domain_comments,
        subject=of_kind("DOMAIN"),
    ),
    "range": Rule(
        create=_create_range,
        drop=dropped("TYPE"),
        subject=of_kind("TYPE"),
        covers=lambda range_: range_.canonical == "-",
    ),
}
