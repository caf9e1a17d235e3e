"""Copying a database's files: the quickest way that the server and its file system have."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import psycopg
import pytest
from psycopg import sql

from gitmig.own_databases.make import _cloned

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection

CREATE = sql.SQL("CREATE DATABASE x TEMPLATE y STRATEGY file_copy").format()
CLONE, COPY = "SET file_copy_method = clone", "SET file_copy_method = copy"


class Server:
    """One that answers to the statement with this error."""

    closed = False

    def __init__(self, error: psycopg.Error | None) -> None:
        self.error = error
        self.said: list[object] = []

    def execute(self, statement: object) -> None:
        """Note it."""
        self.said.append(statement)
        if statement is CREATE and self.error:
            raise self.error


@pytest.mark.parametrize(
    ("error", "cloned", "said"),
    [
        (None, True, [CLONE, CREATE]),
        (
            psycopg.errors.InternalError_("could not clone file: Invalid cross-device link"),
            False,
            [CLONE, CREATE, COPY],
        ),
    ],
)
def test_where_files_cannot_be_cloned_they_are_copied(
    error: psycopg.Error | None, cloned: bool, said: list[object]
) -> None:
    server = Server(error)
    assert _cloned(cast("Connection", server), CREATE) is cloned
    assert server.said == said


def test_a_source_that_is_in_use_is_no_matter_of_files() -> None:
    with pytest.raises(psycopg.errors.ObjectInUse):
        _cloned(cast("Connection", Server(psycopg.errors.ObjectInUse("others"))), CREATE)
