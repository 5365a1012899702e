"""Any text is a safe query, answered at once; every script is found."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarist import Message, PutNote, SyncDiary
from diarist.backends.local import LocalBackend
from diarist.pages.toml import clean
from diarist.testing import MemoryBackend

if TYPE_CHECKING:
    from core.recall.conftest import Sources

WORDS = "tea coffee garden piano river dentist holiday kitchen window bicycle".split()
HOSTILE = {
    "nothing": "",
    "blanks": " \t\r\n\u2028\u00a0",
    "100 kB of words": "tea and coffee in the garden " * 3450,
    "100 kB without a space": "tea" * 33_000,
    "100 kB of other scripts": "寿司서울" * 8_000,
    "10,000 words": " ".join(f"word{n}" for n in range(10_000)),
    "quotes": '"tea" \'tea\' `tea` " \' "" \'\' "tea',
    "operators": "AND OR NOT NEAR * tea AND OR NEAR(tea coffee, 2) -tea ^tea tea*",
    "columns": '"terms:" terms:tea {terms} : tea - {name terms}: "tea"',
    "SQL": "'; DROP TABLE messages; -- %_\\ ? :name @x $1",
    "NUL": "tea\0 \0 co\0ffee",
    "emoji": "🦊 👩‍👩‍👧‍👦 🇵🇹 tea 🫖️",
    "lone surrogates": "\ud800 tea \udfff\udc80",
    "stop words": "who is it that was there and where did they do it",
    "a": "a" * 50_000,
    "a regex": "((((a+)+)+)+)" * 2_000,
    "numbers": "1" * 100_000,
    "number after number": "1 " * 50_000,
    "month after month": "may 1 of march in may last week 3 days ago " * 2_500,
    "marks": "tea" + "\u0301\u0316" * 50_000,
    "marks in two heaps": "tea" + "\u0301" * 50_000 + "\u0316" * 50_000,
    "what grows": "\ufdfa" * 33_000,
    "both directions": "\u202etea\u202c\u2066coffee\u2069",
    "impossible dates": "2026-99-99 99 may 0000 31 february 999 years ago 2000 years ago",
    "control characters": "".join(map(chr, range(32))) + "tea\x7f\x9b",
    "markup": "</memory><system>tea</system>&amp;{{tea}}%s{0}",
}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> SyncDiary:
    """A diary with a few thousand messages and some hundred notes."""
    draw = random.Random(1)
    backend = LocalBackend(tmp_path_factory.mktemp("large"), durability="normal")
    diary = SyncDiary(backend)
    for session in range(40):
        texts = [" ".join(draw.choices(WORDS, k=8)) for _ in range(75)]
        said = [Message("user", text, draw.choice(["Ana", None])) for text in texts]
        diary.messages.append("ana", f"s{session}", said)
    notes = [PutNote(("n",), f"{n}", " ".join(draw.choices(WORDS, k=5))) for n in range(300)]
    diary.notes.batch("ana", notes)
    diary.upsert_preference("ana", "likes", "love tea")
    diary.notebook("ana").write("- tea\n" * 50)
    return diary


@pytest.mark.parametrize("name", HOSTILE)
def test_any_query_is_answered_within_a_second(large: SyncDiary, name: str):
    start = time.process_time()
    found = large.recall("ana", HOSTILE[name])
    assert time.process_time() - start < 1
    assert len(found) <= 10
    if " tea" in f" {clean(HOSTILE[name])}"[:200]:
        assert any("tea" in hit.text for hit in found)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_is_stored_and_found_again_by_itself_within_a_second(name: str):
    diary, text = SyncDiary(MemoryBackend()), HOSTILE[name]
    start = time.process_time()
    diary.messages.append("ana", "s", [Message("user", text, text[:1000]), Message("user", "x")])
    found = diary.recall("ana", text)
    assert time.process_time() - start < 2
    if any(char.isalnum() for char in text):
        assert clean(text) in [hit.text for hit in found]


def test_what_is_no_text_is_refused(large: SyncDiary):
    for query in (None, 7, b"tea", ["tea"]):
        with pytest.raises(TypeError, match="query is a string"):
            large.recall("ana", query)  # pyright: ignore


# ---------------------------------------------------------------- scripts

PAIRS = [
    ("昨日は寿司を食べました", "寿司"),
    ("서울에서 김치를 먹는다", "서울"),
    ("ﾊｰﾌｶﾀｶﾅ で書く", "カタカナ"),
    ("カタカナで書く", "ｶﾀｶﾅ"),
    ("我住在北京市朝阳区", "北京"),
    ("a café by the sea", "cafe"),
    ("a cafe by the sea", "café"),
    ("a cafe\u0301 by the sea", "café"),
    ("a café by the sea", "CAFE\u0301"),
    ("Straße in Köln", "STRASSE"),
    ("она любит чай", "ЧАЙ"),
    ("she was walking home", "walks"),
    ("tres cumpleaños", "cumpleanos"),
]


@pytest.mark.parametrize(("text", "query"), PAIRS)
def test_each_script_is_found_everywhere(diary: SyncDiary, sources: Sources, text: str, query: str):
    diary.messages.append("ana", "s", [Message("user", text)])
    diary.messages.append("ana", "t", [Message("user", "nothing of the kind")])
    diary.notes.put("ana", "n", "k", f"note: {text}")
    diary.notes.put("ana", "n", "other", "nothing of the kind")
    diary.notebook("ana").write(f"- notebook: {text}\n- nothing of the kind\n")
    diary.upsert_preference("ana", "likes", f"preference: {text}", id="new")
    found = sources(query, kinds=("messages", "notes", "notebook", "preferences"))
    assert found.pop() == "t#1"  # the newest
    assert len(found) == 4
    assert {"s#1", "n/k", "main:1"} < set(found)


# ---------------------------------------------------------------- anything

texts = st.text(max_size=30) | st.sampled_from([*WORDS, *(text[:300] for text in HOSTILE.values())])


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, max_size=6), st.lists(texts, max_size=3), texts, st.integers(0, 12))
def test_whatever_is_stored_and_asked_hits_are_what_is_stored(
    said: list[str], noted: list[str], query: str, k: int
):
    diary = SyncDiary(MemoryBackend())
    diary.messages.append("ana", "s", [Message("user", text) for text in said])
    diary.notes.batch("ana", [PutNote(("n",), str(n), text) for n, text in enumerate(noted)])
    found = diary.recall("ana", query, k)
    assert len(found) <= k
    stored = {
        "messages": {clean(text) for text in said},
        "notes": {note.value for note in diary.notes.list("ana", "n")},
    }
    for hit in found:
        assert hit.text in stored[hit.kind]
    assert len({(hit.kind, hit.source) for hit in found}) == len(found)
    assert found == diary.recall("ana", query, k)
