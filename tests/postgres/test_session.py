"""What has to be sent so that each statement and each script finds the session it wants; nothing is sent here."""

from __future__ import annotations

import pytest

from gitmig.postgres.session import HOME, RESET, TUNE, UNTUNE, USERS, VALUES, SearchPath, SessionState, setting

ROWS = setting(VALUES)


def script_ran(state: SessionState) -> None:
    """A script was given the session, and the session was taken back."""
    state.begin_script([])
    state.reset()


def test_a_session_goes_home_once() -> None:
    state = SessionState()
    assert state.opening() == [HOME, *TUNE]
    assert state.opening() == []


def test_after_code_of_others_nothing_is_known_of_the_path() -> None:
    state = SessionState()
    state.opening()
    state.note_stranger()
    assert state.opening() == [HOME]


def test_the_path_of_users_lasts_as_long_as_the_block() -> None:
    state = SessionState()
    state.opening()
    with state.under(SearchPath.USERS):
        assert state.is_untrusted
        assert state.opening() == [USERS]
    assert not state.is_untrusted
    assert state.opening() == [HOME]


def test_under_any_path_nothing_is_sent_but_statements_of_gitmigs_own_go_home() -> None:
    state = SessionState()
    with state.under(SearchPath.ANY):
        assert state.opening() == []
        with state.at_home():
            assert state.opening() == [HOME, *TUNE]
        assert state.wanted is SearchPath.ANY


def test_a_script_begins_as_on_a_new_connection() -> None:
    state = SessionState()
    assert state.begin_script([]) == []
    script_ran(state)
    state.opening()
    assert state.begin_script([]) == [USERS, *UNTUNE]


def test_what_is_asked_before_a_script_is_asked_at_home() -> None:
    assert SessionState().begin_script([b"SELECT 1"]) == [HOME, b"SELECT 1", USERS]


def test_what_a_failed_script_has_set_does_not_reach_the_next_statement() -> None:
    state = SessionState()
    state.begin_script([])
    assert state.opening() == [*RESET, HOME, *TUNE]


def test_settings_stay_until_a_script_begins() -> None:
    state = SessionState()
    assert state.change_settings(ROWS) == [f"SELECT {ROWS}".encode()]
    assert state.change_settings(ROWS) == []
    assert state.begin_script([])[: len(RESET)] == [*RESET]
    assert state.settings is None


def test_other_settings_take_the_place_of_the_first_ones() -> None:
    state = SessionState()
    state.change_settings(ROWS)
    assert state.change_settings("other") == [*RESET, b"SELECT other"]


@pytest.mark.parametrize("wanted", [True, False])
def test_statements_of_users_find_settings_only_if_they_want_them(wanted: bool) -> None:
    state = SessionState()
    state.change_settings(ROWS)
    with state.under(SearchPath.USERS):
        if wanted:
            with state.with_settings():
                assert state.opening() == []
        else:
            assert state.opening() == [*RESET]


def test_a_rollback_takes_back_what_was_set() -> None:
    state = SessionState()
    state.opening()
    with state.transaction(force_rollback=True):
        state.change_settings(ROWS)
        with state.under(SearchPath.USERS):
            state.opening()
    assert (state.settings, state.path) == (None, SearchPath.HOME)
    assert state.opening() == [*TUNE], "nobody knows whether they were taken back, too"


@pytest.mark.parametrize("force_rollback", [True, False])
def test_behind_code_of_others_nothing_is_known_however_it_ends(force_rollback: bool) -> None:
    state = SessionState()
    state.opening()
    with state.transaction(force_rollback=force_rollback):
        state.note_stranger()
        state.opening()
    assert state.path is SearchPath.ANY


@pytest.mark.parametrize(
    ("settings", "sent"), [pytest.param(None, [USERS], id="none"), pytest.param(ROWS, [*RESET], id="gitmig's")]
)
def test_a_commit_finds_the_path_of_the_user_and_no_settings_of_gitmigs(
    settings: str | None, sent: list[bytes]
) -> None:
    state = SessionState()
    state.opening()
    if settings:
        state.change_settings(settings)
    assert state.commit() == sent
    assert state.path is SearchPath.USERS
