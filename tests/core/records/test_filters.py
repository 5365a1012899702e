"""A filter finds what `diarist.filters` says it finds, whatever the values and the conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diarist import PutNote, SyncDiary
from diarist.filters import matches
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = st.sampled_from(["a", "b", "a.b", "b.a", "", ".", "a b", "é", 'a"b', "\ud800", "a.é"])
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 2**63, 2**63 + 1, 10**15, 10**40, -(2**64)]),
    st.sampled_from([0.1, 1.0, -0.0, 2.5, 1e15, 1e16, 1e300, 5e-324, 9007199254740993.0]),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.sampled_from(["", "a", "é", "1", "\ud800", 'q"\n', "日"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(FIELDS, inner, max_size=4)
    ),
    max_leaves=8,
)
BOUNDS = st.one_of(SCALARS, st.sampled_from([float("inf"), float("-inf"), float("nan"), 10**400]))
OPERATORS = st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"])
CONDITIONS = st.dictionaries(OPERATORS, BOUNDS, min_size=1, max_size=2)
FILTERS = st.recursive(
    st.dictionaries(
        FIELDS, st.one_of(SCALARS, st.lists(SCALARS), CONDITIONS), min_size=1, max_size=2
    ),
    lambda inner: st.dictionaries(FIELDS, inner, min_size=1, max_size=2),
    max_leaves=2,
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(VALUES, max_size=8), FILTERS)
@example([{"a": 9007199254740993}], {"a": {"$gt": 9007199254740992}})
@example([{"a": 0.30000000000000004}], {"a": {"$gt": 0.3}})
@example([{"a": 4.0}, {"a": 4}, {"a": True}, {"a": "4"}], {"a": 4})
@example([{"a": "é", "b": "\ud800"}], {"a": "é"})
@example([{"a": {"b": 1}}, {"a.b": 1}], {"a.b": {"$gte": 1}})
@example([{"a": -0.0}], {"a": 0})
def test_a_listing_finds_exactly_what_matches(values: list[Any], filter: Mapping[str, Any]):
    notes = SyncDiary(MemoryBackend()).notes
    notes.batch("ana", [PutNote(("n",), f"{n}", value) for n, value in enumerate(values)])
    found = notes.list("ana", filter=filter, limit=99)
    expected = [f"{n}" for n, value in enumerate(values) if matches(value, filter)]
    assert [note.key for note in found] == expected
