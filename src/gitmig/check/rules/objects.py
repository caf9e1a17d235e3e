"""GM201–GM206, GM208, GM216: both sides make, drop, rename or alter one object, or one of them uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.dependencies import NO_KEY, OVERLOADS, PARTLY, REMADE, UNIQUENESS, VALUES
from gitmig.check.effects import Circumstance
from gitmig.check.findings import Severity
from gitmig.check.footprint.indexes import ONE_OWNER
from gitmig.check.footprint.model import OPERATOR, ROUTINE, Action, DependencyKind, NamedKind, Trait
from gitmig.check.footprint.names import NOT_NULL
from gitmig.check.footprint.outside import MEMBERS
from gitmig.check.footprint.tables import LOGGED, PERSISTENCE, REFERENCED, REFERS
from gitmig.check.footprint.views import CONCURRENTLY, READ_ONLY
from gitmig.check.rules.pairs import GRANTED, both, either, given, hits, labels_in_order, uses
from gitmig.check.rules.registry import Conflict, Example, WhenProven, on_pairs, rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.check.effects import Effect


SIGNED = 4  # parts of the path of a function or operator with its signature


@on_pairs
@rule(
    "GM201",
    "created twice",
    Severity.ERROR,
    hint="keep one of the two, or give one of them another name",
    conflict=Example(ours="CREATE TABLE votes (id int);", theirs="CREATE TABLE votes (id bigint);"),
    harmless=Example(
        ours="CREATE TABLE IF NOT EXISTS votes (id int);",
        theirs="CREATE TABLE IF NOT EXISTS votes (id int);\nCREATE TABLE likes (id int);",
    ),
    when_proven=WhenProven.GONE,
)
def created_twice(first: Effect, second: Effect) -> Conflict | None:
    """Both sides create one name, or both leave the name to PostgreSQL, which gives it to whoever is first."""
    if not _one_name(first, second) or (first.gives_way and second.gives_way):
        return None
    same = first.touch.value == second.touch.value
    if same and either(first, second, Circumstance.MERGES) and first.object.kind is NamedKind.CONSTRAINT:
        return None
    if both(first, second, Trait.CHOSEN):
        return None if same else _chosen(first, second)
    one, two = labels_in_order(first, second)
    made = first.object if first.label == one else second.object  # one may be a table, the other one a view
    advice = "drop one of the two" if same else "keep one of the two, or give one of them another name"
    return Conflict(
        object=made,
        message=f"{one} and {two} both create {made}",
        hint=f"{advice}: the second one to run fails, or finds another {made.kind.value} than it expects",
    )


@on_pairs
@rule(
    "GM202",
    "two versions",
    Severity.ERROR,
    hint="write one version that does what both want, in the migration that is merged last",
    conflict=Example(
        ours="CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        theirs="CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';",
    ),
    harmless=Example(
        ours="CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        theirs="CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\nCREATE TABLE likes (id int);",
    ),
    when_proven=WhenProven.GONE,
)
def two_versions(first: Effect, second: Effect) -> Conflict | None:
    """Both sides replace an object, by different definitions: the last one to run wins.

    `DROP VIEW v; CREATE VIEW v AS …` replaces it, too.
    """
    if not _one_name(first, second) or not (first.gives_way and second.gives_way):
        return None
    if first.touch.value == second.touch.value:
        return None
    one, two = labels_in_order(first, second)
    made = first.object if first.label == one else second.object
    return Conflict(
        object=made,
        message=f"{one} and {two} make {made} in two versions: the last one to run wins",
    )


def _one_name(first: Effect, second: Effect) -> bool:
    """Whether two creations take each other's name."""
    if not first.action is second.action is Action.CREATE or first.object != second.object:
        return False
    # what follows from two creations, as a partition and a child's column, is created twice where they are
    follow = both(first, second, Circumstance.IMPLIED) or first.object.kind is NamedKind.PARTITION
    # of all relations, an index alone is no type
    one_row_type = {first.object.kind, second.object.kind} == {NamedKind.INDEX, NamedKind.TYPE}
    return not (follow or one_row_type or both(first, second, Circumstance.FREED))


