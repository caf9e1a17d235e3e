"""Grants on objects, and default privileges for objects to come."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements
from gitmig.schema.model import ObjectName
from gitmig.schema.names import last, parent, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RELATIONS = {"table", "view", "materialized view", "foreign table"}
TYPES = {"enum", "composite type", "domain", "range", "base type"}
ROUTINES = {"function", "procedure", "aggregate"}
SUBJECTS = {
    "sequence": "SEQUENCE ",
    "schema": "SCHEMA ",
    "language": "LANGUAGE ",
    "foreign data wrapper": "FOREIGN DATA WRAPPER ",
    "server": "FOREIGN SERVER ",
    **dict.fromkeys(RELATIONS, ""),
    **dict.fromkeys(TYPES, "TYPE "),
    **dict.fromkeys(ROUTINES, "ROUTINE "),
}
# What an owner may do, unless something else was said.
OWNERS = {
    "sequence": {"USAGE", "SELECT", "UPDATE"},
    "schema": {"USAGE", "CREATE"},
    "column": set(),
    **{kind: {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"} for kind in RELATIONS},
    **{kind: {"EXECUTE"} for kind in ROUTINES},
}
PUBLIC = {**dict.fromkeys(TYPES | {"language"}, "USAGE"), **dict.fromkeys(ROUTINES, "EXECUTE")}
OWNER = "owner"
SINCE_17 = "owner=MAINTAIN"
# The letters of pg_default_acl, the word of ALTER DEFAULT PRIVILEGES, and a kind it is about.
LETTERS = {
    "r": ("TABLES", RELATIONS),
    "S": ("SEQUENCES", {"sequence"}),
    "f": ("ROUTINES", ROUTINES),
    "T": ("TYPES", TYPES),
    "n": ("SCHEMAS", {"schema"}),
}


def has_other_grantor(grants: Iterable[str] | None) -> bool:
    """Only that role itself could grant this."""
    return any(" by " in entry for entry in grants or ())


def grant_changes(kind: str, name: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> Statements:
    """GRANT and REVOKE from the old privileges of an object to the new; None is what every object has at first."""
    if old == new:
        return
    before, after = (_entries(kind, side, (old, new)) for side in (old, new))
    target, part = f"{SUBJECTS.get(kind, '')}{name}", ""
    if kind == "column":
        target, part = parent(name), f" ({last(name)})"
    yield from _statements(before, after, part, target, OWNERS.get(kind) if None in {old, new} else None)


def _entries(kind: str, grants: tuple[str, ...] | None, both: tuple[tuple[str, ...] | None, ...]) -> set[str]:
    if grants is not None:
        return set(grants)
    by_default = {f"owner={privilege}" for privilege in OWNERS.get(kind, {"USAGE"})}
    by_default |= {f"PUBLIC={PUBLIC[kind]}"} if kind in PUBLIC else set()
    newer = kind in RELATIONS and any(SINCE_17 in side for side in both if side)
    return by_default | ({SINCE_17} if newer else set())


def _statements(
    before: set[str], after: set[str], part: str, target: str, everything: set[str] | None = None
) -> Iterator[str]:
    of_owner = {OWNER: everything}
    gone = _by_grantee({entry for entry in before - after if f"{entry}*" not in after})
    for (grantee, grantable), privileges in gone.items():
        kept = [privilege for privilege in privileges if grantable and f"{grantee}={privilege}" in after]
        lost = [privilege for privilege in privileges if privilege not in kept]
        if kept:
            yield f"REVOKE GRANT OPTION FOR {_listed(kept, part)} ON {target} FROM {_role(grantee)}"
        if lost:
            yield f"REVOKE {_listed(lost, part, of_owner.get(grantee))} ON {target} FROM {_role(grantee)}"
    for (grantee, grantable), privileges in _by_grantee(after - before).items():
        new = [one for one in privileges if grantable or f"{grantee}={one}*" not in before]
        option = " WITH GRANT OPTION" if grantable else ""
        if new:
            yield f"GRANT {_listed(new, part, of_owner.get(grantee))} ON {target} TO {_role(grantee)}{option}"


def _by_grantee(entries: Iterable[str]) -> dict[tuple[str, bool], list[str]]:
    found: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for entry in sorted(entries):
        grantee, _, privilege = entry.rpartition("=")
        found[grantee, privilege.endswith("*")].append(privilege.rstrip("*"))
    return found


def _listed(privileges: list[str], part: str, everything: set[str] | None = None) -> str:
    """With `everything`, ALL for that: newer versions of PostgreSQL know more privileges."""
    if everything and everything <= set(privileges):
        return "ALL"
    return ", ".join(f"{privilege}{part}" for privilege in privileges)


def _role(grantee: str) -> str:
    return "CURRENT_USER" if grantee == OWNER else grantee


def initial_grants(kind: str, name: str, wanted: tuple[str, ...] | None, context: Context) -> tuple[str, ...] | None:
    """What an object has when it is made now: default privileges that are there already count."""
    letter = next((letter for letter, (_, kinds) in LETTERS.items() if kind in kinds), None)
    found = [_default_entries(where, letter, context) for where in ("", parent(name) if "." in name else "")]
    if letter is None or found == [None, None]:
        return None
    everywhere, here = found
    base = _entries(kind, None if everywhere is None else tuple(everywhere), (wanted,))
    return tuple(base | (set(here or ()) if "." in name else set()))


def _default_entries(schema: str, letter: str | None, context: Context) -> list[str] | None:
    name = ObjectName("default privileges", f"{schema}.owner.{letter}".lstrip("."))
    there = name in context.found.items and name in context.wanted.items
    return [entry for entries in context.found.items[name].body for entry in entries] if there else None


def _create(name: str, body: Any, context: Context) -> Statements:
    return _changes(name, None, body, context)


def _drop(name: str, body: Any, context: Context) -> Statements:
    return _changes(name, body, None, context)


def _alter(name: str, old: Any, new: Any, context: Context) -> Statements | Instead:
    return list(_changes(name, old, new, context))


def _changes(name: str, old: Any, new: Any, _context: Context) -> Statements:
    """Those for a schema come on top of those for all, which take the place of what PostgreSQL does by itself."""
    *schema, role, letter = parts(name)
    word, kinds = LETTERS[letter]
    sides = [None if side is None else tuple(entry for entries in side for entry in entries) for side in (old, new)]
    by_default = set() if schema else _entries(sorted(kinds)[0], None, tuple(sides))
    before, after = (by_default if side is None else set(side) for side in sides)
    head = "ALTER DEFAULT PRIVILEGES" + ("" if role == OWNER else f" FOR ROLE {role}")
    head += f" IN SCHEMA {schema[0]}" if schema else ""
    for statement in _statements(before, after, "", word):
        yield f"{head} {statement}"


RULES = {"default privileges": Rule(create=_create, drop=_drop, alter=_alter)}
