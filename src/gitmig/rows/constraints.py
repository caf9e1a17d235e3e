"""Holding triggers, rules, constraints and the like back while rows are written, and bringing them back afterwards.

What holds something back is a pair of statements: one that takes it out of the way, and one that brings it back as it
was. Unlike switching the triggers of a foreign key off, dropping and adding it anew needs no superuser, and adding
checks.

Constraints that may be checked late are told to speak up now, and then left as they were. They are named one by one:
`SET CONSTRAINTS ALL` would hold until the end of the transaction, also for constraints that a later script in it makes,
and that script may count on their being checked late.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.postgres.session import ROWS
from gitmig.rows.values import all_of, any_of
from gitmig.schema.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.tables import Table

# Of each query on tables `c`, {which} says which of them. The partitions of a table belong to it.
RELATION = f"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS} AND {OWN_RELATION}"
ENABLE = "CASE {} WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END"
EVENT_TRIGGERS = f"""
    SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname),
        format('ALTER EVENT TRIGGER %I %s', evtname, {ENABLE.format("evtenabled")})
    FROM pg_catalog.pg_event_trigger
    WHERE evtenabled <> 'D' AND (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
"""
TRIGGERS = f"""
    SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', c.oid::regclass, g.tgname),
        format('ALTER TABLE %s %s TRIGGER %I', c.oid::regclass, {ENABLE.format("g.tgenabled")}, g.tgname)
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid {RELATION}
    WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgenabled <> 'D' AND c.relkind IN ('r', 'p') AND {{which}}
"""
# A rule could swallow what is written; those of views are their queries.
RULES = f"""
    SELECT format('ALTER TABLE %s DISABLE RULE %I', c.oid::regclass, r.rulename),
        format('ALTER TABLE %s %s RULE %I', c.oid::regclass, {ENABLE.format("r.ev_enabled")}, r.rulename)
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class {RELATION}
    WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' AND c.relkind IN ('r', 'p') AND {{which}}
"""
# Where changes of rows are published, PostgreSQL refuses them in a table without a replica identity.
IDENTITIES = f"""
    SELECT format('ALTER TABLE %s REPLICA IDENTITY FULL', c.oid::regclass),
        format('ALTER TABLE %s REPLICA IDENTITY %s', c.oid::regclass,
            CASE c.relreplident WHEN 'n' THEN 'NOTHING' ELSE 'DEFAULT' END)
    FROM pg_catalog.pg_class c {RELATION}
    WHERE c.relkind = 'r' AND {{which}} AND EXISTS (SELECT FROM pg_catalog.pg_publication)
        AND (c.relreplident = 'n' OR c.relreplident = 'd' AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))
        AND pg_catalog.pg_relation_is_publishable(c.oid)
"""
# Row security that would hide rows from this role. An owner can be subject to it (FORCE), and can suspend that.
HIDING = """
    SELECT format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', c.oid::regclass),
        format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', c.oid::regclass),
        c.oid::int8, pg_catalog.pg_has_role(c.relowner, 'USAGE'), n.nspname, c.relname, o.rolname, current_user
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND pg_catalog.row_security_active(c.oid)
"""
# What is added anew is a foreign key, because no order of tables suits them all, or was declared NOT VALID, because
# rows that were there before need not obey it. The third column has the comment.
CONSTRAINTS = f"""
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.oid::regclass, o.conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.oid::regclass, o.conname,
            pg_catalog.pg_get_constraintdef(o.oid)),
        (SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L', o.conname, c.oid::regclass, description)
         FROM pg_catalog.pg_description
         WHERE objoid = o.oid AND classoid = 'pg_catalog.pg_constraint'::regclass)
    FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_class c ON c.oid = o.conrelid {RELATION}
    WHERE (o.contype = 'f' OR o.contype IN ('c', 'n') AND NOT o.convalidated) AND o.conparentid = 0
        AND o.coninhcount = 0 AND {{which}}
    ORDER BY o.oid