def _chosen(first: Effect, second: Effect) -> Conflict:
    one, two = labels_in_order(first, second)
    what = "index" if first.object.kind is NamedKind.INDEX else first.object.kind.value
    return Conflict(
        object=first.object,
        message=f"{one} and {two} both make an {what} without a name that PostgreSQL calls {first.object.path[-1]}",
        hint="name both: the order in which they run decides which one gets which name",
    )


@on_pairs
@rule(
    "GM203",
    "dropped and used",
    Severity.ERROR,
    hint="take what needs the object out of the other migration, or leave the object in place for now",
    conflict=Example(
        ours="ALTER TABLE comments DROP COLUMN contents;", theirs="CREATE VIEW recent AS SELECT contents FROM comments;"
    ),
    harmless=Example(
        ours="ALTER TABLE comments DROP COLUMN contents;", theirs="CREATE VIEW recent AS SELECT author FROM comments;"
    ),
    when_proven=WhenProven.GONE,
)
def dropped_and_used(drop: Effect, other: Effect) -> Conflict | None:
    """One side drops what the other one uses: in a view, key, trigger, index, SQL function, or in a statement.

    What PostgreSQL drops along with it counts.
    """
    if drop.action is Action.ALTER and drop.aspect in {UNIQUENESS, REMADE, NO_KEY, PARTLY}:
        return _key_gone(drop, other)
    if drop.action is not Action.DROP or not hits(drop, other) or _cannot_fail(other):
        return None
    if other.object == drop.object and (
        other.action is Action.DROP or (other.action is Action.CREATE and drop.has(Circumstance.REPLACED))
    ):
        return None  # two drops, two creations: other rules
    doubt = _why_it_may_serve(drop, other)
    how = "makes PostgreSQL drop" if drop.has(Circumstance.IMPLIED) else "drops"
    return Conflict(
        object=drop.object,
        message=f"{drop.label} {how} {drop.object}, and {uses(other, drop)}",
        hint=f"take what needs {drop.object} out of {other.label}, or leave it in place for now",
        severity=Severity.WARNING if doubt else Severity.ERROR,
        doubt=doubt,
    )


def _why_it_may_serve(drop: Effect, other: Effect) -> str | None:
    passing = other.dependency in {DependencyKind.TRANSIENT, DependencyKind.CHECKED}
    made_anew = drop.has(Circumstance.REPLACED) or drop.has(Circumstance.SUCCEEDED)
    if made_anew and passing and other.action in {Action.READ, Action.WRITE}:
        return "whether the new definition serves it, too, is not known"
    if made_anew and other.action is Action.ALTER and other.aspect == "AT_ValidateConstraint":
        return "the new definition may be valid already"
    if _forgives(other, drop) and (other.action is not Action.CREATE or other.has(Trait.IF_TABLE)):
        return "the other statement forgives that the object is gone"
    return None


def _forgives(other: Effect, gone: Effect) -> bool:
    """Whether the statement does nothing where the object is gone; `ALTER TABLE IF EXISTS` needs the table's parts."""
    return other.forgiving or (other.has(Trait.IF_TABLE) and gone.object.contains(other.object))


def _key_gone(drop: Effect, other: Effect) -> Conflict | None:
    if other.aspect == CONCURRENTLY and drop.aspect == UNIQUENESS:
        return Conflict(
            object=other.object,
            message=f"{drop.label} drops a unique index of {other.object}, which {other.label} refreshes concurrently",
            hint="keep the index, or refresh the view without CONCURRENTLY",
            severity=Severity.WARNING,
            doubt="the view may have another unique index",
        )
    if other.action is not Action.READ or other.object != drop.object or other.dependency is DependencyKind.AT_CALL:
        return None
    if drop.aspect == NO_KEY and other.has(Trait.PRIMARY):
        return Conflict(
            object=drop.object,
            message=f"{drop.label} drops the primary key of {drop.object}, which {other.label} needs",
            hint="keep the key, or write what needs it in another way",
        )
    # where the key is made again, only what hangs on it stands in the way
    passes = drop.aspect == REMADE and other.dependency in {DependencyKind.TRANSIENT, DependencyKind.CHECKED}
    if drop.aspect == NO_KEY or passes or not other.has(Trait.FOREIGN):
        return None
    if drop.aspect == PARTLY and not other.has(Circumstance.CHANGES_DATA):
        return None  # a foreign key needs more than that
    return Conflict(
        object=drop.object,
        message=f"{drop.label} drops the unique key of {drop.object}, which {other.label} refers to",
        hint="keep the key, or refer to another one",
        severity=Severity.WARNING if drop.aspect == PARTLY else None,
        doubt="it was unique for some rows only" if drop.aspect == PARTLY else None,
    )


