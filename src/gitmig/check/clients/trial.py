"""What it means that PostgreSQL refuses to prepare a statement of the code: what a merge or a deployment would break.

A finding is a difference. What is refused on every schema is about another database, or is no SQL of PostgreSQL; it is
told only if it is new, and all its tables are there.
"""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.check.footprint.parse_tree import find
from gitmig.migrations.parser import Unparsed, parse
from gitmig.schema.names import always_quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.check.clients.statements import Statement
    from gitmig.check.proof import OrderFailure

    Sources = Mapping[str, Sequence[Statement]]

# Classes of SQLSTATE by which PostgreSQL refuses what a statement says, not the moment or the machine.
REFUSING = ("0A", "22", "23", "42", "55")
# A parameter whose type a driver would give; and a new value of an enum, in the transaction that makes it.
NO_REFUSAL = frozenset({"42P18", "55P04"})
UNDEFINED_COLUMN = "42703"
# Code that is not deployed: nobody runs it while the schema is changed.
TESTS = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testdata|fixtures|benchmarks?|examples?)/|"
    r"(?:^|/)(?:test_|conftest)[^/]*$|[._-](?:test|tests|spec)\.[^/]*$|(?:Test|Tests|Spec)\.[a-z]+$"
)


class Refusal(Struct, frozen=True):
    """PostgreSQL's answer to a statement that it does not prepare; `offset` in the statement, None if there is none."""

    sqlstate: str
    message: str
    offset: int | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """What PostgreSQL said of one statement.

    `base` is why the base's schema refuses it, `branch` why that with the branch's migrations after it does; None if it
    does not. `is_own`: the schema of the branch alone takes it; asked only for what both refuse. `breaker` is the label
    of the migration since which it is refused. `is_known`: all its tables are in the schema of the branch.
    """

    base: Refusal | None = None
    branch: Refusal | None = None
    is_own: bool = False
    breaker: str | None = None
    is_known: bool = False

    @property
    def worked(self) -> bool:
        """Whether the schema of one of the sides takes it."""
        return self.base is None or self.is_own

    def to_json(self) -> str:
        """As it is kept: empty if nothing is refused."""
        if not self.base and not self.branch:
            return ""
        sides = [side and (side.sqlstate, side.message, side.offset) for side in (self.base, self.branch)]
        return json.dumps([*sides, self.is_own, self.breaker, self.is_known])

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """What was kept."""
        if not text:
            return cls()
        base, branch, is_own, breaker, is_known = json.loads(text)
        return cls(
            base=base and Refusal(*base),
            branch=branch and Refusal(*branch),
            is_own=is_own,
            breaker=breaker,
            is_known=is_known,
        )


class Breakage(Enum):
    """What is broken."""

    MERGED = "the code does not fit the schema it is merged with"
    DEPLOYED = "the code that runs until it is replaced does not fit the new schema"
    NEW = "a statement that the branch brings fits no schema"
    ROLLBACK = "the new code does not fit the old schema"


class BrokenStatement(Struct, frozen=True, kw_only=True):
    """A statement that a schema refuses, and where; `migration` is the label of the one that broke it, if known."""

    breakage: Breakage
    path: str
    line: int
    refusal: Refusal
    migration: str | None = None


class ClientTrial(Struct, frozen=True, kw_only=True):
    """How the statements of the code were tried.

    `tried` is how many different ones there are, in so many `files`; `foreign` how many of them no schema takes.
    `failure` is a migration that did not run, so that nothing was tried. `lines`, path and number, are those of the
    merged code of which PostgreSQL knows more than their words.
    """

    files: int
    tried: int
    foreign: int = 0
    broken: tuple[BrokenStatement, ...] = ()
    failure: OrderFailure | None = None
    lines: frozenset[tuple[str, int]] = frozenset()


def is_refusal(sqlstate: str) -> bool:
    """Whether an error is PostgreSQL's judgement of the statement."""
    return sqlstate.startswith(REFUSING) and sqlstate not in NO_REFUSAL


def all_of(*sources: Sources) -> list[str]:
    """The different statements, in order."""
    return list(dict.fromkeys(one.sql for each in sources for there in each.values() for one in there))


