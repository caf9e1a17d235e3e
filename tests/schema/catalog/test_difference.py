"""Computed differences turn script a's schema into script b's, and back, for every case of the catalogs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.postgres.address import connect
from gitmig.schema.catalog import read_schema
from gitmig.schema.compare import ComputedDifference, difference
from gitmig.schema.model import Schema, schema_difference
from tests.schema.catalog.case import ALONE, TOGETHER, Case
from tests.schema.catalog.laboratory import by_case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.postgres.connection import Connection
    from tests.schema.catalog.laboratory import Laboratory

# By kind, the cases for which there is no rule. Whoever adds one takes them off this list.
WITHOUT_A_RULE = {
    "base type": """
        types: a base type; types: a base type that can be modified;
        types: a base type that can be received; types: a base type that can be sent;
        types: a type that is only announced; types: alignment; types: another function of a base type; types: category;
        types: collatable; types: delimiter; types: elements; types: how a base type is analyzed;
        types: how a base type's modifier is shown; types: how elements are got at; types: length; types: like text;
        types: passed by value; types: preferred; types: the default of a base type;
        types: the input function of a base type; types: the storage of a base type; types: which elements""",
    "range": "types: the canonical form of a range",
    "security label": """
        labels: a label on a function; labels: a label on which column; labels: a label; labels: what a label says;
        labels: who provides a label""",
    # Nobody knows where it connects to; what can be altered is.
    "subscription": """
        remote: a subscription; remote: two phases; remote: failover""",
    "user mapping": """
        remote: a user mapping for whom; remote: a user mapping; remote: an option of a user mapping""",
    "system privileges": "database: privileges on what PostgreSQL brings",
    # What only a table that is made anew can have.
    "column": """
        inheritance: a column that would stay without the parent; inheritance: inheritance, there;
        inheritance: inherits later, so all columns would stay""",
    "constraint": """
        inheritance: a check that would stay without the parent;
        inheritance: not null of its own beside the parent's""",
    # Only that role can grant it.
    "table": "privileges: who granted",
}
KINDS = {" ".join(name.split()): kind for kind, names in WITHOUT_A_RULE.items() for name in names.split(";")}


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What was computed, what PostgreSQL said to it, and what became of the schema."""

    wanted: Schema
    difference: ComputedDifference
    error: str
    after: Schema


def _apply(connection: Connection, computed: ComputedDifference) -> str:
    try:
        with connection.transaction():
            for statement in computed.statements:
                connection.execute(statement.encode())
    except psycopg.Error as error:
        return str(error)
    return ""


def _apply_all(url: str, wanted: Mapping[str | None, Schema]) -> dict[str, Applied]:
    """Each case in a savepoint of one transaction, all in one database."""
    with connect(url, "test") as connection, connection.transaction(force_rollback=True):
        found = by_case(read_schema(connection, edges=True))
        computed = {own: difference(found[own], wanted[own]) for own in wanted if own}
        errors = {own: _apply(connection, one) for own, one in computed.items()}
        after = by_case(read_schema(connection))
    return {
        own: Applied(wanted=wanted[own], difference=one, error=errors[own], after=after.get(own, Schema({})))
        for own, one in computed.items()
    }


@pytest.fixture(scope="module")
def both_ways(pair: tuple[str, str]) -> tuple[dict[str, Applied], dict[str, Applied]]:
    """From a to b and back, by case; both databases stay as they are."""
    schemas = []
    for url in pair:
        with connect(url, "test") as connection:
            schemas.append(by_case(read_schema(connection, edges=True)))
    return _apply_all(pair[0], schemas[1]), _apply_all(pair[1], schemas[0])


@pytest.mark.parametrize("way", [pytest.param(0, id="there"), pytest.param(1, id="back")])
@pytest.mark.parametrize(("own", "case"), [pytest.param(own, case, id=case.name) for own, case in TOGETHER.items()])
def test_a_small_difference_is_undone_exactly(
    own: str, case: Case, way: int, laboratory: Laboratory, both_ways: tuple[dict[str, Applied], ...]
) -> None:
    _skip_unless_it_runs(case, laboratory)
    _check(f"{case.name}, {('there', 'back')[way]}", case, both_ways[way][own])


@pytest.mark.each_choice
@pytest.mark.parametrize("way", [pytest.param(0, id="there"), pytest.param(1, id="back")])
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in ALONE])
def test_what_concerns_the_whole_database_is_undone_exactly(case: Case, way: int, laboratory: Laboratory) -> None:
    _skip_unless_it_runs(case, laboratory)
    scripts = (case.a, case.b) if way == 0 else (case.b, case.a)
    with connect(laboratory.make({"case_0000": scripts[1]}), "test") as connection:
        wanted = read_schema(connection, edges=True)
    with connect(laboratory.make({"case_0000": scripts[0]}), "test") as connection:
        computed = difference(read_schema(connection, edges=True), wanted)
        error = _apply(connection, computed)
        after = read_schema(connection)
    applied = Applied(wanted=wanted, difference=computed, error=error, after=after)
    _check(f"{case.name}, {('there', 'back')[way]}", case, applied)


def test_every_case_on_the_list_exists() -> None:
    names = {case.name for case in (*ALONE, *TOGETHER.values())}
    assert {name.removesuffix(", there") for name in KINDS} <= names


def _skip_unless_it_runs(case: Case, laboratory: Laboratory) -> None:
    if not laboratory.runs(case):
        pytest.skip("is about other versions of PostgreSQL, or needs an extension that is not there")


def _check(name: str, case: Case, applied: Applied) -> None:
    kind = KINDS.get(name) or KINDS.get(case.name)
    told = "\n".join([*applied.difference.statements, applied.error])
    assert {one.kind for one in applied.difference.unhandled} == ({kind} if kind else set()), told
    assert not applied.error, told
    if not kind:
        left = schema_difference(applied.wanted, applied.after).names
        assert applied.after.fingerprint == applied.wanted.fingerprint, f"{told}\n{left}"
    if case.same:
        assert applied.difference.statements == ()
