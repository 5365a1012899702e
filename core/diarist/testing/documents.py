"""What every store of documents must do: inherit, give a store, get the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarist.backends import ABSENT, ANY, update
from diarist.errors import ConflictError
from diarist.testing.driving import Driven, driven

if TYPE_CHECKING:
    from diarist.backends import DocumentStore

KIND = "preferences"
ODD_USERS = (
    "a@b.com", "auth0|5f7", "https://issuer/u?id=1", "日本", "Bob", "bob", "..", ".", "a/../b",
    "a\\b", "CON", "trailing.", " ", "%2e", "🦊", "x" * 300, "-rf", ".locks", "pаypal", "paypal",
)  # fmt: skip


class DocumentStoreTests(Driven):
    """Inherit, and give a fixture `store` that returns a new, empty store.

    class TestMyStore(DocumentStoreTests):
        @pytest.fixture
        def store(self):
            return MyStore()
    """

    @pytest.fixture
    def store(self) -> DocumentStore:
        """Return a new, empty store."""
        raise NotImplementedError("give a fixture `store` that returns a new, empty store")

    @driven
    async def test_what_was_never_stored_is_missing(self, store: DocumentStore) -> None:
        """Reading a stranger finds nothing, raises nothing and makes nothing."""
        assert await store.load("ghost", KIND) is None
        assert await store.get("ghost", KIND) == (None, None)
        assert not await store.exists("ghost", KIND)
        await store.delete("ghost", KIND)
        await store.delete_user("ghost")
        assert await store.list_users() == []

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "one line",
            "a = 1\r\nb = 2\n\r",
            "\ufeffa = 1\n",
            "é日🦊\u2028\u0085\n",
            "tab\tNUL\0end",
            "x" * 300_000,
        ],
        ids=["empty", "no newline", "CRLF", "BOM", "Unicode", "control", "300 KB"],
    )
    @driven
    async def test_a_document_comes_back_as_it_was(self, store: DocumentStore, text: str) -> None:
        """No byte is translated, trimmed or added."""
        await store.save("ana", KIND, text)
        assert await store.load("ana", KIND) == text
        assert (await store.get("ana", KIND))[0] == text
        assert await store.exists("ana", KIND)

    @driven
    async def test_kinds_are_apart(self, store: DocumentStore) -> None:
        """One document of a user says nothing about another."""
        await store.save("ana", "preferences", "p")
        await store.save("ana", "conversations", "c")
        await store.delete("ana", "preferences")
        assert await store.load("ana", "preferences") is None
        assert await store.load("ana", "conversations") == "c"

    @driven
    async def test_save_replaces_whatever_was_there(self, store: DocumentStore) -> None:
        """The newest save holds, longer or shorter."""
        for text in ("long " * 100, "short", ""):
            await store.save("ana", KIND, text)
            assert await store.load("ana", KIND) == text

    @driven
    async def test_of_twelve_who_create_one_succeeds(self, store: DocumentStore) -> None:
        """`ABSENT` is decided by the store, not by who looked last."""
        results = await self.together(
            store.put("ana", KIND, f"n = {number}\n", expect=ABSENT) for number in range(12)
        )
        won = [number for number, result in enumerate(results) if isinstance(result, str)]
        assert len(won) == 1
        assert sum(isinstance(result, ConflictError) for result in results) == 11
        assert await store.load("ana", KIND) == f"n = {won[0]}\n"

    @driven
    async def test_a_stale_version_is_refused(self, store: DocumentStore) -> None:
        """The newest version, and no other, opens the document; a refusal changes nothing."""
        first = await store.put("ana", KIND, "1", expect=ABSENT)
        second = await store.put("ana", KIND, "2", expect=first)
        for wrong in (ABSENT, first, "made up"):
            with pytest.raises(ConflictError):
                await store.put("ana", KIND, "3", expect=wrong)
        assert await store.get("ana", KIND) == ("2", second)
        third = await store.put("ana", KIND, "3", expect=ANY)
        assert await store.get("ana", KIND) == ("3", third)

    @driven
    async def test_the_version_of_a_deleted_document_is_refused(self, store: DocumentStore) -> None:
        """Also where a new one with another text was made meanwhile."""
        former = await store.put("ana", KIND, "1", expect=ABSENT)
        await store.delete("ana", KIND)
        assert await store.get("ana", KIND) == (None, None)
        with pytest.raises(ConflictError):
            await store.put("ana", KIND, "2", expect=former)
        assert await store.load("ana", KIND) is None
        await store.put("ana", KIND, "new", expect=ABSENT)
        with pytest.raises(ConflictError):
            await store.put("ana", KIND, "2", expect=former)
        assert await store.load("ana", KIND) == "new"

    @driven
    async def test_get_and_save_agree_on_versions(self, store: DocumentStore) -> None:
        """What `save` wrote has a version as good as what `put` wrote."""
        await store.save("ana", KIND, "1")
        version = (await store.get("ana", KIND))[1]
        assert version is not None
        await store.save("ana", KIND, "2")
        with pytest.raises(ConflictError):
            await store.put("ana", KIND, "3", expect=version)

    @driven
    async def test_eight_who_add_ten_lines_each_all_find_them(self, store: DocumentStore) -> None:
        """`diarist.backends.update` loses no change, whoever writes in between."""

        async def add(name: int) -> None:
            for number in range(10):
                line = f"{name}-{number}\n"
                await update(store, "ana", KIND, lambda text, line=line: ((text or "") + line, 0))

        assert await self.together(add(name) for name in range(8)) == [None] * 8
        lines = (await store.load("ana", KIND) or "").splitlines()
        assert sorted(lines) == sorted(f"{n}-{m}" for n in range(8) for m in range(10))
        for name in range(8):
            assert [line for line in lines if line.startswith(f"{name}-")] == [
                f"{name}-{number}" for number in range(10)
            ]

    @driven
    async def test_an_update_that_changes_nothing_writes_nothing(
        self, store: DocumentStore
    ) -> None:
        """The result comes back, the version stays."""
        version = await store.put("ana", KIND, "1", expect=ABSENT)
        assert await update(store, "ana", KIND, lambda text: (None, text)) == "1"
        assert await update(store, "ana", KIND, lambda text: (text, "same")) == "same"
        assert await store.get("ana", KIND) == ("1", version)
        assert await update(store, "ghost", KIND, lambda text: (None, text)) is None
        assert await store.list_users() == ["ana"]

    @driven
    async def test_an_error_in_an_update_changes_nothing(self, store: DocumentStore) -> None:
        """The error arrives as it is, and the next update works."""

        def fail(text: str | None) -> tuple[str | None, None]:
            raise RuntimeError("no")

        await store.save("ana", KIND, "1")
        with pytest.raises(RuntimeError, match="no"):
            await update(store, "ana", KIND, fail)
        assert await store.load("ana", KIND) == "1"
        await update(store, "ana", KIND, lambda text: ((text or "") + "2", None))
        assert await store.load("ana", KIND) == "12"

    @driven
    async def test_odd_users_each_have_their_own(self, store: DocumentStore) -> None:
        """Whatever an id looks like as a path, it is just an id."""
        for user in ODD_USERS:
            await store.save(user, KIND, f"# {user}\n")
        assert await store.list_users() == sorted(ODD_USERS)
        for user in ODD_USERS:
            assert await store.load(user, KIND) == f"# {user}\n"
        await store.delete_user("bob")
        assert await store.list_users() == sorted(set(ODD_USERS) - {"bob"})
        assert await store.load("Bob", KIND) == "# Bob\n"

    @driven
    async def test_deleting_a_user_leaves_neighbours_alone(self, store: DocumentStore) -> None:
        """Neither an id that begins with it nor one that it begins with is touched."""
        users = ["an", "ana", "ana2", "ana/x", "Ana"]
        for user in users:
            await store.save(user, "preferences", user)
            await store.save(user, "conversations", user)
        await store.delete_user("ana")
        await store.delete_user("ana")
        assert await store.list_users() == sorted(set(users) - {"ana"})
        assert await store.load("ana", "preferences") is None
        assert await store.load("ana", "conversations") is None
        for user in set(users) - {"ana"}:
            assert await store.load(user, "preferences") == user
            assert await store.load(user, "conversations") == user
        await store.put("ana", KIND, "anew", expect=ABSENT)
        assert await store.load("ana", KIND) == "anew"
