"""Edits on the preferences page: what they do, once and twice, early and late."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist.errors import DocumentError
from diarist.models import Edit, EditResult
from diarist.pages import preferences
from diarist.pages.preferences import Limits, Stamp
from diarist.pages.toml import Document, parse

CATEGORIES = ("likes", "dislikes", "allergies", "biography", "instructions")


def stamp(number: int, session: str = "chat") -> Stamp:
    return Stamp(f"2024-01-01T00:00:{number:02}Z", session, f"{session}#t{number}")


def apply(
    page: str | Document, *edits: Edit, number: int = 1, limits: Limits | None = None
) -> tuple[Document, tuple[EditResult, ...]]:
    document = parse(page) if isinstance(page, str) else page
    return preferences.apply(
        document, edits, categories=CATEGORIES, stamp=stamp(number), limits=limits or Limits()
    )


def add(category: str, text: str, **more: Any) -> Edit:
    return Edit("add", category, text, **more)


def plain(document: Document) -> dict[str, Any]:
    return tomllib.loads(document.text)


def statuses(results: tuple[EditResult, ...]) -> list[str]:
    return [result.status for result in results]


def test_a_new_statement_is_added_with_where_it_came_from() -> None:
    document, results = apply("", add("likes", " love  tea ", contexts=("  at home", "")))

    assert statuses(results) == ["added"]
    assert plain(document)["likes"]["tea"] == {
        "text": "love tea",
        "contexts": ["at home"],
        "_count": 1,
        "_created": "2024-01-01T00:00:01Z",
        "_updated": "2024-01-01T00:00:01Z",
        "_created_by": "chat",
        "_updated_by": "chat",
        "_sources": ["chat#t1"],
    }


def test_a_repeat_is_confirmed_and_one_that_says_more_revises() -> None:
    document, _ = apply("", add("allergies", "allergic to nuts"))
    document, again = apply(document, add("allergies", "an allergy to nuts"), number=2)
    document, more = apply(document, add("allergies", "severely allergic to nuts"), number=3)

    assert statuses(again + more) == ["confirmed", "revised"]
    item = plain(document)["allergies"]["nuts"]
    assert (item["text"], item["_was"], item["_count"]) == (
        "severely allergic to nuts", "allergic to nuts", 3,
    )  # fmt: skip


def test_a_change_of_mind_moves_the_item() -> None:
    document, _ = apply("", add("likes", "love coffee"))
    document, results = apply(document, add("dislikes", "don't like coffee any more"), number=2)

    assert statuses(results) == ["revised"]
    assert list(plain(document)) == ["dislikes"]
    assert plain(document)["dislikes"]["coffee"]["_was"] == "love coffee"


def test_a_replacement_takes_the_place_of_the_old_value_only() -> None:
    document, _ = apply(
        "",
        add("biography", "live in Leeds"),
        add("biography", "work for Leeds"),
        add("likes", "love Leeds"),
    )
    document, results = apply(
        document, add("biography", "moved from Leeds to Porto", replaces="Leeds"), number=2
    )

    assert statuses(results) == ["revised"]
    texts = [item["text"] for table in plain(document).values() for item in table.values()]
    assert texts == ["moved from Leeds to Porto", "work for Leeds", "love Leeds"]


def test_forgetting_by_text_means_what_was_said() -> None:
    document, _ = apply("", add("likes", "love tea"), add("dislikes", "hate milk"))
    document, results = apply(
        document,
        Edit("forget", "likes", "like milk"),
        Edit("forget", "likes", "tea"),
        Edit("forget", "likes", "jazz"),
        number=2,
    )

    assert statuses(results) == ["rejected", "forgotten", "rejected"]
    assert list(plain(document)) == ["dislikes"]


def test_a_full_category_and_a_full_page_refuse() -> None:
    small = Limits(per_category=2)
    document, results = apply(
        "", *(add("likes", f"love {thing}") for thing in ("tea", "jazz", "chess")), limits=small
    )
    assert statuses(results) == ["added", "added", "full"]

    page = "".join(f'[other.n{number}]\ntext = "x"\n' for number in range(2000))
    before = parse(page)
    document, results = apply(before, add("likes", "love tea"))
    assert statuses(results) == ["full"]
    assert document is before
    assert "keep it as a note" in str(results[0])


@pytest.mark.parametrize(
    "edit",
    [
        add("likes", "my password is hunter2"),
        add("likes", "love tea", contexts=("pin: 4821",)),
        Edit("confirm", "likes", "", id="tea", contexts=("api key: abc123",)),
        Edit("revise", "likes", "4111 1111 1111 1111", id="tea"),
        Edit("forget", "likes", "my password is hunter2"),
        Edit("forget", "my password is hunter2", "jazz"),
        Edit("add", "my password is hunter2", "love jazz"),
    ],
)
def test_secrets_are_rejected_and_not_repeated(edit: Edit) -> None:
    document, _ = apply("", add("likes", "love tea"))

    after, results = apply(document, edit, number=2)

    assert after is document
    assert statuses(results) == ["rejected"]
    for secret in ("hunter2", "4821", "abc123", "4111"):
        assert secret not in str(results[0])


def test_a_secret_that_stands_on_the_page_is_not_repeated() -> None:
    page = '[likes.word]\ntext = "my password is hunter2"\n'

    _, revised = apply(page, Edit("revise", "likes", "love jazz", id="word"))
    _, forgotten = apply(page, Edit("forget", "likes", "my password is hunter2"))

    assert statuses(revised + forgotten) == ["revised", "forgotten"]
    assert "hunter2" not in str(revised + forgotten)


@pytest.mark.parametrize(
    "edit",
    [add("_meta", "x"), add("nope", "x"), add("likes", "  "), add("likes", "x" * 1001)],
)
def test_what_the_table_has_no_place_for_is_rejected(edit: Edit) -> None:
    assert statuses(apply("", edit)[1]) == ["rejected"]


def test_edits_by_id_stay_inside_the_table_s_categories() -> None:
    page = '[_meta]\nversion = "1.0"\n[secret.a]\ntext = "love tea"\n'

    document, results = apply(
        page, *(Edit(action, "secret", "", id="a") for action in ("forget", "confirm", "revise"))
    )

    assert document.text == page
    assert statuses(results) == ["rejected"] * 3


# ------------------------------------------------------------ twice, early and late

THINGS = ("tea", "coffee", "jazz")
EDITS = st.one_of(
    st.builds(add, st.just("likes"), st.sampled_from([f"love {t}" for t in THINGS])),
    st.builds(add, st.just("dislikes"), st.sampled_from([f"hate {t}" for t in THINGS])),
    st.builds(add, st.just("allergies"), st.sampled_from([f"allergic to {t}" for t in THINGS])),
)


@given(st.lists(EDITS, max_size=6), st.lists(EDITS, min_size=1, max_size=2))
@settings(deadline=None)
def test_a_message_applied_twice_counts_once(history: list[Edit], edits: list[Edit]) -> None:
    document = parse("")
    for number, edit in enumerate(history, 1):
        document, _ = apply(document, edit, number=number)
    if len(edits) == 2 and edits[0].text.split()[-1] == edits[1].text.split()[-1]:
        edits = edits[:1]
    once, _ = apply(document, *edits, number=30)

    twice, _ = apply(once, *edits, number=30)

    assert twice.text == once.text


def test_an_older_message_never_overrides_a_later_one() -> None:
    document, _ = apply("", add("dislikes", "hate tea"), number=5)

    for edit in (
        add("likes", "love tea"),
        Edit("forget", "dislikes", "hate tea"),
        Edit("revise", "dislikes", "hate green tea", id="tea"),
    ):
        after, results = apply(document, edit, number=3)
        assert after is document
        assert "later" in str(results[0])


def test_an_older_message_does_not_bring_back_what_a_later_one_replaced() -> None:
    document, _ = apply("", add("biography", "live in Leeds"), number=1)
    document, _ = apply(
        document, add("biography", "moved from Leeds to Porto", replaces="Leeds"), number=3
    )

    for number in (1, 2):
        after, results = apply(document, add("biography", "live in Leeds"), number=number)
        assert after is document
        assert statuses(results) == ["rejected"]
    _, results = apply(document, add("biography", "live in Leeds"), number=4)
    assert statuses(results) == ["added"]


@given(st.permutations(range(1, 8)))
def test_confirmations_may_arrive_in_any_order(order: list[int]) -> None:
    document = parse("")
    for number in order:
        document, _ = apply(document, add("likes", "love tea"), number=number)

    item = plain(document)["likes"]["tea"]
    assert item["_count"] == 7
    assert item["_sources"] == [f"chat#t{number}" for number in range(1, 8)]
    assert item["_updated"] == stamp(7).at


def test_at_most_eight_sources_are_kept_and_the_newest_are_last() -> None:
    document = parse("")
    for number in range(1, 12):
        document, _ = apply(document, add("likes", "love tea"), number=number)

    sources = plain(document)["likes"]["tea"]["_sources"]
    assert sources == [f"chat#t{number}" for number in range(4, 12)]


def test_an_older_message_than_eight_others_is_counted_and_counted_once() -> None:
    document = parse("")
    for number in range(3, 14):
        document, _ = apply(document, add("likes", "love tea"), number=number)

    late, _ = apply(document, add("likes", "love tea"), number=2)
    again, _ = apply(late, add("likes", "love tea"), number=2)

    tea = plain(late)["likes"]["tea"]
    assert tea["_count"] == 12
    assert tea["_sources"] == ["chat#t2", *(f"chat#t{number}" for number in range(7, 14))]
    assert tea["_updated"] == stamp(13).at
    assert again is late


# ------------------------------------------------------------ hand edits

BROKEN = """\
likes = "tea"

