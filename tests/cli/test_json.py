"""The JSON Schemas in docs/schemas: made of the typed shapes, and true of what the commands print."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args, get_type_hints, is_typeddict

import pytest
from jsonschema import Draft202012Validator, ValidationError

from gitmig.cli.generated import generated
from gitmig.cli.json import of_origin
from gitmig.cli.shapes import SHAPES
from gitmig.config import parse_team_settings, resolve
from gitmig.errors import UsageError
from gitmig.ledger.ownership import Origin
from gitmig.migrations.layouts import layouts
from tests.json_schemas import SCHEMAS, TOP, schema_of, validator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]

# --- what is committed ---


def test_what_is_generated_is_not_stale() -> None:
    expected = generated()
    assert {path.name for path in SCHEMAS.iterdir()} == {path.name for path in expected if path.parent == SCHEMAS}
    for path, text in expected.items():
        assert path.read_text(encoding="utf-8") == text, "run `python -m gitmig.cli.generated`"


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_schema_is_one(path: Any) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_keys_may_be_added_and_must_not_go() -> None:
    document: dict[str, Any] = {"untrusted": [], "approved": True}
    validator("trust").validate({**document, "news": 1})
    with pytest.raises(ValidationError, match="'approved' is a required property"):
        validator("trust").validate({"untrusted": []})
    with pytest.raises(ValidationError, match="'news' was unexpected"):
        validator("trust", closed=True).validate({**document, "news": 1})


# --- docs/json.md ---

PAGE = (TOP / "docs" / "json.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """The text of the page below each of its headings that names a command, by the name of its schema."""
    parts = re.split(r"^## (.*)$", PAGE, flags=re.MULTILINE)
    found = {}
    for heading, text in zip(parts[1::2], parts[2::2]):
        if command := re.fullmatch(r"`gitmig (.*)`", heading):
            found[str(schema_of(command[1].split()))] = text
    last_first = {
        "sync-rebuild": "--rebuild",
        "check-explain": "--explain CODE",
        "check-all": "--all",
        "status-doctor": "--doctor",
    }
    for name, option in last_first.items():
        command_name = name.partition("-")[0]
        found[command_name], _, found[name] = found[command_name].partition(f"### With `{option}`")
    return found


def keys(shape: Any) -> set[str]:
    """The keys of a shape, and of those that are in it."""
    if not is_typeddict(shape):
        return set().union(*map(keys, get_args(shape)))
    return set(shape.__annotations__).union(*(keys(hint) for hint in get_type_hints(shape).values()))


def test_every_shape_has_its_section() -> None:
    assert sections().keys() == SHAPES.keys()


@pytest.mark.parametrize("name", SHAPES)
def test_every_key_is_explained(name: str) -> None:
    """In the section of its command, or among the shared pieces, or in a section that this one refers to."""
    found, command = sections(), name.partition("-")[0]
    own = "".join(text for other, text in found.items() if other.partition("-")[0] == command)
    others = "".join(found[other] for other in re.findall(r"as in [`\[](\w+)", own))
    shared = PAGE.partition("\n## `")[0]
    assert keys(SHAPES[name]) - set(re.findall(r"[`\"](\w+)[`\"]", own + others + shared)) == set()


def test_the_examples_are_what_the_schemas_say() -> None:
    examples = [
        (name, json.loads(text))
        for name, section in sections().items()
        for text in re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    ]
    assert {"status", "sync", "log"} <= {name for name, _ in examples}
    for name, example in examples:
        validator(name, closed=True).validate(example)


# --- what the commands print ---


def conflict(repo: Sandbox) -> None:
    """main renames a column; feature, checked out, builds on it, and has a down that fails."""
    repo.git("branch", "feature")
    repo.migration("0002_key", "ALTER TABLE a RENAME id TO key;", "ALTER TABLE a RENAME key TO id;")
    repo.commit("key")
    repo.git("switch", "--quiet", "feature")
    repo.migration("0003_index", "CREATE INDEX i ON a (id);", "DROP INDEX nowhere;")
    repo.commit("index")


def rows_are_kept(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    """A column with a value is gone: 0002_b, which has no down, was reverted."""
    repo.migration("0002_b", "ALTER TABLE a ADD b text;", None)
    repo.commit("b")
    gitmig("sync")
    database.rows("INSERT INTO a VALUES (1, 'one')")
    repo.git("rm", "--quiet", "migrations/0002_b.sql")
    repo.commit("no b")


def test_status(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    gitmig("sync")
    database.rows("ALTER TABLE a ADD drift int")
    repo.migration("0002_b", "CREATE TABLE b ();", "DROP TABLE nowhere")
    shape = printed("status", gitmig("status", "--json"))
    assert [shape["pending"], shape["drift"]["surplus"]] == [
        [{"version": "0002", "name": "b"}],
        [{"kind": "column", "name": "public.a.drift"}],
    ]


def test_sync_with_a_repair_and_rows(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    rows_are_kept(repo, gitmig, database)
    (done,) = printed("sync", gitmig("sync", "--json"))["done"]
    assert (done["repair"]["way"], done["kept"][0]["columns"]) == ("computed", ["b"])
    repo.git("revert", "--no-edit", "HEAD")
    (done,) = printed("sync", gitmig("sync", "--json"))["done"]
    assert done["restored"] == [{"table": "a", "rows": 1}]


def test_sync_that_rebuilds(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    gitmig("sync")
    database.rows("INSERT INTO a VALUES (1)")
    assert printed("sync-rebuild", gitmig("sync", "--rebuild", "--json"))["carried"] == [
        {"table": "public.a", "rows": 1}
    ]
    database.rows(f'DROP DATABASE "{json.loads(gitmig("sync", "--rebuild", "--json").out)["kept_as"]}"')


def test_check_with_a_proof(repo: Sandbox, gitmig: Gitmig) -> None:
    conflict(repo)
    shape = printed("check", gitmig("check", "--prove", "--json"))
    assert shape["findings"][0]["code"] == "GM205"
    assert [order["failure"]["migration"] for order in shape["proof"]["orders"] if order["failure"]] == ["0003_index"]


def test_check_of_all_branches(repo: Sandbox, gitmig: Gitmig) -> None:
    conflict(repo)
    (pair,) = printed("check-all", gitmig("check", "--all", "--json"))["pairs"]
    assert (pair["first"], pair["second"]) == ("main", "feature")


def test_check_explains_a_code(gitmig: Gitmig) -> None:
    assert printed("check-explain", gitmig("check", "--explain", "GM205", "--json"))["code"] == "GM205"


def test_diff_and_capture(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    gitmig("sync")
    database.rows("ALTER TABLE a ADD b int")
    assert printed("diff", gitmig("diff", "--sql", "--json"))["sql"] == ["ALTER TABLE public.a ADD COLUMN b integer"]
    assert printed("capture", gitmig("capture", "--json"))["surplus"] == [{"kind": "column", "name": "public.a.b"}]


def test_adopt(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    repo.table("0002_b", "b")
    database.rows("CREATE TABLE a (id int PRIMARY KEY)")
    database.rows("CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)")
    database.rows("INSERT INTO schema_migrations VALUES ('0001')")
    shape = printed("adopt", gitmig("adopt", "--json"))
    assert (shape["tool"], shape["table"]) == ("dbmate", {"schema": "public", "name": "schema_migrations"})


def test_verify(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.migration("0002_b", "CREATE TABLE b ();", "DROP TABLE nowhere;")
    (migration,) = printed("verify", gitmig("verify", "--json"))["migrations"]
    assert migration["findings"][0]["failure"]["stage"] == "down"


def test_renumber(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.git("branch", "feature")
    repo.table("20260102000000_b", "b")
    repo.commit("b")
    repo.git("switch", "--quiet", "feature")
    repo.table("20260101000000_c", "c")
    repo.commit("c")
    (renamed,) = printed("renumber", gitmig("renumber", "--onto", "main", "--json"))["renamed"]
    assert renamed["from"] == "20260101000000_c"


def test_show_and_log(repo: Sandbox, gitmig: Gitmig) -> None:
    gitmig("record", "HEAD")
    assert printed("show", gitmig("show", "HEAD", "--json"))["record"]["added"] == ["0001_a"]
    (entry,) = printed("log", gitmig("log", "--json"))
    assert entry["record"]["added"] == ["0001_a"]


def test_trust(repo: Sandbox, gitmig: Gitmig, make_sandbox: Callable[..., Sandbox]) -> None:
    """A stranger's branch is fetched, and only looked at."""
    stranger = make_sandbox("stranger")
    stranger.table("0002_b", "b")
    stranger.commit("b")
    repo.git("fetch", "--quiet", str(stranger.root), "main")
    (one,) = printed("trust", gitmig("trust", "FETCH_HEAD", "--json"))["untrusted"]
    assert one["scripts"]["up"].strip() == "CREATE TABLE b (id int PRIMARY KEY);"


