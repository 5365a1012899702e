"""User ids and agent names as folder names: reversible, injective, the same on every file system.

Ordinary ids stay readable (`alice`, `a@b.com`, `日本`); every other character is written as `%` and
the hexadecimal bytes of its UTF-8. A name of more than `LONGEST` bytes is cut and ends in a hash;
the folder then holds the full id in a file.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from diarist.errors import InvalidIdError
from diarist.pages.rendering import clean

LONGEST = 180
MAX_ID = 4096
"""Characters in a user id."""

NOTEBOOKS = "memory/"
"""What the kinds of notebooks begin with."""

_NAMELESS = "%~"  # the agent whose name is ""; no other name is written so
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.@+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(?:\.|\Z)")
_ESCAPE = re.compile(r"((?:%[0-9A-F]{2})+)")
_CUT = re.compile(r"(?P<start>.*)%~(?P<hash>[0-9a-f]{64})\Z", re.DOTALL)
_PAGE = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def check_user_id(user_id: object) -> str:
    """Return `user_id`.

    Raises:
        InvalidIdError: it is no text, empty, too long, or holds control characters or lone
            surrogates.
    """
    if not isinstance(user_id, str):
        raise InvalidIdError(f"a user id is a string, not {type(user_id).__name__}")
    if not user_id:
        raise InvalidIdError("a user id must not be empty")
    if len(user_id) > MAX_ID:
        raise InvalidIdError(f"a user id has at most {MAX_ID} characters, not {len(user_id)}")
    if _CONTROL.search(user_id):
        raise InvalidIdError(f"a user id must not hold control characters: {user_id[:80]!r}")
    try:
        user_id.encode()
    except UnicodeEncodeError:
        raise InvalidIdError(
            f"a user id must be valid Unicode, without lone surrogates: {user_id[:80]!r}"
        ) from None
    return user_id


def is_page(kind: str) -> bool:
    """Say whether this is the kind of a page, not of a notebook.

    >>> is_page("preferences"), is_page("memory/main")
    (True, False)
    """
    return _PAGE.match(kind) is not None


def check_kind(kind: str) -> str:
    """Return `kind`, which is a page's or a notebook's.

    Raises:
        InvalidIdError: it is neither.
    """
    if is_page(kind) or agent_name_of(kind) is not None:
        return kind
    raise InvalidIdError(
        f'a kind is a short lower-case word, or "{NOTEBOOKS}" and an agent name as diarist writes '
        f"it, not {kind[:80]!r}"
    )


@lru_cache(maxsize=4096)
def folder_name(user_id: str) -> str:
    """Return the name of the user's folder.

    Raises:
        InvalidIdError: see `check_user_id`.

    >>> folder_name("alice"), folder_name("Bob"), folder_name("auth0|5f7")
    ('alice', '%42ob', 'auth0%7C5f7')
    """
    return _short(_encoded(check_user_id(user_id)), user_id)


def is_cut(name: str) -> bool:
    """Say whether the folder `name` is too short for its id, which a file inside then holds."""
    return _CUT.match(name) is not None


def user_id_of(name: str) -> str | None:
    """Return the user id whose folder is `name`, None where it is nobody's by this encoding.

    >>> user_id_of("%42ob"), user_id_of("Bob")
    ('Bob', None)
    """
    try:
        user_id = check_user_id(_decoded(name))
    except (UnicodeError, InvalidIdError):
        return None
    return user_id if folder_name(user_id) == name else None


def notebook_kind(agent_name: str) -> str:
    """Return the kind of the agent's notebook; any string is a name.

    Lone surrogates, which no file can hold, count as U+FFFD.

    >>> notebook_kind("main"), notebook_kind("Web Search"), notebook_kind("..")
    ('memory/main', 'memory/%57eb%20%53earch', 'memory/%2E%2E')
    """
    name = clean(agent_name)
    return NOTEBOOKS + (_encoded(name) if name else _NAMELESS)


@lru_cache(maxsize=256)
def agent_name_of(kind: str) -> str | None:
    """Return the agent whose notebook is of this kind, None where `kind` is no notebook's.

    >>> agent_name_of("memory/%57eb%20%53earch"), agent_name_of("memory/../x")
    ('Web Search', None)
    """
    name = kind.removeprefix(NOTEBOOKS)
    if name == kind:
        return None
    try:
        agent_name = "" if name == _NAMELESS else _decoded(name)
        return agent_name if notebook_kind(agent_name) == kind else None
    except UnicodeError:
        return None


@lru_cache(maxsize=256)
def notebook_folder(kind: str) -> str | None:
    """Return the name of the notebook's folder, None where `kind` is no notebook's.

    It is cut, as a user's folder is, where the name is too long for a file system.
    """
    agent_name = agent_name_of(kind)
    return None if agent_name is None else _short(kind.removeprefix(NOTEBOOKS), agent_name)


def _encoded(plain: str) -> str:
    characters = [c if _is_plain(c) else _escaped(c) for c in plain]
    if plain[0] == "." or _RESERVED.match(plain):
        characters[0] = _escaped(plain[0])
    if plain[-1] == ".":
        characters[-1] = _escaped(plain[-1])
    return "".join(characters)


def _decoded(name: str) -> str:
    parts = _ESCAPE.split(name)
    parts[1::2] = [bytes.fromhex(part.replace("%", "")).decode() for part in parts[1::2]]
    return "".join(parts)


def _short(name: str, plain: str) -> str:
    """Return `name`, the encoded `plain`, or its start and a hash where it is too long."""
    if len(name.encode()) <= LONGEST:
        return name
    digest = hashlib.sha256(plain.encode()).hexdigest()
    start = name.encode()[: LONGEST - 70].decode(errors="ignore")
    return f"{start.rpartition('%')[0] if '%' in start[-3:] else start}%~{digest}"


def _is_plain(character: str) -> bool:
    """Letters without case or parts, by Unicode 3.2: that table is in every Python, for ever."""
    if character.isascii():
        return character in _PLAIN
    stable = unicodedata.ucd_3_2_0
    return stable.category(character) == "Lo" and not (
        stable.decomposition(character) or "\uac00" <= character <= "\ud7a3"
    )


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
