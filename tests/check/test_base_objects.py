"""Objects of the base are found by their place, also behind renames and drops."""

from __future__ import annotations

from gitmig.check.base_objects import BaseObjects, Link, Links, Made
from gitmig.check.footprint.model import NamedKind, Object, in_schema, schema

TABLE = in_schema(NamedKind.TABLE, "public", "comments")
RENAMED = in_schema(NamedKind.TABLE, "public", "notes")
COLUMN = TABLE.part(NamedKind.COLUMN, "body")
INDEX = in_schema(NamedKind.INDEX, "public", "by_body")
VIEW = in_schema(NamedKind.VIEW, "public", "recent")


def objects() -> BaseObjects:
    made = BaseObjects()
    made.put(TABLE, Made(needs=set()))
    made.put(COLUMN, Made(nullable=True))
    made.put(INDEX, Made(needs={COLUMN}))
    made.put(VIEW, Made(needs={TABLE}))
    return made


def affected(made: BaseObjects, gone: Object) -> set[Object]:
    return {one for one, _ in made.affected_by(gone)}


def test_what_needs_an_object_or_its_parts_is_affected() -> None:
    made = objects()
    assert affected(made, TABLE) == {INDEX, VIEW}
    assert affected(made, COLUMN) == {INDEX}
    assert affected(made, schema("public")) == {TABLE, INDEX, VIEW}


def test_a_rename_takes_the_parts_and_the_needs_of_others_along() -> None:
    made = objects()
    made.rename(TABLE, RENAMED)
    assert affected(made, TABLE) == set()
    assert affected(made, RENAMED) == {INDEX, VIEW}
    assert made.get(COLUMN) is None
    assert made.needs(INDEX) == {RENAMED.part(NamedKind.COLUMN, "body")}
    made.rename(INDEX, in_schema(NamedKind.INDEX, "public", "by_text"))
    assert affected(made, RENAMED) == {in_schema(NamedKind.INDEX, "public", "by_text"), VIEW}


def test_what_is_dropped_is_forgotten_with_its_parts() -> None:
    made = objects()
    made.drop(INDEX)
    assert affected(made, TABLE) == {VIEW}
    made.drop(schema("public"))
    assert affected(made, schema("public")) == set()


def test_links_follow_their_objects() -> None:
    links = Links()
    links.add(Link.CHILD, TABLE, VIEW)
    links.rename(TABLE, RENAMED)
    assert links.targets(Link.CHILD, TABLE) == []
    assert links.targets(Link.CHILD, RENAMED) == [VIEW]
    assert links.to(Link.CHILD, VIEW) == [(Link.CHILD, RENAMED, VIEW)]
    links.drop(VIEW)
    assert not links.has(Link.CHILD, RENAMED, VIEW)
    assert links.sources(Link.CHILD) == []
