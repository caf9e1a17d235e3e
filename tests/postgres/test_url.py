"""URLs as other programs write them."""

from __future__ import annotations

import pytest

from gitmig.errors import UsageError
from gitmig.postgres.address import parse_url
from gitmig.postgres.url import plain_url

HERE = "postgresql://u:p%40@localhost:5432/app"


@pytest.mark.parametrize(
    ("url", "plain", "passed_over"),
    [
        (HERE, HERE, ()),
        ("host=localhost dbname=app", "host=localhost dbname=app", ()),
        ("postgresql+psycopg://localhost/app", "postgresql://localhost/app", ()),
        (f"{HERE}?schema=public", HERE, ()),
        (f"{HERE}?schema=shop", f"{HERE}?options=-csearch_path%3Dshop", ()),
        (f"{HERE}?search_path=shop,public", f"{HERE}?options=-csearch_path%3Dshop%2Cpublic", ()),
        (f"{HERE}?currentSchema=a%20b", f"{HERE}?options=-csearch_path%3Da%5C%20b", ()),
        (f"{HERE}?pgbouncer=true&connection_limit=1&sslmode=disable", f"{HERE}?sslmode=disable", ("pgbouncer", "conn")),
        (f"{HERE}?sslmode=no-verify", f"{HERE}?sslmode=require", ()),
        (f"{HERE}?ssl=false", f"{HERE}?sslmode=disable", ()),
        (f"{HERE}?x-migrations-table=m&prepareThreshold=0", HERE, ("x-migrations-table", "prepareThreshold")),
        (f"{HERE}?host=/var/run&connect_timeout=3", f"{HERE}?host=/var/run&connect_timeout=3", ()),
    ],
)
def test_libpq_gets_what_it_knows(url: str, plain: str, passed_over: tuple[str, ...]) -> None:
    found = plain_url(url)
    assert found.url == plain
    assert len(found.passed_over) == len(passed_over)
    assert all(name.startswith(start) for name, start in zip(found.passed_over, passed_over))
    parse_url(found.url)


def test_what_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown parameter pgbuoncer"):
        parse_url(plain_url(f"{HERE}?pgbuoncer=true").url)
    with pytest.raises(UsageError, match="names no database"):
        plain_url("postgresql://u@localhost:5432/?connect_timeout=3")
    with pytest.raises(UsageError, match=r"holds \$\{NAME\}, which nobody has filled in"):
        plain_url("postgresql://localhost/${NAME}")
    with pytest.raises(UsageError, match="begins with mysql://"):
        plain_url("mysql://localhost/app")
