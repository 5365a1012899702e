"""A person edits a page while the diary is at work."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from diarist import Diary, DocumentError, SyncDiary

COMMENT = "# Ana told me this herself"


def save_slowly(path: Path, text: str) -> None:
    """Save as many editors do: truncate, then write, here with long pauses."""
    with path.open("r+") as file:
        file.truncate(0)
        file.flush()
        time.sleep(0.4)
        half = len(text) // 2
        file.write(text[:half])
        file.flush()
        time.sleep(0.4)
        file.write(text[half:])


def save_by_renaming(path: Path, text: str) -> None:
    """Save as vim does: move the old file away, then write a new one."""
    path.rename(path.with_suffix(".toml~"))
    time.sleep(0.4)
    path.write_text(text)


def save_by_replacing(path: Path, text: str) -> None:
    """Save as careful editors do: write beside it, then rename."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    diary = Diary(tmp_path)
    for fact in ("allergic to walnuts", "allergic to milk"):
        asyncio.run(diary.update_memory("ana", "chat", f"I'm {fact}.", "Noted."))
    return diary


def edited(text: str) -> str:
    text = text.replace("[allergies.walnuts]", f"\n{COMMENT}\n[allergies.walnuts]  # badly")
    return text + '\n[likes.tea]\n# by hand\ntext = "love tea"\n'


@pytest.mark.parametrize("save", [save_slowly, save_by_renaming, save_by_replacing])
def test_an_edit_and_its_comments_survive_a_turn_that_comes_in_meanwhile(diary: Diary, save):
    path = Path(diary.backend.locate("ana", "preferences"))
    editor = threading.Thread(target=save, args=(path, edited(path.read_text())))
    editor.start()
    time.sleep(0.1)
    asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    editor.join()
    text = path.read_text()
    assert COMMENT in text
    assert "[allergies.walnuts]  # badly" in text
    assert '# by hand\ntext = "love tea"' in text
    assert "allergic to eggs" in text


@pytest.mark.parametrize("save", [save_slowly, save_by_renaming])
def test_it_survives_a_process_that_has_never_seen_the_page(diary: Diary, save, tmp_path: Path):
    path = Path(diary.backend.locate("ana", "preferences"))
    editor = threading.Thread(target=save, args=(path, edited(path.read_text())))
    editor.start()
    time.sleep(0.1)
    asyncio.run(Diary(tmp_path).update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    editor.join()
    text = path.read_text()
    assert COMMENT in text
    assert "allergic to eggs" in text


def test_edits_between_many_turns_all_survive(diary: Diary):
    path = Path(diary.backend.locate("ana", "preferences"))
    for number in range(5):
        path.write_text(
            path.read_text() + f'\n# note {number}\n[likes.x{number}]\ntext = "x{number}"\n'
        )
        asyncio.run(diary.update_memory("ana", "chat", f"I'm allergic to stuff{number}.", "Noted."))
    text = path.read_text()
    for number in range(5):
        assert f'# note {number}\n[likes.x{number}]\ntext = "x{number}"\n' in text
        assert f"allergic to stuff{number}" in text


def test_the_text_before_the_edit_is_kept_beside_the_page(diary: Diary):
    path = Path(diary.backend.locate("ana", "preferences"))
    before = path.read_text()
    path.write_text(before.replace("walnuts", "hazelnuts"))
    asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    assert (path.parent / ".previous" / "preferences.toml").read_text() == before


def test_an_emptied_page_is_not_written_to_and_a_deleted_one_starts_anew(diary: Diary):
    path = Path(diary.backend.locate("ana", "preferences"))
    path.write_text("")
    with pytest.raises(DocumentError, match=r"empty.*delete the file to start anew"):
        asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    assert path.read_text() == ""
    path.unlink()
    asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    assert list(asyncio.run(diary.preferences("ana")).data["allergies"]) == ["eggs"]


@pytest.mark.parametrize("kind", ["preferences", "conversations"])
def test_a_broken_page_is_never_overwritten_and_works_again_when_mended(diary: Diary, kind: str):
    path = Path(diary.backend.locate("ana", kind))
    whole = path.read_text()
    broken = whole + "\nthis is = = not TOML\n"
    path.write_text(broken)
    for _ in range(2):
        with pytest.raises(DocumentError) as caught:
            asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
        assert caught.value.line == broken.count("\n")
        assert caught.value.column == 6
        assert str(caught.value).startswith(f"{path}, line {caught.value.line}, column 6: ")
    assert path.read_text() == broken
    problems = asyncio.run(diary.check("ana"))
    assert [(problem.location, problem.line) for problem in problems] == [
        (str(path), caught.value.line)
    ]
    path.write_text(whole)
    report = asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    assert report.with_status("added")
    assert "allergic to eggs" in asyncio.run(diary.preferences("ana"))


def test_a_category_turned_into_a_value_by_hand_is_named_with_its_line(diary: Diary):
    path = Path(diary.backend.locate("ana", "preferences"))
    path.write_text('likes = "tea"\n\n' + path.read_text())
    problems = asyncio.run(diary.check("ana"))
    assert [(problem.line, "likes" in problem.reason) for problem in problems] == [(1, True)]
    asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    assert 'likes = "tea"' in path.read_text()
    with pytest.raises(DocumentError, match="likes"):
        asyncio.run(diary.upsert_preference("ana", "likes", "love jazz"))


def test_a_newer_format_is_refused_and_left_alone(diary: Diary):
    path = Path(diary.backend.locate("ana", "preferences"))
    newer = path.read_text().replace('version = "1.0"', 'version = "2.0"')
    path.write_text(newer)
    with pytest.raises(DocumentError, match="upgrade diarist"):
        asyncio.run(diary.update_memory("ana", "chat", "I'm allergic to eggs.", "Noted."))
    assert path.read_text() == newer


def test_comments_inside_a_list_survive_when_it_grows(tmp_path: Path):
    diary = SyncDiary(tmp_path)
    diary.upsert_preference("ana", "allergies", "allergic to walnuts")
    page = tmp_path / "ana" / "preferences.toml"
    listed = 'contexts = [\n  "diet",  # says her doctor\n  # and\n  "health"\n]'
    page.write_text(page.read_text().replace("contexts = []", listed))
    diary.upsert_preference(
        "ana", "allergies", "allergic to walnuts", id="walnuts", contexts=["travel"]
    )
    longer = 'contexts = [\n  "diet",  # says her doctor\n  # and\n  "health",\n  "travel"\n]'
    assert longer in page.read_text()
