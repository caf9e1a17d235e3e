"""The tools: how each wants its files, and the command that brings a database up to date."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import layouts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workload import Change

# What they are called on the PATH.
GITMIG, PSQL, DBMATE, NODE_PG_MIGRATE = "gitmig", "psql", "dbmate", "node-pg-migrate"
ALEMBIC, YOYO, SQITCH = "alembic", "yoyo", "sqitch"
WRAPPED = "dbmate (npm)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool. `upgrade` gives its arguments for a database's URL, which is in DATABASE_URL as well."""

    name: str
    files: Callable[[Sequence[Change]], dict[str, str]]
    upgrade: Callable[[str], tuple[str, ...]]
    program: str = ""


def sqitch_target(url: str) -> str:
    """A database's URL as sqitch writes it."""
    return f"db:pg:{url.partition(':')[2]}"


PEERS = (
    Peer(name=GITMIG, files=layouts.gitmig, upgrade=lambda _: ("sync",)),
    Peer(
        name=PSQL,
        files=layouts.psql,
        upgrade=lambda url: ("-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "all.sql"),
    ),
    Peer(
        name=DBMATE,
        files=layouts.dbmate,
        # by default it would run pg_dump afterwards
        upgrade=lambda url: ("--url", url, "--migrations-dir", "migrations", "--no-dump-schema", "migrate"),
    ),
    Peer(name=NODE_PG_MIGRATE, files=layouts.node_pg_migrate, upgrade=lambda _: ("up", "--verbose", "false")),
    Peer(name=ALEMBIC, files=layouts.alembic, upgrade=lambda _: ("upgrade", "head")),
    Peer(
        name=YOYO,
        files=layouts.yoyo,
        upgrade=lambda url: ("apply", "--batch", "--no-config-file", "--database", url, "migrations"),
    ),
    Peer(name=SQITCH, files=layouts.sqitch, upgrade=lambda url: ("deploy", "--target", sqitch_target(url))),
)


def installed(paths: Mapping[str, str]) -> dict[str, Peer]:
    """Name → tool with its program, from `paths` or else from the PATH."""
    found = {}
    for peer in PEERS:
        program = paths.get(peer.name) or shutil.which(peer.name)
        if program:
            found[peer.name] = replace(peer, program=program)
    if wrapper := found.get(DBMATE):
        found |= _without_npm(wrapper)
    return found


def _without_npm(dbmate: Peer) -> dict[str, Peer]:
    """The dbmate of npm starts node, which starts the binary of a sibling package: that is what dbmate can do."""
    resolved = Path(dbmate.program).resolve()
    if "node_modules" not in resolved.parts:
        return {}
    modules = next(parent for parent in resolved.parents if parent.name == "node_modules")
    binary = next(modules.glob("@dbmate/*/bin/dbmate*"), None)
    if binary is None:
        return {}
    return {DBMATE: replace(dbmate, program=str(binary)), WRAPPED: replace(dbmate, name=WRAPPED)}
