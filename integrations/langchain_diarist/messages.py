"""LangChain's messages as the diary's, and back: exactly, for LangChain.

A message that role and text don't say wholly carries its own form, as LangChain writes it
(`message_to_dict`), as JSON. Any other program reads role and text, and what another program wrote
arrives here by role and text.
"""

from __future__ import annotations

import base64
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Final, cast
from uuid import UUID

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    messages_from_dict,
)

from diarist import Message, Payload
from diarist.adapters import line_of_call

FORMAT: Final = "langchain/1"
CHANGED: Final = "langchain_changed"
"""The metadata that tells which values JSON could not hold: path -> the type it had."""

_log = logging.getLogger("diarist.langchain")
_KINDS: tuple[tuple[type[BaseMessage], str, str], ...] = (
    (HumanMessage, "user", "human"),
    (AIMessage, "assistant", "ai"),
    (SystemMessage, "system", "system"),
    (ToolMessage, "tool", "tool"),
    (FunctionMessage, "tool", "function"),
)
_OWN_TAGS = frozenset(
    "human ai system tool function chat remove AIMessageChunk HumanMessageChunk SystemMessageChunk "
    "ToolMessageChunk FunctionMessageChunk ChatMessageChunk".split()
)
_BY_ROLE: Mapping[str, type[BaseMessage]] = {
    "user": HumanMessage,
    "assistant": AIMessage,
    "system": SystemMessage,
}
_PLAIN: Mapping[type[BaseMessage], str] = {kind: role for role, kind in _BY_ROLE.items()}
_SAID_BY_ROLE_AND_TEXT = frozenset(("content", "type", "name", "id"))
_FILLED_IN = frozenset(
    "additional_kwargs response_metadata name id usage_metadata tool_calls invalid_tool_calls "
    "artifact tool_call_chunks chunk_position".split()
)
"""Fields that LangChain fills in itself with nothing, so that nothing need not be stored."""
_MEDIA = ("image", "audio", "video", "file", "document", "input_")
_DEEPEST = 150
"""Levels of nesting that are kept; the diary refuses more than 200 in all."""


def to_message(message: BaseMessage, at: datetime | None = None) -> Message:
    """Return a message of LangChain as the diary keeps it, with its id and name.

    Where these, role and text are not all of it, its own form goes along.

    What JSON can't hold is stored as near as can be, and `metadata["langchain_changed"]` names it
    with the type it had: times, UUIDs, decimals and paths as text, bytes as base64 text, an enum as
    its value, sets and tuples as lists, keys as text; NaN, infinities and any other object as None.
    Models and dataclasses are dicts by LangChain's own form, and a class of yours comes back as
    LangChain's class that it is built on.

    Args:
        message: of any type.
        at: when it was said, with a time zone; None is when it is stored.

    Raises:
        TypeError: it is no message.

    >>> kept = to_message(HumanMessage("I love tea.", id="m1"))
    >>> kept.role, kept.text, kept.id
    ('user', 'I love tea.', 'm1')
    >>> from_message(kept)
    HumanMessage(content='I love tea.', additional_kwargs={}, response_metadata={}, id='m1')
    """
    if (plain := _PLAIN.get(type(message))) and _is_plain(message):
        return Message(plain, cast("str", message.content), message.name, message.id, at)
    if not isinstance(message, BaseMessage):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a message of LangChain is wanted, such as HumanMessage, not {message!r}")
    role, tag = _role_and_tag(message)
    changed: dict[str, str] = {}
    data = _plain(_dumped(message), (), changed, set())
    if tag != message.type:
        data["type"] = tag
        if tag == "chat":
            data["role"] = role
    if changed:
        _tell_once(changed)
    return Message(
        role,
        text_of(message),
        message.name,
        message.id or None,
        at,
        {CHANGED: changed} if changed else {},
        Payload(FORMAT, {"type": tag, "data": data}),
    )


def from_message(message: Message) -> BaseMessage:
    """Return a message of the diary as one of LangChain: its own form, else by role and text.

    It shares nothing with `message` that can be changed. Models refuse a tool's result without its
    call; that of another program is text in the message before, so the result is the assistant's
    words, too. What is for a role that LangChain has no class of arrives as a `ChatMessage`.

    >>> from_message(Message("assistant", "Noted.")).content
    'Noted.'
    """
    payload = message.payload
    if payload is not None and payload.format == FORMAT:
        try:
            return messages_from_dict([_copied(payload.data)])[0]
        except (ValueError, TypeError, KeyError) as error:
            _log.warning(
                "message %s is read by its role and text: its own form is none that this "
                "langchain-core knows (%s)",
                message.source,
                type(error).__name__,
            )
    known = AIMessage if message.role == "tool" else _BY_ROLE.get(message.role)
    if known is None:
        return ChatMessage(
            content=message.text, role=message.role, name=message.name, id=message.id
        )
    if message.name is None and message.id is None:  # what LangChain is told, it validates
        return known(content=message.text)
    return known(content=message.text, name=message.name, id=message.id)


