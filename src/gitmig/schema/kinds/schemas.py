"""Schemas, extensions, and what hangs on objects of any kind: dependencies on extensions, security labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.schema.kinds.kind import Context, Definition, Query, Self, Statements, sql
from gitmig.schema.kinds.privileges import ON_SCHEMA
from gitmig.schema.model import ObjectKind, ObjectName, Tie
from gitmig.schema.names import parent
from gitmig.schema.scope import FIRST_OID, OURS, grants, own, some

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

LAST = re.compile(r'\.("(?:[^"]|"")*"|[^."]+)$')


class Namespace(Definition):
    """A schema."""

    KIND = ObjectKind.SCHEMA
    RIGHTS = ON_SCHEMA
    QUERY = Query(
        name="quote_ident(n.nspname)",
        grants=grants("n.nspacl", "n", "n.nspowner"),
        of="pg_namespace n",
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
        of="pg_extension e",
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
    """ALTER … DEPENDS ON EXTENSION: an object is dropped with the extension.

    The name is that of the object, then the extension's. A dump has these for routines, triggers, indexes and
    materialized views; `kind` is theirs.
    """

    kind: ObjectKind

    KIND = ObjectKind.EXTENSION_DEPENDENCY
    QUERY = Query(
        name="i.identity || '.' || quote_ident(e.extname)",
        text="i.type",
        source="""pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'x',
  pg_identify_object(d.classid, d.objid, d.objsubid) i""",
        rare=some("pg_depend", "refclassid = 'pg_extension'::regclass AND deptype = 'x'"),
    )

    @classmethod
    def read_text(cls, text: str) -> Self:
        return cls(ObjectKind(text))

    def needs(self, name: ObjectName, items: Collection[ObjectName]) -> Iterator[tuple[ObjectName, Tie]]:
        """`pg_identify_object` has names of its own: `g on s.t`, `s.i` without the table, `pg_catalog.text[]`."""
        identity, extension = _split_last(name)
        yield ObjectName(ObjectKind.EXTENSION, extension), Tie.NEEDS
        if self.kind is ObjectKind.INDEX:
            alike = (one for one in items if one.kind is self.kind and f"{parent(one.parent)}.{one.last}" == identity)
            yield from ((one, Tie.GOES_ALONG) for one in alike)
        elif self.kind is ObjectKind.TRIGGER:
            trigger, _, table = identity.rpartition(" on ")
            yield ObjectName(self.kind, f"{table}.{trigger}"), Tie.GOES_ALONG
        else:
            yield ObjectName(self.kind, identity.replace("pg_catalog.", "")), Tie.GOES_ALONG

    def _alter(self, name: ObjectName, verb: str) -> str:
        identity, extension = _split_last(name)
        word = "ROUTINE" if self.kind is ObjectKind.AGGREGATE else self.kind.value.upper()
        if self.kind is ObjectKind.TRIGGER:
            identity = " ON ".join(identity.rsplit(" on ", 1))
        return f"ALTER {word} {identity} {verb} ON EXTENSION {extension}"

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield self._alter(name, "DEPENDS")

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield self._alter(name, "NO DEPENDS")


def _split_last(name: ObjectName) -> tuple[str, str]:
    """What is in front of the last dot, which may be in an argument list as well, and what is behind it."""
    identity = LAST.sub("", name.name)
    return identity, name.name[len(identity) + 1 :]


class SecurityLabel(Definition):
    """A label of a provider on an object."""

    kind: str = sql("i.type")
    label: str = sql("l.label")

    KIND = ObjectKind.SECURITY_LABEL
    COVERED = False
    QUERY = Query(
        name="i.identity || '.' || quote_ident(l.provider)",
        source="""pg_seclabel l LEFT JOIN pg_class c ON l.classoid = 'pg_class'::regclass AND c.oid = l.objoid,
  pg_identify_object(l.classoid, l.objoid, l.objsubid) i
WHERE c.relispartition IS NOT TRUE AND NOT EXISTS (
  SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = l.classoid AND m.objid = l.objoid)""",
        rare=some("pg_seclabel", "true"),
    )
