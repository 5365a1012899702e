"""What a model does with preferences, and what it is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

from core.tools.desk import Desk, blocking, make


def test_categories_say_what_they_are_for_and_how_full_they_are(ask: Desk):
    ask("upsert_preference", category="likes", text="love tea")
    first = ask("list_categories").splitlines()[0]
    assert first == f"- likes (1 of 5): {ask.diary.categories['likes']}"
    assert len(ask("list_categories").splitlines()) == len(ask.diary.categories)


def test_a_preference_is_added_confirmed_changed_and_forgotten(ask: Desk):
    def upsert(text: str, **more: Any) -> str:
        return ask("upsert_preference", category="likes", text=text, **more)

    assert upsert("love tea") == 'Added likes/tea: "love tea".'
    assert upsert("love tea", contexts=["at work"]) == (
        'Confirmed likes/tea: "love tea" (known already, counted once more).'
    )
    assert upsert("love green tea", id="tea") == (
        'Revised likes/tea: "love green tea" (was "love tea").'
    )
    assert ask("list_preferences", category="likes") == (
        'likes (1 of 5):\n- tea: "love green tea" (said 3 times; 2026-03-01; contexts: "at work")'
    )
    forget = ask("forget_preference", category="likes", id="tea")
    assert forget == 'Forgot likes/tea: "love green tea".'
    assert ask("list_preferences", category="likes") == "likes (0 of 5):"


def test_what_resembles_is_shown_and_the_model_decides(ask: Desk):
    def upsert(text: str, **more: Any) -> str:
        return ask("upsert_preference", category="allergies", text=text, **more)

    upsert("allergic to walnuts")
    assert upsert("allergic to peanuts").splitlines() == [
        "Not stored (similar): allergies has what resembles it.",
        '- walnuts: "allergic to walnuts" (89 % alike)',
        'Call again with the id of one to change it, or with id "new" to store this as well.',
    ]
    assert upsert("allergic to peanuts", id="new").startswith("Added allergies/peanuts")
    assert "walnuts" in ask("list_preferences", category="allergies")


def test_a_changed_mind_moves_and_the_answer_says_from_where(ask: Desk):
    ask("upsert_preference", category="likes", text="love coffee")
    answer = ask("upsert_preference", category="dislikes", text="don't like coffee any more")
    assert answer == (
        'Revised dislikes/coffee: "don\'t like coffee any more" '
        '(was "love coffee"; moved from likes/coffee).'
    )


def test_a_filling_category_is_marked_and_a_full_one_refuses(ask: Desk):
    for thing in ("tea", "jazz", "snow", "figs"):
        ask("upsert_preference", category="likes", text=f"love {thing}", id="new")
    assert ask("list_preferences", category="likes").startswith(
        "likes (4 of 5, nearly full: rather change one than add):"
    )
    ask("upsert_preference", category="likes", text="love chess", id="new")
    answer = ask("upsert_preference", category="likes", text="love rain", id="new")
    assert answer.startswith("Not stored (full): likes is full")
    full = "likes (5 of 5, full: change or forget one, none can be added)"
    assert f"{full}:\n" in ask("list_preferences") + "\n"
    assert full in ask("list_categories")
    assert "rain" not in ask("list_preferences")


def test_a_full_page_is_marked(tmp_path: Path):
    ask = Desk(make(tmp_path, max_prefs_per_category=3000), blocking)
    page = "".join(f'[likes.n{n}]\ntext = "love thing {n}"\n' for n in range(2000))
    asyncio.run(ask.diary.backend.save("ana", "preferences", page))
    assert ask("list_categories").endswith(
        "[the page is full, 2000 of 2000: forget one before you add another]"
    )
    answer = ask("upsert_preference", category="likes", text="love rain", id="new")
    assert answer.startswith("Not stored (full)")


def test_a_secret_is_refused_and_not_repeated(ask: Desk):
    answer = ask("upsert_preference", category="biography", text="my password is hunter2")
    assert answer == "Not stored (rejected): it looks like a password."
    assert ask("upsert_preference", category="likes", text=" ").startswith("Not stored (rejected)")


def test_pages_of_older_layouts_are_listed(ask: Desk):
    page = '[_meta]\nversion = "0.3"\n[preferences.likes.pref001]\ntext = "tea"\n_count = 4\n'
    asyncio.run(ask.diary.backend.save("ana", "preferences", page))
    assert '- pref001: "tea" (said 4 times)' in ask("list_preferences", category="likes")
