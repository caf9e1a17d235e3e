"""Triggers, rules, policies, event triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements, dropped, of_kind, on_parent
from gitmig.schema.names import last, literal, parent

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.schema.definitions import EventTrigger, Policy, Trigger

FIRES = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def _create(_name: str, trigger: Trigger, _context: Context) -> Statements:
    yield trigger.definition.rstrip(";")


def _drop_on(kind: str) -> Callable[[str, object, Context], Statements]:
    return lambda name, _body, _context: (f"DROP {kind} {last(name)} ON {parent(name)}",)


def _fires(kind: str, name: str, trigger: Trigger) -> str:
    return f"ALTER TABLE {parent(name)} {FIRES[trigger.enabled]} {kind} {last(name)}"


def _settings_of(kind: str) -> Callable[[str, Trigger, Context], Statements]:
    return lambda name, trigger, _: [_fires(kind, name, trigger)] if trigger.enabled != "O" else []


def _alter_trigger(name: str, old: Trigger, new: Trigger, _context: Context) -> Statements | Instead:
    if old.definition == new.definition:
        return [_fires("TRIGGER", name, new)]
    if any(trigger.definition.startswith("CREATE CONSTRAINT") for trigger in (old, new)):
        return Instead.REPLACE
    replaced = new.definition.replace("CREATE", "CREATE OR REPLACE", 1)
    return [replaced, *([_fires("TRIGGER", name, new)] if {old.enabled, new.enabled} != {"O"} else [])]


def _alter_rule(name: str, old: Trigger, new: Trigger, _context: Context) -> Statements | Instead:
    if old.definition == new.definition:
        return [_fires("RULE", name, new)]
    replaced = new.definition.rstrip(";").replace("CREATE", "CREATE OR REPLACE", 1)
    return [replaced, *([_fires("RULE", name, new)] if {old.enabled, new.enabled} != {"O"} else [])]


def _create_policy(name: str, policy: Policy, _context: Context) -> Statements:
    text = f"CREATE POLICY {last(name)} ON {parent(name)}"
    text += "" if policy.permissive else " AS RESTRICTIVE"
    text += "" if policy.command == "*" else f" FOR {COMMANDS[policy.command]}"
    text += "" if policy.roles == ("PUBLIC",) else f" TO {', '.join(policy.roles)}"
    yield text + _expressions(policy)


def _expressions(policy: Policy) -> str:
    using = "" if policy.using is None else f" USING ({policy.using})"
    return using + ("" if policy.check is None else f" WITH CHECK ({policy.check})")


def _alter_policy(name: str, old: Policy, new: Policy, _context: Context) -> Statements | Instead:
    fixed = (old.command, old.permissive) != (new.command, new.permissive)
    lost = (old.using is not None and new.using is None) or (old.check is not None and new.check is None)
    if fixed or lost:
        return Instead.REPLACE
    roles = "" if old.roles == new.roles else f" TO {', '.join(new.roles)}"
    return [f"ALTER POLICY {last(name)} ON {parent(name)}{roles}{_expressions(new)}"]


def _create_event_trigger(name: str, trigger: EventTrigger, _context: Context) -> Statements:
    tags = f" WHEN TAG IN ({', '.join(map(literal, trigger.tags))})" if trigger.tags else ""
    yield f"CREATE EVENT TRIGGER {name} ON {trigger.event}{tags} EXECUTE FUNCTION {trigger.function}"


def _event_trigger_fires(name: str, trigger: EventTrigger, _context: Context) -> Statements:
    if trigger.enabled != "O":
        yield f"ALTER EVENT TRIGGER {name} {FIRES[trigger.enabled]}"


def _alter_event_trigger(name: str, old: EventTrigger, new: EventTrigger, _context: Context) -> Statements | Instead:
    if (old.event, old.function, old.tags) != (new.event, new.function, new.tags):
        return Instead.REPLACE
    return [f"ALTER EVENT TRIGGER {name} {FIRES[new.enabled]}"]


RULES = {
    "trigger": Rule(
        create=_create,
        drop=_drop_on("TRIGGER"),
        alter=_alter_trigger,
        settings=_settings_of("TRIGGER"),
        subject=on_parent("TRIGGER"),
    ),
    "rule": Rule(
        create=_create,
        drop=_drop_on("RULE"),
        alter=_alter_rule,
        settings=_settings_of("RULE"),
        subject=on_parent("RULE"),
    ),
    "policy": Rule(create=_create_policy, drop=_drop_on("POLICY"), alter=_alter_policy, subject=on_parent("POLICY")),
    "event trigger": Rule(
        create=_create_event_trigger,
        drop=dropped("EVENT TRIGGER"),
        alter=_alter_event_trigger,
        settings=_event_trigger_fires,
        subject=of_kind("EVENT TRIGGER"),
    ),
}
