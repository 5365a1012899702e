from __future__ import annotations

import asyncio
import os
import stat
import unicodedata
from pathlib import Path

import pytest

from diarist import BackendError, ConflictError, Diary, DocumentError, InvalidIdError, LocalBackend
from diarist.backends import ABSENT, ANY

HOSTILE_IDS = [
    "../../etc/passwd", "/etc/passwd", "..", ".", "a/../b", "a\\b", "C:\\x", "~root", "a\0b",
    "x" * 4000, "日" * 4000, "🦊", "👩‍👩‍👧", "CON", "con", "nul.txt", "LPT1", "trailing.",
    "trailing ", " leading", "Bob", "bob", "BOB", "pаypal", "paypal", "ﬁ", "fi", "é",
    unicodedata.normalize("NFD", "é"), "ＡＢ", "ab", "\u202eevil", "%2e%2e", "%42ob", "a%2Fb", "*",
    "?", ".locks", ".pending", ".previous", "-rf", "\ud800", "", "line\nbreak", "x" * 5000,
    "https://issuer/u?id=1", "auth0|5f7", "a@b.com", "john..doe@x.com",
]  # fmt: skip


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "memories")


def test_every_hostile_id_has_its_own_folder_and_is_listed_back_or_is_refused(
    backend: LocalBackend, tmp_path: Path
):
    async def main():
        stored = []
        for user_id in HOSTILE_IDS:
            try:
                await backend.save(user_id, "preferences", f"# {user_id!r}\n")
            except InvalidIdError:
                continue
            stored.append(user_id)
        assert await backend.list_users() == sorted(stored)
        for user_id in stored:
            assert await backend.load(user_id, "preferences") == f"# {user_id!r}\n"
        return stored

    stored = run(main())
    assert set(HOSTILE_IDS) - set(stored) == {"a\0b", "\ud800", "", "line\nbreak", "x" * 5000}
    folders = [path for path in (tmp_path / "memories").iterdir() if path.name != ".locks"]
    assert len(folders) == len(stored)
    assert [path.name for path in tmp_path.iterdir()] == ["memories"]


@pytest.mark.parametrize("text", ["", "x", "a\r\nb\n", "\ufeffbom", "é日🦊\n", "x" * 300_000])
def test_a_page_is_kept_byte_for_byte(backend: LocalBackend, text: str):
    async def main():
        await backend.save("ana", "preferences", text)
        return await LocalBackend(backend.path).load("ana", "preferences")

    assert run(main()) == text
    assert Path(backend.locate("ana", "preferences")).read_bytes() == text.encode()


def test_a_lone_surrogate_is_replaced_and_does_not_stop_the_page(backend: LocalBackend):
    async def main():
        await backend.save("ana", "preferences", "# a\ud800b\n")
        return await backend.load("ana", "preferences")

    assert run(main()) == "# a\ufffdb\n"


def test_nothing_is_made_by_reading(backend: LocalBackend):
    async def main():
        assert await backend.load("ghost", "preferences") is None
        assert await backend.get("ghost", "preferences") == (None, None)
        assert not await backend.exists("ghost", "preferences")
        assert await backend.list_users() == []
        diary = Diary(backend)
        assert await diary.preferences("ghost") == ""
        assert await diary.last_conversations("ghost") == {}
        assert await diary.check("ghost") == []

    run(main())
    assert not backend.path.exists()


def test_put_refuses_any_version_but_the_expected_one(backend: LocalBackend):
    async def main():
        first = await backend.put("ana", "preferences", "a = 1\n", expect=ABSENT)
        with pytest.raises(ConflictError):
            await backend.put("ana", "preferences", "b = 1\n", expect=ABSENT)
        second = await backend.put("ana", "preferences", "a = 2\n", expect=first)
        with pytest.raises(ConflictError, match="read it again"):
            await backend.put("ana", "preferences", "a = 3\n", expect=first)
        assert await backend.get("ana", "preferences") == ("a = 2\n", second)
        await backend.delete("ana", "preferences")
        with pytest.raises(ConflictError):
            await backend.put("ana", "preferences", "a = 3\n", expect=second)
        await backend.put("ana", "preferences", "a = 4\n", expect=ANY)
        assert await backend.load("ana", "preferences") == "a = 4\n"

    run(main())


