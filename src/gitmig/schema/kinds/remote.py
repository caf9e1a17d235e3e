"""What leads to other servers: foreign data wrappers, servers, user mappings, publications, subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.kinds.kind import (
    Context,
    Definition,
    Instead,
    Names,
    Query,
    Self,
    Statements,
    foreign_option_changes,
    foreign_options,
    sql,
)
from gitmig.schema.kinds.privileges import ON_SERVER, ON_WRAPPER
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import literal, quoted
from gitmig.schema.scope import (
    BUILDERS,
    OURS,
    RELATIONS,
    grants,
    listing,
    own,
    some,
    sorted_options,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

RARE = " OR ".join(map(some, ("pg_foreign_data_wrapper", "pg_publication", "pg_subscription")))
GENERATED_COLUMNS = {"n": "none", "s": "stored"}
STREAMING = {False: "off", True: "on", "f": "off", "t": "on", "p": "parallel"}  # a letter since PostgreSQL 16


class ForeignDataWrapper(Definition):
    """A foreign data wrapper."""

    handler: str | None = sql("nullif(w.fdwhandler, 0)::regprocedure")
    validator: str | None = sql("nullif(w.fdwvalidator, 0)::regprocedure")
    options: Names | None = sql(sorted_options("w.fdwoptions"))

    KIND = ObjectKind.FOREIGN_DATA_WRAPPER
    RIGHTS = ON_WRAPPER
    QUERY = Query(
        name="quote_ident(w.fdwname)",
        grants=grants("w.fdwacl", "F", "w.fdwowner"),
        of="pg_foreign_data_wrapper w",
        source=f"pg_foreign_data_wrapper w WHERE {own('pg_foreign_data_wrapper', 'w.oid')}",
        rare=RARE,
    )

    def _functions(self) -> Iterator[tuple[str, str | None]]:
        for word, signature in (("HANDLER", self.handler), ("VALIDATOR", self.validator)):
            yield word, signature and signature.partition("(")[0]

    def create(self, name: ObjectName, context: Context) -> Statements:
        functions = "".join(f" {word} {function}" for word, function in self._functions() if function)
        yield f"CREATE FOREIGN DATA WRAPPER {name.name}{functions}{foreign_options(self.options)}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements:
        alter = f"ALTER FOREIGN DATA WRAPPER {name.name}"
        for (word, before), (_, after) in zip(old._functions(), self._functions()):
            if before != after:
                yield f"{alter} {f'{word} {after}' if after else f'NO {word}'}"
        yield from foreign_option_changes(alter, old.options, self.options)


class Server(Definition):
    """A foreign server."""

    wrapper: str = sql("quote_ident(w.fdwname)")
    type: str | None = sql("s.srvtype")
    version: str | None = sql("s.srvversion")
    options: Names | None = sql(sorted_options("s.srvoptions"))

    KIND = ObjectKind.SERVER
    RIGHTS = ON_SERVER
    QUERY = Query(
        name="quote_ident(s.srvname)",
        grants=grants("s.srvacl", "S", "s.srvowner"),
        of="pg_foreign_server s",
        source=f"""pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE {own("pg_foreign_server", "s.oid")}""",
        rare=RARE,
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        text = f"CREATE SERVER {name.name}"
        text += f" TYPE {literal(self.type)}" if self.type is not None else ""
        text += f" VERSION {literal(self.version)}" if self.version is not None else ""
        yield f"{text} FOREIGN DATA WRAPPER {self.wrapper}{foreign_options(self.options)}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        return self._changes(old, name) if (old.wrapper, old.type) == (self.wrapper, self.type) else Instead.REPLACE

    def _changes(self, old: Self, name: ObjectName) -> Statements:
        if old.version != self.version:
            yield f"ALTER SERVER {name.name} VERSION {literal(self.version) if self.version else 'NULL'}"
        yield from foreign_option_changes(f"ALTER SERVER {name.name}", old.options, self.options)


class UserMapping(Definition):
    """A user mapping: a digest of its options, which is where the passwords are."""

    digest: str

    KIND = ObjectKind.USER_MAPPING
    COVERED = False
    QUERY = Query(
        name=f"""quote_ident(u.srvname) || '.' || CASE WHEN u.umuser = 0 THEN 'PUBLIC'
         WHEN u.umuser IN {BUILDERS} THEN 'owner' ELSE u.umuser::regrole::text END""",
        text=f"coalesce(md5({sorted_options('u.umoptions')}::text), '')",
        of="pg_user_mapping u",
        oid="umid",
        commented=False,
        source=f"pg_user_mappings u WHERE {own('pg_foreign_server', 'u.srvid')}",
        rare=RARE,
    )


class Publication(Definition):
    """A publication; generated columns are n or s."""

    all_tables: bool = sql("p.puballtables")
    insert: bool = sql("p.pubinsert")
    update: bool = sql("p.pubupdate")
    delete: bool = sql("p.pubdelete")
    truncate: bool = sql("p.pubtruncate")
    via_root: bool = sql("p.pubviaroot")
    generated_columns: str = sql("p.pubgencols", since=180000, default="n")

    KIND = ObjectKind.PUBLICATION
    QUERY = Query(
        name="quote_ident(p.pubname)",
        of="pg_publication p",
        source=f"pg_publication p WHERE {own('pg_publication', 'p.oid')}",
        rare=RARE,
    )

    def _events(self) -> list[str]:
        chosen = {"insert": self.insert, "update": self.update, "delete": self.delete, "truncate": self.truncate}
        return [event for event, is_chosen in chosen.items() if is_chosen]

    def _settings(self, old: Publication) -> str:
        settings = []
        if old._events() != self._events():
            settings.append(f"publish = {literal(', '.join(self._events()))}")
        if old.via_root != self.via_root:
            settings.append(f"publish_via_partition_root = {'true' if self.via_root else 'false'}")
        if old.generated_columns != self.generated_columns:
            settings.append(f"publish_generated_columns = {GENERATED_COLUMNS[self.generated_columns]}")
        return ", ".join(settings)

    def create(self, name: ObjectName, context: Context) -> Statements:
        settings = self._settings(Publication(self.all_tables, True, True, True, True, False))
        tables = " FOR ALL TABLES" if self.all_tables else ""
        yield f"CREATE PUBLICATION {name.name}{tables}{f' WITH ({settings})' if settings else ''}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if old.all_tables != self.all_tables:
            return Instead.REPLACE
        return [f"ALTER PUBLICATION {name.name} SET ({self._settings(old)})"]


class PublishedTable(Definition):
    """A table of a publication. It goes with what is published of it, and so does the publication's name."""

    condition: str | None = sql("pg_get_expr(r.prqual, r.prrelid)", since=150000, default=None)
    columns: Names | None = sql(
        listing("quote_ident(a.attname)", "pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)"),
        since=150000,
        default=None,
    )

    KIND = ObjectKind.PUBLISHED_TABLE
    IN_THE_WAY = True
    QUERY = Query(
        name="r.prrelid::regclass || '.' || quote_ident(p.pubname)",
        of="pg_publication_rel r",
        commented=False,
        source=f"""pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
  JOIN ({RELATIONS}) ON c.oid = r.prrelid
WHERE {own("pg_publication", "p.oid")}""",
        rare=RARE,
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        condition = f" WHERE ({self.condition})" if self.condition else ""
        yield f"ALTER PUBLICATION {name.last} ADD TABLE {name.parent}{columns}{condition}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER PUBLICATION {name.last} DROP TABLE {name.parent}"


class PublishedSchema(Definition):
    """A schema of which a publication has all tables."""

    KIND = ObjectKind.PUBLISHED_SCHEMA
    QUERY = Query(
        name="s.pnnspid::regnamespace || '.' || quote_ident(p.pubname)",
        text="''",
        of="pg_publication_namespace s",
        commented=False,
        source=f"""pg_publication p JOIN pg_publication_namespace s ON s.pnpubid = p.oid
  JOIN pg_namespace n ON n.oid = s.pnnspid AND {OURS}
WHERE {own("pg_publication", "p.oid")}""",
        rare=RARE,
        since=150000,
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER PUBLICATION {name.last} ADD TABLES IN SCHEMA {name.parent}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER PUBLICATION {name.last} DROP TABLES IN SCHEMA {name.parent}"


class Subscription(Definition):
    """A subscription: it can be altered, and not made.

    Not the connection: only superusers may read it, and it is another one wherever the schema is used.
    """

    slot: str | None = sql("s.subslotname")
    synchronous_commit: str = sql("s.subsynccommit")
    binary: bool = sql("s.subbinary")
    streaming: bool | str = sql("s.substream")
    publications: Names = sql("s.subpublications")
    two_phases: bool = sql("s.subtwophasestate <> 'd'", since=150000, default=False)
    disable_on_error: bool = sql("s.subdisableonerr", since=150000, default=False)
    origin: str = sql("s.suborigin", since=160000, default="any")
    password_required: bool = sql("s.subpasswordrequired", since=160000, default=True)
    run_as_owner: bool = sql("s.subrunasowner", since=160000, default=False)
    failover: bool = sql("s.subfailover", since=170000, default=False)

    KIND = ObjectKind.SUBSCRIPTION
    COVERED = False
    QUERY = Query(
        name="quote_ident(s.subname)",
        of="pg_subscription s",
        source="pg_subscription s JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()",
        rare=RARE,
    )

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        """Whether there are two phases, or a failover, the publisher has to know as well."""
        if (old.two_phases, old.failover) != (self.two_phases, self.failover):
            return Instead.LEAVE
        return self._changes(old, name)

    def _changes(self, old: Self, name: ObjectName) -> Statements:
        if old.publications != self.publications:
            publications = ", ".join(map(quoted, self.publications))
            yield f"ALTER SUBSCRIPTION {name.name} SET PUBLICATION {publications} WITH (refresh = false)"
        before, after = old._settings(), self._settings()
        changed = [f"{setting} = {value}" for setting, value in after.items() if value != before[setting]]
        if changed:
            yield f"ALTER SUBSCRIPTION {name.name} SET ({', '.join(changed)})"

    def _settings(self) -> dict[str, str]:
        return {
            "slot_name": "NONE" if self.slot is None else literal(self.slot),
            "synchronous_commit": self.synchronous_commit,
            "binary": _on(self.binary),
            "streaming": STREAMING[self.streaming],
            "disable_on_error": _on(self.disable_on_error),
            "origin": self.origin,
            "password_required": _on(self.password_required),
            "run_as_owner": _on(self.run_as_owner),
        }


def _on(value: bool) -> str:
    return "true" if value else "false"
