"""Schemas, extensions, and what hangs on objects of any kind: dependencies on extensions, security labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.kinds.kind import Context, Definition, Json, Query, Statements, sql
from gitmig.schema.kinds.privileges import ON_SCHEMA
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.scope import FIRST_OID, NO_ADDRESS, OURS, address, comment, grants, own, some

if TYPE_CHECKING:
    from typing_extensions import Self


class Schema(Definition):
    """A schema."""

    KIND = ObjectKind.SCHEMA
    RIGHTS = ON_SCHEMA
    QUERY = Query(
        name="quote_ident(n.nspname)",
        grants=grants("n.nspacl", "n", "n.nspowner"),
        comment=comment("pg_namespace", "n.oid"),
        address=address("pg_namespace", "n.oid"),
        source=f"pg_namespace n WHERE {OURS} AND {own('pg_namespace', 'n.oid')}",
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"CREATE SCHEMA {name.name}"


class Extension(Definition):
    """An extension. A dump names no version, as a newer server may bring a newer one, and takes plpgsql for granted."""

    schema: str = sql("quote_ident(n.nspname)")

    KIND = ObjectKind.EXTENSION
    QUERY = Query(
        name="quote_ident(e.extname)",
        comment=comment("pg_extension", "e.oid"),
        address=address("pg_extension", "e.oid"),
        source=f"pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.oid >= {FIRST_OID}",
        rare=some("pg_extension"),
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        """Some extensions make their schema themselves."""
        there = ObjectName(ObjectKind.SCHEMA, self.schema) in context.wanted.items
        yield f"CREATE EXTENSION {name.name}{f' SCHEMA {self.schema}' if there else ''}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER EXTENSION {name.name} SET SCHEMA {self.schema}"


class ExtensionDependency(Definition):
    """ALTER … DEPENDS ON EXTENSION, which a dump has for these kinds."""

    kind: str

    KIND = ObjectKind.EXTENSION_DEPENDENCY
    QUERY = Query(
        name="i.identity || '.' || quote_ident(e.extname)",
        text="i.type",
        address=NO_ADDRESS,
        source="""pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'x',
  pg_identify_object(d.classid, d.objid, d.objsubid) i""",
    )

    @classmethod
    def read(cls, values: Json) -> Self:
        return cls(values)

    def is_covered(self) -> bool:
        return False


class SecurityLabel(Definition):
    """A label of a provider on an object."""

    kind: str = sql("i.type")
    label: str = sql("l.label")

    KIND = ObjectKind.SECURITY_LABEL
    QUERY = Query(
        name="i.identity || '.' || quote_ident(l.provider)",
        address=NO_ADDRESS,
        source="""pg_seclabel l LEFT JOIN pg_class c ON l.classoid = 'pg_class'::regclass AND c.oid = l.objoid,
  pg_identify_object(l.classoid, l.objoid, l.objsubid) i
WHERE c.relispartition IS NOT TRUE AND NOT EXISTS (
  SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = l.classoid AND m.objid = l.objoid)""",
        rare=some("pg_seclabel", "true"),
    )

    def is_covered(self) -> bool:
        return False
