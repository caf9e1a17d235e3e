"""Connecting, naming a database without its password, and telling people why it did not work.

At the end: whether the session is one's own, or a pooler's that gives it to somebody else after each transaction.
"""

from __future__ import annotations

import ipaddress
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gitmig.errors import DatabaseUnavailable, GitmigError, LockBusy, MayNotBuild, UsageError
from gitmig.postgres.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


# Parts of a URL that say nothing about which database it is, or nothing that may be written down.
UNTOLD = frozenset({"password", "passfile", "sslpassword", "connect_timeout", "application_name"})
TOLD = frozenset({"user", "host", "hostaddr", "port", "dbname"})  # by an Address, or before it
PLACE = frozenset({*TOLD, "password", "application_name", "client_encoding", "connect_timeout"})  # told elsewhere
UNKNOWN = "?"  # a host that a service file names: nobody can say whether it is this machine
IDENTITY = """
    SELECT c.system_identifier || '-' || d.oid FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
    WHERE d.datname = pg_catalog.current_database()
"""
CONNECT_TIMEOUT = 10  # seconds; libpq would wait for ever on a host that drops packets


class Address(Struct, frozen=True, kw_only=True):
    """Where a URL leads, fit to be shown: there is no password in it."""

    name: str
    host: str
    port: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Parse a URL or a keyword string, filling in what libpq takes from the environment. Raises UsageError."""
        parts = parse_url(url)
        if service := _given(parts, "service", "PGSERVICE"):
            return cls(name=f"service {service}", host=UNKNOWN, port="")
        return cls(
            name=_given(parts, "dbname", "PGDATABASE") or _user(parts),
            # libpq connects to hostaddr where both are given
            host=_given(parts, "hostaddr", "PGHOSTADDR") or _given(parts, "host", "PGHOST"),
            port=_given(parts, "port", "PGPORT") or "5432",
        )

    @property
    def is_local(self) -> bool:
        """Whether every host is this machine: a unix socket, localhost or a loopback address."""
        return self.is_within(frozenset())

    def is_within(self, hosts: Collection[str]) -> bool:
        """Whether every host is this machine or one of `hosts`, as the URL calls it."""
        return all(_is_loopback(host) or host in hosts for host in self.host.split(","))

    def __str__(self) -> str:
        return self.name if not self.host or self.host.startswith("/") else f"{self.name} on {self.host}:{self.port}"


def location(url: str) -> str:
    """What tells a database, and the role that works there, from every other, without a password. Raises UsageError."""
    parts, address = parse_url(url), Address.of(url)
    others = sorted((key, value) for key, value in parts.items() if key not in UNTOLD | TOLD and value is not None)
    options = "".join(f" {key}={value}" for key, value in others)
    hosts = ("localhost" if host[:1].isalnum() and _is_loopback(host) else host for host in address.host.split(","))
    return f"{_user(parts)}@{','.join(hosts)}:{address.port}/{address.name}{options}"


def identity(connection: Connection) -> str | None:
    """What tells the database from every other, whatever the URL; None where the role may not ask for it."""
    try:
        with connection.transaction():
            return str(connection.value(IDENTITY))
    except psycopg.errors.InsufficientPrivilege:
        return None


def _given(parts: Mapping[str, Any], key: str, variable: str) -> str:
    """What the URL says, or else the environment."""
    return str(parts.get(key) or os.environ.get(variable, ""))


def _user(parts: Mapping[str, Any]) -> str:
    return _given(parts, "user", "PGUSER") or os.environ.get("USER", "")


def parse_url(url: str) -> dict[str, Any]:
    """The parts of a URL or keyword string. Raises UsageError; libpq's words may hold the password and are dropped."""
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        unknown = re.search(r'invalid (?:URI query parameter|connection option)[: ]+"(\w+)"', str(error))
        what = (
            f"the database URL has the unknown parameter {unknown[1]}"
            if unknown
            else "the database URL cannot be parsed"
        )
    raise UsageError(what, hint="write it as postgresql://user:password@host:5432/name, with % in a password as %25")