"""
# A key that acts on the rows that refer to others does so whether it was validated or not.
ACTING = "o.confdeltype IN ('c', 'n', 'd')"
# Rows of a partition are those of its root. PERIOD asks for more than equal values, and what is not validated refuses
# no row that was there before: such a key is checked when the transaction ends.
FOREIGN_KEYS = f"""
    SELECT o.oid::int8, o.conrelid::int8, coalesce(pg_catalog.pg_partition_root(c.oid), c.oid)::int8, o.conname,
        o.condeferrable, o.confrelid::int8, {ACTING}, o.confmatchtype = 'f',
        ARRAY[n.nspname::text, c.relname], c.relkind = 'p', ARRAY[fn.nspname::text, fc.relname], fc.relkind = 'p',
        (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
         FROM pg_catalog.unnest(o.conkey) WITH ORDINALITY k(number, place)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.number),
        (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
         FROM pg_catalog.unnest(o.confkey) WITH ORDINALITY k(number, place)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.number),
        (SELECT pg_catalog.array_agg(format('OPERATOR(%I.%s)', m.nspname, p.oprname) ORDER BY k.place)
         FROM pg_catalog.unnest(o.conpfeqop) WITH ORDINALITY k(number, place)
         JOIN pg_catalog.pg_operator p ON p.oid = k.number JOIN pg_catalog.pg_namespace m ON m.oid = p.oprnamespace)
    FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_class c ON c.oid = o.conrelid {RELATION}
    JOIN pg_catalog.pg_class fc ON fc.oid = o.confrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
    WHERE o.contype = 'f' AND o.conparentid = 0 AND {{which}}
    ORDER BY o.oid
"""
AMONG_TABLES = """c.oid = ANY (ARRAY(
    SELECT oid FROM pg_catalog.unnest($1::oid[]) oid
    UNION SELECT t.relid FROM pg_catalog.unnest($1::oid[]) oid, pg_catalog.pg_partition_tree(oid) t))"""
# Those few are found first: to tell whether a key is checked takes time.
OUTGOING = "o.oid = ANY (ARRAY(SELECT oid FROM pg_catalog.pg_constraint WHERE conrelid = ANY ($1::oid[])))"
INCOMING = OUTGOING.replace("conrelid", "confrelid")
CHECKED = "o.convalidated AND pg_catalog.to_jsonb(o) ->> 'conperiod' IS DISTINCT FROM 'true'"
# A name stands for every constraint of that name in the schema; if one of them cannot be checked late, none is set.
DEFERRABLE = """
    SELECT n.nspname, o.conname, bool_and(o.condeferrable), bool_and(o.condeferred)
    FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
    WHERE EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE condeferrable)
    GROUP BY n.nspname, o.conname HAVING bool_or(o.condeferrable)
"""
# What deletes or changes the rows that refer to one, where neither of the tables has partitions. A superuser can switch
# it off, and nobody else.
ACTIONS = f"""
    SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', g.tgrelid::regclass, g.tgname),
        format('ALTER TABLE %s ENABLE TRIGGER %I', g.tgrelid::regclass, g.tgname), o.oid::int8
    FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_trigger g ON g.tgconstraint = o.oid AND g.tgrelid = o.confrelid
    JOIN pg_catalog.pg_class c ON c.oid = o.conrelid {RELATION}
    JOIN pg_catalog.pg_class fc ON fc.oid = o.confrelid
    WHERE c.relkind = 'r' AND fc.relkind = 'r' AND o.conrelid <> o.confrelid AND g.tgenabled = 'O'
        AND o.oid = ANY ($1::oid[])
    ORDER BY g.oid
