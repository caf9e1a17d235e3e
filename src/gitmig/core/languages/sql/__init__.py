"""SQL, the first language of a section."""

from gitmig.core.languages import Language
from gitmig.core.languages.sql.concurrent import is_concurrent
from gitmig.core.languages.sql.effects import effects
from gitmig.core.languages.sql.expansion import expands_columns
from gitmig.core.languages.sql.roles import role_statements
from gitmig.core.languages.sql.tokens import checksum
from gitmig.core.languages.sql.transactions import (
    commits,
    flaws,
    inside_transaction,
    needs_commits,
    unparsed,
)
from gitmig.core.languages.sql.units import units

SQL = Language(
    name="sql",
    suffix="sql",
    comment="--",
    checksum=checksum,
    flaws=flaws,
    unparsed=unparsed,
    commits=commits,
    needs_commits=needs_commits,
    needs_outside=is_concurrent,
    inside=inside_transaction,
    units=units,
    roles=role_statements,
    expands_columns=expands_columns,
    effects=effects,
)
