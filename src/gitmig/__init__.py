"""gitmig ties a PostgreSQL schema to a git history.

What `__all__` names is the public API, described in docs/api.md. It is imported when it is asked for, so that
`import gitmig` and `gitmig --help` cost nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.api import assert_in_sync, check, open_project, status, sync, verify
    from gitmig.check.findings import Finding, Severity
    from gitmig.errors import (
        BeforeGitmig,
        DatabaseUnavailable,
        GitmigError,
        OutOfSync,
        ProtectedDatabase,
        SyncFailed,
        UntrustedLedger,
        UsageError,
    )
    from gitmig.ledger.ownership import ForeignLedger
    from gitmig.migrations.model import InvalidMigrations
    from gitmig.operations.check import Review
    from gitmig.operations.status import Status
    from gitmig.operations.sync import Outcome
    from gitmig.operations.verify import Verified
    from gitmig.project.project import Project
    from gitmig.trials.round_trip import Weight

__version__ = "0.1.0"

__all__ = [
    "BeforeGitmig",
    "DatabaseUnavailable",
    "Finding",
    "ForeignLedger",
    "GitmigError",
    "InvalidMigrations",
    "OutOfSync",
    "Outcome",
    "Project",
    "ProtectedDatabase",
    "Review",
    "Severity",
    "Status",
    "SyncFailed",
    "UntrustedLedger",
    "UsageError",
    "Verified",
    "Weight",
    "__version__",
    "assert_in_sync",
    "check",
    "open_project",
    "status",
    "sync",
    "verify",
]

# Module → what of the public API is in it; the same as above, for the interpreter.
_HOMES = {
    "gitmig.api": ("assert_in_sync", "check", "open_project", "status", "sync", "verify"),
    "gitmig.check.findings": ("Finding", "Severity"),
    "gitmig.errors": (
        *("BeforeGitmig", "DatabaseUnavailable", "GitmigError", "OutOfSync", "ProtectedDatabase", "SyncFailed"),
        *("UntrustedLedger", "UsageError"),
    ),
    "gitmig.ledger.ownership": ("ForeignLedger",),
    "gitmig.migrations.model": ("InvalidMigrations",),
    "gitmig.operations.check": ("Review",),
    "gitmig.operations.status": ("Status",),
    "gitmig.operations.sync": ("Outcome",),
    "gitmig.operations.verify": ("Verified",),
    "gitmig.project.project": ("Project",),
    "gitmig.trials.round_trip": ("Weight",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take every name for one of ours

    def __getattr__(name: str) -> object:
        """Import what is asked for."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_HOME[name]), name)
        return found


def __dir__() -> list[str]:
    """For completion: what is public, imported or not."""
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Python makes an imported subpackage an attribute of its parent: `gitmig.check` has to stay the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOME or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
