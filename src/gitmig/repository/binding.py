"""Where a work tree's binding to a database is kept: a file in its git directory, which no checkout brings along."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from gitmig.core.binding import Binding

if TYPE_CHECKING:
    from pathlib import Path

    from gitmig.repository.door import Repository

NAME = "binding.json"


def read(repository: Repository) -> tuple[Binding | None, list[Binding]]:
    """The binding of the work tree, and those of the clone's other ones. A file that cannot be read counts as none."""
    own = repository.private(shared=False) / NAME
    places = (repository.common_dir / "gitmig" / NAME, *repository.common_dir.glob(f"worktrees/*/gitmig/{NAME}"))
    others = [found for path in places if path != own and (found := _read(path))]
    return _read(own), others


def write(repository: Repository, binding: Binding) -> None:
    """Note to which database this work tree is bound from now on."""
    path = repository.private(shared=False) / NAME
    if _read(path) == binding:
        return
    repository.make_private(shared=False)
    temporary = path.with_name(f"{NAME}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(binding.to_json(), file, indent=2)
    temporary.replace(path)


def _read(path: Path) -> Binding | None:
    try:
        return Binding.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