def _cannot_fail(effect: Effect) -> bool:
    """Whether it is looked up later; or goes along with something else, where the drop finds it in the other order."""
    if effect.has(Circumstance.IMPLIED):
        return effect.action is not Action.RENAME
    return effect.action in {Action.READ, Action.WRITE} and effect.dependency is DependencyKind.AT_CALL


@on_pairs
@rule(
    "GM204",
    "dropped twice",
    Severity.ERROR,
    hint="take one of the two out: the second one to run finds nothing to drop",
    conflict=Example(ours="DROP TABLE posts;", theirs="DROP TABLE posts;\nCREATE TABLE likes (id int);"),
    harmless=Example(
        ours="DROP TABLE IF EXISTS posts;", theirs="DROP TABLE IF EXISTS posts;\nCREATE TABLE likes (id int);"
    ),
    when_proven=WhenProven.GONE,
)
def dropped_twice(first: Effect, second: Effect) -> Conflict | None:
    """Both sides drop the same: the second one to run finds nothing to drop."""
    if not first.action is second.action is Action.DROP or first.object != second.object or _cannot_fail(second):
        return None
    if both(first, second, Trait.FORGIVING) or both(first, second, Circumstance.REPLACED):
        return None  # a side that makes the object again leaves one for the other one to drop
    one, two = labels_in_order(first, second)
    return Conflict(
        object=first.object,
        message=f"{one} and {two} both drop {first.object}",
    )


@on_pairs
@rule(
    "GM205",
    "renamed and used",
    Severity.ERROR,
    hint="let the other migration run first, or write the new name into it",
    conflict=Example(
        ours="ALTER TABLE comments RENAME contents TO body;", theirs="CREATE INDEX ON comments (contents);"
    ),
    harmless=Example(ours="ALTER TABLE comments RENAME contents TO body;", theirs="CREATE INDEX ON comments (author);"),
    when_proven=WhenProven.GONE,
)
def renamed_and_used(rename: Effect, other: Effect) -> Conflict | None:
    """One side renames what the other one calls by its old name, or both rename it.

    If a value of an enum is renamed, rows and defaults of its columns are a warning that is not certain.
    """
    if rename.action is Action.ALTER and rename.aspect == VALUES:
        return _value_renamed(rename, other)
    if _replaces_columns(rename, other):
        return Conflict(
            object=rename.object,
            message=f"{rename.label} renames {rename.object}, and {other.label} replaces {other.object}",
            hint=f"write the new name into {other.label}: CREATE OR REPLACE cannot change the name of a column",
        )
    if rename.action is not Action.RENAME or not hits(rename, other) or _has_the_old_name(rename, other):
        return None
    if other.action is Action.RENAME and other.object == rename.object:
        one, two = labels_in_order(rename, other)
        message, hint = f"{one} and {two} both rename {rename.object}", "agree on one name, in one of the two"
    else:
        message = f"{rename.label} renames {rename.object} to {_new_name(rename)}, and {uses(other, rename)}"
        hint = f"let {other.label} run first, or write the new name into it"
    doubt = _why_the_name_may_serve(rename, other)
    severity = Severity.WARNING if doubt else Severity.ERROR
    return Conflict(object=rename.object, message=message, hint=hint, severity=severity, doubt=doubt)


