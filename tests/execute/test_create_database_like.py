"""A database made like another one has its encoding, its locale and whoever provides that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.execute.scratch import create_database_like, scratch_database
from gitmig.postgres.address import connect
from tests.conftest import url_of

if TYPE_CHECKING:
    from tests.conftest import Database

LOOK = """
    SELECT to_jsonb(d) - '{oid,datname,datfrozenxid,datminmxid,dathasloginevt,datacl}'::text[]
    FROM pg_database d WHERE datname = '%s'
"""


@pytest.mark.parametrize(
    ("options", "since"),
    [
        ("ENCODING 'LATIN1' LOCALE 'C'", 140000),
        ("LOCALE_PROVIDER icu ICU_LOCALE 'de' LC_COLLATE 'C' LC_CTYPE 'C'", 150000),
        ("LOCALE_PROVIDER icu ICU_LOCALE 'de' ICU_RULES '&a < g' LC_COLLATE 'C' LC_CTYPE 'C'", 160000),
        ("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'", 170000),
    ],
    ids=["libc", "icu", "icu with rules", "builtin"],
)
def test_encoding_and_locale(database: Database, server: str, options: str, since: int) -> None:
    version = int(str(database.rows("SHOW server_version_num")[0][0]))
    if version < since:
        pytest.skip("this PostgreSQL does not have it")
    one, other = f"{database.name}_one", f"{database.name}_other"
    try:
        database.rows(f"CREATE DATABASE {one} TEMPLATE template0 {options}")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this PostgreSQL was built without it")
    try:
        with connect(url_of(server, one), "test") as connection:
            create_database_like(connection, other, same_home=True)
        assert database.rows(LOOK % one) == database.rows(LOOK % other)
    finally:
        database.rows(f"DROP DATABASE {one}")
        database.rows(f"DROP DATABASE IF EXISTS {other}")


def test_two_scratch_databases_at_once_have_two_names(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitmig.execute.scratch.time.time", lambda: 2_000_000_000.0)
    with scratch_database(database.url, "", None) as one, scratch_database(database.url, "", None) as other:
        assert one.info.dbname != other.info.dbname
