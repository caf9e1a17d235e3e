"""What can go wrong, as one family: a sentence, a hint, and the exit status the command line ends with."""

from __future__ import annotations


class GitmigError(Exception):
    """Refused or failed.

    `message` is one sentence about what is wrong, `hint` one about what to do; `details` are further lines for the
    reader (a statement, the steps that were not run). None of them ever holds a password.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class UsageError(GitmigError):
    """The command was called in a way that cannot work; nothing was read or changed."""

    exit_code = 2


class DatabaseUnavailable(GitmigError):
    """No connection to the database; a hook makes one warning line of this."""


class NoDatabaseConfigured(DatabaseUnavailable):
    """Neither a URL nor the embedded server is there."""


class BeforeGitmig(GitmigError):
    """The commit has no migrations folder: older than the adoption of gitmig, so the database is left alone."""


class LeftToSync(GitmigError):
    """A hook must not do it: it leaves the database alone with one warning line, and a person decides."""


class UntrustedLedger(LeftToSync):
    """The ledger belongs to, or may be written by, a role that is not accepted."""


class ProtectedDatabase(LeftToSync):
    """The database is protected."""


class LockBusy(LeftToSync):
    """Another gitmig is at work on the database, and was not waited for any longer."""


class MayNotBuild(GitmigError):
    """The role may not create databases, so no schema can be built to compare with."""


class SyncFailed(GitmigError):
    """A step failed while the database was being changed; what had been committed before it stays."""


class OutOfSync(GitmigError):
    """The database has not what the checked-out migrations make.

    `pending`, `phantom` and `edited` are labels of migrations: only checked out, only applied, in both and not the
    same. `unfinished` is the label of a script that was interrupted, `drift` names what was changed by hand.
    """

    def __init__(
        self,
        *,
        database: str,
        where: str,
        pending: tuple[str, ...] = (),
        phantom: tuple[str, ...] = (),
        edited: tuple[str, ...] = (),
        unfinished: str | None = None,
        drift: tuple[str, ...] = (),
    ) -> None:
        groups = (("pending", pending), ("phantom", phantom), ("edited", edited), ("changed by hand", drift))
        told = [f"{unfinished} was interrupted"] if unfinished else []
        told += [f"{len(labels)} {word}" for word, labels in groups if labels]
        super().__init__(
            f"{database} is not in sync with {where}: {', '.join(told) or 'the order of its migrations is another'}",
            hint="`gitmig status` says more, `gitmig sync` brings the database along",
            details=tuple(f"{word}: {label}" for word, labels in groups for label in labels),
        )
        self.pending = pending
        self.phantom = phantom
        self.edited = edited
        self.unfinished = unfinished
        self.drift = drift


class LockLost(GitmigError):
    """A script let go of the lock that gitmig holds, and another gitmig has it by now."""

    def __init__(self) -> None:
        super().__init__(
            "a script has released the lock under which gitmig works, and another gitmig has taken it",
            hint="run `gitmig status`, then `gitmig sync`; pg_advisory_unlock_all() in a script releases it",
        )
