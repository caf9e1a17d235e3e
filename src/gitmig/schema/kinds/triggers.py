"""What happens by itself: triggers, rules, policies, event triggers."""

from __future__ import annotations

from gitmig.schema.kinds.kind import Context, Definition, Instead, Names, Query, Self, Statements, sql
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import literal
from gitmig.schema.scope import (
    FIRST_OID,
    OWN_RELATION,
    RELATION,
    RELATIONS,
    listing,
    own,
    some,
)

FIRES = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


class Trigger(Definition):
    """A trigger: its statement, and when it fires (O, D, R, A)."""

    definition: str = sql("pg_get_triggerdef(t.oid)")
    enabled: str = sql("t.tgenabled")

    KIND = ObjectKind.TRIGGER
    IN_THE_WAY = True
    ON_TABLE = True
    QUERY = Query(
        name=f"{RELATION} || '.' || quote_ident(t.tgname)",
        of="pg_trigger t",
        source=f"{RELATIONS} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE {OWN_RELATION}",
        rare=some("pg_trigger", "NOT tgisinternal"),
    )

    @property
    def statement(self) -> str:
        """What makes it."""
        return self.definition.rstrip(";")

    def _can_replace(self, old: Trigger) -> bool:
        return not any(one.definition.startswith("CREATE CONSTRAINT") for one in (old, self))

    def _fires(self, name: ObjectName) -> str:
        return f"ALTER TABLE {name.parent} {FIRES[self.enabled]} {self.word()} {name.last}"

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield self.statement

    def settings(self, name: ObjectName, context: Context) -> Statements:
        if self.enabled != "O":
            yield self._fires(name)

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if old.definition == self.definition:
            return [self._fires(name)]
        if not self._can_replace(old):
            return Instead.REPLACE
        replaced = self.statement.replace("CREATE", "CREATE OR REPLACE", 1)
        return [replaced, *([self._fires(name)] if {old.enabled, self.enabled} != {"O"} else [])]


class Rule(Trigger):
    """A rule, likewise. The rule _RETURN is the view itself."""

    definition: str = sql("pg_get_ruledef(r.oid)")
    enabled: str = sql("r.ev_enabled")

    KIND = ObjectKind.RULE
    HAS_OLD_NAMES = True
    QUERY = Query(
        name=f"{RELATION} || '.' || quote_ident(r.rulename)",
        of="pg_rewrite r",
        source=f"{RELATIONS} JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN' WHERE {OWN_RELATION}",
        rare=some("pg_rewrite", f"oid >= {FIRST_OID} AND rulename <> '_RETURN'"),
    )

    def _can_replace(self, old: Trigger) -> bool:
        return True


class Policy(Definition):
    """A policy; the command is *, r, a, w or d."""

    command: str = sql("p.polcmd")
    permissive: bool = sql("p.polpermissive")
    roles: Names = sql(listing("CASE r.r WHEN 0 THEN 'PUBLIC' ELSE r.r::regrole::text END", "unnest(p.polroles) r(r)"))
    using: str | None = sql("pg_get_expr(p.polqual, p.polrelid)")
    check: str | None = sql("pg_get_expr(p.polwithcheck, p.polrelid)")

    KIND = ObjectKind.POLICY
    IN_THE_WAY = True
    ON_TABLE = True
    QUERY = Query(
        name=f"{RELATION} || '.' || quote_ident(p.polname)",
        of="pg_policy p",
        source=f"{RELATIONS} JOIN pg_policy p ON p.polrelid = c.oid WHERE {OWN_RELATION}",
        rare=some("pg_policy"),
    )

    def _expressions(self) -> str:
        using = "" if self.using is None else f" USING ({self.using})"
        return using + ("" if self.check is None else f" WITH CHECK ({self.check})")

    def create(self, name: ObjectName, context: Context) -> Statements:
        text = f"CREATE {self.subject(name)}"
        text += "" if self.permissive else " AS RESTRICTIVE"
        text += "" if self.command == "*" else f" FOR {COMMANDS[self.command]}"
        text += "" if self.roles == ("PUBLIC",) else f" TO {', '.join(self.roles)}"
        yield text + self._expressions()

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        fixed = (old.command, old.permissive) != (self.command, self.permissive)
        lost = (old.using is not None and self.using is None) or (old.check is not None and self.check is None)
        if fixed or lost:
            return Instead.REPLACE
        roles = "" if old.roles == self.roles else f" TO {', '.join(self.roles)}"
        return [f"ALTER {self.subject(name)}{roles}{self._expressions()}"]


class EventTrigger(Definition):
    """An event trigger."""

    event: str = sql("e.evtevent")
    function: str = sql("e.evtfoid::regprocedure")
    enabled: str = sql("e.evtenabled")
    tags: Names | None = sql("e.evttags")

    KIND = ObjectKind.EVENT_TRIGGER
    QUERY = Query(
        name="quote_ident(e.evtname)",
        of="pg_event_trigger e",
        source=f"pg_event_trigger e WHERE {own('pg_event_trigger', 'e.oid')}",
        rare=some("pg_event_trigger"),
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        tags = f" WHEN TAG IN ({', '.join(map(literal, self.tags))})" if self.tags else ""
        yield f"CREATE EVENT TRIGGER {name.name} ON {self.event}{tags} EXECUTE FUNCTION {self.function}"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        if self.enabled != "O":
            yield f"ALTER EVENT TRIGGER {name.name} {FIRES[self.enabled]}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if (old.event, old.function, old.tags) != (self.event, self.function, self.tags):
            return Instead.REPLACE
        return [f"ALTER EVENT TRIGGER {name.name} {FIRES[self.enabled]}"]