def _new_name(rename: Effect) -> str:
    """The last name, without the signature of a function; of what goes to another schema, that one."""
    new = rename.touch.to or rename.object
    at = 2 if new.path[0] in {ROUTINE, OPERATOR} and len(new.path) == SIGNED else -1
    moved = new.path[at] == rename.object.path[at] and len(new.path) > 2
    return f"{new.path[1]}.{new.path[at]}" if moved else new.path[at]


def _replaces_columns(rename: Effect, other: Effect) -> bool:
    """Whether a column of a view is renamed that the other side replaces, with the names that it knows."""
    renames = rename.action is Action.RENAME and rename.object.kind is NamedKind.COLUMN
    replaces = other.action is Action.CREATE and other.object.kind is NamedKind.VIEW and other.forgiving
    return renames and replaces and not other.has(Circumstance.REPLACED) and other.object.contains(rename.object)


def _has_the_old_name(rename: Effect, other: Effect) -> bool:
    """Whether the other one finds it by its old name, or has a rule of its own: drops, bodies of functions."""
    if other.action is Action.DROP and other.object == rename.object:
        return True
    if rename.has(Circumstance.RETURNED) and rename.touch.to == rename.object:
        return True
    if other.has(Trait.PRIMARY):  # it does not name the key
        return rename.object.kind in {NamedKind.CONSTRAINT, NamedKind.INDEX}
    at_call = other.action in {Action.READ, Action.WRITE} and other.dependency is DependencyKind.AT_CALL
    if at_call or other.has(Circumstance.IMPLIED):
        return True
    alike = rename.touch.to == other.touch.to and other.action is not Action.CREATE
    return alike and both(rename, other, Trait.FORGIVING)


def _why_the_name_may_serve(rename: Effect, other: Effect) -> str | None:
    if rename.has(Circumstance.RETURNED):
        return "it has its old name again in the end, so it matters only what runs in between"
    if _forgives(other, rename) and other.action in {
        Action.READ,
        Action.WRITE,
    }:  # a change that is left out makes a difference
        return "the other statement forgives that the object is gone"
    return None


def _value_renamed(renamed: Effect, other: Effect) -> Conflict | None:
    """Values of an enum stand in statements as mere texts; `renamed` is a column of the enum."""
    if other.dependency is DependencyKind.AT_CALL:
        return None
    default = other.action is Action.ALTER and other.object == renamed.object and other.aspect == "default"
    if not default and not given(other, renamed.object):
        return None
    return Conflict(
        object=renamed.object,
        message=f"{renamed.label} renames a value of the type of {renamed.object}, and {uses(other, renamed)}",
        hint=f"write the new name into {other.label} if it names the value",
        severity=Severity.WARNING,
        doubt="it depends on the values that are written",
    )


@on_pairs
@rule(
    "GM206",
    "named in a function body",
    Severity.WARNING,
    hint="write the function anew behind both: nothing fails before it is called",
    conflict=Example(
        ours="ALTER TABLE comments DROP COLUMN contents;",
        theirs="CREATE FUNCTION clear() RETURNS void LANGUAGE plpgsql AS\n"
        "  $$ BEGIN UPDATE comments SET contents = NULL; END $$;",
    ),
    harmless=Example(
        ours="ALTER TABLE comments DROP COLUMN contents;",
        theirs="CREATE FUNCTION clear() RETURNS void LANGUAGE plpgsql AS\n"
        "  $$ BEGIN UPDATE comments SET author = NULL; END $$;",
    ),
    when_proven=WhenProven.UNCERTAIN,
)
def named_in_a_function_body(gone: Effect, other: Effect) -> Conflict | None:
    """A PL/pgSQL function names what the other side drops or renames, or cannot insert any more.

    PostgreSQL notices at the next call. What the function inserts it has to give all values for that the table wants,
    and to say ON CONFLICT of columns that are a unique key.
    """
    if other.action not in {Action.READ, Action.WRITE}:
        return None
    in_a_body = other.dependency in {DependencyKind.AT_CALL, DependencyKind.CHECKED}
    if in_a_body and (fault := _insert_refused(gone, other)):
        return Conflict(object=gone.object, message=f"{gone.label} {fault} of {other.label}")
    if other.dependency is not DependencyKind.AT_CALL:
        return None
    if gone.action not in {Action.DROP, Action.RENAME} or gone.has(Circumstance.REPLACED) or not hits(gone, other):
        return None
    verb = "drops" if gone.action is Action.DROP else "renames"
    return Conflict(
        object=gone.object,
        message=f"{gone.label} {verb} {gone.object}, which a function of {other.label} still names",
    )


