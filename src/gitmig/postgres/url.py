"""Database URLs as other programs write them.

A `DATABASE_URL` is often made for an ORM, whose driver knows parameters that libpq does not: those of Prisma, of
poolers, of JDBC and node-postgres. libpq refuses a URL with a single unknown one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from gitmig.errors import UsageError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainUrl:
    """A URL as libpq understands it, and the parameters of others that are `passed_over`, by name."""

    url: str
    passed_over: tuple[str, ...] = ()


def plain_url(url: str) -> PlainUrl:
    """What libpq gets of a URL; a keyword string is left as it is. Raises UsageError for another database's URL."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        return PlainUrl(url=url)  # keywords, as in "host=localhost dbname=app"
    if not re.fullmatch(r"(postgres|postgresql)(\+\w+)?", scheme):
        raise UsageError(f"the database URL begins with {scheme}://", hint="gitmig needs postgresql://…")
    scheme = scheme.partition("+")[0]
    place, question, query = rest.partition("?")
    kept: list[str] = []
    passed: list[str] = []
    for pair in filter(None, query.split("&")) if question else ():
        name, _, value = pair.partition("=")
        lower = unquote(name).lower()
        if lower in SCHEMA:
            kept += _options(unquote(value))
        elif lower == "sslmode" and unquote(value) in SSL_MODES:
            kept.append(f"sslmode={SSL_MODES[unquote(value)]}")
        elif lower == "ssl":
            kept += [f"sslmode={SSL[value.lower()]}"] if value.lower() in SSL else [pair]
        elif lower in PASSED_OVER:
            passed.append(unquote(name))
        else:
            kept.append(pair)
    text = f"{scheme}://{place}" + (f"?{'&'.join(kept)}" if kept else "")
    return PlainUrl(url=text, passed_over=tuple(passed))


def _options(path: str) -> list[str]:
    """The parameter by which a session finds a schema first; `public` is found without one."""
    if path in {"", "public"}:
        return []
    escaped = path.replace("\\", "\\\\").replace(" ", "\\ ")
    return [f"options={quote(f'-csearch_path={escaped}', safe='')}"]
