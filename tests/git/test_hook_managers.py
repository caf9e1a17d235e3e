"""Who owns the hooks, and what of theirs gets to call gitmig: texts in, texts out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gitmig.git.hook_managers import (
    COMMENT,
    ByHand,
    Called,
    Direct,
    Edit,
    HookFolder,
    calls_gitmig,
    removal,
    routes_for,
    shell_line,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS = ("post-checkout", "post-commit", "post-index-change")
LINE = shell_line("post-checkout")
LINES = f"{COMMENT}{LINE}\n"
RUN = shell_line("post-checkout", "{0}")
JOB = f"- {{name: gitmig, run: '{RUN}'}}"
LEFTHOOK = "#!/bin/sh\ncall_lefthook run post-checkout\n"
ECHO = "#!/bin/sh\necho mine\n"


def place(folder: str = ".git/hooks", *, is_private: bool = True, files: Mapping[str, str] | None = None) -> HookFolder:
    """What is there, if nothing else is said: an ordinary clone."""
    return HookFolder(folder=folder, is_private=is_private, files=files or {})


def at(found: HookFolder, event: str = "post-checkout") -> object:
    """The route of one event."""
    return routes_for(found, (event,)).by_event[event]


@pytest.mark.parametrize(
    ("folder", "is_private", "files", "owner"),
    [
        (".git/hooks", True, {}, None),
        (".git/hooks", True, {".git/hooks/post-checkout": ECHO}, None),
        (".husky/_", True, {}, "husky"),
        ("web/.husky/_", True, {}, "husky"),
        (".husky", False, {}, "husky"),
        (".husky", True, {}, "husky"),
        (".git/hooks", True, {"lefthook.yml": ""}, "lefthook"),
        (".git/hooks", True, {".config/lefthook.toml": ""}, "lefthook"),
        (".git/hooks", True, {"package.json": '{"simple-git-hooks": {}}'}, "simple-git-hooks"),
        (".git/hooks", True, {"package.json": '{"devDependencies": {"simple-git-hooks": "^2"}}'}, None),
        (".git/hooks", True, {"package.json": "{"}, None),
        (".git/hooks", True, {".simple-git-hooks.js": ""}, "simple-git-hooks"),
        ("hooks", False, {}, "core.hooksPath"),
        ("/home/ada/hooks", False, {}, "core.hooksPath"),
    ],
)
def test_the_owner_is_told_by_the_folder_and_the_files(
    folder: str, is_private: bool, files: dict[str, str], owner: str | None
) -> None:
    found = routes_for(HookFolder(folder=folder, is_private=is_private, files=files), EVENTS).manager
    assert (found.name if found else None) == owner


@pytest.mark.parametrize(
    ("found", "event", "route"),
    [
        # nobody's
        (place(), "post-checkout", Direct()),
        # husky 9: its own file of the event's name, which needs no first line; husky makes no hook of the newer events
        (place(".husky/_"), "post-checkout", Edit(".husky/post-checkout", f"#!/bin/sh\n{LINES}")),
        (
            place(".husky/_", files={".husky/post-checkout": "npm ci"}),
            "post-checkout",
            Edit(".husky/post-checkout", f"npm ci\n{LINES}"),
        ),
        (
            place(".husky/_", files={".husky/post-checkout": f"x\n{LINES}"}),
            "post-checkout",
            Called(".husky/post-checkout"),
        ),
        (
            place(".husky/_", files={".husky/post-checkout": 'gitmig hooks run post-checkout "$@"\n'}),
            "post-checkout",
            Called(".husky/post-checkout"),
        ),
        (place(".husky/_"), "post-index-change", Direct()),
        # husky 8 and committed folders: git calls the file itself
        (place(".husky"), "post-checkout", Edit(".husky/post-checkout", f"#!/bin/sh\n{LINES}")),
        (
            place("hooks", is_private=False, files={"hooks/post-checkout": ECHO}),
            "post-checkout",
            Edit("hooks/post-checkout", ECHO + LINES),
        ),
        *(
            (
                place("hooks", is_private=False, files={f"hooks/{event}": text}),
                event,
                ByHand(f"hooks/{event}", f"{COMMENT}{shell_line(event)}\n", where="where it is always reached"),
            )
            for event, text in [
                ("post-checkout", "#!/usr/bin/env python3\n"),
                ("post-checkout", "echo without a first line\n"),
                ("post-checkout", ""),
                ("post-checkout", f"{ECHO}exit 0\n"),
                ("post-checkout", '#!/bin/sh\nexec other "$@"\n'),
                ("pre-push", ECHO),
            ]
        ),
        # lefthook: only the events that it has
        (place(files={"lefthook.yml": "pre-commit:\n  jobs: []\n"}), "post-checkout", Direct()),
        (place(files={"lefthook.yml": "# post-checkout:\n"}), "post-checkout", Direct()),
        (
            place(
                files={
                    "lefthook.yml": "post-checkout:\n  piped: true\n  jobs: # mine\n\n    # one\n    - run: x\nx: 1\n"
                }
            ),
            "post-checkout",
            Edit(
                "lefthook.yml",
                f"post-checkout:\n  piped: true\n  jobs: # mine\n\n    # one\n    {JOB}\n    - run: x\nx: 1\n",
            ),
        ),
        (
            place(files={"lefthook.yml": "post-checkout:\n  jobs:\n  - run: x\n"}),
            "post-checkout",
            Edit("lefthook.yml", f"post-checkout:\n  jobs:\n  {JOB}\n  - run: x\n"),
        ),
        (
            place(files={"lefthook.yml": "a: 1\npost-checkout:\n  commands:\n    x:\n      run: y\n"}),
            "post-checkout",
            Edit(
                "lefthook.yml",
                f"a: 1\npost-checkout:\n  commands:\n    gitmig: {{run: '{RUN}'}}\n    x:\n      run: y\n",
            ),
        ),
        *(
            (
                place(files={path: text}),
                "post-checkout",
                ByHand(path, f"{JOB}\n", where="among the jobs of post-checkout"),
            )
            for path, text in [
                ("lefthook.yml", "post-checkout: {jobs: [{run: x}]}\n"),
                ("lefthook.yml", "post-checkout:\n  jobs: [{run: x}]\n"),
                ("lefthook.yml", "post-checkout:\n  scripts:\n    x: {runner: sh}\n"),
                ("lefthook.toml", "[[post-checkout.jobs]]\nrun = 'x'\n"),
                ("lefthook.json", '{"post-checkout": {"jobs": []}}\n'),
            ]
        ),
        (
            place(
                files={"lefthook.yml": "post-checkout:", "lefthook-local.yml": f"post-checkout:\n  jobs:\n    {JOB}"}
            ),
            "post-checkout",
            Called("lefthook-local.yml"),
        ),
        (
            place(files={"lefthook.yml": "", "lefthook-local.yml": "post-checkout:\n  jobs:\n    - run: x\n"}),
            "post-checkout",
            Edit("lefthook-local.yml", f"post-checkout:\n  jobs:\n    {JOB}\n    - run: x\n"),
        ),
        (
            place(files={"lefthook.yml": "extends: [x.yml]\n", ".git/hooks/post-checkout": LEFTHOOK}),
            "post-checkout",
            Edit("lefthook.yml", f"extends: [x.yml]\n\npost-checkout: {{commands: {{gitmig: {{run: '{RUN}'}}}}}}\n"),
        ),
        # simple-git-hooks deletes what it has no command for and is not told to preserve
        *(
            (place(files={"package.json": before}), "post-checkout", Edit("package.json", after))
            for before, after in [
                ('{"simple-git-hooks": {}}', '{"simple-git-hooks": {"preserveUnused": ["post-checkout"]}}'),
                (
                    '{\n  "simple-git-hooks": {\n    "pre-push": "x"\n  }\n}',
                    '{\n  "simple-git-hooks": {\n    "preserveUnused": ["post-checkout"],\n    "pre-push": "x"\n  }\n}',
                ),
                (
                    '{"simple-git-hooks": {"preserveUnused": [\n  "pre-push"\n]}}',
                    '{"simple-git-hooks": {"preserveUnused": [\n  "pre-push", "post-checkout"\n]}}',
                ),
            ]
        ),
        (place(files={"package.json": '{"simple-git-hooks": {"preserveUnused": true}}'}), "post-checkout", Direct()),
        (
            place(files={"package.json": '{"simple-git-hooks": {"preserveUnused": ["post-checkout"]}}'}),
            "post-checkout",
            Direct(),
        ),
        *(
            (
                place(files={path: text}),
                "post-checkout",
                ByHand(path, f"{json.dumps(LINE)[1:-1]}\n", where="at the end of the command of post-checkout"),
            )
            for path, text in [
                ("package.json", '{"simple-git-hooks": {"post-checkout": "x"}}'),
                (".simple-git-hooks.js", 'module.exports = {"pre-commit": "x"}'),
            ]
        ),
        (
            place(files={"package.json": json.dumps({"simple-git-hooks": {"post-checkout": f"x; {LINE}"}})}),
            "post-checkout",
            Called("package.json"),
        ),
    ],
)
def test_what_calls_gitmig(found: HookFolder, event: str, route: object) -> None:
    assert at(found, event) == route


def test_what_reads_gits_list_is_handed_it_by_lefthook() -> None:
    found = at(place(files={"lefthook.yml": "post-rewrite:\n  jobs:\n    - run: x\n"}), "post-rewrite")
    assert isinstance(found, Edit)
    assert "- {name: gitmig, use_stdin: true, run: '" in found.text


@pytest.mark.parametrize(
    "found",
    [
        place(".husky/_"),
        place(".husky/_", files={".husky/post-checkout": "npm ci\n"}),
        place("hooks", is_private=False, files={"hooks/post-commit": ECHO}),
        place(
            files={
                "lefthook.yml": "post-checkout:\n  jobs:\n    - run: x\n\npost-commit:\n  commands:\n    x: {run: y}\n"
            }
        ),
        place(files={"lefthook.yml": "a: 1\n\n", ".git/hooks/post-checkout": LEFTHOOK}),
        place(files={"package.json": '{\n  "simple-git-hooks": {\n    "pre-commit": "x"\n  }\n}\n'}),
        place(files={"package.json": '{"simple-git-hooks": {}}'}),
    ],
)
def test_a_second_plan_changes_nothing_and_a_removal_leaves_what_was_there(found: HookFolder) -> None:
    first = routes_for(found, EVENTS)
    after = HookFolder(folder=found.folder, is_private=found.is_private, files={**found.files, **first.texts})
    second = routes_for(after, EVENTS)
    assert second.texts == {}
    assert not any(isinstance(route, Edit | ByHand) for route in second.by_event.values())
    left = {**after.files, **removal(after, EVENTS)}
    assert {path: text.rstrip("\n") for path, text in left.items() if text is not None} == {
        path: text.rstrip("\n") for path, text in found.files.items()
    }
    assert (
        routes_for(HookFolder(folder=found.folder, is_private=found.is_private, files=found.files), EVENTS).texts
        == first.texts
    )


def test_a_call_that_somebody_has_written_differently_is_theirs() -> None:
    mine = f"#!/bin/sh\ncd web && {LINE}\n"
    assert removal(place("hooks", is_private=False, files={"hooks/post-checkout": mine}), EVENTS) == {}


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ('gitmig hooks run post-checkout "$@"', True),
        (LINE, True),
        (f"# {LINE}", False),
        ("gitmig hooks run post-commit", False),
        ("gitmig hooks run post-checkout-more", False),
        ("gitmig sync", False),
    ],
)
def test_a_call_is_a_line_that_names_the_event(text: str, calls: bool) -> None:
    assert calls_gitmig(f"#!/bin/sh\n{text}\n", "post-checkout") is calls
