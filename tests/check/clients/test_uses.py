"""Which lines of source code are uses of what a migration takes away."""

from __future__ import annotations

import pytest

from gitmig.check.clients.words import Hit, RemovedObject, uses, words

BODY = RemovedObject(migration="0002_body", tables=("comments",), column="contents", to="body")
COUNT = RemovedObject(migration="0003_count", tables=("blog_posts",), column="comment_count")
NAME = RemovedObject(migration="0004_name", tables=("users",), column="name")
COMMENTS = RemovedObject(migration="0005_drop", tables=("comments",))
POSTS = RemovedObject(migration="0006_posts", tables=("blog_posts",), to="articles")


def found(removed: RemovedObject, path: str, text: str) -> list[str]:
    """`line how confidence` of every use in a file; the hits are chosen by words, as git grep does."""
    wanted = words([removed])
    hits = [
        Hit(path, number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if any(word in line for word in wanted)
    ]
    return [f"{use.line} {use.how} {use.confidence.name}" for use in uses([removed], hits)]


@pytest.mark.parametrize(
    ("removed", "path", "text", "expected"),
    [
        # SQL
        (BODY, "api.py", 'db.execute("SELECT id, contents FROM comments")', ["1 reads CERTAIN"]),
        (BODY, "api.py", "SELECT comments.contents", ["1 reads CERTAIN"]),
        (BODY, "api.py", 'SELECT "comments"."contents"', ["1 reads CERTAIN"]),
        (BODY, "api.py", "INSERT INTO comments (contents) VALUES (%s)", ["1 writes CERTAIN"]),
        (BODY, "q.sql", "SELECT\n  contents,\n  id\nFROM\n  comments", ["2 names NEAR"]),
        (BODY, "api.py", "UPDATE comments\nSET contents = $1", ["2 writes NEAR"]),
        (BODY, "api.py", "SELECT body AS contents FROM comments", []),
        (BODY, "api.py", 'db.execute("SELECT contents FROM pages")', []),
        # objects
        (BODY, "app.ts", "return comment.contents", ["1 reads CERTAIN"]),
        (BODY, "app.php", "$comment->contents = $text;", ["1 writes CERTAIN"]),
        (BODY, "app.js", "row = comment['contents']", ["1 names CERTAIN"]),
        (BODY, "app.py", "page.contents", []),
        (COUNT, "app.ts", "blogPost.commentCount", ["1 reads CERTAIN"]),
        (COUNT, "app.rb", "post.comment_count", []),
        (BODY, "app.rs", "Comment\ncomment_form::contents\npages::contents", ["2 reads NEAR"]),
        (BODY, "app.ts", "Comment\ndata.contents\nc.contents\nalbum.contents", ["2 reads NEAR", "3 reads NEAR"]),
        (BODY, "app.rs", "Comment::contents(id)", []),
        # definitions
        (
            BODY,
            "m.py",
            'class Comment(Base):\n    __tablename__ = "comments"\n    contents = Column(Text)',
            ["3 names NEAR"],
        ),
        (BODY, "m.py", "class Comment(Model):\n" + "    a = 1\n" * 20 + "    contents: str", ["22 names NEAR"]),
        (
            BODY,
            "s.rs",
            "    comments (id) {\n" + "        a -> Text,\n" * 9 + "        contents -> Text,",
            ["11 names NEAR"],
        ),
        (BODY, "s.rb", 'create_table "comments" do |t|\n  t.text "contents"', ["2 names NEAR"]),
        (BODY, "m.go", 'type Comment struct {\n\tContents string `db:"contents"`\n}', ["2 names NEAR"]),
        (BODY, "s.prisma", "model Comment {\n  contents String\n}", ["2 names NEAR"]),
        (BODY, "m.py", "class Page(Base):\n    contents = Column(Text)", []),
        # the same file only
        (COUNT, "a.py", "BlogPost\n" + "\n" * 20 + "comment_count += 1", ["22 names FILE"]),
        (COUNT, "a.py", "comment_count += 1", []),
        (BODY, "a.py", "Comment\n" + "\n" * 20 + "contents = read()", []),
        # names that many things have
        (NAME, "a.py", "for user in users:\n    print(name)", []),
        (NAME, "a.py", "for user in users:\n    print(user.name)", ["2 reads CERTAIN"]),
        (NAME, "a.py", 'q = "select name from users"', ["1 reads CERTAIN"]),
        # written for people
        (BODY, "a.py", "# comments and their contents", []),
        (BODY, "README.md", "every comment has contents, see `comments.contents`", ["1 reads NEAR"]),
        (BODY, "README.md", "The contents of all comments", []),
        (BODY, "README.md", "Where comments are set, update their contents", []),
        # said to be right
        (BODY, "a.py", "comment.contents  # gitmig: ignore", []),
        (BODY, "a.py", "# gitmig: ignore\ncomment.contents\ncomment.contents", ["3 reads CERTAIN"]),
        (BODY, "a.min.js", "comment.contents;" * 100, []),
        # tables
        (COMMENTS, "a.py", 'db.execute("DELETE FROM comments")', ["1 writes CERTAIN"]),
        (COMMENTS, "a.py", 'db.execute("select id from public.comments")', ["1 reads NEAR"]),
        (COMMENTS, "a.sql", 'JOIN "comments" ON true', ["1 reads CERTAIN"]),
        (COMMENTS, "a.py", '__tablename__ = "comments"', ["1 names NEAR"]),
        (COMMENTS, "a.py", 'ForeignKey("comments.id")', ["1 names NEAR"]),
        (COMMENTS, "a.rs", "comments::table.load(conn)", ["1 names NEAR"]),
        (COMMENTS, "a.rb", "has_many :comments", ["1 names NEAR"]),
        (COMMENTS, "a.py", "from comments import views", []),
        (COMMENTS, "a.py", "comments = []", []),
        (COMMENTS, "a.md", "Choose comments from the menu", []),
        (POSTS, "a.py", "cache.clear(blog_posts)", ["1 names FILE"]),
        (POSTS, "a.py", "class BlogPost:", []),
    ],
)
def test_a_use_is_told_by_its_company(removed: RemovedObject, path: str, text: str, expected: list[str]) -> None:
    assert found(removed, path, text) == expected


def test_a_table_that_is_renamed_as_well_is_known_by_both_names() -> None:
    renamed = RemovedObject(migration="0002", tables=("comments", "replies"), column="contents", to="body")
    assert found(renamed, "a.ts", "reply.contents\ncomment.contents") == ["1 reads CERTAIN", "2 reads CERTAIN"]


def test_uses_are_in_the_order_of_the_files() -> None:
    hits = [Hit("b.py", 1, "comment.contents"), Hit("a.py", 9, "comment.contents"), Hit("a.py", 2, "FROM comments")]
    assert [(use.path, use.line) for use in uses([BODY, COMMENTS], hits)] == [("a.py", 2), ("a.py", 9), ("b.py", 1)]