def test_of_many_who_create_a_page_exactly_one_succeeds(backend: LocalBackend):
    async def main():
        return await asyncio.gather(
            *(backend.put("ana", "preferences", f"n = {n}\n", expect=ABSENT) for n in range(12)),
            return_exceptions=True,
        )

    results = run(main())
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, ConflictError) for result in results) == 11


def test_deleting_is_repeatable_and_touches_nobody_else(backend: LocalBackend):
    async def main():
        for user in ("ana", "ana2", "an"):
            await backend.save(user, "preferences", "a = 1\n")
        await backend.delete("ana", "preferences")
        await backend.delete("ana", "preferences")
        assert not await backend.exists("ana", "preferences")
        await backend.delete_user("ana")
        await backend.delete_user("ana")
        return await backend.list_users()

    assert run(main()) == ["an", "ana2"]


def test_files_and_folders_are_for_their_owner_only(backend: LocalBackend):
    former = os.umask(0)
    try:
        run(Diary(backend).update_memory("ana", "s", "I'm allergic to walnuts.", "Noted."))
    finally:
        os.umask(former)
    for path in [backend.path, *backend.path.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, (path, oct(mode))


def test_a_symbolic_link_is_never_followed(backend: LocalBackend, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    backend.path.mkdir()
    (backend.path / "eve").symlink_to(elsewhere)
    with pytest.raises(BackendError, match="symbolic link"):
        run(backend.save("eve", "preferences", "a = 1\n"))
    with pytest.raises(BackendError, match="symbolic link"):
        run(backend.delete_user("eve"))
    assert list(elsewhere.iterdir()) == []
    assert run(backend.list_users()) == []
    run(backend.save("bob", "preferences", "a = 1\n"))
    page = Path(backend.locate("bob", "preferences"))
    page.unlink()
    page.symlink_to(elsewhere / "x")
    with pytest.raises(BackendError, match="symbolic link"):
        run(backend.load("bob", "preferences"))


def test_a_folder_under_the_plain_id_of_another_program_is_used(backend: LocalBackend):
    folder = backend.path / "Bob Smith"
    folder.mkdir(parents=True)
    (folder / "preferences.toml").write_text('[likes.tea]\ntext = "love tea"\n')
    diary = Diary(backend)
    assert run(diary.list_users()) == ["Bob Smith"]
    run(diary.upsert_preference("Bob Smith", "likes", "enjoy long walks"))
    assert "long walks" in (folder / "preferences.toml").read_text()
    assert "love tea" in run(diary.preferences("Bob Smith"))
    assert [path.name for path in backend.path.iterdir() if path.name != ".locks"] == ["Bob Smith"]


def test_bytes_that_are_no_text_are_reported_with_their_place_and_kept(backend: LocalBackend):
    run(backend.save("ana", "preferences", "[likes.tea]\n"))
    page = Path(backend.locate("ana", "preferences"))
    page.write_bytes(b'[likes.tea]\ntext = "caf\xe9"\n')
    os.utime(page, (1, 1))
    for call in (
        backend.load("ana", "preferences"),
        Diary(backend).upsert_preference("ana", "likes", "love jazz"),
    ):
        with pytest.raises(DocumentError) as caught:
            run(call)
        assert (caught.value.line, caught.value.column) == (2, 12)
        assert str(page) in str(caught.value)
    assert page.read_bytes() == b'[likes.tea]\ntext = "caf\xe9"\n'


def test_what_a_killed_writer_left_is_swept_at_the_next_write(backend: LocalBackend):
    run(backend.save("ana", "preferences", "a = 1\n"))
    left = Path(backend.locate("ana", "preferences")).with_name(".preferences.toml.99.0.tmp")
    left.write_text("half")
    run(LocalBackend(backend.path).save("ana", "preferences", "a = 2\n"))
    assert not left.exists()


def test_a_refusal_of_the_disk_names_the_file_and_the_reason(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendError, match=r"not a directory|file exists"):
        run(LocalBackend(tmp_path / "file").save("ana", "preferences", ""))


@pytest.mark.parametrize(
    "kind",
    ["", "../x", "A", "a.b", "x" * 60, "memory/", "memory/..", "memory/../x", "memory/a/b",
     "memory/Main", "memory/%6Dain", "memory/a\0", "memory/\ud800", "memory/%FF", "Memory/main"],
)  # fmt: skip
def test_a_kind_is_a_plain_word_or_a_notebook_under_its_one_name(backend: LocalBackend, kind: str):
    with pytest.raises(InvalidIdError, match="kind"):
        run(backend.load("ana", kind))


def test_the_kinds_of_a_user_are_the_pages_and_then_the_notebooks(backend: LocalBackend):
    async def main():
        assert await backend.kinds("ana") == []
        for kind in ("preferences", "memory/main", "memory/%57riter", "conversations"):
            await backend.save("ana", kind, f"# {kind}\n")
        await backend.save("bob", "memory/critic", "x\n")
        return await backend.kinds("ana")

    kinds = ["conversations", "preferences", "memory/%57riter", "memory/main"]
    assert run(main()) == kinds
    home = backend.path / "ana"
    assert (home / "memory" / "main" / "MEMORY.md").read_text() == "# memory/main\n"
    for other in ("memory/Writer/MEMORY.md", "memory/empty/notes.md", "x/memory/main/MEMORY.md"):
        (home / other).parent.mkdir(parents=True)
        (home / other).write_text("somebody else's")
    for other in ("README.md", "A.toml", "memory/MEMORY.md"):
        (home / other).write_text("somebody else's")
    assert run(backend.kinds("ana")) == kinds
    assert run(backend.kinds("bob")) == ["memory/critic"]


def test_a_notebook_that_is_deleted_takes_its_folder_along_but_no_file_of_a_person(
    backend: LocalBackend,
):
    long = "memory/" + "x" * 4000

    async def main():
        for kind in (long, "memory/main"):
            await backend.save("ana", kind, "one\n")
        memory = backend.path / "ana" / "memory"
        (memory / "main" / "photo.png").write_bytes(b"mine")
        for kind in (long, "memory/main", "memory/main", "memory/nobody"):
            await backend.delete("ana", kind)
        assert await backend.kinds("ana") == []
        assert [path.name for path in memory.rglob("*")] == ["main", "photo.png"]
        for kind in (long, "memory/main"):
            await backend.save("ana", kind, "two\n")
        return await LocalBackend(backend.path).kinds("ana")

    assert run(main()) == ["memory/main", long]


def test_the_name_of_a_long_named_notebook_is_mended_at_the_next_write(backend: LocalBackend):
    kind = "memory/" + "x" * 4000
    run(backend.save("ana", kind, "one\n"))
    Path(backend.locate("ana", kind)).with_name(".agent_name").unlink()
    assert run(backend.kinds("ana")) == []
    run(LocalBackend(backend.path).save("ana", kind, "two\n"))
    assert run(backend.kinds("ana")) == [kind]


def test_what_a_killed_writer_left_beside_a_notebook_is_swept(backend: LocalBackend):
    run(backend.save("ana", "memory/main", "one\n"))
    left = Path(backend.locate("ana", "memory/main")).with_name(".MEMORY.md.99.0.tmp")
    left.write_text("half")
    run(LocalBackend(backend.path).save("ana", "memory/main", "two\n"))
    assert not left.exists()


def test_a_file_where_the_folder_of_notebooks_should_be_is_an_error_not_an_empty_list(
    backend: LocalBackend,
):
    run(backend.save("ana", "preferences", "a = 1\n"))
    (backend.path / "ana" / "memory").write_text("")
    with pytest.raises(BackendError, match="not a directory"):
        run(backend.kinds("ana"))


def test_durability_is_full_or_normal(tmp_path: Path):
    run(LocalBackend(tmp_path, durability="normal").save("ana", "preferences", "a = 1\n"))
    with pytest.raises(ValueError, match="durability"):
        LocalBackend(tmp_path, durability="none")  # type: ignore[arg-type]


def test_full_durability_syncs_the_file_before_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    calls: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def replace(source, target) -> None:
        calls.append("rename")
        real_replace(source, target)

    backend = LocalBackend(tmp_path)
    run(backend.save("ana", "preferences", "a = 1\n"))
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    run(backend.save("ana", "preferences", "a = 2\n"))
    assert calls == ["file", "rename", "folder"]
