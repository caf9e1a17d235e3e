"""To which database a work tree is bound, and whether a hook may follow what its settings say now.

A checkout brings files along, and some of them are settings. A hook follows them only as far as a sync by hand has
agreed to: the same database, and nothing that lets more happen to it. What was agreed to stands in a file in the work
tree's git directory, which no checkout brings along.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

from gitmig.files import replace_file
from gitmig.git.worktrees import work_trees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gitmig.config import Settings
    from gitmig.git.repository import Repository
    from gitmig.git.worktrees import WorkTree


class BoundSettings(Struct, frozen=True, kw_only=True):
    """The settings by which more can happen to a database. See `gitmig.config.Settings`."""

    folders: tuple[str, ...]
    layout: str | None
    bootstrap: str | None
    run_outside: str
    ignore: tuple[str, ...]
    verify: bool
    kept_age: int
    shared: bool = False
    unclonable: str = "refuse"
    env_file: str | None = None
    guard: bool = False

    @classmethod
    def of(cls, settings: Settings) -> BoundSettings:
        """Those that are in force."""
        return cls(**{name: getattr(settings, name) for name in cls.__struct_fields__})

    def widened(self, now: BoundSettings) -> list[str]:
        """The keys of `gitmig.toml` with which more may happen now than under these."""
        return [
            *(["folder"] if now.folders != self.folders else []),
            *(["layout"] if now.layout != self.layout else []),
            *(["bootstrap"] if now.bootstrap != self.bootstrap else []),
            *(["run_outside"] if now.run_outside != self.run_outside == "large" else []),
            *(["ignore"] if not set(now.ignore) <= set(self.ignore) else []),
            *(["verify"] if self.verify and not now.verify else []),
            *(["kept_age"] if now.kept_age < self.kept_age else []),
            *(["shared"] if now.shared and not self.shared else []),
            *(["unclonable"] if now.unclonable not in {self.unclonable, "refuse"} else []),
            *(["env_file"] if now.env_file not in {self.env_file, None} else []),
            *(["guard"] if self.guard and not now.guard else []),
        ]


class Binding(Struct, frozen=True, kw_only=True):
    """The database a work tree was last synced with by hand, and the settings then.

    `database` tells databases apart (see `gitmig.postgres.address.location`), `shown` is how people are told; `source`
    says where the URL came from, empty for the embedded server. Where every work tree or branch has its own, that is
    what a person has agreed to, and `own` is the one that was synced last, of the branch `branch`.
    """

    database: str
    shown: str
    source: str
    limits: BoundSettings
    own: str = ""
    branch: str | None = None

    @property
    def used(self) -> str:
        """The very database, told apart from all others."""
        return self.own or self.database

    def told_apart(self, other: Binding) -> tuple[str, str]:
        """Both as people are told, so that they see two."""
        return (self.shown, other.shown) if self.shown != other.shown else (self.database, other.database)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        found: dict[str, Any] = to_builtins(self)
        return found

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Binding:
        """From plain values. Raises KeyError, TypeError for what is none."""
        limits = dict(value["limits"])
        limits |= {name: tuple(limits[name]) for name in ("folders", "ignore")}
        return cls(**{**value, "limits": BoundSettings(**limits)})


def objection(
    now: Binding,
    own: Binding | None,
    others: Sequence[Binding],
    *,
    is_personal: bool,
    own_keys: frozenset[str],
    file: str,
) -> str | None:
    """Why a hook does not touch the database that the settings name `now`; None if it may.

    `own` is this work tree's binding, `others` are those of the clone's other work trees, by which a new one goes.
    `is_personal`: no file of the checkout names the database; `own_keys` are settings that no such file decides, `file`
    is the one that decides the others.
    """
    models = [own] if own else list(others)
    if (why := _other_database(now, own, models, is_personal=is_personal)) is not None:
        return why
    if not models:
        return "no work tree of this clone was synced by hand yet"
    widened = [[key for key in model.limits.widened(now.limits) if key not in own_keys] for model in models]
    if widened and all(widened):
        return f"{file} changes {' and '.join(widened[0])}"
    return None


def _other_database(now: Binding, own: Binding | None, models: Sequence[Binding], *, is_personal: bool) -> str | None:
    if any(model.database == now.database for model in models):
        return None
    if not now.source:
        configured = next((model for model in models if model.source), None)
        if configured is None or any(not model.source for model in models):
            return None  # this work tree's own database on the embedded server
        return f"no database URL is set here, and the last sync had {configured.shown} from {configured.source}"
    if own is not None:
        told, before = now.told_apart(own)
        return f"{now.source} names {told}, and this work tree was last synced with {before}"
    if is_personal:
        return None
    return f"{now.source} names {now.shown}, with which no work tree of this clone was synced by hand"


NAME = "binding.json"


def read(repository: Repository) -> tuple[Binding | None, list[Binding]]:
    """The binding of the work tree, and those of the clone's other ones. A file that cannot be read counts as none."""
    own = repository.private(shared=False) / NAME
    places = (repository.common_dir / "gitmig" / NAME, *repository.common_dir.glob(f"worktrees/*/gitmig/{NAME}"))
    others = [found for path in places if path != own and (found := _read(path))]
    return _read(own), others


def sharing(repository: Repository, used: str) -> list[WorkTree]:
    """The other work trees of the clone that are bound to this very database (see `Binding.used`)."""
    found = []
    for tree in work_trees(repository):
        theirs = _read(tree.git_dir / "gitmig" / NAME) if tree.git_dir != repository.git_dir else None
        if theirs is not None and theirs.used == used:
            found.append(tree)
    return found


def write(repository: Repository, binding: Binding) -> None:
    """Note to which database this work tree is bound from now on."""
    path = repository.private(shared=False) / NAME
    if _read(path) == binding:
        return
    repository.make_private(shared=False)
    replace_file(path, json.dumps(binding.to_json(), indent=2).encode(), mode=0o600)


def _read(path: Path) -> Binding | None:
    try:
        return Binding.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
