"""What the database of a work tree or a branch is called. Names in, names out."""

from __future__ import annotations

import hashlib
import re
from enum import Enum

from msgspec import Struct

LONGEST = 63  # bytes, PostgreSQL's limit
LONGEST_PART = 30  # characters of a work tree's or a branch's name; longer ones are cut
DIGITS = 6  # of the hash that tells apart what would be written alike
PLACEHOLDER = re.compile(r"\{(worktree|branch)\}")
MAIN = "main"  # what `{worktree}` stands for in the main work tree
EMBEDDED = "dev"


class Per(Enum):
    """What has a database of its own."""

    WORKTREE = "worktree"
    BRANCH = "branch"

    @property
    def words(self) -> str:
        """As people say it."""
        return "work tree" if self is Per.WORKTREE else "branch"


class Checkout(Struct, frozen=True, kw_only=True):
    """Where somebody works: git's name of the work tree, None for the main one, and the branch, None if there is none.

    None is where HEAD is detached and no database of a branch was used before.
    """

    worktree: str | None
    branch: str | None


class Naming(Struct, frozen=True, kw_only=True):
    """How a clone calls the databases of its work trees or branches.

    `base` is what the settings say, perhaps with `{worktree}` or `{branch}` in it. Without, the main work tree and the
    branch `trunk` have it as it is, and the others a name that begins with it.
    """

    base: str
    per: Per
    trunk: str = MAIN
    is_embedded: bool = False

    @classmethod
    def of(cls, base: str, per: Per | None, trunk: str, *, is_embedded: bool = False) -> Naming | None:
        """How databases are called, None if there is one for all."""
        placeholders = set(PLACEHOLDER.findall(base))
        if placeholders:
            per = Per.BRANCH if "branch" in placeholders else Per.WORKTREE
        return None if per is None else cls(base=base, per=per, trunk=trunk, is_embedded=is_embedded)

    @property
    def is_template(self) -> bool:
        """Whether every work tree or branch, the first ones too, has a name that is made."""
        return bool(PLACEHOLDER.search(self.base))

    def name_for(self, checkout: Checkout) -> str:
        """The name of the database there: at most 63 bytes, and no two places have the same one."""
        if self.is_template:
            values = {"worktree": _worktree(checkout), "branch": _branch(checkout)}
            return _cut(PLACEHOLDER.sub(lambda match: values[match[1]], self.base), "")
        if self.per is Per.BRANCH:
            has_base = checkout.branch == self.trunk or checkout == Checkout(worktree=None, branch=None)
            return self.base if has_base else _cut(self.base, f"_{_branch(checkout)}")
        if checkout.worktree is None:
            return self.base
        if self.is_embedded:  # as they have been called since there are any
            return _cut(f"{self.base}_{checkout.worktree}", "")
        return _cut(self.base, f"_{_worktree(checkout)}")


def _worktree(checkout: Checkout) -> str:
    if checkout.worktree is None:
        return MAIN
    return slug(checkout.worktree, also_taken=MAIN)


def _branch(checkout: Checkout) -> str:
    """Where there is none, the work tree's: two detached ones shall not share a database."""
    return slug(checkout.branch) if checkout.branch is not None else f"detached_{_worktree(checkout)}"


def slug(text: str, *, also_taken: str = "") -> str:
    """Small letters, digits and `_`: needs no quotes anywhere. What had to be changed gets a hash of what it was."""
    plain = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:LONGEST_PART]
    return plain if plain == text != also_taken else f"{plain}_{_digest(text)}".lstrip("_")


def _cut(stem: str, ending: str) -> str:
    """Both, or as much of the stem as fits, with a hash of all of it."""
    whole = f"{stem}{ending}"
    if len(whole.encode()) <= LONGEST:
        return whole
    room = LONGEST - len(ending.encode()) - DIGITS - 1
    return f"{stem.encode()[:room].decode(errors='ignore')}_{_digest(stem)}{ending}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:DIGITS]
