from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarist.backends.ids import LONGEST, MAX_ID, folder_name, is_cut, user_id_of
from diarist.errors import InvalidIdError

ids = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    "user_id",
    ["alice", "a@b.com", "user-1_x", "john.doe+diary@example.com", "日本", "42"],
)
def test_ordinary_ids_stay_readable(user_id: str):
    assert folder_name(user_id) == user_id


@pytest.mark.parametrize(
    ("user_id", "name"),
    [
        ("auth0|5f7", "auth0%7C5f7"),
        ("Bob", "%42ob"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        (".hidden", "%2Ehidden"),
        ("dot.", "dot%2E"),
        ("con", "%63on"),
        ("nul.txt", "%6Eul.txt"),
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("100%", "100%25"),
    ],
)
def test_what_a_file_system_may_refuse_or_fold_is_written_in_hexadecimal(user_id: str, name: str):
    assert folder_name(user_id) == name


@given(ids)
def test_every_id_comes_back_from_its_folder_name(user_id: str):
    name = folder_name(user_id)
    assert is_cut(name) or user_id_of(name) == user_id
    assert len(name.encode()) <= LONGEST
    assert not set(name) & set('/\\\0<>:"|?*' + string.ascii_uppercase) - set("%ABCDEF")


@given(ids, ids)
def test_two_ids_never_share_a_folder_not_even_where_case_is_folded(one: str, other: str):
    if one != other:
        assert folder_name(one).casefold() != folder_name(other).casefold()


def test_a_long_id_is_cut_and_ends_in_a_hash_of_its_own():
    names = {folder_name("x" * 4000), folder_name("x" * 4001), folder_name("é" * 300)}
    assert len(names) == 3
    assert all(is_cut(name) and len(name.encode()) <= LONGEST for name in names)


@pytest.mark.parametrize(
    "user_id",
    ["", "a\0b", "a\nb", "\x7f", "\x85", "\ud800", "x" * (MAX_ID + 1), 42, None, b"ana"],
)
def test_what_is_no_id_is_refused_in_one_sentence(user_id: object):
    with pytest.raises(InvalidIdError) as caught:
        folder_name(user_id)  # type: ignore[arg-type]
    assert "user id" in str(caught.value)
    assert "\n" not in str(caught.value)