def text_of(message: BaseMessage) -> str:
    r"""Return what any program can read of a message: its text, other content and calls named.

    >>> call = {"name": "search", "args": {"query": "walnuts"}, "id": "1"}
    >>> text_of(AIMessage("Let me look.", tool_calls=[call]))
    'Let me look.\n[calls search {"query": "walnuts"}]'
    """
    content = cast("str | list[str | dict[str, Any]]", message.content)
    text = str(message.text)
    if not isinstance(content, str):
        text = "\n".join(part for part in (text, *map(_named, content)) if part)
    if not isinstance(message, AIMessage):
        return text
    lines = [text] if text else []
    lines += [line_of_call(call["name"], call["args"]) for call in message.tool_calls]
    lines += [f"[calls {call['name']}, not understood]" for call in message.invalid_tool_calls]
    return "\n".join(lines)


# ---------------------------------------------------------------- how


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_copied(part) for part in cast("list[Any]", value)]
    return value


def _is_plain(message: BaseMessage) -> bool:
    """Say whether role, text, name and id are all of a message."""
    if message.__pydantic_extra__ or message.id == "":
        return False
    for name, value in message.__dict__.items():
        if name not in _SAID_BY_ROLE_AND_TEXT:
            if value:
                return False
        elif value is not None and (type(value) is not str or not _can_be_stored(value)):
            return False
    return True


def _can_be_stored(text: str) -> bool:
    """Say whether a text stays as it is: half of a sign does not, but in JSON."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _role_and_tag(message: BaseMessage) -> tuple[str, str]:
    """Return the role, and the type that LangChain finds the class by when it reads it again."""
    tag = message.type if message.type in _OWN_TAGS else None
    if isinstance(message, ChatMessage):
        return message.role, tag or "chat"
    for kind, role, its_tag in _KINDS:
        if isinstance(message, kind):
            return role, tag or its_tag
    return message.type, tag or "chat"


def _named(block: str | Mapping[str, Any]) -> str:
    """Return a picture, a sound or a file as a word, "" for any other block."""
    kind = "" if isinstance(block, str) else str(block.get("type", ""))
    return f"[{kind}]" if kind.startswith(_MEDIA) else ""


def _dumped(message: BaseMessage) -> dict[str, Any]:
    """Return the fields of a message as LangChain writes them, but for those with nothing."""
    try:
        fields = message.model_dump()
    except (ValueError, RecursionError):  # something in it holds itself
        fields = dict(message)
    return {
        name: value
        for name, value in fields.items()
        if name not in _FILLED_IN or (value is not None and value != [] and value != {})
    }


_AS_TEXT: tuple[tuple[tuple[type, ...], Callable[[Any], str]], ...] = (
    ((datetime, date, time), lambda value: value.isoformat()),
    ((UUID, Decimal, PurePath, timedelta), str),
    ((bytes, bytearray, memoryview), lambda value: base64.b64encode(value).decode("ascii")),
)


def _plain(value: Any, path: tuple[str, ...], changed: dict[str, str], above: set[int]) -> Any:
    """Return a value as JSON can hold it, and note in `changed` what could not stay as it is.

    Args:
        value: anything.
        path: where it is.
        changed: path -> the type it had, for what does not come back equal.
        above: the ids of what holds it, so that nothing is followed in a circle.
    """
    kind = cast("type[Any]", type(value))
    if value is None or kind in (str, bool, int):
        return value
    if not issubclass(kind, (Mapping, list, tuple, set, frozenset)):
        nearest = _nearest(value)
        is_equal = nearest is not None and nearest == value
        return nearest if is_equal else _noted(nearest, value, path, changed)
    if id(value) in above or len(path) >= _DEEPEST:
        return _noted(None, value, path, changed)
    above.add(id(value))
    if issubclass(kind, Mapping):
        plain = _plain_mapping(value, path, changed, above)
    else:
        if kind is not list:
            _noted(None, value, path, changed)
        parts: Iterable[Any] = value if issubclass(kind, Sequence) else sorted(value, key=repr)
        plain = [_plain(part, (*path, str(at)), changed, above) for at, part in enumerate(parts)]
    above.discard(id(value))
    return plain


def _plain_mapping(
    whole: Mapping[Any, Any], path: tuple[str, ...], changed: dict[str, str], above: set[int]
) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, part in whole.items():
        name = key if type(key) is str else str(key)
        if name is not key:
            _noted(None, key, (*path, name), changed)
        plain[name] = _plain(part, (*path, name), changed, above)
    return plain


def _nearest(value: object) -> str | int | float | bool | None:
    """Return the nearest thing to `value` that JSON has, None where there is none."""
    if isinstance(value, Enum):
        value = value.value
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            plain = kind(value)
            return None if isinstance(plain, float) and not math.isfinite(plain) else plain
    for kinds, as_text in _AS_TEXT:
        if isinstance(value, kinds):
            return as_text(value)
    return None


def _noted(plain: Any, value: object, path: tuple[str, ...], changed: dict[str, str]) -> Any:
    changed[".".join(path)] = type(value).__name__
    return plain


_told: set[str] = set()


def _tell_once(changed: Mapping[str, str]) -> None:
    """Say in the log, once for each type, that something is not stored as it is."""
    new = sorted(set(changed.values()) - _told)
    if not new:
        return
    _told.update(new)
    _log.warning(
        "JSON can't hold %s: a message is stored without, or with the nearest it has; its metadata "
        "names the places (%s). This is said once for each type",
        ", ".join(new),
        CHANGED,
    )
