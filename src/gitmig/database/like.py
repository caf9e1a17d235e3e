"""Databases made like another one: encoding and locale, which decide about collations and casts, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

ENCODING = """
    SELECT pg_encoding_to_char(encoding), datcollate, datctype, {provider}, {locale}, {rules}
    FROM pg_catalog.pg_database WHERE datname = current_database()
"""
PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}

# The tablespace only where it is not that of the template: to name it takes a right of its own.
HOME = """
    SELECT datdba::regrole::text, (SELECT spcname FROM pg_catalog.pg_tablespace t WHERE t.oid = d.dattablespace
      AND t.oid <> (SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = 'template0'))
    FROM pg_catalog.pg_database d WHERE datname = current_database()
"""
# What belongs to a database and does not decide how it is built. Role and PUBLIC are written as a statement needs them.
PROPERTIES = """
    SELECT datconnlimit, datistemplate, pg_catalog.shobj_description(oid, 'pg_database'), datacl IS NOT NULL
    FROM pg_catalog.pg_database WHERE datname = current_database()
"""
GRANTS = """
    SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable
    FROM pg_catalog.pg_database, pg_catalog.aclexplode(datacl) WHERE datname = current_database()
"""
SETTINGS = """
    SELECT nullif(setrole, 0)::regrole::text, split_part(setting, '=', 1),
      substr(setting, strpos(setting, '=') + 1)
    FROM pg_catalog.pg_db_role_setting s, unnest(setconfig) setting
    WHERE setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""
# The value of these is a list of names, each quoted where it has to be; as one text it would be quoted as one name.
LISTS = {"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"}


def create_like(connection: Connection, name: str, *, same_home: bool = False) -> None:
    """Create an empty database with the encoding and locale of the one connected to.

    `same_home`: owner and tablespace as well.
    """
    version = connection.info.server_version
    query = ENCODING.format(
        provider="datlocprovider" if version >= 150000 else "'c'",
        locale="datlocale" if version >= 170000 else "daticulocale" if version >= 150000 else "NULL",
        rules="daticurules" if version >= 160000 else "NULL",
    )
    encoding, collate, ctype, provider, locale, rules = _row(connection, query)
    clauses = [sql.SQL("TEMPLATE template0"), _clause("ENCODING", encoding)]
    clauses += [_clause("LC_COLLATE", collate), _clause("LC_CTYPE", ctype)]
    if provider != "c":
        clauses.append(sql.SQL(f"LOCALE_PROVIDER {PROVIDERS[provider]}"))
        clauses.append(_clause(f"{PROVIDERS[provider].upper()}_LOCALE", locale))
    if rules:
        clauses.append(_clause("ICU_RULES", rules))
    if same_home:
        owner, tablespace = _row(connection, HOME)
        clauses.append(sql.SQL("OWNER {}").format(sql.SQL(owner)))
        if tablespace:
            clauses.append(sql.SQL("TABLESPACE {}").format(sql.Identifier(tablespace)))
    statement = sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), sql.SQL(" ").join(clauses))
    connection.execute(statement)


def copy_settings(connection: Connection, name: str) -> None:
    """Give database `name` the settings, for all roles and for single ones, of the one connected to."""
    database = sql.Identifier(name)
    for role, setting, value in connection.execute(SETTINGS).fetchall():
        whom = sql.SQL("DATABASE {}").format(database)
        if role:
            whom = sql.SQL("ROLE {} IN DATABASE {}").format(sql.SQL(role), database)
        parts = sql.SQL(".").join(map(sql.Identifier, setting.split(".")))
        with connection.transaction():
            if setting in LISTS:
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (setting, value))
                with connection.any_path():  # it may be the search path itself
                    connection.execute(sql.SQL("ALTER {} SET {} FROM CURRENT").format(whom, parts))
            else:
                connection.execute(sql.SQL("ALTER {} SET {} = {}").format(whom, parts, sql.Literal(value)))


def copy_properties(source: Connection, connection: Connection, name: str) -> None:
    """Give database `name` the connection limit, grants, comment and template mark of the one `source` leads to."""
    limit, template, comment, granted = _row(source, PROPERTIES)
    database = sql.Identifier(name)
    statements = []
    if limit != -1:
        statements.append(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(database, sql.Literal(limit)))
    if template:
        statements.append(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(database))
    if comment is not None:
        statements.append(sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, sql.Literal(comment)))
    if granted:
        statements.append(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        statements += [_grant(database, *grant) for grant in source.execute(GRANTS).fetchall()]
    for statement in statements:
        connection.execute(statement)


def _grant(database: sql.Identifier, role: str, privilege: str, grantable: bool) -> sql.Composed:
    option = " WITH GRANT OPTION" if grantable else ""
    return sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
        sql.SQL(privilege), database, sql.SQL(role), sql.SQL(option)
    )


def _clause(word: str, value: str) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.SQL(word), sql.Literal(value))


def _row(connection: Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None  # the database connected to exists
    return row
