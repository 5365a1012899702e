"""Fragments that go on with a statement: "I'm allergic to walnuts." and, later, "and peanuts".

Only a message that is nothing but such a fragment is read, and only against what this session said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diarist.extraction.sentences import lowered, pattern
from diarist.models import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarist.models import Snapshot, Turn

_FRAGMENT = (
    r"\W*(?:oh|ah|yes|yeah|no|ok|well)?\b[\s,]*(?P<link>and|but|or|plus|also"
    r"|as well as)?[\s,]*(?:also )?"
    r"(?P<not>not )?(?P<to>to )?(?P<thing>(?!(?:i|you|we|he|she|it|my|what|how|why|when|is"
    r"|are|do|can"
    r"|that|this|to|so|now|then|please|the)\b)[\w'-]+(?: [\w'-]+){0,3}?)"
    r"(?P<tail>,? (?:too|as well|also|either))?[\s.!]*"
)
_LEAD = (
    r"(?P<denied>not |don't |do not )?(?P<lead>(?:\w+ly |really |also )*(?:(?:allergic"
    r"|intolerant|sensitive"
    r"|averse|addicted) to|like|love|enjoy|adore|prefer|hate|dislike|detest|loathe|avoid"
    r"|can't stand"
    r"|(?:fond|a fan|afraid|scared) of|into|keen on|speak|play|eat|drink|collect)) "
)


def edits(turn: Turn, snapshot: Snapshot) -> tuple[Edit, ...] | None:
    """Return what a fragment adds to the session's newest statement, None if it is no fragment.

    "and peanuts" after "allergic to walnuts" gives "allergic to peanuts"; "but not to hazelnuts"
    gives "not allergic to hazelnuts", in the same category.
    """
    message = lowered(turn.user_msg[:100].replace("’", "'"))
    fragment = pattern(_FRAGMENT).fullmatch(message)
    if not fragment or not (fragment["link"] or fragment["not"] or fragment["to"]):
        return None
    if not (fragment["to"] or fragment["tail"] or fragment["link"] in ("and", "or", "plus")):
        return None
    anchor = next(_anchors(turn.session_id, snapshot, fragment), None)
    if anchor is None:
        return None
    category, lead = anchor
    denied = bool(fragment["not"]) != bool(lead["denied"])
    if denied and not lead["lead"].endswith("to"):
        return None
    return tuple(
        Edit(
            "add",
            category,
            f"{'not ' if denied else ''}{lead['lead']} {thing}",
            span=fragment.span("thing"),
            rule="follow-up",
        )
        for thing in re.split(r" (?:and|or) ", turn.user_msg[slice(*fragment.span("thing"))])
    )


def _anchors(
    session: str, snapshot: Snapshot, fragment: re.Match[str]
) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield category and lead words of what this session said, the newest first."""
    items = [
        (category, item)
        for category, table in snapshot.preferences.items()
        for item in table.values()
        if item.get("_updated_by") == session
    ]
    order = sorted(range(len(items)), key=lambda n: (str(items[n][1].get("_updated", "")), n))
    for category, item in (items[n] for n in reversed(order)):
        lead = pattern(_LEAD).match(lowered(str(item.get("text", ""))))
        if lead and (not fragment["to"] or lead["lead"].endswith("to")):
            yield category, lead