def test_kept(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    rows_are_kept(repo, gitmig, database)
    gitmig("sync")
    (item,) = printed("kept", gitmig("kept", "--json"))
    assert item["found_in"] == {"applied": False, "work_tree": False, "branches": []}
    shown = printed("kept-show", gitmig("kept", "show", str(item["number"]), "--json"))
    assert [row["values"]["b"] for row in shown["values"]] == ["one"]


def printed(name: str, result: Result) -> Any:
    """What was printed, after it was held against the schema of that name."""
    assert result.out, result.err
    shape = json.loads(result.out)
    validator(name, closed=True).validate(shape)
    return shape


def test_another_projects_ledger() -> None:
    at = datetime.fromisoformat("2026-11-29T02:10:11+00:00")
    one = Origin(count=1, first="1_a", last="1_a", by="Ada <a@b>", at=at, commit=None)
    assert of_origin(one) == {
        "count": 1,
        "first": "1_a",
        "last": "1_a",
        "applied_by": "Ada <a@b>",
        "applied_at": "2026-11-29T02:10:11+00:00",
        "commit": None,
    }


# --- gitmig.toml ---

VALUES = [
    *('"db"', '"single"', '"goose"', '"large"', '"always"', '"never"', '"10"', '"1.5 GB"', '"4096 bytes"', '"2 tb"'),
    *(
        '"30 days"',
        '"1 day"',
        '"-1"',
        '"1 XB"',
        '"1234567 days"',
        '["a", "b"]',
        "[]",
        "[1]",
        "10",
        "true",
        "{ a = 1 }",
        "{ a = 'x' }",
    ),
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "key",
    [
        "folder",
        "layout",
        "database",
        "bootstrap",
        "run_outside",
        "ignore",
        "verify",
        "records",
        "rebuild_wait",
        "kept_size",
        "kept_age",
        "languages",
        "program_timeout",
        "program_environment",
        "clients_ignore",
        "unknown",
    ],
)
def test_the_schema_of_the_settings_accepts_what_gitmig_accepts(key: str, value: str) -> None:
    text = f"{key} = {value}\n"
    assert validator("gitmig.toml").is_valid(loaded(text)) is accepted(text)


def loaded(text: str) -> Any:
    return tomllib.loads(text)


def accepted(text: str) -> bool:
    """Whether gitmig takes the file; the layout is looked up where migrations are read."""
    try:
        found = resolve(team=parse_team_settings(text, "gitmig.toml"), personal={}, environ={}, dotenv={})
    except UsageError:
        return False
    return found.layout is None or found.layout in layouts()


def test_this_repositorys_own_settings_are_valid() -> None:
    text = (TOP / "gitmig.toml").read_text(encoding="utf-8")
    validator("gitmig.toml").validate(loaded(text))
    assert text.startswith("#:schema docs/schemas/gitmig.toml.schema.json\n")
