"""Tables and foreign tables, and which index one is clustered on or identified by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.ddl.columns import column_clause, conversion
from gitmig.schema.ddl.inheritance import kept_parents
from gitmig.schema.ddl.rule import (
    Context,
    Instead,
    Rule,
    Statements,
    dropped,
    foreign_option_changes,
    foreign_options,
    of_kind,
    option_changes,
    option_list,
)
from gitmig.schema.decompose import IDENTITY
from gitmig.schema.model import ObjectName
from gitmig.schema.names import beside, last, literal

if TYPE_CHECKING:
    from gitmig.schema.definitions import Relation

PERSISTENCE = {"p": "LOGGED", "u": "UNLOGGED"}
WORDS = {"n": "NOTHING", "f": "FULL"}
# Of a table that was partitioned, nobody knows its partitions any more: one takes all rows.
HASHED = "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"


def _create(name: str, table: Relation, context: Context) -> Statements:
    merged = context.merged.get(ObjectName("foreign table" if table.foreign else "table", name), ())
    order = {column: number for number, column in enumerate(context.wanted.orders.get(name, ()))}
    columns = sorted((one for one in merged if one.kind == "column"), key=lambda one: order.get(last(one.name), 0))
    local = [one for one in columns if context.wanted.items[one].body.local]
    lines = [column_clause(one.name, context) for one in local]
    lines += [
        f"CONSTRAINT {last(one.name)} {body.definition}"
        for one in merged
        if one.kind == "constraint"
        and (body := context.wanted.items[one].body).local
        and not body.definition.startswith("NOT NULL ")
    ]
    inside = "".join(f"\n    {line}," for line in lines).rstrip(",")
    yield f"CREATE {_kind(table)} {name} ({inside}{chr(10) if inside else ''}){_clauses(table)}"
    if old := context.taken_over.get(name):
        yield from _take_over(name, table, old, context)


def _take_over(name: str, table: Relation, old: str, context: Context) -> Statements:
    """The rows of the table in whose place this one comes, and where the sequences of its identities stood."""
    found, wanted = (
        {last(one.name): side.items[one].body for one in side.parts.get(relation, ()) if one.kind == "column"}
        for side, relation in ((context.found, old), (context.wanted, name))
    )
    shared = {column: body for column, body in wanted.items() if column in found and not body.generated}
    values = (conversion(column, found[column].type, body.type) or column for column, body in shared.items())
    if table.partition_key:
        part = f"{beside(name, '_default')} PARTITION OF {name}"
        bounds = HASHED if table.partition_key.startswith("HASH") else "DEFAULT"
        yield f"DO $$BEGIN IF EXISTS (SELECT FROM {old}) THEN CREATE TABLE {part} {bounds}; END IF; END$$"
    if shared:
        columns = ", ".join(shared)
        yield f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} FROM {old}"
    for column in shared:
        before, after = (
            side.body(IDENTITY, f"{of}.{column}") for side, of in ((context.found, old), (context.wanted, name))
        )
        if before and after and ObjectName(IDENTITY, f"{name}.{column}") in context.together:
            yield f"SELECT pg_catalog.setval({literal(after.name)}, last_value, is_called) FROM {before.name}"


def _kind(table: Relation) -> str:
    if table.foreign:
        return "FOREIGN TABLE"
    return "UNLOGGED TABLE" if table.persistence == "u" else "TABLE"


def _clauses(table: Relation) -> str:
    options = [*(table.options or ()), *(f"toast.{option}" for option in table.toast_options or ())]
    text = f" INHERITS ({', '.join(table.parents)})" if table.parents else ""
    text += f" PARTITION BY {table.partition_key}" if table.partition_key else ""
    if table.foreign:
        server, foreign = table.foreign
        return f"{text} SERVER {server}{foreign_options(foreign)}"
    text += f" USING {table.method}" if table.method not in {None, "heap"} else ""
    text += f" WITH ({option_list(options)})" if options else ""
    return text + (f" TABLESPACE {table.tablespace}" if table.tablespace else "")


def _settings(name: str, table: Relation, _context: Context) -> Statements:
    if table.of_type:
        yield f"ALTER TABLE {name} OF {table.of_type}"
    yield from _row_security(name, table)


def _row_security(name: str, new: Relation, old: Relation | None = None) -> Statements:
    if new.row_security != (old is not None and old.row_security):
        yield f"ALTER TABLE {name} {'ENABLE' if new.row_security else 'DISABLE'} ROW LEVEL SECURITY"
    if new.forced_row_security != (old is not None and old.forced_row_security):
        yield f"ALTER TABLE {name} {'FORCE' if new.forced_row_security else 'NO FORCE'} ROW LEVEL SECURITY"


def _alter(name: str, old: Relation, new: Relation, context: Context) -> Statements | Instead:
    if old.partition_key != new.partition_key or (old.foreign or (None,))[0] != (new.foreign or (None,))[0]:
        return Instead.REPLACE
    return list(_changes(name, old, new, context))


def _changes(name: str, old: Relation, new: Relation, context: Context) -> Statements:
    yield from _parents(name, old, new, context)
    if old.of_type and not new.of_type:
        yield f"ALTER TABLE {name} NOT OF"
    elif new.of_type and old.of_type != new.of_type:
        yield f"ALTER TABLE {name} OF {new.of_type}"
    if old.persistence != new.persistence:
        yield f"ALTER TABLE {name} SET {PERSISTENCE[new.persistence]}"
    if old.method != new.method:
        yield f"ALTER TABLE {name} SET ACCESS METHOD {new.method or 'DEFAULT'}"
    if old.tablespace != new.tablespace:
        yield f"ALTER TABLE {name} SET TABLESPACE {new.tablespace or 'pg_default'}"
    toast = [[f"toast.{option}" for option in side.toast_options or ()] for side in (old, new)]
    yield from option_changes(
        f"ALTER TABLE {name}", [*(old.options or ()), *toast[0]], [*(new.options or ()), *toast[1]]
    )
    if old.foreign and new.foreign:
        yield from foreign_option_changes(f"ALTER FOREIGN TABLE {name}", old.foreign[1], new.foreign[1])
    yield from _row_security(name, new, old)


def _parents(name: str, old: Relation, new: Relation, context: Context) -> Statements:
    """Parents that come behind a changed one are taken off and put on again: their order counts."""
    kept = kept_parents(old, new)
    for gone in (old.parents or ())[len(kept) :]:
        if ObjectName("table", gone) in context.wanted.items:
            yield f"ALTER TABLE {name} NO INHERIT {gone}"
    for added in (new.parents or ())[len(kept) :]:
        yield f"ALTER TABLE {name} INHERIT {added}"


def _cluster(name: str, index: str, _context: Context) -> Statements:
    yield f"ALTER TABLE {name} CLUSTER ON {index}"


def _no_cluster(name: str, _index: str, _context: Context) -> Statements:
    yield f"ALTER TABLE {name} SET WITHOUT CLUSTER"


def _identify(name: str, how: str, _context: Context) -> Statements:
    yield f"ALTER TABLE {name} REPLICA IDENTITY {WORDS.get(how) or f'USING INDEX {how}'}"


def _no_identity(name: str, _how: str, _context: Context) -> Statements:
    yield f"ALTER TABLE {name} REPLICA IDENTITY DEFAULT"


RULES = {
    "table": Rule(create=_create, drop=dropped("TABLE"), alter=_alter, settings=_settings, subject=of_kind("TABLE")),
    "foreign table": Rule(
        create=_create,
        drop=dropped("FOREIGN TABLE"),
        alter=_alter,
        settings=_settings,
        subject=of_kind("FOREIGN TABLE"),
    ),
    "clustered": Rule(
        create=_cluster, drop=_no_cluster, alter=lambda name, _, new, context: _cluster(name, new, context)
    ),
    "replica identity": Rule(
        create=_identify, drop=_no_identity, alter=lambda name, _, new, context: _identify(name, new, context)
    ),
}
