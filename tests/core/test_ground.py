"""What is expected of schema public where both a DBA and migrations have been there."""

from __future__ import annotations

import json

import pytest

from gitmig.core.ground import Ground, on_ground_of
from gitmig.core.schema import PUBLIC, Schema

OWNER = ["owner=CREATE", "owner=USAGE"]
DEFAULT = ["PUBLIC=USAGE", *OWNER]
STANDARD = "standard public schema"


def public(grants: list[str] | None, comment: str | None = STANDARD) -> Schema:
    return Schema({PUBLIC: json.dumps([grants, comment])})


@pytest.mark.parametrize(
    ("built", "found", "other", "expected"),
    [
        pytest.param(DEFAULT, DEFAULT, DEFAULT, DEFAULT, id="nobody did anything"),
        pytest.param(DEFAULT, None, DEFAULT, None, id="a DBA took USAGE from everybody"),
        pytest.param(None, None, DEFAULT, DEFAULT, id="a migration took it, which the other set does not have"),
        pytest.param(None, DEFAULT, None, None, id="somebody gave back what a migration took"),
        pytest.param(
            ["PUBLIC=USAGE", "ann=USAGE", *OWNER],
            ["PUBLIC=USAGE", "app=CREATE", *OWNER],
            ["PUBLIC=USAGE", "ann=USAGE", *OWNER],
            ["PUBLIC=USAGE", "ann=USAGE", "app=CREATE", *OWNER],
            id="a DBA's grant stays, a migration's has to be there",
        ),
        pytest.param(
            ["PUBLIC=USAGE", "ann=USAGE", *OWNER],
            ["PUBLIC=USAGE", "ann=USAGE", "app=CREATE", *OWNER],
            DEFAULT,
            ["PUBLIC=USAGE", "app=CREATE", *OWNER],
            id="a migration's grant goes with it, a DBA's does not",
        ),
        pytest.param(
            ["PUBLIC=CREATE", *DEFAULT], DEFAULT, ["PUBLIC=CREATE", *DEFAULT], DEFAULT, id="PostgreSQL 14, hardened"
        ),
    ],
)
def test_what_a_dba_decided_stays_and_what_migrations_did_comes_and_goes(
    built: list[str] | None, found: list[str] | None, other: list[str] | None, expected: list[str] | None
) -> None:
    assert Ground.between(public(built), public(found)).under(public(other)).objects == public(expected).objects


def test_a_comment_is_the_databases_where_no_migration_wrote_one() -> None:
    ground = Ground.between(public(DEFAULT), public(DEFAULT, "ours"))
    assert ground.under(public(DEFAULT)).objects == public(DEFAULT, "ours").objects
    assert ground.under(public(DEFAULT, "a migration's")).objects == public(DEFAULT, "a migration's").objects
    assert Ground.between(public(DEFAULT, "a migration's"), public(DEFAULT, "other")).comment == STANDARD


def test_a_schema_public_as_in_a_new_database_needs_no_build_to_tell_its_ground() -> None:
    assert Ground.is_plain(public(DEFAULT))
    assert Ground.is_plain(Schema({}))
    assert not Ground.is_plain(public(None))
    assert not Ground.is_plain(public([*DEFAULT, "app=CREATE"]))
    assert not Ground.is_plain(public(DEFAULT, "ours"))


def test_without_schema_public_there_is_no_ground() -> None:
    assert on_ground_of(Schema({}), public(None)) == Schema({})
    assert on_ground_of(public(DEFAULT), Schema({})) == public(DEFAULT)
