from __future__ import annotations

import asyncio
from itertools import count

import pytest

from diarist import Diary, SQLiteRecords
from diarist.backends import ABSENT, ANY, update
from diarist.errors import ConflictError
from six_methods import SixMethods


class Versioned(SixMethods):
    """The same with versions, and a conflict whenever somebody wrote in between."""

    def __init__(self):
        super().__init__()
        self.versions: dict[tuple[str, str], str] = {}
        self.numbers = count()
        self.conflicts = 0

    async def get(self, user_id, kind):
        await asyncio.sleep(0)
        return self.pages.get((user_id, kind)), self.versions.get((user_id, kind))

    async def put(self, user_id, kind, content, *, expect):
        await asyncio.sleep(0)
        found = self.versions.get((user_id, kind))
        if expect is not ANY and found != (None if expect is ABSENT else expect):
            self.conflicts += 1
            raise ConflictError("somebody else was quicker")
        self.pages[user_id, kind] = content
        self.versions[user_id, kind] = str(next(self.numbers))
        return self.versions[user_id, kind]


def one_more(text: str | None) -> tuple[str, int]:
    number = int(text or 0) + 1
    return str(number), number


@pytest.mark.parametrize("store", [SixMethods(), Versioned()], ids=["six methods", "versioned"])
def test_concurrent_updates_are_all_counted(store: SixMethods):
    async def main():
        return await asyncio.gather(*(update(store, "u", "counts", one_more) for _ in range(60)))

    assert sorted(asyncio.run(main())) == list(range(1, 61))
    assert store.pages["u", "counts"] == "60"


def test_a_conflict_runs_the_change_again_on_the_fresh_text():
    store = Versioned()

    async def main():
        await asyncio.gather(*(update(store, "u", "counts", one_more) for _ in range(8)))

    asyncio.run(main())
    assert store.conflicts > 0
    assert store.pages["u", "counts"] == "8"


def test_a_user_deleted_right_before_a_first_write_does_not_come_back():
    records = SQLiteRecords.in_memory()

    class Late(Versioned):
        async def put(self, user_id, kind, content, *, expect):
            await records.delete_user(user_id)
            return await super().put(user_id, kind, content, expect=expect)

    store = Late()
    asyncio.run(
        Diary(store, records=records).update_memory(
            "ana", "chat", "I'm allergic to nuts.", "Noted."
        )
    )
    assert store.pages == {}


def test_what_somebody_else_wrote_after_a_first_write_stays():
    class Followed(Versioned):
        async def put(self, user_id, kind, content, *, expect):
            version = await super().put(user_id, kind, content, expect=expect)
            await super().put(user_id, kind, "theirs", expect=version)
            return version

    store, answers = Followed(), iter(["ours", None])
    asyncio.run(update(store, "u", "x", lambda text: (next(answers), 0)))
    assert store.pages == {("u", "x"): "theirs"}


def test_no_change_writes_nothing():
    store = Versioned()
    assert asyncio.run(update(store, "u", "x", lambda text: (None, "result"))) == "result"
    assert store.pages == {}


def test_a_store_that_always_conflicts_ends_in_a_clear_error(monkeypatch: pytest.MonkeyPatch):
    class Busy(Versioned):
        async def put(self, user_id, kind, content, *, expect):
            raise ConflictError("busy")

    monkeypatch.setattr("diarist.backends.base.ATTEMPTS", 3)
    with pytest.raises(ConflictError, match="3 attempts"):
        asyncio.run(update(Busy(), "u", "x", one_more))


def test_a_lock_is_free_again_after_an_error_and_in_another_event_loop():
    store = SixMethods()

    def fail(text: str | None) -> tuple[str, int]:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            asyncio.run(update(store, "u", "x", fail))
    assert asyncio.run(update(store, "u", "x", one_more)) == 1


@pytest.mark.parametrize("store", [SixMethods(), Versioned()], ids=["six methods", "versioned"])
def test_a_diary_works_on_a_backend_of_the_users_own(store: SixMethods):
    async def main():
        diary = Diary(store)
        await asyncio.gather(
            *(
                diary.update_memory("ana", "chat", f"I'm allergic to stuff{n}.", "Noted.")
                for n in range(12)
            )
        )
        return await diary.preferences("ana"), await diary.last_conversations("ana")

    page, talks = asyncio.run(main())
    assert len(page.data["allergies"]) == 12
    assert talks["chat"]["_turns"] == 12
