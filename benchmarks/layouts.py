"""The same migrations as each tool wants them written: path → text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workload import Change

GITMIG_TOML = 'folder = "migrations"\nlayout = "single"\n'
SQITCH_CONF = "[core]\n\tengine = pg\n"
ALEMBIC_INI = "[alembic]\nscript_location = %(here)s/migrations\n"
# The generated env.py without its logging: what is left is what a run cannot do without.
ALEMBIC_ENV = """\
import os

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""


def gitmig(changes: Sequence[Change]) -> dict[str, str]:
    """Layout `single`, which is dbmate's."""
    return {"gitmig.toml": GITMIG_TOML} | dbmate(changes)


def dbmate(changes: Sequence[Change]) -> dict[str, str]:
    """Up and down in one file."""
    return _sections(changes, "-- migrate:up", "-- migrate:down")


def node_pg_migrate(changes: Sequence[Change]) -> dict[str, str]:
    """Up and down in one file."""
    return _sections(changes, "-- Up Migration", "-- Down Migration")


def psql(changes: Sequence[Change]) -> dict[str, str]:
    """Everything in one file."""
    return {"all.sql": "\n".join(change.up for change in changes)}


def yoyo(changes: Sequence[Change]) -> dict[str, str]:
    """Up and down in two files."""
    ups = {f"migrations/{change.label}.sql": f"{change.up}\n" for change in changes}
    return ups | {f"migrations/{change.label}.rollback.sql": f"{change.down}\n" for change in changes}


def sqitch(changes: Sequence[Change]) -> dict[str, str]:
    """A plan, and up and down in two files."""
    plan = "".join(f"{line}\n" for line in _sqitch_plan(changes))
    files = {"sqitch.conf": SQITCH_CONF, "sqitch.plan": plan}
    for change in changes:
        files[f"deploy/{change.name}.sql"] = f"{change.up}\n"
        files[f"revert/{change.name}.sql"] = f"{change.down}\n"
    return files


def alembic(changes: Sequence[Change]) -> dict[str, str]:
    """A Python module per migration, each naming the one before it."""
    files = {"alembic.ini": ALEMBIC_INI, "migrations/env.py": ALEMBIC_ENV}
    for before, change in zip((None, *changes), changes):
        files[f"migrations/versions/{change.label}.py"] = _alembic_module(before, change)
    return files


def _sections(changes: Sequence[Change], up: str, down: str) -> dict[str, str]:
    return {f"migrations/{change.label}.sql": f"{up}\n{change.up}\n\n{down}\n{change.down}\n" for change in changes}


def _sqitch_plan(changes: Sequence[Change]) -> Iterator[str]:
    yield from ("%syntax-version=1.0.0", "%project=benchmark", "")
    for change in changes:
        yield f"{change.name} {change.at:%Y-%m-%dT%H:%M:%SZ} Ada <ada@example.org> # {change.name}"


def _alembic_module(before: Change | None, change: Change) -> str:
    down_revision = before.version if before else None
    return f'''"""{change.name}"""

from alembic import op

revision = {change.version!r}
down_revision = {down_revision!r}


def upgrade():
    op.execute("""{change.up}""")


def downgrade():
    op.execute("""{change.down}""")
'''