"""
MORE_DANGLING = "DO $$ BEGIN RAISE foreign_key_violation USING MESSAGE = {}; END $$"
Names = list[tuple[str, str]]


class Hold(Struct, frozen=True, kw_only=True):
    """A statement that takes something out of the way, and those that bring it back."""

    off: str
    on: tuple[str, ...]


class ForeignKey(Struct, frozen=True, kw_only=True):
    """A foreign key: its own table and columns, those it refers to, and the operators by which they are equal.

    `root`: of which table its own is a partition, else itself. `acts`: a row that is deleted takes those along that
    refer to it, or changes them. `full`: a key that has a value in one column must have one in each (MATCH FULL).
    `source` and `other` are the tables as they stand in FROM.
    """

    oid: int
    table: int
    root: int
    name: str
    deferrable: bool
    target: int
    acts: bool
    full: bool
    own: sql.Composable
    source: sql.Composable
    other: sql.Composable
    columns: tuple[str, ...]
    other_columns: tuple[str, ...]
    operators: tuple[sql.SQL, ...]

    @property
    def dangling(self) -> sql.Composable:
        """Row `t` refers to a row that is not there."""
        own = [sql.Identifier("t", name) for name in self.columns]
        there = all_of(
            sql.SQL("f.{} {} {}").format(sql.Identifier(name), operator, column)
            for name, operator, column in zip(self.other_columns, self.operators, own)
        )
        some = (any_of if self.full else all_of)(sql.SQL("{} IS NOT NULL").format(column) for column in own)
        return sql.SQL("{} AND NOT EXISTS (SELECT FROM {} f WHERE {})").format(some, self.other, there)


@contextmanager
def quiet(connection: Connection, needed: Collection[int] = ()) -> Iterator[None]:
    """Settings under which values are copied faithfully; afterwards the session is as a script expects it.

    Row security does not apply: where this role owns a table, it is not forced upon it for a while. Raises GitmigError
    if it hides rows of one of the tables `needed` (oids), which somebody else owns.
    """
    with connection.with_settings(ROWS):
        forced = row_security(connection, needed)
        if forced:
            settle_constraints(connection)
        with held(connection, forced), connection.among_rows():
            yield


def row_security(connection: Connection, needed: Collection[int] = ()) -> list[Hold]:
    """What hides rows of this role's own tables from it. Raises GitmigError if something hides some of a needed one."""
    if connection.info.parameter_status("is_superuser") == "on":  # from whom nothing is hidden
        return []
    own = []
    for off, on, oid, is_own, schema, name, owner, role in connection.execute(HIDING.encode()).fetchall():
        if is_own:
            own.append(Hold(off=off, on=(on,)))
        elif oid in needed:
            raise GitmigError(
                f"row security hides rows of {schema}.{name} from {role}, so they cannot be kept",
                hint=f"sync as its owner {owner}, or as a role with BYPASSRLS; nothing was changed",
            )
    return own


@contextmanager
def held(connection: Connection, holds: Iterable[Hold]) -> Iterator[None]:
    """Without all this, of which nothing is checked when it is back.

    If the block fails, it is for the transaction's end to bring it back.
    """
    found = list(holds)
    hold(connection, found)
    yield
    for one in found:
        connection.ahead(*map(sql.SQL, one.on))


def hold(connection: Connection, holds: Iterable[Hold]) -> None:
    """Take it out of the way."""
    for one in holds:
        connection.ahead(sql.SQL(one.off))


def release(connection: Connection, holds: Iterable[Hold]) -> None:
    """Bring it back, which checks constraints."""
    for one in holds:
        for statement in one.on:
            connection.execute(statement.encode())


def switches(connection: Connection) -> list[Hold]:
    """All of a database that has code run when rows or tables change, or forbids to delete some."""
    return _holds(connection, EVENT_TRIGGERS, *(query.format(which="true") for query in (TRIGGERS, RULES, IDENTITIES)))


def constraints(connection: Connection) -> list[Hold]:
    """All of a database that depends on the order of tables, or that old rows need not obey."""
    return _holds(connection, CONSTRAINTS.format(which="true"))


@contextmanager
def triggers_off(connection: Connection, tables: Collection[int]) -> Iterator[list[sql.Composed]]:
    """The tables (oids) without the triggers and rules users wrote, and with a replica identity where they need one.

    Foreign keys stay on. What would be checked late is checked before; the block gets the statements that do so.
    """
    late, *code = connection.run_prepared(
        (DEFERRABLE, ()),
        *((query.format(which=AMONG_TABLES), (sorted(tables),)) for query in (TRIGGERS, RULES, IDENTITIES)),
    )
    statements = _settling(late)
    run_settling(connection, statements)
    with held(connection, _holds_of(code)):
        yield statements