def _insert_refused(change: Effect, other: Effect) -> str | None:
    """Why what a function writes is refused from now on, as the middle of a sentence."""
    named = change.object
    if change.action is Action.ALTER and change.aspect == UNIQUENESS:
        conflict_clause = other.action is Action.READ and other.object == named and other.has(Trait.FOREIGN)
        return (
            f"drops the unique key of {named}, which is named by ON CONFLICT in a function" if conflict_clause else None
        )
    insert = other.action is Action.WRITE and other.aspect == "insert" and other.object.kind is not NamedKind.COLUMN
    if not insert:
        return None
    given = other.touch.columns
    if named.kind is NamedKind.COLUMN and other.object.contains(named):
        wanted = (change.action is Action.CREATE and change.has(Trait.REQUIRED)) or (
            change.action is Action.ALTER and change.aspect == "null" and change.touch.value == NOT_NULL
        )
        missing = change.action is Action.CREATE if given is None else named.path[-1] not in given
        if wanted and missing:
            return f"makes {named} NOT NULL, which is not given by an insert in a function"
        if change.action is Action.DROP and given is None:
            return f"drops {named}, which is given by its position in a function"
    if change.action is Action.CREATE and change.aspect == READ_ONLY and other.object == named:
        return f"makes {named} a view that takes no rows by itself, into which they are inserted by a function"
    return None


SET_BACK = {NamedKind.FUNCTION, NamedKind.VIEW, NamedKind.TRIGGER}
KEPT_BY_REPLACE = ("comment", "owner", " for ")  # CREATE OR REPLACE leaves these alone


@on_pairs
@rule(
    "GM208",
    "altered twice",
    Severity.ERROR,
    hint="decide which of the two shall count, and take the other one out",
    conflict=Example(
        ours="ALTER TABLE comments ALTER post_id TYPE bigint;",
        theirs="ALTER TABLE comments ALTER post_id TYPE numeric;",
    ),
    harmless=Example(
        ours="ALTER TABLE comments ALTER author SET DEFAULT 'me';",
        theirs="ALTER TABLE comments ALTER author SET NOT NULL;",
    ),
    when_proven=WhenProven.GONE,
)
def altered_twice(first: Effect, second: Effect) -> Conflict | None:
    """Both sides alter one aspect of one thing, in different ways.

    Aspects are its type, default, `NOT NULL`, comment, row security, owner, privileges, options. A type and a default
    are a warning: the default may go with both types; so are two limits of a sequence. What `CREATE OR REPLACE` sets
    back counts as altered.
    """
    if _undoes(first, second):
        return _both_alter(first, second, ["privileges"], None)
    if _disables(first, second):
        return _both_alter(first, second, ["enabled"], None)
    if first.action is not Action.ALTER or first.object != second.object:
        return None
    if second.action is not Action.ALTER:
        return _sets_back(first, second) or _owner_of_one(first, second)
    aspects = _aspects_that_differ(first, second)
    if not aspects:
        return None
    return _both_alter(first, second, aspects, None if len(aspects) == 1 else _why_both_may_hold(aspects))


# Of a sequence: each has to be within the others.
LIMITS = {"as", "minvalue", "maxvalue", "start", "restart"}


def _why_both_may_hold(aspects: Iterable[str]) -> str:
    if LIMITS.issuperset(aspects):
        return "it depends on the values"
    return "whether the default goes with both types is not known"


