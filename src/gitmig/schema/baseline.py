"""The baseline of schema public that migrations build on: what whoever made the database decided about schema public.

Every database has it before the first migration. Who may use it is decided there, in one database otherwise than in
another: a DBA takes CREATE from everybody on PostgreSQL 14, or gives it to an application on 15. That is no drift, and
stays whatever is applied or reverted. But what a migration has said about schema public is a part of the schema like
any other, and comes back or goes with it. Both are told apart right by right, with the help of a fresh build. What both
have said cannot be: it counts as the migration's, unless the ledger remembers that it was so before (`readings`).
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.schema.model import PUBLIC, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What initdb gives, and what PostgreSQL reads out of no privileges at all.
OWNERS = frozenset({"owner=CREATE", "owner=USAGE"})
COMMENT = "standard public schema"
SINCE_15 = 150000  # everybody could create there before
MOST_DOUBTS = 6  # rights; every one doubles the readings
GRANT_OPTION = re.compile(r"(?<=[A-Z])\*(?=$| by )")


class PublicBaseline(Struct, frozen=True, kw_only=True):
    """What was granted beyond PostgreSQL's default and what was revoked of it, both as entries; and the comment.

    What migrations granted or revoked is `perhaps` somebody else's doing as well, from before.
    """

    granted: frozenset[str] = frozenset()
    revoked: frozenset[str] = frozenset()
    comment: str | None = COMMENT
    perhaps_granted: frozenset[str] = frozenset()
    perhaps_revoked: frozenset[str] = frozenset()

    @classmethod
    def of(cls, found: Schema, built: Schema, server_version: int) -> PublicBaseline:
        """The baseline of a database that has `found`, where a fresh build of what is applied there has `built`.

        What migrations granted and the database lacks is drift and no baseline, nor is what they revoked and it has.
        """
        if not (may_have_baseline(found, server_version) and PUBLIC in built.objects):
            return cls()
        entries, comment = _read(found.objects[PUBLIC])
        ours, our_comment = _read(built.objects[PUBLIC])
        there, made, by_default = _options_apart(entries), _options_apart(ours), _default(server_version)
        return cls(
            granted=there - made - by_default,
            revoked=(ours & by_default) - there,
            comment=comment if our_comment == COMMENT else COMMENT,
            perhaps_granted=(there & made) - by_default,
            perhaps_revoked=by_default - there - made,
        )

    def under(self, built: Schema) -> Schema:
        """What to expect on this baseline where a fresh build has `built`."""
        if PUBLIC not in built.objects:
            return built
        entries, comment = _read(built.objects[PUBLIC])
        entries = (entries - self.revoked) | self.granted
        text = _written(entries, self.comment if comment == COMMENT else comment)
        return Schema({**built.objects, PUBLIC: text}, built.edges)

    def readings(self) -> Iterator[PublicBaseline]:
        """The baseline, and everything else it may be: what of the doubtful was there before the migrations."""
        doubtful = sorted(self.perhaps_granted | self.perhaps_revoked)
        for count in range(len(doubtful) + 1 if len(doubtful) <= MOST_DOUBTS else 1):
            for chosen in map(frozenset, combinations(doubtful, count)):
                granted, revoked = chosen & self.perhaps_granted, chosen & self.perhaps_revoked
                yield replace(self, granted=self.granted | granted, revoked=self.revoked | revoked)


def may_have_baseline(found: Schema, server_version: int) -> bool:
    """Whether a fresh build is needed to tell: not where schema public is as PostgreSQL makes it, or not at all."""
    return found.objects.get(PUBLIC) not in {None, _written(_default(server_version), COMMENT)}


def _default(server_version: int) -> frozenset[str]:
    everybody = {"PUBLIC=USAGE"} if server_version >= SINCE_15 else {"PUBLIC=CREATE", "PUBLIC=USAGE"}
    return OWNERS | everybody


def _read(text: str) -> tuple[frozenset[str], str | None]:
    """Entries and comment, out of the text that the catalogs give."""
    grants, comment = json.loads(text)
    return OWNERS if grants is None else frozenset(grants), comment


def _written(entries: Iterable[str], comment: str | None) -> str:
    """The same text again. A right with its grant option is one entry there."""
    entries = set(entries)
    entries -= {GRANT_OPTION.sub("", entry) for entry in entries if GRANT_OPTION.search(entry)}
    return json.dumps([None if entries == OWNERS else sorted(entries), comment], ensure_ascii=False)


def _options_apart(entries: frozenset[str]) -> frozenset[str]:
    """With the right itself beside every right that can be passed on."""
    return entries | {GRANT_OPTION.sub("", entry) for entry in entries}