@contextmanager
def foreign_keys_late(connection: Connection, keys: Collection[ForeignKey]) -> Iterator[None]:
    """Foreign keys are checked when the block ends: the order of rows means nothing in it."""
    late = [key for key in keys if not key.deferrable]
    for key in late:
        _constraint(connection, key, "DEFERRABLE")
    if keys:
        defer_constraints(connection)
    yield
    if keys:
        settle_constraints(connection)
    for key in late:
        _constraint(connection, key, "NOT DEFERRABLE")


def foreign_keys(connection: Connection, tables: Collection[int], *, incoming: bool = False) -> list[ForeignKey]:
    """The foreign keys of these tables (oids) that can be checked row by row, or those `incoming` that refer to them.

    Of these also the ones that were never validated, and act on the rows that refer.
    """
    if not tables:
        return []
    which = f"({CHECKED} OR {ACTING}) AND {INCOMING}" if incoming else f"{CHECKED} AND {OUTGOING}"
    return _foreign_keys(connection, which, tables)


def every_foreign_key(connection: Connection, *, checked: bool = True) -> list[ForeignKey]:
    """The foreign keys of all tables; those too that cannot be checked row by row, or are not `checked` as yet."""
    return _foreign_keys(connection, CHECKED if checked else "true")


@contextmanager
def references_dropped(connection: Connection, keys: Collection[ForeignKey]) -> Iterator[None]:
    """Without these foreign keys: what refers to a row is not to go along when the row is taken out for a moment.

    They are made again when the block ends, which checks them.
    """
    query = CONSTRAINTS.format(which="o.oid = ANY ($1::oid[])")
    found = _holds(connection, query, among=[key.oid for key in keys]) if keys else []
    hold(connection, found)
    yield
    release(connection, found)


@contextmanager
def actions_off(connection: Connection, keys: Collection[ForeignKey]) -> Iterator[Collection[ForeignKey]]:
    """Without what these foreign keys do to rows that refer to a row which is taken out for a moment.

    For keys that rows break already, as who loaded them had switched triggers off: such a key cannot be dropped and
    added anew. The block gets those of which that is true and possible; no more rows may break them when it ends.
    """
    if connection.info.parameter_status("is_superuser") != "on":
        keys = ()
    broken = {key.oid: (key, count) for key in keys if (count := _count_dangling(connection, key))}
    (found,) = connection.run_prepared((ACTIONS, (sorted(broken),))) if broken else ((),)
    off = [broken[oid] for oid in {oid for *_, oid in found}]
    with held(connection, [Hold(off=statement, on=(again,)) for statement, again, _ in found]):
        yield [key for key, _ in off]
    for key, count in off:
        if _count_dangling(connection, key) > count:
            message = f"rows would refer to rows that are not there: foreign key {key.name}"
            connection.execute(sql.SQL(MORE_DANGLING).format(sql.Literal(message)))


@contextmanager
def identities_writable(connection: Connection, tables: Collection[Table]) -> Iterator[None]:
    """GENERATED ALWAYS AS IDENTITY columns take values in an UPDATE for a while."""
    always = [(table, column.name) for table in tables for column in table.columns if column.always]
    for table, name in always:
        _identity(connection, table, name, "BY DEFAULT")
    yield
    for table, name in always:
        _identity(connection, table, name, "ALWAYS")


def settle_constraints(connection: Connection) -> list[sql.Composed]:
    """Check now what would be checked at the end; pending checks would stop a later ALTER TABLE (55006).

    Returns the statements that do so: they are good as long as there are the same constraints.
    """
    statements = settling(connection)
    run_settling(connection, statements)
    return statements


def run_settling(connection: Connection, statements: Iterable[sql.Composed]) -> None:
    """Run what `settling` has found, under the path of the user."""
    with connection.users_path():  # constraint triggers are users' functions
        for statement in statements:
            connection.execute(statement)