@contextmanager
def connect(url: str, purpose: str, *, timeout: int = CONNECT_TIMEOUT) -> Iterator[Connection]:
    """An autocommit connection that says in `pg_stat_activity` what it is for.

    Raises DatabaseUnavailable; errors of PostgreSQL inside the block become GitmigError.
    """
    defaults: dict[str, Any] = {"connect_timeout": timeout} if "connect_timeout" not in url else {}
    if Address.of(url).is_local and not _given(parse_url(url), "sslmode", "PGSSLMODE"):
        # nobody is in between, and what is encrypted cannot be forwarded to programs; a server may still insist
        defaults["sslmode"] = "allow"
    conninfo = make_conninfo(url, application_name=f"gitmig {purpose}", client_encoding="UTF8", **defaults)
    try:
        connection = _open(conninfo)
    except psycopg.Error as error:
        raise _unavailable(url, error) from error
    try:
        with connection:
            yield connection
            connection.give_back()
    except psycopg.Error as error:
        if connection.lock_wait is not None and connection.lock_wait.is_to_blame(error.sqlstate):
            hint = "try again when they are done"
            raise LockBusy(f"{connection.lock_wait.account}; nothing was changed", hint=hint) from error
        raise _translated(Address.of(url), error) from error


def _open(conninfo: str) -> Connection:
    """Connect; once more if another database took the name in that very moment, as a rebuild has it."""
    try:
        return Connection.connect(conninfo, autocommit=True, prepare_threshold=None)
    except psycopg.OperationalError as error:
        if "just been dropped or renamed" not in str(error):
            raise
    return Connection.connect(conninfo, autocommit=True, prepare_threshold=None)


def is_missing_database(error: DatabaseUnavailable) -> bool:
    """Whether the server answered that there is no such database (SQLSTATE 3D000, which libpq does not hand on)."""
    return re.search(r'database ".*" does not exist', error.message) is not None


def with_name(url: str, name: str) -> str:
    """The URL of database `name` on the same server."""
    return make_conninfo(url, dbname=name)


def url_with_name(url: str, name: str) -> str:
    """As `with_name`, in the form the URL is written in, which programs understand that know no keywords."""
    scheme, separator, rest = url.partition("://")
    place, question, options = rest.partition("?")
    server, slash, old = place.partition("/")
    if not separator or not (slash and old):
        return with_name(url, name)
    return f"{scheme}://{server}/{quote(name, safe='')}{question}{options}"


def with_options(url: str, *settings: str) -> str:
    """The URL with settings (`name=value`) for the whole session, which no RESET takes back."""
    options = [parse_url(url).get("options", ""), *(f"-c {setting}" for setting in settings)]
    return make_conninfo(url, options=" ".join(options).strip())


def drop_database(url: str, name: str) -> None:
    """DROP DATABASE IF EXISTS, throwing out whoever is connected to it."""
    with connect(url, "drop database") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def environment(url: str) -> dict[str, str]:
    """The PG* variables that lead a libpq program to the URL, so that no password shows in a process list."""
    names = {option.keyword.decode(): option.envvar for option in psycopg.pq.Conninfo.get_defaults()}
    parts = parse_url(url).items()
    return {variable.decode(): str(value) for key, value in parts if value and (variable := names.get(key))}


def url_of(connection: psycopg.Connection[Any]) -> str:
    """The URL of the database that a connection leads to, password included, as most programs understand it."""
    parts = {**connection.info.get_parameters(), "password": connection.info.password}
    host, port = connection.info.host, connection.info.port
    user, password, database = (quote(str(parts.get(key) or ""), safe="") for key in ("user", "password", "dbname"))
    login = f"{user}:{password}" if password else user
    left = {key: value for key, value in parts.items() if key not in PLACE and value}
    is_socket = host.startswith(("/", "@"))
    if is_socket:
        left = {"host": host, "port": str(port), **left}
    elif ":" in host:
        host = f"[{host}]"
    place = "" if is_socket else f"{host}:{port}"
    return f"postgresql://{login}@{place}/{database}" + (
        f"?{urlencode(left, safe='/', quote_via=quote)}" if left else ""
    )


