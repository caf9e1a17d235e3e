"""Database URLs as other programs write them.

A `DATABASE_URL` is often made for an ORM, whose driver knows parameters that libpq does not: those of Prisma, of
poolers, of JDBC and node-postgres. libpq refuses a URL with a single unknown one.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from msgspec import Struct

from gitmig.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What libpq does not know, and what says nothing about which database it is or who may use it.
PASSED_OVER = frozenset(
    {
        # Prisma
        *("pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size", "sslidentity"),
        *("sslaccept", "single_use_connections"),
        # other drivers and pools
        *(
            "pool",
            "pool_size",
            "poolsize",
            "pool_mode",
            "max_pool_size",
            "min_pool_size",
            "max_overflow",
            "pool_recycle",
        ),
        *(
            "pool_max_conns",
            "pool_min_conns",
            "pool_max_conn_lifetime",
            "pool_max_conn_idle_time",
            "reconnect",
            "encoding",
        ),
        *("prepared_statements", "preparedstatementcachequeries", "prepared_statement_cache_size", "preparethreshold"),
        *(
            "default_query_exec_mode",
            "statement_cache_capacity",
            "statement_cache_mode",
            "binary_parameters",
            "adapter",
        ),
        *("connection_timeout", "query_timeout", "usessh", "uselibpqcompat", "supa", "workaround", "reaping_frequency"),
        # tools for migrations
        *(
            "x-migrations-table",
            "x-migrations-table-quoted",
            "x-multi-statement",
            "x-statement-timeout",
            "x-lock-strategy",
        ),
    }
)
# The first schema of the search path, in the words of Prisma, dbmate and sqlx, JDBC.
SCHEMA = ("schema", "search_path", "currentschema")
# What others call the modes of `sslmode`, or what stands for one.
SSL_MODES = {"no-verify": "require"}
SSL = {"true": "require", "1": "require", "require": "require", "false": "disable", "0": "disable"}


class PlainUrl(Struct, frozen=True, kw_only=True):
    """A URL as libpq understands it, and the parameters of others that are `passed_over`, by name."""

    url: str
    passed_over: tuple[str, ...] = ()


def plain_url(url: str) -> PlainUrl:
    """What libpq gets of a URL; a keyword string is left as it is.

    Raises UsageError for another database's URL, and for one with a variable in it that nobody has filled in.
    """
    if unfilled := re.search(r"\$\{?\w+\}?", url) if "${" in url else None:
        raise UsageError(
            f"the database URL holds {unfilled[0]}, which nobody has filled in",
            hint="a shell fills it in, gitmig only in .env: write the value, or set the variable where .env can see it",
        )
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        return PlainUrl(url=url)  # keywords, as in "host=localhost dbname=app"
    if not re.fullmatch(r"(postgres|postgresql)(\+\w+)?", scheme):
        raise UsageError(f"the database URL begins with {scheme}://", hint="gitmig needs postgresql://…")
    scheme = scheme.partition("+")[0]
    place, _, query = rest.partition("?")
    pairs = [pair for pair in query.split("&") if pair]
    passed = [name for pair in pairs if (name := unquote(pair.partition("=")[0])).lower() in PASSED_OVER]
    kept = [known for pair in pairs if (known := _known(pair))]
    if not _has_name(place, kept):
        hint = "put it behind the host: postgresql://localhost:5432/NAME; is a variable in it empty?"
        raise UsageError("the database URL names no database", hint=hint)
    text = f"{scheme}://{place}" + (f"?{'&'.join(kept)}" if kept else "")
    return PlainUrl(url=text, passed_over=tuple(passed))


def _known(pair: str) -> str | None:
    """The parameter in libpq's words; None if it is for others, or says nothing."""
    name, _, value = pair.partition("=")
    name, value = unquote(name).lower(), unquote(value)
    if name in SCHEMA:
        return _options(value)
    if name == "sslmode" and value in SSL_MODES:
        return f"sslmode={SSL_MODES[value]}"
    if name == "ssl" and value.lower() in SSL:
        return f"sslmode={SSL[value.lower()]}"
    return None if name in PASSED_OVER else pair


def _has_name(place: str, parameters: Sequence[str]) -> bool:
    """Whether a URL, or the environment, says which database: libpq would take the one that is called as the user."""
    named = place.partition("/")[2] or any(one.startswith(("dbname=", "service=")) for one in parameters)
    return bool(named) or "PGDATABASE" in os.environ or "PGSERVICE" in os.environ


def _options(path: str) -> str | None:
    """The parameter by which a session finds a schema first; `public` is found without one."""
    if path in {"", "public"}:
        return None
    escaped = path.replace("\\", "\\\\").replace(" ", "\\ ")
    return f"options={quote(f'-csearch_path={escaped}', safe='')}"
