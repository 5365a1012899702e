"""A diary read and written without diarist: docs/format.md in plain Python, for other languages.

    python another_program.py memories ana            # what is known, and what was said
    python another_program.py memories ana likes tea "love green tea"   # a preference more
    python another_program.py memories ana monday "I swim on Fridays."  # a message more

The diary is there already: a database is made by diarist, or by its `sqlite3 diary.db .schema`.
"""

import fcntl
import json
import os
import re
import sqlite3
import sys
import time
import tomllib
import unicodedata
import zlib
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
UNSPACED = rf"{HAN}\u3040-\u30ff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
WORD = re.compile(rf"[{UNSPACED}]+|[^\W_{UNSPACED}]+")
PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789-_.@+"


def folder_of(user_id: str) -> str:
    """Return the name of a user's folder (of plain ids; the page says how others are written)."""
    return "".join(
        char if char in PLAIN else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in user_id
    )


@contextmanager
def lock(memories: Path, user_id: str):
    """Keep other writers of this user's pages out."""
    stripe = zlib.crc32(user_id.encode()) & 0xFF
    (memories / ".locks").mkdir(exist_ok=True, mode=0o700)
    with (memories / f".locks/{stripe:02x}").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def add_preference(memories: Path, user_id: str, category: str, name: str, text: str) -> None:
    """Put an item at the end of the page; every other byte stays."""
    page = memories / folder_of(user_id) / "preferences.toml"
    with lock(memories, user_id):
        old = page.read_text()
        assert tomllib.loads(old)["_meta"]["version"].split(".")[0] == "1"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        new = (
            f"{old}\n[{category}.{name}]\ntext = {json.dumps(text, ensure_ascii=False)}\n"
            f'contexts = []\n_count = 1\n_created = "{now}"\n_updated = "{now}"\n'
        )
        tomllib.loads(new)
        temporary = page.with_name(".preferences.new")
        with temporary.open("w") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(page)


def terms(text: str) -> list[str]:
    """Return the words by which a text is found."""
    folded = unicodedata.normalize("NFKC", text[:200_000]).casefold()
    found: list[str] = []
    for word in WORD.findall(folded):
        if not re.match(f"[{UNSPACED}]", word):
            found.append(word[:64])
            continue
        for place, char in enumerate(word):
            if len(word) == 1 or re.match(f"[{HAN}]", char):
                found.append(char)
            if place + 1 < len(word):
                found.append(word[place : place + 2])
    return found


def append_message(database: sqlite3.Connection, session: str, role: str, text: str) -> int:
    """Append a message to a session and return its number."""
    now, words = int(time.time() * 1_000_000), terms(text)
    database.execute("BEGIN IMMEDIATE")
    database.execute(
        "INSERT INTO sessions (id, created, updated) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (session, now, now),
    )
    no, number = database.execute(
        "UPDATE sessions SET numbered = numbered + 1, updated = max(updated, ?) WHERE id = ? "
        "RETURNING no, numbered",
        (now, session),
    ).fetchone()
    database.execute(
        "INSERT INTO messages (key, session, role, text, at, terms, words, marks) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (no << 32 | number, no, role, text, now, " ".join(words), len(words), 2 * ("?" in text)),
    )
    database.execute("COMMIT")
    return number


def show(memories: Path, user_id: str, database: sqlite3.Connection) -> None:
    """Print the preferences, the messages and the notes."""
    page = tomllib.loads((memories / folder_of(user_id) / "preferences.toml").read_text())
    for category, items in page.items():
        for name, item in items.items() if category != "_meta" else ():
            print(f"{category}/{name}: {item['text']}")
    for session, key, role, text in database.execute(
        "SELECT sessions.id, key, role, text FROM messages JOIN sessions ON no = session "
        "WHERE messages.archived = 0 ORDER BY key"
    ):
        print(f"{session}#{key & 0xFFFFFFFF} {role}: {text}")
    for namespace, name, value in database.execute(
        "SELECT namespace, name, value FROM notes WHERE deleted IS NULL "
        "AND (expires IS NULL OR expires > ?) ORDER BY namespace, name",
        (time.time() * 1_000_000,),
    ):
        place = [
            part.replace("\x1e1", "\x1f").replace("\x1e0", "\x1e")
            for part in namespace.split("\x1f")[:-1]
        ]
        print(f"{'/'.join((*place, name))} = {value}")


def main(memories: Path, user_id: str, *said: str) -> None:
    """Show a diary, or add to it."""
    path = memories / folder_of(user_id) / "diary.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        if len(said) == 3:
            add_preference(memories, user_id, *said)
        elif said:
            append_message(database, said[0], "user", said[1])
        else:
            show(memories, user_id, database)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
