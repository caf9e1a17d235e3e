"""Privileges: what can be granted on an object, default privileges for objects to come, those on PostgreSQL's own."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from gitmig.schema.kinds.kind import Context, Definition, Names, Query, Self, Statements, sql
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import parts
from gitmig.schema.scope import BUILDERS, FIRST_OID, OURS, granted, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OWNER = "owner"
SINCE_17 = "owner=MAINTAIN"


class Rights(NamedTuple):
    """What can be granted on a kind of object: `on` is the word of GRANT.

    `owner` is what an owner may do, and `public` what everybody may, unless something else was said. `letter` is that
    of pg_default_acl.
    """

    on: str
    owner: frozenset[str] = frozenset({"USAGE"})
    public: str = ""
    letter: str = ""
    has_all: bool = True  # whether ALL is written for `owner`: newer versions of PostgreSQL know more privileges

    def by_default(self, *, newer: bool = False) -> set[str]:
        """The entries that every object has at first; `newer` ones of PostgreSQL 17 included."""
        entries = {f"{OWNER}={privilege}" for privilege in self.owner}
        entries |= {f"PUBLIC={self.public}"} if self.public else set()
        return entries | ({SINCE_17} if newer and self.letter == "r" else set())


ON_RELATION = Rights(
    on="",
    owner=frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}),
    letter="r",
)
ON_COLUMN = Rights(on="", owner=frozenset())
ON_SEQUENCE = Rights(on="SEQUENCE ", owner=frozenset({"USAGE", "SELECT", "UPDATE"}), letter="S")
ON_ROUTINE = Rights(on="ROUTINE ", owner=frozenset({"EXECUTE"}), public="EXECUTE", letter="f")
ON_TYPE = Rights(on="TYPE ", public="USAGE", letter="T", has_all=False)
ON_SCHEMA = Rights(on="SCHEMA ", owner=frozenset({"USAGE", "CREATE"}), letter="n")
ON_LARGE_OBJECT = Rights(on="LARGE OBJECT ", owner=frozenset({"SELECT", "UPDATE"}), letter="L")
ON_LANGUAGE = Rights(on="LANGUAGE ", public="USAGE", has_all=False)
ON_WRAPPER = Rights(on="FOREIGN DATA WRAPPER ", has_all=False)
ON_SERVER = Rights(on="FOREIGN SERVER ", has_all=False)

# By letter of pg_default_acl: the word of ALTER DEFAULT PRIVILEGES, and what it is about.
LETTERS = {
    "r": ("TABLES", ON_RELATION),
    "S": ("SEQUENCES", ON_SEQUENCE),
    "f": ("ROUTINES", ON_ROUTINE),
    "T": ("TYPES", ON_TYPE),
    "n": ("SCHEMAS", ON_SCHEMA),
    "L": ("LARGE OBJECTS", ON_LARGE_OBJECT),
}


def has_other_grantor(grants: Iterable[str] | None) -> bool:
    """Only that role itself could grant this."""
    return any(" by " in entry for entry in grants or ())


def grant_changes(rights: Rights | None, name: ObjectName, old: Names | None, new: Names | None) -> Statements:
    """GRANT and REVOKE from the old privileges of an object to the new; None is what every object has at first."""
    if old == new or rights is None:
        return
    before, after = (_entries(rights, side, (old, new)) for side in (old, new))
    target, part = f"{rights.on}{name.name}", ""
    if name.kind is ObjectKind.COLUMN:
        target, part = name.parent, f" ({name.last})"
    everything = rights.owner if None in {old, new} and rights.has_all else frozenset[str]()
    yield from _statements(before, after, part, target, everything)


def _entries(rights: Rights, grants: Iterable[str] | None, both: Iterable[Names | None]) -> set[str]:
    if grants is not None:
        return set(grants)
    return rights.by_default(newer=any(SINCE_17 in side for side in both if side))


def _statements(
    before: set[str], after: set[str], part: str, target: str, everything: frozenset[str] = frozenset()
) -> Iterator[str]:
    of_owner = {OWNER: everything}
    lost = {entry for entry in before - after if f"{entry}*" not in after}
    options = {entry for entry in lost if entry.endswith("*") and entry[:-1] in after}
    for (grantee, _), privileges in _by_grantee(options).items():
        yield f"REVOKE GRANT OPTION FOR {_listed(privileges, part)} ON {target} FROM {_role(grantee)}"
    for (grantee, _), privileges in _by_grantee(lost - options).items():
        yield f"REVOKE {_listed(privileges, part, of_owner.get(grantee))} ON {target} FROM {_role(grantee)}"
    new = {entry for entry in after - before if f"{entry}*" not in before}
    for (grantee, grantable), privileges in _by_grantee(new).items():
        option = " WITH GRANT OPTION" if grantable else ""
        yield f"GRANT {_listed(privileges, part, of_owner.get(grantee))} ON {target} TO {_role(grantee)}{option}"


def _by_grantee(entries: Iterable[str]) -> dict[tuple[str, bool], list[str]]:
    found: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for entry in sorted(entries):
        grantee, _, privilege = entry.rpartition("=")
        found[grantee, privilege.endswith("*")].append(privilege.rstrip("*"))
    return found


def _listed(privileges: list[str], part: str, everything: frozenset[str] | None = None) -> str:
    """With `everything`, ALL for that: newer versions of PostgreSQL know more privileges."""
    if everything and everything <= set(privileges):
        return "ALL"
    return ", ".join(f"{privilege}{part}" for privilege in privileges)


def _role(grantee: str) -> str:
    return "CURRENT_USER" if grantee == OWNER else grantee


def initial_grants(rights: Rights | None, name: ObjectName, wanted: Names | None, context: Context) -> Names | None:
    """What an object has when it is made now: default privileges that are there already count."""
    if rights is None or not rights.letter:
        return None
    everywhere, here = (_default_entries(where, rights.letter, context) for where in ("", name.parent))
    if everywhere is here is None:
        return None
    base = _entries(rights, everywhere, (wanted,))
    return tuple(base | set(here if here and name.parent else ()))


def _default_entries(schema: str, letter: str, context: Context) -> Names | None:
    name = f"{schema}.owner.{letter}".lstrip(".")
    there, wanted = (side.find(DefaultPrivileges, name) for side in (context.found, context.wanted))
    return there.entries if there and wanted else None


class DefaultPrivileges(Definition):
    """Default privileges of a role, in a schema or everywhere: all entries there are for it."""

    entries: Names

    KIND = ObjectKind.DEFAULT_PRIVILEGES
    QUERY = Query(
        name="concat_ws('.', nullif(d.defaclnamespace, 0)::regnamespace, d.role, d.defaclobjtype)",
        text=f"jsonb_agg(DISTINCT {granted('d.defaclacl', 'd.defaclrole')})::text",
        source=f"""(SELECT *, CASE WHEN defaclrole IN {BUILDERS} THEN 'owner' ELSE defaclrole::regrole::text END AS role
        FROM pg_default_acl) d
  LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE d.defaclnamespace = 0 OR {OURS}