def _aspects_that_differ(first: Effect, second: Effect) -> list[str]:
    """The aspects in which the two do not commute; type and default hang together."""
    if both(first, second, Circumstance.IMPLIED):
        return []
    aspects = {first.aspect, second.aspect}
    if _meets_all(first.aspect, second.aspect) or _meets_all(second.aspect, first.aspect):
        return sorted(aspects)
    once = len(aspects) == 1 and either(first, second, Trait.ONCE) and not both(first, second, Trait.FORGIVING)
    differ = len(aspects) == 1 and first.touch.value != second.touch.value
    together = aspects == {"type", "default"} or (len(aspects) > 1 and aspects <= LIMITS)
    return sorted(aspects) if once or differ or together else []


def _meets_all(one: str, other: str) -> bool:
    """Whether the one is about everything of what the other one is about a part of: all settings, members, tokens."""
    if one == "mapping of any token":
        return other.startswith("mapping of ") and other != one
    of_settings = one == "set of any name" and other.startswith("set ") and other != one
    return of_settings or (one == MEMBERS and other.startswith(f"{MEMBERS}: "))


def _both_alter(first: Effect, second: Effect, aspects: Iterable[str], doubt: str | None) -> Conflict:
    one, two = labels_in_order(first, second)
    inner = second.object if first.object.contains(second.object) else first.object
    return Conflict(
        object=inner,
        message=f"{one} and {two} both alter {inner} ({', '.join(aspects)})",
        severity=Severity.WARNING if doubt else Severity.ERROR,
        doubt=doubt,
    )


def _undoes(first: Effect, second: Effect) -> bool:
    """Whether one grants what the other one revokes, perhaps for all of a schema."""
    privilege, grantee = _privilege(first)
    other, other_grantee = _privilege(second)
    grantee, _, kind = grantee.partition(" of ")
    other_grantee, _, other_kind = other_grantee.partition(" of ")
    if kind or other_kind:  # all objects of a kind in the schema
        same_object = _in_schema_of_kind(first, kind, second, other_kind)
    else:
        same_object = first.object == second.object or first.object.contains(second.object)
    overlap = privilege == other or "all" in {privilege, other}
    opposite = {first.touch.value[:5], second.touch.value[:5]} == {"grant", "revok"}
    return bool(grantee) and grantee == other_grantee and same_object and overlap and opposite


def _in_schema_of_kind(first: Effect, kind: str, second: Effect, other_kind: str) -> bool:
    if kind and other_kind:
        return first.object == second.object and not GRANTED[kind].isdisjoint(GRANTED[other_kind])
    return bool(kind) and first.object.contains(second.object) and second.object.kind in GRANTED[kind]


def _privilege(effect: Effect) -> tuple[str, str]:
    """`select for public` → the privilege and who has it; empty for what is no privilege."""
    if effect.action is not Action.ALTER:
        return "", ""
    privilege, _, grantee = effect.aspect.partition(" for ")
    return privilege, grantee


def _owner_of_one(owner: Effect, owned: Effect) -> Conflict | None:
    """A sequence has the owner of the table to which it belongs; once it does, it follows."""
    if owner.aspect != "owner" or owned.aspect != ONE_OWNER:
        return None
    return Conflict(
        object=owner.object,
        message=f"{owner.label} gives {owner.object} to another role, and {owned.label} makes a sequence belong to a "
        "table, which need one owner",
        hint=f"let {owned.label} run first: the sequence follows its table",
    )


def _disables(altered: Effect, trigger: Effect) -> bool:
    """Whether one enables or disables all triggers of a table, and the other one makes one there, or does otherwise."""
    of_all = altered.action is Action.ALTER and altered.touch.value.endswith(("TrigAll", "TrigUser"))
    if not of_all or trigger.object.kind is not NamedKind.TRIGGER or not altered.object.contains(trigger.object):
        return False
    if trigger.action is Action.ALTER and trigger.aspect == "enabled":
        return not altered.touch.value.startswith(trigger.touch.value)
    made = trigger.action is Action.CREATE and not trigger.has(Circumstance.TAKEN)
    return made and altered.touch.value.startswith("AT_Disable")


