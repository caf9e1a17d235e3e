"""Enums, composite types, domains, ranges, base types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from gitmig.schema.kinds.kind import Context, Definition, Instead, Json, Names, Query, Self, Statements, commented, sql
from gitmig.schema.kinds.privileges import ON_TYPE
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import literal
from gitmig.schema.scope import FIRST_OID, OURS, comment, grants, listing, named, own, some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FROM = f"pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {OURS} AND {own('pg_type', 't.oid')}"


def _types(source: str, rare: str) -> Query:
    return Query(
        name="quote_ident(n.nspname) || '.' || quote_ident(t.typname)",
        grants=grants("t.typacl", "T", "t.typowner"),
        of="pg_type t",
        source=f"{FROM} {source}",
        rare=rare,
    )


class EnumType(Definition):
    """An enum."""

    labels: Names | None = sql(
        "(SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)"
    )

    KIND = ObjectKind.ENUM
    SPACES = ("type",)
    WORD = "TYPE"
    RIGHTS = ON_TYPE
    QUERY = _types("WHERE t.typtype = 'e'", some("pg_type", f"oid >= {FIRST_OID} AND typtype = 'e'"))

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"CREATE TYPE {name.name} AS ENUM ({', '.join(map(literal, self.labels or ()))})"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        before, after = old.labels or (), self.labels or ()
        if tuple(label for label in after if label in before) == before:
            return _additions(name.name, before, after)
        renamed = [(a, b) for a, b in zip(before, after) if a != b]
        if len(before) == len(after) and len(renamed) == 1 and renamed[0][1] not in before:
            return [f"ALTER TYPE {name.name} RENAME VALUE {literal(renamed[0][0])} TO {literal(renamed[0][1])}"]
        return Instead.REPLACE


def _additions(name: str, before: Names, after: Names) -> Statements:
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


class Attribute(NamedTuple):
    """An attribute of a row type."""

    name: str
    type: str
    collation: str | None
    comment: str | None

    @property
    def full_type(self) -> str:
        """Type and collation."""
        return f"{self.type}{f' COLLATE {self.collation}' if self.collation else ''}"


class CompositeType(Definition):
    """A row type. Unlike in a table, the order of the attributes counts."""

    attributes: tuple[Attribute, ...] = (
        sql(f"""(SELECT jsonb_agg(jsonb_build_array(quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attcollation <> b.typcollation THEN a.attcollation::regcollation END,
              {comment("pg_class", "c.oid", "a.attnum")}) ORDER BY a.attnum)
            FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)""")
    )

    KIND = ObjectKind.COMPOSITE_TYPE
    SPACES = ("relation", "type")
    WORD = "TYPE"
    RIGHTS = ON_TYPE
    QUERY = _types(
        "JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' WHERE t.typtype = 'c'",
        some("pg_class", f"oid >= {FIRST_OID} AND relkind = 'c'"),
    )

    @classmethod
    def read(cls, values: Json) -> Self:
        return cls(tuple(Attribute(*one) for one in values[0] or ()))

    def create(self, name: ObjectName, context: Context) -> Statements:
        inside = ",".join(f"\n    {one.name} {one.full_type}" for one in self.attributes)
        yield f"CREATE TYPE {name.name} AS ({inside}{chr(10) if inside else ''})"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        for one in self.attributes:
            if one.comment is not None:
                yield commented(f"COLUMN {name.name}.{one.name}", one.comment)

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        """ALTER TYPE can drop attributes anywhere and add them at the end.

        PostgreSQL does not change attributes of a type that rows have in them.
        """
        before = {one.name: one for one in old.attributes}
        names = [one.name for one in self.attributes]
        kept = [name for name in before if name in names]
        if names[: len(kept)] != kept:
            return Instead.REPLACE
        changed = any(one.name in before and before[one.name].full_type != one.full_type for one in self.attributes)
        if changed and any(one.kind is ObjectKind.COLUMN for one in context.found.dependents.get(name, ())):
            return Instead.REPLACE
        return _attribute_changes(name.name, before, self.attributes)


def _attribute_changes(name: str, before: Mapping[str, Attribute], after: Sequence[Attribute]) -> Statements:
    for gone in sorted(before.keys() - {one.name for one in after}):
        yield f"ALTER TYPE {name} DROP ATTRIBUTE {gone}"
    for one in after:
        old = before.get(one.name)
        if old is None:
            yield f"ALTER TYPE {name} ADD ATTRIBUTE {one.name} {one.full_type}"
        elif old.full_type != one.full_type:
            yield f"ALTER TYPE {name} ALTER ATTRIBUTE {one.name} TYPE {one.full_type}"
        if (old and old.comment) != one.comment:
            yield commented(f"COLUMN {name}.{one.name}", one.comment)


class DomainConstraint(NamedTuple):
    """A constraint of a domain."""

    name: str
    definition: str
    comment: str | None

    @property
    def is_not_null(self) -> bool:
        """NOT NULL of a domain has a name in the catalogs since PostgreSQL 17, and in a dump since 18."""
        return self.definition.startswith("NOT NULL")


DOMAIN_CONSTRAINT = (
    f"jsonb_build_array(quote_ident(o.conname), pg_get_constraintdef(o.oid), {comment('pg_constraint', 'o.oid')})::text"
)
SINCE_18 = "current_setting('server_version_num')::int >= 180000"


class Domain(Definition):
    """A domain.

    The text of a default depends on the search path of whoever wrote it; only base types have nothing better.
    """

    type: str = sql("format_type(t.typbasetype, t.typtypmod)")
    not_null: bool = sql("t.typnotnull")
    default: str | None = sql("coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault)")
    collation: str | None = sql(
        "(SELECT t.typcollation::regcollation FROM pg_type b "
        "WHERE b.oid = t.typbasetype AND b.typcollation <> t.typcollation)"
    )
    constraints: tuple[DomainConstraint, ...] = sql(
        listing(
            DOMAIN_CONSTRAINT,
            f"pg_constraint o WHERE o.contypid = t.oid AND (o.contype = 'c' OR o.contype = 'n' AND {SINCE_18})",
        )
    )

    KIND = ObjectKind.DOMAIN
    SPACES = ("type",)
    RIGHTS = ON_TYPE
    QUERY = _types("WHERE t.typtype = 'd'", some("pg_type", f"oid >= {FIRST_OID} AND typtype = 'd'"))

    @classmethod
    def read(cls, values: Json) -> Self:
        type_, not_null, default, collation, constraints = values
        found = tuple(DomainConstraint(*json.loads(one)) for one in constraints or ())
        return cls(type_, not_null, default, collation, found)

    def create(self, name: ObjectName, context: Context) -> Statements:
        text = f"CREATE DOMAIN {name.name} AS {self.type}"
        text += f" COLLATE {self.collation}" if self.collation else ""
        text += f" DEFAULT {self.default}" if self.default is not None else ""
        if self.not_null and not any(one.is_not_null for one in self.constraints):
            text += " NOT NULL"
        clauses = [
            f" CONSTRAINT {one.name} {one.definition}" for one in self.constraints if "NOT VALID" not in one.definition
        ]
        yield text + "".join(clauses)
        for one in self.constraints:
            if "NOT VALID" in one.definition:
                yield f"ALTER DOMAIN {name.name} ADD CONSTRAINT {one.name} {one.definition}"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        for one in self.constraints:
            if one.comment is not None:
                yield commented(f"CONSTRAINT {one.name} ON DOMAIN {name.name}", one.comment)

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if (old.type, old.collation) != (self.type, self.collation):
            return Instead.REPLACE
        return self._changes(old, name.name)

    def _changes(self, old: Self, name: str) -> Statements:
        before, after = ({one.name: one for one in side.constraints} for side in (old, self))
        for one in before.values():
            yield from _left_constraint(name, one, after.get(one.name))
        if old.default != self.default:
            yield f"ALTER DOMAIN {name} {'DROP DEFAULT' if self.default is None else f'SET DEFAULT {self.default}'}"
        if old.not_null != self.not_null and not any(one.is_not_null for one in (*old.constraints, *self.constraints)):
            yield f"ALTER DOMAIN {name} {'SET' if self.not_null else 'DROP'} NOT NULL"
        for one in after.values():
            yield from _reached_constraint(name, one, before.get(one.name))


def _left_constraint(domain: str, old: DomainConstraint, new: DomainConstraint | None) -> Statements:
    """What becomes of a constraint that the domain has: it is dropped, or validated, or stays."""
    if new is not None and old.definition == new.definition + " NOT VALID":
        yield f"ALTER DOMAIN {domain} VALIDATE CONSTRAINT {old.name}"
    elif new is None or old.definition != new.definition:
        yield f"ALTER DOMAIN {domain} DROP CONSTRAINT {old.name}"


def _reached_constraint(domain: str, new: DomainConstraint, old: DomainConstraint | None) -> Statements:
    """How the domain comes to a constraint that it shall have, with its comment."""
    comment = old.comment if old else None
    if old is None or old.definition not in {new.definition, new.definition + " NOT VALID"}:
        yield f"ALTER DOMAIN {domain} ADD CONSTRAINT {new.name} {new.definition}"
        comment = None
    if comment != new.comment:
        yield commented(f"CONSTRAINT {new.name} ON DOMAIN {domain}", new.comment)


class Range(Definition):
    """A range type; functions as `-` where there are none."""

    subtype: str = sql("r.rngsubtype::regtype")
    canonical: str = sql("r.rngcanonical")
    difference: str = sql("r.rngsubdiff")
    operator_class: str = sql(named("pg_opclass", "opcname", "opcnamespace", "r.rngsubopc"))
    collation: str | None = sql("nullif(r.rngcollation, 0)::regcollation")
    multirange: str = sql("r.rngmultitypid::regtype")

    KIND = ObjectKind.RANGE
    SPACES = ("type",)
    WORD = "TYPE"
    RIGHTS = ON_TYPE
    QUERY = _types(
        "JOIN pg_range r ON r.rngtypid = t.oid WHERE t.typtype = 'r'", some("pg_range", f"rngtypid >= {FIRST_OID}")
    )

    def constructors(self, name: str) -> list[tuple[str, str]]:
        """Names and arguments of the functions that make ranges, as far as a successor may have the same ones."""
        return [
            (self.multirange, ""),
            (name, f"{self.subtype}, {self.subtype}"),
            (name, f"{self.subtype}, {self.subtype}, text"),
        ]

    def is_covered(self) -> bool:
        """A canonical function needs the type, and the type the function."""
        return self.canonical == "-"

    def create(self, name: ObjectName, context: Context) -> Statements:
        properties = [f"SUBTYPE = {self.subtype}", f"SUBTYPE_OPCLASS = {self.operator_class}"]
        properties += [f"COLLATION = {self.collation}"] if self.collation else []
        properties += [f"SUBTYPE_DIFF = {self.difference}"] if self.difference != "-" else []
        properties.append(f"MULTIRANGE_TYPE_NAME = {self.multirange}")
        yield f"CREATE TYPE {name.name} AS RANGE ({', '.join(properties)})"


# An array type is what exactly one other type points to.
MORE_THAN_ARRAYS = f"""
(SELECT count(*) FROM pg_catalog.pg_type WHERE oid >= {FIRST_OID} AND typtype IN ('b', 'p'))
  <> (SELECT count(*) FROM pg_catalog.pg_type WHERE oid >= {FIRST_OID} AND typarray <> 0)
