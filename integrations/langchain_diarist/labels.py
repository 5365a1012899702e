"""Any text as a label of a LangGraph namespace, and back.

LangGraph refuses labels that are empty or hold a dot or NUL, which e-mails do, and a root
"langgraph"; "*" is its wildcard.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[%.\x00]|\A\*\Z|\A(?=langgraph\Z)l")
_ESCAPE = re.compile(r"%([0-9A-F]{2})")
_NOTHING = "%"
"""The label of the empty text; no other text has it."""


def safe_label(text: str) -> str:
    """Return a legal label for `text`, the same text where that is one.

    >>> safe_label("a@b.com"), safe_label("ana"), safe_label("*")
    ('a@b%2Ecom', 'ana', '%2A')
    """
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", text) or _NOTHING


def read_label(label: str) -> str:
    """Return the text that `safe_label` made a label of.

    Raises:
        ValueError: it gives no such label; two labels are never one text.

    >>> read_label("a@b%2Ecom")
    'a@b.com'
    """
    text = "" if label == _NOTHING else _ESCAPE.sub(lambda found: chr(int(found[1], 16)), label)
    if safe_label(text) != label:
        raise ValueError(f"{label!r} is no label that safe_label() gives; pass it the user's id")
    return text
