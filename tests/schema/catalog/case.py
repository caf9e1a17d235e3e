"""Pairs of small SQL scripts, and whether what they build is the same schema; see `cases/*.sql`.

    -- before                           what runs ahead of both scripts, down to the next `before`
    CREATE TABLE t (a int);
    -- differs: an option (since 15)    or `same:`; the versions of PostgreSQL, if not all: since, until
    ALTER TABLE t SET (fillfactor = 70);
    -- or                               between script a and script b; each may be empty

In a script SELF is the schema that the script runs in and that all its objects are in; what is in no schema has a name
that begins with SELF. READER and WRITER are roles, SPACE is a tablespace (since PostgreSQL 15), MODULE an extension
of the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DIRECTIVE = re.compile(
    r"^-- (?:(?P<before>before)|"
    r"(?P<verdict>differs|same): (?P<name>.*?)(?: \((?P<bound>since|until) (?P<version>\d+)\))?)$",
    re.MULTILINE,
)
OR = re.compile(r"^-- or$\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two scripts to run in two databases, and what their schemas are meant to be."""

    name: str
    a: str
    b: str
    same: bool
    since: int
    until: int

    def runs_on(self, server_version: int) -> bool:
        """Whether that version of PostgreSQL is meant."""
        return self.since <= server_version // 10000 <= self.until


def cases_of(family: str) -> list[Case]:
    """The cases in one of the files."""
    text = (Path(__file__).parent / "cases" / f"{family}.sql").read_text(encoding="utf-8")
    directives = list(DIRECTIVE.finditer(text))
    bodies = [text[here.end() : there] for here, there in zip(directives, [d.start() for d in directives[1:]] + [None])]
    before, cases = "", []
    for directive, body in zip(directives, bodies):
        if directive["before"]:
            before = body
            continue
        a, b = OR.split(body)
        bounds = {"since": 0, "until": 99} | (
            {directive["bound"]: int(directive["version"])} if directive["bound"] else {}
        )
        cases.append(
            Case(
                name=f"{family}: {directive['name']}",
                a=before + a,
                b=before + b,
                same=directive["verdict"] == "same",
                **bounds,
            )
        )
    return cases


FAMILIES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.sql"))
WHOLE_DATABASE = "database"
ALONE = cases_of(WHOLE_DATABASE)
# By what SELF stands for in them.
TOGETHER = {
    f"case_{n:04}": case
    for n, case in enumerate(case for family in FAMILIES if family != WHOLE_DATABASE for case in cases_of(family))
}