GROUP BY d.defaclnamespace, d.role, d.defaclobjtype""",
        rare=some("pg_default_acl", "true"),
    )

    @classmethod
    def read_text(cls, text: str) -> Self:
        return cls(tuple(entry for entries in json.loads(text) for entry in entries))

    def create(self, name: ObjectName, context: Context) -> Statements:
        return _default_changes(name, None, self)

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements:
        return _default_changes(name, old, self)

    def drop(self, name: ObjectName, context: Context) -> Statements:
        return _default_changes(name, self, None)


def _default_changes(name: ObjectName, old: DefaultPrivileges | None, new: DefaultPrivileges | None) -> Statements:
    """Those for a schema come on top of those for all, which take the place of what PostgreSQL does by itself."""
    *schema, role, letter = parts(name.name)
    word, rights = LETTERS[letter]
    sides = [side.entries if side else None for side in (old, new)]
    by_default = set[str]() if schema else _entries(rights, None, sides)
    before, after = (by_default if side is None else set(side) for side in sides)
    head = "ALTER DEFAULT PRIVILEGES" + ("" if role == OWNER else f" FOR ROLE {role}")
    head += f" IN SCHEMA {schema[0]}" if schema else ""
    for statement in _statements(before, after, "", word):
        yield f"{head} {statement}"


SYSTEM_OBJECTS = f"""
  SELECT 'pg_proc'::regclass AS catalog, oid, 'f'::"char" AS kind, proacl AS acl, proowner AS owner
    FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proacl IS NOT NULL
  UNION ALL SELECT 'pg_class'::regclass, oid, 'r', relacl, relowner
    FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relacl IS NOT NULL
  UNION ALL SELECT 'pg_type'::regclass, oid, 'T', typacl, typowner
    FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typacl IS NOT NULL
  UNION ALL SELECT 'pg_language'::regclass, oid, 'l', lanacl, lanowner FROM pg_language WHERE oid < {FIRST_OID}
  UNION ALL SELECT 'pg_namespace'::regclass, oid, 'n', nspacl, nspowner FROM pg_namespace WHERE nspname = 'pg_catalog'
"""
NOW = granted("coalesce(o.acl, acldefault(o.kind, o.owner))", "o.owner")
AT_FIRST = granted("coalesce(p.initprivs, acldefault(o.kind, o.owner))", "o.owner")


CHANGED_OBJECTS = f"""({SYSTEM_OBJECTS}) o
  LEFT JOIN pg_init_privs p ON p.classoid = o.catalog AND p.objoid = o.oid AND p.objsubid = 0"""
CHANGED = "o.acl IS DISTINCT FROM p.initprivs"


class SystemPrivileges(Definition):
    """Privileges on what PostgreSQL brings. What initdb granted is no change; the cheap comparison goes first."""

    kind: str = sql("i.type")
    entries: Names = sql(NOW)

    KIND = ObjectKind.SYSTEM_PRIVILEGES
    COVERED = False
    QUERY = Query(
        name="i.identity",
        source=f"""{CHANGED_OBJECTS}, pg_identify_object(o.catalog, o.oid, 0) i
WHERE {CHANGED} AND CASE WHEN {CHANGED} THEN {NOW} <> {AT_FIRST} END
  AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = o.catalog AND m.objid = o.oid)""",
        rare=f"EXISTS (SELECT FROM {CHANGED_OBJECTS} WHERE {CHANGED})",
    )
