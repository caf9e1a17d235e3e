"""How names are spelt in source code."""

from __future__ import annotations

import pytest

from gitmig.check.clients.words import column_spellings, is_distinctive, row_spellings, table_spellings


@pytest.mark.parametrize(
    ("column", "spellings"),
    [
        ("contents", {"contents", "Contents"}),
        ("created_at", {"created_at", "createdAt", "CreatedAt"}),
        ("createdAt", {"createdAt", "CreatedAt"}),
        ("_", {"_"}),
    ],
)
def test_columns(column: str, spellings: set[str]) -> None:
    assert column_spellings(column) == spellings


@pytest.mark.parametrize(
    ("table", "spellings", "rows"),
    [
        ("comments", {"comments", "Comments", "Comment"}, {"comment"}),
        ("blog_posts", {"blog_posts", "blogPosts", "BlogPosts", "BlogPost"}, {"blog_post", "blogPost"}),
        ("categories", {"categories", "Categories", "Category"}, {"category"}),
        ("boxes", {"boxes", "Boxes", "Box"}, {"box"}),
        ("status", {"status", "Status"}, {"status"}),
        ("person", {"person", "Person"}, {"person"}),
    ],
)
def test_tables_and_their_rows(table: str, spellings: set[str], rows: set[str]) -> None:
    assert table_spellings(table) == spellings
    assert row_spellings(table) == rows


def test_what_everything_has_is_not_distinctive() -> None:
    distinctive = [
        name for name in ("comment_count", "created_at", "status", "a_b", "publishedOn") if is_distinctive(name)
    ]
    assert distinctive == ["comment_count", "publishedOn"]