def _sets_back(altered: Effect, created: Effect) -> Conflict | None:
    """CREATE OR REPLACE sets the options of a function or view back, and whether a trigger is enabled."""
    if created.action is not Action.CREATE or not created.forgiving or created.object.kind not in SET_BACK:
        return None
    if any(word in altered.aspect for word in KEPT_BY_REPLACE):
        return None
    return Conflict(
        object=altered.object,
        message=f"{created.label} replaces {altered.object}, and {uses(altered, created)}",
        hint="write the option into the new definition, too",
    )


@on_pairs
@rule(
    "GM218",
    "logged and unlogged",
    Severity.ERROR,
    hint="leave the table as it is, or take what needs it so out of the other migration",
    conflict=Example(
        base="CREATE TABLE kinds (id int PRIMARY KEY);",
        ours="ALTER TABLE kinds SET UNLOGGED;",
        theirs="ALTER TABLE posts ADD COLUMN kind int REFERENCES kinds;",
    ),
    harmless=Example(
        base="CREATE TABLE kinds (id int PRIMARY KEY);",
        ours="ALTER TABLE kinds SET UNLOGGED;",
        theirs="CREATE UNLOGGED TABLE uses (kind int REFERENCES kinds);",
    ),
    when_proven=WhenProven.GONE,
)
def logged_and_unlogged(changed: Effect, other: Effect) -> Conflict | None:
    """One side makes a table `UNLOGGED`, or `LOGGED`, and the other one needs it as it was.

    An unlogged table cannot be published, nor can a foreign key of a logged table refer to it. A sequence that becomes
    its own is a warning: only since PostgreSQL 15 do they follow the table.
    """
    if changed.action is not Action.ALTER or changed.aspect != PERSISTENCE or changed.object != other.object:
        return None
    if other.action is not Action.READ:
        return None
    unlogged, table = changed.touch.value == LOGGED["AT_SetUnLogged"], changed.object
    hint = doubt = None
    if unlogged and other.aspect == "published":
        why = f"{other.label} publishes it"
    elif unlogged and other.aspect == REFERENCED and other.touch.to != table and not other.has(Trait.UNLOGGED):
        why = f"{other.label} has a logged table refer to it"
    elif not unlogged and other.aspect == REFERS and other.touch.to != table and other.has(Trait.UNLOGGED):
        why = f"{other.label} has it refer to an unlogged table"
    elif other.aspect == ONE_OWNER and table.kind is NamedKind.TABLE:
        why, doubt = f"{other.label} makes a sequence belong to it", "only since PostgreSQL 15 do sequences follow"
        hint = f"let {other.label} run first: the sequence follows its table"
    else:
        return None
    return Conflict(
        object=table,
        message=f"{changed.label} makes {table} {'UNLOGGED' if unlogged else 'LOGGED'}, and {why}",
        hint=hint,
        severity=Severity.WARNING if doubt else None,
        doubt=doubt,
    )


@on_pairs
@rule(
    "GM216",
    "function of one name",
    Severity.WARNING,
    hint="cast the arguments of the call to the types of the function that is meant",
    conflict=Example(
        base="CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';",
        ours="CREATE FUNCTION f(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT a + b';",
        theirs="CREATE VIEW v AS SELECT f(1);",
    ),
    harmless=Example(
        base="CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';",
        ours="CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1';",
        theirs="CREATE VIEW v AS SELECT f(1);",
    ),
    when_proven=WhenProven.GONE,
)
def function_of_one_name(added: Effect, call: Effect) -> Conflict | None:
    """One side adds a function with other parameters to one of that name, which the other side calls.

    Never certain: which of the two is meant PostgreSQL decides by the types of the arguments, when the call is read.
    """
    if added.action is not Action.ALTER or added.aspect != OVERLOADS or added.object.root != call.object.root:
        return None
    if call.action is not Action.READ or not call.has(Trait.CALLED):
        return None
    return Conflict(
        object=added.object,
        message=f"{added.label} adds a {added.object} with other parameters, and {uses(call, added)}",
        doubt="it depends on the types of the arguments which of them is called",
    )
