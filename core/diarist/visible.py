"""Stored text for a person's eyes: what could steer a terminal or a page is written out."""

from __future__ import annotations

import re

LONE = "\ud800-\udfff"
_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069{LONE}]")


def visible(text: str) -> str:
    r"""Return `text` with what could steer a terminal, or turn text around, written out.

    Pages and transcripts are data: what somebody said must not move the reader's cursor.

    >>> visible("\x1b[2Jtea\n")
    '\\x1b[2Jtea\n'
    """
    return _UNSAFE.sub(written_out, text)


def written_out(match: re.Match[str]) -> str:
    """Return what was matched as escapes that any encoding can hold."""
    return match[0].encode("unicode_escape").decode()
