"""Defaults and identities of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.difference.kinds.sequences import alterations, identity_properties, serial_sequence
from gitmig.core.difference.names import last, parent
from gitmig.core.difference.rule import Context, Instead, Rule, Statements

if TYPE_CHECKING:
    from gitmig.core.difference.definitions import Identity

ALWAYS = {"a": "ALWAYS", "d": "BY DEFAULT"}


def identity_clause(name: str, identity: Identity) -> str:
    """As ADD takes it; what PostgreSQL would choose by itself is left out."""
    named = [] if identity.name == serial_sequence(name) else [f"SEQUENCE NAME {identity.name}"]
    inside = " ".join([*named, *identity_properties(identity.sequence)])
    return f"GENERATED {ALWAYS[identity.kind]} AS IDENTITY{f' ({inside})' if inside else ''}"


def _only(name: str, context: Context) -> str:
    """Inheriting tables have defaults of their own, which are set one by one."""
    return "ONLY " if parent(name) in context.found.parents | context.wanted.parents else ""


def _set_default(name: str, default: str, context: Context) -> Statements:
    yield f"ALTER TABLE {_only(name, context)}{parent(name)} ALTER COLUMN {last(name)} SET DEFAULT {default}"


def _drop_default(name: str, _default: str, context: Context) -> Statements:
    yield f"ALTER TABLE {_only(name, context)}{parent(name)} ALTER COLUMN {last(name)} DROP DEFAULT"


def _add_identity(name: str, identity: Identity, _context: Context) -> Statements:
    yield f"ALTER TABLE {parent(name)} ALTER COLUMN {last(name)} ADD {identity_clause(name, identity)}"


def _drop_identity(name: str, _identity: Identity, _context: Context) -> Statements:
    yield f"ALTER TABLE {parent(name)} ALTER COLUMN {last(name)} DROP IDENTITY"


def _alter_identity(name: str, old: Identity, new: Identity, _context: Context) -> Statements | Instead:
    changes = alterations(new.name, old.sequence, new.sequence)
    return changes if isinstance(changes, Instead) else [*_identity_changes(name, old, new), *changes]


def _identity_changes(name: str, old: Identity, new: Identity) -> Statements:
    if old.kind != new.kind:
        yield f"ALTER TABLE {parent(name)} ALTER COLUMN {last(name)} SET GENERATED {ALWAYS[new.kind]}"
    if parent(old.name) != parent(new.name):
        yield f"ALTER SEQUENCE {old.name} SET SCHEMA {parent(new.name)}"
    if last(old.name) != last(new.name):
        yield f"ALTER SEQUENCE {parent(new.name)}.{last(old.name)} RENAME TO {last(new.name)}"


RULES = {
    "default": Rule(
        create=_set_default,
        drop=_drop_default,
        alter=lambda name, _, new, context: list(_set_default(name, new, context)),
    ),
    "identity": Rule(create=_add_identity, drop=_drop_identity, alter=_alter_identity),
}