def jdbc_url(url: str) -> str:
    """The URL as JDBC's driver has it. Raises GitmigError if that cannot reach it: it knows no unix sockets."""
    parts = parse_url(url)
    address = Address.of(url)
    if address.host.startswith(("/", "@")) or not address.host:
        hint = "`gitmig db start --tcp` has the embedded server listen on this machine's own address, too"
        raise GitmigError(f"JDBC cannot reach {address}: it knows no unix sockets", hint=hint)
    host = f"[{address.host}]" if ":" in address.host else address.host
    names = {"user": "user", "password": "password", "sslmode": "sslmode"}
    left = {name: str(parts[key]) for key, name in names.items() if parts.get(key)}
    query = f"?{urlencode(left, quote_via=quote)}" if left else ""
    return f"jdbc:postgresql://{host}:{address.port}/{quote(address.name, safe='')}{query}"


def _is_loopback(host: str) -> bool:
    if host in {"", "localhost"} or host.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _unavailable(url: str, error: psycopg.Error) -> DatabaseUnavailable:
    """Libpq's own last line says why; it names host, user and database, never the password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no reason given"]
    reason = lines[0].rpartition("FATAL:")[2].strip() if "FATAL:" in lines[0] else lines[0]
    hint = "is the server running, and may you connect?"
    if re.search(r'^role ".*" does not exist', reason):
        hint = "the URL names a user that the server does not have: `createuser` makes one, as does CREATE ROLE … LOGIN"
    elif "does not exist" in reason:
        hint = "`createdb` makes a database"
    return DatabaseUnavailable(f"cannot connect to {Address.of(url)}: {reason}", hint=hint)


def _translated(address: Address, error: psycopg.Error) -> GitmigError:
    """An error of a statement gitmig itself sent (user scripts have their own path, see `runners`)."""
    reason = (error.diag.message_primary or str(error)).strip()
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return GitmigError(
            f"{address} is read-only: {reason}", hint="sync the primary server, with a role that may write"
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        if "row-level security" in reason:
            hint = "sync as the owner of the table, or as a role with BYPASSRLS: gitmig keeps all rows or none"
            return GitmigError(f"not allowed on {address}: {reason}", hint=hint)
        hint = "the ledger needs GRANT CREATE ON DATABASE … TO …, a scratch database ALTER ROLE … CREATEDB"
        if "create database" in reason:
            hint = (
                "it is compared with a fresh build in a scratch database: a superuser's ALTER ROLE … CREATEDB allows it"
            )
            return MayNotBuild(f"not allowed on {address}: {reason}", hint=hint)
        return GitmigError(f"not allowed on {address}: {reason}", hint=hint)
    if (isinstance(error, psycopg.OperationalError) and error.sqlstate is None) or error.sqlstate in {"57P01", "57P02"}:
        hint = "run `gitmig status`: the database is as the ledger says; `gitmig sync` goes on from there"
        return GitmigError(f"lost the connection to {address}: {reason}", hint=hint)
    return GitmigError(f"{address}: {reason}", hint="`--debug` shows the statement")


# --- poolers: PgBouncer with `pool_mode = transaction`, and others of its kind. What a session holds (its lock, its
# settings, its temporary tables) stays behind on a session of the server that others get next.

PID = "SELECT pg_catalog.pg_backend_pid()"
# A pooler gives out the session that was given back last; somebody else may be in between, once.
TRIES = 3


def refuse_shared_sessions(connection: Connection, url: str) -> None:
    """Raise DatabaseUnavailable if another client is given the session of this one.

    A pooler makes up the process that it tells its clients. Where that is the server's, nobody else is in between; and
    where each client has a session for itself, a pooler does no harm.
    """
    if connection.value(PID) == connection.info.backend_pid:
        return
    with connect(url, "pooler?") as other:
        if not any(_meet(connection, other) for _ in range(TRIES)):
            return
    raise DatabaseUnavailable(
        f"{Address.of(url)} is a pooler that gives each transaction another session, as PgBouncer with "
        "pool_mode = transaction",
        hint="gitmig needs one of its own: give it the URL of the server itself, `git config gitmig.database URL`",
    )


def _meet(one: Connection, other: Connection) -> bool:
    """Whether both are given the same session, one after the other; or one of them two of them."""
    first, theirs, second = one.value(PID), other.value(PID), one.value(PID)
    return theirs in {first, second} or first != second