[dislikes]
note = "mine"
[dislikes.tea]
contexts = "evenings"
[dislikes.jazz]
text = 5

[biography.porto]
text = "live in Porto"  # by hand
contexts = "since 2020"
_count = "often"
_updated = 2023-05-01
_sources = "chat"
mood = "happy"

[allergies.nuts]
text = "allergic to nuts"
contexts = [1, "diet"]

[strange.item]
text = "love chess"
"""


def test_what_a_person_broke_is_read_over_and_kept() -> None:
    document, results = apply(
        BROKEN,
        add("biography", "I'm based in Porto", contexts=("work",)),
        add("allergies", "allergic to nuts", contexts=("health",)),
        add("dislikes", "hate tea"),
        add("dislikes", "hate jazz"),
        add("dislikes", "hate chess"),
    )

    page = plain(document)
    assert statuses(results) == ["confirmed", "confirmed", "added", "added", "added"]
    assert page["likes"] == "tea"
    assert page["strange"] == {"item": {"text": "love chess"}}
    assert page["dislikes"]["tea"] == {"contexts": "evenings"}
    assert page["dislikes"]["jazz"] == {"text": 5}
    assert page["dislikes"]["tea-2"]["text"] == "hate tea"
    assert page["biography"]["porto"]["contexts"] == ["since 2020", "work"]
    assert page["biography"]["porto"]["mood"] == "happy"
    assert page["allergies"]["nuts"]["contexts"] == [1, "diet", "health"]
    assert "# by hand" in document.text


def test_a_category_that_is_a_value_keeps_the_turn_waiting() -> None:
    with pytest.raises(DocumentError, match="likes is a value"):
        apply(BROKEN, add("likes", "love jazz"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda values: st.lists(values, max_size=2),
        max_leaves=3,
    ),
    st.sampled_from(["contexts", "_count", "_updated", "_sources", "_was", "text", "mood"]),
)
def test_any_value_under_any_key_is_survived(value: Any, key: str) -> None:
    if value is None or (isinstance(value, list) and None in value):
        return
    try:
        document = parse("").set(("likes", "tea"), {"text": "love tea", key: value})
    except TypeError:
        return

    for edit in (add("likes", "love tea", contexts=("x",)), add("dislikes", "hate tea")):
        after, results = apply(document, edit)
        assert len(results) == 1
        assert after.text


# ------------------------------------------------------------ by hand of the program


def upsert(
    document: Document, text: str | None, id: str | None = None, category: str = "likes"
) -> tuple[Document, EditResult]:
    return preferences.upsert(
        document, category, text, id=id, contexts=(), categories=CATEGORIES,
        stamp=Stamp("2024-02-01T00:00:00Z"), limits=Limits(),
    )  # fmt: skip


def test_upsert_asks_back_where_an_item_resembles() -> None:
    document, _ = apply("", add("likes", "love black coffee"))

    after, result = upsert(document, "love coffee beans black")
    assert after is document
    assert (result.status, result.matches[0].id) == ("similar", "black-coffee")
    after, result = upsert(document, "love coffee beans black", id="new")
    assert result.status == "added"
    after, result = upsert(document, "love filter coffee", id="black-coffee")
    assert (result.status, result.was) == ("revised", "love black coffee")
    after, result = upsert(document, None, id="black-coffee")
    assert (result.status, plain(after)["likes"]["black-coffee"]["_count"]) == ("confirmed", 2)


def test_no_item_gets_the_id_that_means_another() -> None:
    _, result = upsert(parse(""), "new")

    assert result.id == "new-2"