def settling(connection: Connection) -> list[sql.Composed]:
    """The statements that do so; none where no constraint can be checked late."""
    (rows,) = connection.run_prepared((DEFERRABLE, ()))
    return _settling(rows)


def defer_constraints(connection: Connection) -> None:
    """Check at the end, or at the next settling, whatever can be."""
    (rows,) = connection.run_prepared((DEFERRABLE, ()))
    names, _, nameable = _deferrable(rows)
    if names:
        connection.ahead(_set(names if nameable else None, "DEFERRED"))


def _count_dangling(connection: Connection, key: ForeignKey) -> int:
    query = sql.SQL("SELECT count(*) FROM {} t WHERE {}").format(key.source, key.dangling)
    row = connection.execute(query).fetchone()
    assert row is not None  # an aggregate
    return int(row[0])


def _identity(connection: Connection, table: Table, column: str, kind: str) -> None:
    connection.execute(
        sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET GENERATED {}").format(
            sql.Identifier(table.name.schema, table.name.name), sql.Identifier(column), sql.SQL(kind)
        )
    )


def _constraint(connection: Connection, key: ForeignKey, change: str) -> None:
    connection.ahead(
        sql.SQL("ALTER TABLE {} ALTER CONSTRAINT {} {}").format(key.own, sql.Identifier(key.name), sql.SQL(change))
    )


def _settling(rows: Iterable[Sequence[Any]]) -> list[sql.Composed]:
    names, late, nameable = _deferrable(rows)
    statements = [_set(names if nameable else None, "IMMEDIATE")] if names else []
    return [*statements, _set(late, "DEFERRED")] if late else statements


def _deferrable(rows: Iterable[Sequence[Any]]) -> tuple[Names, Names, bool]:
    """The constraints that can be checked late, those of them that are, and whether all can be told by their names."""
    rows = list(rows)
    names = [(schema, name) for schema, name, _, _ in rows]
    late = [(schema, name) for schema, name, only, deferred in rows if only and deferred]
    return names, late, all(only for _, _, only, _ in rows)


def _set(names: Collection[tuple[str, str]] | None, when: str) -> sql.Composed:
    listed: sql.Composable = sql.SQL(", ").join(map(_identifier, names)) if names else sql.SQL("ALL")
    return sql.SQL("SET CONSTRAINTS {} {}").format(listed, sql.SQL(when))


def _identifier(name: tuple[str, str]) -> sql.Identifier:
    return sql.Identifier(*name)


def _holds(connection: Connection, *queries: str, among: Collection[int] | None = None) -> list[Hold]:
    """What the queries find, all or `among` these (oids)."""
    parameters = () if among is None else (sorted(among),)
    return _holds_of(connection.run_prepared(*((query, parameters) for query in queries)))


def _holds_of(answers: Iterable[Iterable[Sequence[Any]]]) -> list[Hold]:
    return [Hold(off=off, on=tuple(text for text in on if text)) for rows in answers for off, *on in rows]


def _foreign_keys(connection: Connection, which: str, among: Collection[int] | None = None) -> list[ForeignKey]:
    parameters = () if among is None else (sorted(among),)
    (rows,) = connection.run_prepared((FOREIGN_KEYS.format(which=which), parameters))
    return [_foreign_key(*row) for row in rows]


def _foreign_key(*row: Any) -> ForeignKey:
    """From a row of FOREIGN_KEYS."""
    *plain, own, is_partitioned, other, other_is_partitioned, columns, other_columns, operators = row
    names = ("oid", "table", "root", "name", "deferrable", "target", "acts", "full")
    return ForeignKey(
        **dict(zip(names, plain)),
        own=sql.Identifier(*own),
        source=sql.SQL("{}" if is_partitioned else "ONLY {}").format(sql.Identifier(*own)),
        other=sql.SQL("{}" if other_is_partitioned else "ONLY {}").format(sql.Identifier(*other)),
        columns=tuple(columns),
        other_columns=tuple(other_columns),
        operators=tuple(map(sql.SQL, operators)),
    )