def judge(
    old: Sources, new: Sources, verdicts: Mapping[str, Verdict], *, rollback: bool = False
) -> list[BrokenStatement]:
    """What is broken, by path and line; `old` is the code of the base, `new` that after the merge.

    `rollback`: also what of the new code the base's schema refuses.
    """
    found = [*_in_new(old, new, verdicts, rollback=rollback), *_in_old(old, new, verdicts)]
    return sorted(found, key=lambda one: (one.path, one.line, one.breakage.name))


def _in_new(
    old: Sources, new: Sources, verdicts: Mapping[str, Verdict], *, rollback: bool
) -> Iterator[BrokenStatement]:
    before = set(all_of(old))
    for path, one in _each(new):
        verdict, is_new = verdicts[one.sql], one.sql not in before
        if verdict.branch is None:
            if rollback and is_new and verdict.base:
                yield _broken(Breakage.ROLLBACK, path, one, verdict.base)
        elif verdict.base is None or (verdict.is_own and is_new):  # else the base has broken its own code
            yield _broken(Breakage.MERGED, path, one, verdict.branch, verdict.breaker)
        elif is_new and one.whole and verdict.is_known and verdict.branch.sqlstate == UNDEFINED_COLUMN:
            yield _broken(Breakage.NEW, path, one, verdict.branch)


def _in_old(old: Sources, new: Sources, verdicts: Mapping[str, Verdict]) -> Iterator[BrokenStatement]:
    """What only the old code says; else it is told of the new one."""
    after = set(all_of(new))
    for path, one in _each(old):
        verdict = verdicts[one.sql]
        if verdict.branch and verdict.base is None and one.sql not in after and not TESTS.search(path):
            yield _broken(Breakage.DEPLOYED, path, one, verdict.branch, verdict.breaker)


def _each(sources: Sources) -> Iterator[tuple[str, Statement]]:
    return ((path, one) for path, there in sources.items() for one in there)


def _broken(
    breakage: Breakage, path: str, one: Statement, refusal: Refusal, migration: str | None = None
) -> BrokenStatement:
    line = one.line(refusal.offset) if refusal.offset is not None else one.first_line
    return BrokenStatement(breakage=breakage, path=path, line=line, refusal=refusal, migration=migration)


def lines_of(sources: Sources, verdicts: Mapping[str, Verdict]) -> frozenset[tuple[str, int]]:
    """Path and line of everything that a schema takes: nobody needs to guess there."""
    return frozenset(
        (path, line)
        for path, one in _each(sources)
        if verdicts[one.sql].worked or verdicts[one.sql].branch is None
        for line in range(one.first_line, one.last_line + 1)
    )


def relations(sql: str) -> frozenset[str]:
    """The names, as PostgreSQL reads them, of the tables and views of a statement, without those it makes itself."""
    try:
        nodes = parse(sql)
    except Unparsed:
        return frozenset()
    own = {node.get("ctename") for node in find(nodes, "CommonTableExpr")}
    named = [node for node in find(nodes, "RangeVar") if node.get("schemaname") or node.get("relname") not in own]
    named += [node["relation"] for kind in CHANGES for node in find(nodes, kind) if "relation" in node]
    return frozenset(_quoted(node) for node in named)


class Insertion(Struct, frozen=True):
    """What an INSERT gives: the table's name as PostgreSQL reads it, and the columns."""

    table: str
    columns: frozenset[str]


def insertions(sql: str) -> list[Insertion]:
    """Every INSERT of a statement that names its columns, or none at all."""
    try:
        nodes = parse(sql)
    except Unparsed:
        return []
    return [
        Insertion(_quoted(node["relation"]), frozenset(col["ResTarget"]["name"] for col in node.get("cols", ())))
        for node in find(nodes, "InsertStmt")
        if "cols" in node or "selectStmt" not in node
    ]


CHANGES = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")


def _quoted(node: Mapping[str, str]) -> str:
    return ".".join(always_quoted(node[key]) for key in ("schemaname", "relname") if key in node)
