"""The ledger's own tables, version by version. A ledger upgrades itself; a newer one is refused politely."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError
from gitmig.ledger.access import KEPT_ITEMS, is_there, make_private, names

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection

VERSION_1 = """
CREATE SCHEMA IF NOT EXISTS gitmig;
COMMENT ON SCHEMA gitmig IS 'gitmig: which migrations are applied to this database, and how to revert them';

CREATE TABLE gitmig.state (
    only_row       bool PRIMARY KEY DEFAULT true CHECK (only_row),
    ledger_version int NOT NULL,
    commit         text,
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE gitmig.state IS 'Where this database is; one row';
COMMENT ON COLUMN gitmig.state.only_row IS 'Keeps the table at one row';
COMMENT ON COLUMN gitmig.state.ledger_version IS 'Version of the tables in this schema';
COMMENT ON COLUMN gitmig.state.commit IS 'Commit of the last sync that completed; its work tree may have had more';
COMMENT ON COLUMN gitmig.state.changed_at IS 'When this row was last written';
INSERT INTO gitmig.state (ledger_version) VALUES (1);

CREATE TABLE gitmig.applied (
    position           int PRIMARY KEY CHECK (position > 0),
    version            text NOT NULL,
    name               text NOT NULL,
    path               text NOT NULL,
    blobs              text NOT NULL,
    checksum           text NOT NULL,
    language           text NOT NULL,
    up                 text NOT NULL,
    up_path            text NOT NULL,
    up_line            int NOT NULL,
    up_transactional   bool NOT NULL,
    down               text,
    down_path          text,
    down_line          int,
    down_transactional bool,
    commit             text,
    applied_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by         text NOT NULL,
    milliseconds       float8 NOT NULL,
    gitmig_version     text NOT NULL
);
COMMENT ON TABLE gitmig.applied IS 'The applied stack: a row present means the migration is applied';
COMMENT ON COLUMN gitmig.applied.position IS 'Place in the stack, from 1; the highest is reverted first';
COMMENT ON COLUMN gitmig.applied.version IS 'Sort key, as the file name has it';
COMMENT ON COLUMN gitmig.applied.name IS 'What the file name says after the version';
COMMENT ON COLUMN gitmig.applied.path IS 'The migration''s first file, from the top of the repository';
COMMENT ON COLUMN gitmig.applied.blobs IS 'git object ids of its files, by role';
COMMENT ON COLUMN gitmig.applied.checksum IS 'Hash of the up script''s tokens: comments and white space do not count';
COMMENT ON COLUMN gitmig.applied.language IS 'Language of both scripts';
COMMENT ON COLUMN gitmig.applied.up IS 'The script that was applied';
COMMENT ON COLUMN gitmig.applied.up_path IS 'File the up script stands in';
COMMENT ON COLUMN gitmig.applied.up_line IS 'Line of that file on which it begins';
COMMENT ON COLUMN gitmig.applied.up_transactional IS 'Whether it runs inside a transaction';
COMMENT ON COLUMN gitmig.applied.down IS 'The script that will revert it; null: irreversible';
COMMENT ON COLUMN gitmig.applied.down_path IS 'File the down script stands in';
COMMENT ON COLUMN gitmig.applied.down_line IS 'Line of that file on which it begins';
COMMENT ON COLUMN gitmig.applied.down_transactional IS 'Whether it runs inside a transaction';
COMMENT ON COLUMN gitmig.applied.commit IS 'Commit that was checked out; null before the first commit';
COMMENT ON COLUMN gitmig.applied.applied_at IS 'When it was applied';
COMMENT ON COLUMN gitmig.applied.applied_by IS 'Who applied it, as git or the system knows them';
COMMENT ON COLUMN gitmig.applied.milliseconds IS 'How long the up script ran';
COMMENT ON COLUMN gitmig.applied.gitmig_version IS 'gitmig that applied it';

CREATE TABLE gitmig.history (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    action         text NOT NULL CHECK (action IN ('apply', 'revert', 'sync')),
    version        text,
    name           text,
    from_set       text,
    to_set         text,
    from_commit    text,
    to_commit      text,
    done_by        text NOT NULL,
    milliseconds   float8 NOT NULL,
    gitmig_version text NOT NULL
);
COMMENT ON TABLE gitmig.history IS 'Everything gitmig did to this database; rows are only ever added';
COMMENT ON COLUMN gitmig.history.id IS 'Order of the events';
COMMENT ON COLUMN gitmig.history.at IS 'When it was written';
COMMENT ON COLUMN gitmig.history.action IS 'apply and revert ran a script, sync ends a whole sync';
COMMENT ON COLUMN gitmig.history.version IS 'Migration''s version; null for a sync';
COMMENT ON COLUMN gitmig.history.name IS 'Migration''s name; null for a sync';
COMMENT ON COLUMN gitmig.history.from_set IS 'Migration set before the sync';
COMMENT ON COLUMN gitmig.history.to_set IS 'Migration set the sync went to';
COMMENT ON COLUMN gitmig.history.from_commit IS 'Commit of the sync before';
COMMENT ON COLUMN gitmig.history.to_commit IS 'Commit of this sync';
COMMENT ON COLUMN gitmig.history.done_by IS 'Who did it, as git or the system knows them';
COMMENT ON COLUMN gitmig.history.milliseconds IS 'How long it took';
COMMENT ON COLUMN gitmig.history.gitmig_version IS 'gitmig that did it';

CREATE TABLE gitmig.unfinished (
    only_row   bool PRIMARY KEY DEFAULT true CHECK (only_row),
    direction  text NOT NULL CHECK (direction IN ('apply', 'revert')),
    migration  jsonb NOT NULL,
    done       int NOT NULL DEFAULT 0,
    started    bool NOT NULL DEFAULT false,
    indexes    oid[]
);
COMMENT ON TABLE gitmig.unfinished IS 'A script that runs outside a transaction right now, or was interrupted';
COMMENT ON COLUMN gitmig.unfinished.only_row IS 'Keeps the table at one row';
COMMENT ON COLUMN gitmig.unfinished.direction IS 'Whether its up or its down runs';
COMMENT ON COLUMN gitmig.unfinished.migration IS 'The row of gitmig.applied it will add or take away';
COMMENT ON COLUMN gitmig.unfinished.done IS 'How many of its statements are done';
COMMENT ON COLUMN gitmig.unfinished.started IS 'Whether the next one was begun, with unknown outcome';
COMMENT ON COLUMN gitmig.unfinished.indexes IS 'Indexes its table had before a CREATE INDEX CONCURRENTLY';
"""

VERSION_2 = """
ALTER TABLE gitmig.state ADD COLUMN fingerprint text, ADD COLUMN protected bool NOT NULL DEFAULT false;
COMMENT ON COLUMN gitmig.state.fingerprint IS 'What the schema was when gitmig last left it; null: not measured';
COMMENT ON COLUMN gitmig.state.protected IS 'Whether gitmig must never change this database on its own';

ALTER TABLE gitmig.applied ADD COLUMN fingerprint text;
COMMENT ON COLUMN gitmig.applied.fingerprint IS 'What the schema is when the stack ends here; null: not measured';

ALTER TABLE gitmig.history ADD COLUMN way text, ADD COLUMN note text,
    DROP CONSTRAINT history_action_check,
    ADD CONSTRAINT history_action_check CHECK (action IN ('apply', 'revert', 'sync', 'rebuild', 'capture'));
COMMENT ON COLUMN gitmig.history.action IS
    'apply and revert ran a script, sync ends a whole sync, rebuild made the database anew, capture adopted a change';
COMMENT ON COLUMN gitmig.history.way IS 'How a revert was done: as its down says, or repaired; null: nothing to choose';
COMMENT ON COLUMN gitmig.history.note IS 'What a person should know of it';
"""

VERSION_3 = """
CREATE SCHEMA IF NOT EXISTS gitmig_kept;
COMMENT ON SCHEMA gitmig_kept IS 'gitmig: rows and values that a step took away, kept until the opposite step runs';

CREATE TABLE gitmig_kept.item (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version      text NOT NULL,
    migration    text NOT NULL,
    checksum     text NOT NULL,
    direction    text NOT NULL CHECK (direction IN ('apply', 'revert')),
    table_schema text NOT NULL,
    table_name   text NOT NULL,
    heir_schema  text,
    heir_name    text,
    columns      jsonb NOT NULL,
    rows         bigint NOT NULL,
    bytes        bigint NOT NULL,
    kept_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    kept_by      text NOT NULL,
    commit       text,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    data         text NOT NULL,
    due          bool NOT NULL DEFAULT false,
    reason       text
);
COMMENT ON TABLE gitmig_kept.item IS 'What was kept: one row for each table and step';
COMMENT ON COLUMN gitmig_kept.item.id IS 'Its number, as `gitmig kept` shows it';
COMMENT ON COLUMN gitmig_kept.item.version IS 'Version of the migration whose step took the rows';
COMMENT ON COLUMN gitmig_kept.item.migration IS 'Name of that migration';
COMMENT ON COLUMN gitmig_kept.item.checksum IS 'Hash of its up script''s tokens, by which the opposite step is known';
COMMENT ON COLUMN gitmig_kept.item.direction IS 'Whether its up or its down took them';
COMMENT ON COLUMN gitmig_kept.item.table_schema IS 'Schema of the table before the step';
COMMENT ON COLUMN gitmig_kept.item.table_name IS 'Name of the table before the step';
COMMENT ON COLUMN gitmig_kept.item.heir_schema IS 'Schema of the table after the step; null: the step dropped it';
COMMENT ON COLUMN gitmig_kept.item.heir_name IS 'Name of the table after the step; null: the step dropped it';
COMMENT ON COLUMN gitmig_kept.item.columns IS 'Its columns: names before and after the step, types, where the data is';
COMMENT ON COLUMN gitmig_kept.item.rows IS 'How many rows are kept';
COMMENT ON COLUMN gitmig_kept.item.bytes IS 'How much room they take';
COMMENT ON COLUMN gitmig_kept.item.kept_at IS 'When they were kept';
COMMENT ON COLUMN gitmig_kept.item.kept_by IS 'Who ran the step, as git or the system knows them';
COMMENT ON COLUMN gitmig_kept.item.commit IS 'Commit that was checked out; null before the first commit';
COMMENT ON COLUMN gitmig_kept.item.xid IS 'Transaction of the step';
COMMENT ON COLUMN gitmig_kept.item.data IS 'Table in this schema that holds the rows';
COMMENT ON COLUMN gitmig_kept.item.due IS 'Whether the opposite step ran, so that the rows wait for a place only';
COMMENT ON COLUMN gitmig_kept.item.reason IS 'Why rows that are due are still here; null: nothing was tried yet';
"""

VERSION_4 = """
ALTER TABLE gitmig.history DROP CONSTRAINT history_action_check,
    ADD CONSTRAINT history_action_check CHECK (action IN ('apply', 'revert', 'sync', 'rebuild', 'capture', 'adopt'));
COMMENT ON COLUMN gitmig.history.action IS
    'apply and revert ran a script, sync ends a whole sync, rebuild made it anew, capture and adopt ran nothing';
"""

VERSION_5 = """
ALTER TABLE gitmig_kept.item ADD COLUMN detail text, ADD COLUMN "all" bool NOT NULL DEFAULT false,
    ADD COLUMN inputs jsonb NOT NULL DEFAULT '{}', ADD COLUMN partitions jsonb NOT NULL DEFAULT '[]';
UPDATE gitmig_kept.item SET detail = reason, reason = 'refused' WHERE reason IS NOT NULL;
ALTER TABLE gitmig_kept.item ADD CONSTRAINT item_reason_check CHECK
    (reason IN ('taken', 'orphan', 'row gone', 'changed', 'unsure', 'refused', 'no place', 'later'));
COMMENT ON COLUMN gitmig_kept.item.rows IS 'How many rows people can get back; 0: it only helps the opposite step';
COMMENT ON COLUMN gitmig_kept.item.reason IS 'Why rows that are due are still here; null: nothing was tried yet';
COMMENT ON COLUMN gitmig_kept.item.detail IS 'What PostgreSQL said of one of these rows';
COMMENT ON COLUMN gitmig_kept.item."all" IS 'Whether it has all rows that the opposite step writes anew';
COMMENT ON COLUMN gitmig_kept.item.inputs IS 'Tables the opposite step reads or writes, with what they held';
COMMENT ON COLUMN gitmig_kept.item.partitions IS 'Partitions that the step dropped: names, parents, bounds';
"""

VERSION_6 = """
ALTER TABLE gitmig.applied ADD COLUMN renamings jsonb;
COMMENT ON COLUMN gitmig.applied.renamings IS 'What its up renamed: kind, name before, name after; null: nobody looked';

CREATE TABLE gitmig.measured (
    stack       text PRIMARY KEY,
    fingerprint text NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE gitmig.measured IS 'What the schema was at every place where this database has been';
COMMENT ON COLUMN gitmig.measured.stack IS 'Hash of the checksums of all migrations that were applied, in order';
COMMENT ON COLUMN gitmig.measured.fingerprint IS 'What the schema was';
COMMENT ON COLUMN gitmig.measured.at IS 'When it was measured last';
"""

VERSION_7 = """
CREATE TABLE gitmig.last_sync (
    only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
    stayed   int NOT NULL,
    went     jsonb NOT NULL,
    commit   text,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE gitmig.last_sync IS 'The stack before the last sync; rows written after this one were written since';
COMMENT ON COLUMN gitmig.last_sync.only_row IS 'Keeps the table at one row';
COMMENT ON COLUMN gitmig.last_sync.stayed IS 'How many migrations stayed applied, from the first one on';
COMMENT ON COLUMN gitmig.last_sync.went IS 'Rows of gitmig.applied that it took away or changed, as they were';
COMMENT ON COLUMN gitmig.last_sync.commit IS 'Commit of the sync before';
COMMENT ON COLUMN gitmig.last_sync.began_at IS 'When it wrote the ledger first';
COMMENT ON COLUMN gitmig.last_sync.ended_at IS 'When it wrote the ledger last';
"""

VERSION_8 = """
ALTER TABLE gitmig_kept.item ADD COLUMN warned bool NOT NULL DEFAULT false;
COMMENT ON COLUMN gitmig_kept.item.warned IS 'Whether people were told that no migration brings it back any more';
"""

VERSION_9 = """
ALTER TABLE gitmig.applied ADD COLUMN printed text;
COMMENT ON COLUMN gitmig.applied.language IS 'Language of both scripts: sql, or the ending of a program''s file';
COMMENT ON COLUMN gitmig.applied.printed IS 'SQL that its up printed, if it is a program that prints what shall run';
"""

VERSION_10 = """
ALTER TABLE gitmig_kept.item DROP CONSTRAINT item_reason_check, ADD CONSTRAINT item_reason_check CHECK (reason IN
    ('taken', 'orphan', 'row gone', 'changed', 'unsure', 'refused', 'no place', 'later', 'misfit', 'lent'));
COMMENT ON COLUMN gitmig_kept.item.reason IS
    'Why rows that are due are still here; misfit: why they had to go; lent: they are in their table as well';
"""

# upgrades[k] leads from version k to k + 1.
UPGRADES = (
    *(VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8, VERSION_9, VERSION_10),
)
CURRENT = len(UPGRADES)
WITH_FINGERPRINTS = 2  # the first version that has them
WITH_PROTECTION = 2  # the first version that has the flag
WITH_RENAMINGS = 6  # the first version that notes them, and every measurement
WITH_KEPT = 3  # the first version that keeps rows
WITH_KINDS = 5  # the first version whose kept rows say what they are about
WITH_LAST_SYNC = 7  # the first version that remembers the stack before the last sync
WITH_PRINTED = 9  # the first version that keeps what programs print
WITH_WARNINGS = 8  # the first version that knows of which kept rows people were warned
WITH_LENT = 10  # the first version that lends rows
# The versions that change the list of kept rows, which outlives a ledger; and the columns that tell them apart. A
# version that leaves the columns as they are cannot be told from the one before, and may run again.
KEPT_VERSIONS = (WITH_KEPT, WITH_KINDS, WITH_WARNINGS, WITH_LENT)
KEPT_COLUMNS = {
    WITH_KEPT: set(re.findall(r"^    (\w+) ", VERSION_3.partition("gitmig_kept.item (")[2].partition(");")[0], re.M)),
}
KEPT_COLUMNS[WITH_KINDS] = KEPT_COLUMNS[WITH_KEPT] | {"detail", "all", "inputs", "partitions"}
KEPT_COLUMNS[WITH_WARNINGS] = KEPT_COLUMNS[WITH_KINDS] | {"warned"}

# What is in a schema that has no list of kept rows (any more), and who made a schema that was there first.
LEFT = """
    SELECT n.nspname, o.rolsuper OR o.rolname = CURRENT_USER, c.relname FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
    WHERE n.nspname = %s ORDER BY c.relname LIMIT 1
"""
COLUMNS = """
    SELECT attname::pg_catalog.text FROM pg_catalog.pg_attribute
    WHERE attrelid = 'gitmig_kept.item'::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
"""


def version(connection: Connection) -> int:
    """The ledger's version in this database, 0 if there is none. Raises GitmigError if it is newer than this gitmig."""
    if not is_there(connection, "gitmig.state"):
        return 0
    found = int(connection.value("SELECT ledger_version FROM gitmig.state"))
    if found > CURRENT:
        raise GitmigError(
            f"a newer gitmig wrote the ledger of this database (its version is {found}, known here is {CURRENT})",
            hint="upgrade gitmig on this machine, and try again",
        )
    return found


def upgrade_existing(connection: Connection) -> None:
    """Bring the ledger up to date if there is one."""
    if version(connection):
        upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Create the ledger, or bring an older one up to date; inside the caller's transaction if there is one.

    One of its two schemas may be there without the other: kept rows outlive a ledger that somebody dropped to start
    anew, and a ledger the kept rows that somebody dropped. What is missing is made. Nobody else gets to read or write
    it, whatever the default privileges of the database are. Raises GitmigError.
    """
    found = version(connection)
    has_kept = is_there(connection, KEPT_ITEMS)
    if found == CURRENT and has_kept:
        return
    with connection.transaction():
        before = names(connection)
        for name, is_missing in (("gitmig", found == 0), ("gitmig_kept", not has_kept)):
            if is_missing:
                _refuse_occupied(connection, name)
        kept = _kept_version(connection) if has_kept else 0
        for number, script in enumerate(UPGRADES, 1):
            if number > (kept if number in KEPT_VERSIONS else found):
                connection.execute(script.encode())
        if kept and kept < WITH_KINDS:
            _upgrade_items(connection)
        make_private(connection, before)
        connection.execute("UPDATE gitmig.state SET ledger_version = %s", (CURRENT,))


def _upgrade_items(connection: Connection) -> None:
    """Bring the tables of items to the form they have since version 5 of the ledger."""
    from psycopg import sql  # a check asks this package only what may be done, without a database

    for name in connection.values("SELECT data FROM gitmig_kept.item ORDER BY id"):
        connection.execute(
            sql.SQL(
                "ALTER TABLE {table} ADD COLUMN kind text NOT NULL DEFAULT 'gone', ADD COLUMN detail text; "
                "UPDATE {table} SET kind = CASE WHEN gone THEN 'gone' WHEN NOT gone THEN 'paired' ELSE 'made' END, "
                "why = CASE WHEN why IS NOT NULL THEN 'refused' END, detail = why; "
                "ALTER TABLE {table} DROP COLUMN gone; ALTER TABLE {table} REPLICA IDENTITY FULL"
            ).format(table=sql.Identifier("gitmig_kept", name))
        )


def _refuse_occupied(connection: Connection, schema: str) -> None:
    """Raise GitmigError if the schema is there and not empty, or somebody else's.

    An empty one may be of this user's making. One of somebody else's can only have come since the ledger was looked
    at, or belongs to an accepted role, who should make the ledger then.
    """
    _, usable, relation = connection.execute(LEFT, (schema,)).fetchone() or (schema, True, None)
    if not usable or relation is not None:
        what = f"it has {relation}" if relation is not None else "it belongs to another role"
        raise GitmigError(
            f"schema {schema} is there already, and not as gitmig makes it: {what}",
            hint=f"see what it holds with `gitmig db psql`; then ALTER SCHEMA {schema} RENAME TO …, or DROP SCHEMA",
        )


def _kept_version(connection: Connection) -> int:
    """The version that made the list of kept rows. Raises GitmigError if none did that this gitmig knows."""
    columns = {*connection.values(COLUMNS)}
    found = next((version for version, names in KEPT_COLUMNS.items() if names == columns), None)
    if found is None:
        raise GitmigError(
            "schema gitmig_kept is of another version of gitmig, and its ledger, schema gitmig, is gone",
            hint="ALTER SCHEMA gitmig_kept RENAME TO … keeps its rows out of the way; then sync again",
        )
    return found
