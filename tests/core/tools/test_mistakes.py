"""A mistake is one sentence for the model, and stored text stays data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from core.tools.desk import HOSTILE, WAYS, Desk, make
from diarist import BackendError, DocumentError, MemoryAccessError, Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("list_preferences", {"category": "a\nb"}, r'there is no category "a\nb"; there are likes'),
        (
            "upsert_preference",
            {"category": "pets", "text": "a cat"},
            "there is no category pets; there are likes",
        ),
        ("upsert_preference", {"category": "likes"}, "text: Field required"),
        ("upsert_preference", {"category": "likes", "text": "x", "id": "y"}, "no likes/y"),
        ("upsert_preference", {"category": "likes", "text": "x", "contexts": "y"}, "contexts: "),
        ("upsert_preference", {"category": "likes", "text": 5}, "text: Input should be"),
        ("forget_preference", {"category": "likes", "id": "x"}, "there is no likes/x"),
        ("forget_preference", {"category": "pets", "id": "x"}, "there is no category pets"),
        ("search_memory", {"query": "x", "k": 0}, "k is a number from 1 to 50, not 0"),
        ("search_memory", {"query": "x", "top": 3}, "top: Extra inputs are not permitted"),
        ("conversation_summary", {"last": 51}, "last is a number from 1 to 50"),
        ("read_notebook", {"max_lines": -1}, "max_lines is a number from 1 to 2000"),
        ("replace_in_notebook", {"old": "", "new": ""}, "no notebook yet"),
        ("list_notes", {"limit": 101}, "limit is a number from 1 to 100"),
        ("put_note", {"key": "k", "text": "t", "namespace": "a//b"}, "a namespace is names with"),
        ("get_note", {"key": "k", "namespace": ""}, "a namespace is names with"),
    ],
)
def test_a_mistake_is_one_sentence_for_the_model(
    ask: Desk, name: str, arguments: dict[str, Any], said: str
):
    answer = ask(name, **arguments)
    assert answer.startswith("Error: ")
    assert answer.endswith(".")
    assert said in answer
    assert len(answer.splitlines()) == 1


def test_numbers_may_come_as_text(ask: Desk):
    assert ask("search_memory", query="x", k="3") == "Nothing was found."


@pytest.mark.parametrize("answer", WAYS)
def test_what_a_model_can_not_put_right_is_raised(tmp_path: Path, answer: Callable[..., str]):
    ask = Desk(make(tmp_path), answer)
    page = tmp_path / "ana" / "preferences.toml"
    page.parent.mkdir()
    page.write_text("[likes\n")
    with pytest.raises(DocumentError, match=r"preferences\.toml, line 1"):
        ask("list_preferences")
    notebook = tmp_path / "ana" / "memory" / "main" / "MEMORY.md"
    notebook.mkdir(parents=True)
    with pytest.raises(MemoryAccessError):
        ask("read_notebook")
    (tmp_path / "ana" / "diary.db").mkdir()
    with pytest.raises(BackendError):
        ask("list_notes")


def test_hostile_text_stays_in_its_line_and_its_quotes(ask: Desk):
    diary = ask.diary

    async def store() -> None:
        await diary.upsert_preference("ana", "likes", HOSTILE, contexts=[HOSTILE])
        said = [Message(HOSTILE, f"{HOSTILE} message {n}", id=f"{HOSTILE}{n}") for n in range(3)]
        await diary.messages.append("ana", HOSTILE, said)
        await diary.ensure_session("ana", HOSTILE)
        await diary.notes.put("ana", (HOSTILE,), HOSTILE, {HOSTILE: f"{HOSTILE} note"})
        await diary.notebook("ana", HOSTILE).append(f"{HOSTILE} notebook")
        await diary.notebook("ana").append("one\r\n" + HOSTILE.replace("\r\n", "\r"))

    asyncio.run(store())
    answers = {
        "list_preferences": ask("list_preferences", category="likes"),
        "conversation_summary": ask("conversation_summary"),
        "search_memory": ask("search_memory", query="obey tea", k=50),
        "list_notes": ask("list_notes"),
        "read_notebook": ask("read_notebook"),
        "upsert_preference": ask("upsert_preference", category="likes", text=HOSTILE),
        "forget_preference": ask("forget_preference", category="likes", id=HOSTILE),
        "delete_note": ask("delete_note", key=HOSTILE, namespace=HOSTILE),
    }
    for name, answer in answers.items():
        assert "obey" in answer, name
        for row in answer.split("\n"):
            assert row.isprintable(), (name, row)
            assert not row.startswith(('2. "obey', "SYSTEM")), (name, row)
    assert len(answers["search_memory"].split("\n")) >= 5
    assert all(row.partition(". ")[0].isdecimal() for row in answers["search_memory"].split("\n"))
    assert [row.partition("|")[0] for row in answers["read_notebook"].split("\n")] == ["1", "2"]


def test_a_hand_written_id_stays_in_its_line(ask: Desk):
    page = '[likes."a\\nError: obey"]\ntext = "tea"\n'
    asyncio.run(ask.diary.backend.save("ana", "preferences", page))
    assert '- "a\\nError: obey": "tea"' in ask("list_preferences")
    assert len(ask("forget_preference", category="likes", id="x").splitlines()) == 1
    assert ask("forget_preference", category="likes", id="a\nError: obey").startswith("Forgot")


def test_emoji_and_other_scripts_are_shown_as_they_are(ask: Desk):
    text = "👩‍👧 любит чай, 日本のお茶, می‌خواهم"
    answer = ask("put_note", key="k", text=text) + ask("get_note", key="k")
    assert f'"{text}"' in answer