"""


class BaseType(Definition):
    """A base type. Its functions need the type, and the type the functions.

    Every type has an array type, which is no object of its own; a pseudo-type is one that was only announced.
    """

    length: int = sql("t.typlen")
    by_value: bool = sql("t.typbyval")
    category: str = sql("t.typcategory")
    preferred: bool = sql("t.typispreferred")
    delimiter: str = sql("t.typdelim")
    input: str = sql("t.typinput")
    output: str = sql("t.typoutput")
    receive: str = sql("t.typreceive")
    send: str = sql("t.typsend")
    modifier_input: str = sql("t.typmodin")
    modifier_output: str = sql("t.typmodout")
    analyze: str = sql("t.typanalyze")
    subscript: str = sql("t.typsubscript")
    element: str | None = sql("nullif(t.typelem, 0)::regtype")
    alignment: str = sql("t.typalign")
    storage: str = sql("t.typstorage")
    default: str | None = sql("coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault)")
    collatable: bool = sql("t.typcollation <> 0")

    KIND = ObjectKind.BASE_TYPE
    COVERED = False
    WORD = "TYPE"
    RIGHTS = ON_TYPE
    QUERY = _types(
        "LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid "
        "WHERE t.typtype IN ('b', 'p') AND e.oid IS NULL",
        MORE_THAN_ARRAYS,
    )
