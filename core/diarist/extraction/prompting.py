"""What a model is asked about a turn: the prompt, and the lines of the diary that it shows.

Stored text and the turn are data. Each stored line stays in its line, and markup in either is
escaped, so that nothing in them closes a fence or fills a placeholder.
"""

from __future__ import annotations

import pkgutil
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from diarist.extraction.sentences import LIMIT
from diarist.extraction.telling import in_order
from diarist.pages.items import texts
from diarist.pages.secrets import withheld
from diarist.recall.context import one_line
from diarist.recall.ranking import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from diarist.models import Snapshot, Table, Turn

MAX_USER, MAX_ASSISTANT = LIMIT, 4_000
"""Characters of each message that are shown."""
MAX_SHOWN, MAX_SUMMARY, MAX_ANSWER = 300, 2_000, 4_000
"""Characters of a stored line, of the summary so far, of an answer that could not be used."""
MOST_WORDS = 200
"""Words of a turn that lines are compared with."""
_line = one_line.__wrapped__  # messages are long: they are not remembered
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS_SHOWN = 14
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_PLACES = frozenset(["categories", "known", "summary", "time", "turn"])
_NEEDED = frozenset(["categories", "known", "turn"])


@dataclass(frozen=True, slots=True)
class Known:
    """A line of the diary that the model is shown.

    Attributes:
        category: where it stands.
        id: its id there.
        text: what it says.
        count: how often it was said.
    """

    category: str
    id: str
    text: str
    count: int = 1

    @property
    def name(self) -> str:
        """How the model reads and names it: "likes/black-coffee"."""
        return plain(f"{self.category}/{self.id}")


class Asked(NamedTuple):
    """A prompt, and the lines it shows, by name."""

    prompt: str
    known: Mapping[str, Known]


@cache
def packaged(name: str) -> str:
    """Return the text of one of diarist's own prompts."""
    data = pkgutil.get_data("diarist.extraction", f"prompts/{name}.md")
    assert data is not None
    return data.decode("utf-8")


def checked(
    template: str, needed: frozenset[str] = _NEEDED, places: frozenset[str] = _PLACES
) -> str:
    """Return a prompt of the user's own.

    Raises:
        ValueError: it lacks the place of something that the model must see, or has an unknown one.
    """
    used = set(_PLACEHOLDER.findall(template))
    missing, unknown = sorted(needed - used), sorted(used - places)
    if missing or unknown:
        fault = f"lacks {missing}" if missing else f"has {unknown}, which nothing fills"
        raise ValueError(
            f"the prompt {fault}; its places are written {{{{{max(needed)}}}}}, and there are "
            f"{', '.join(sorted(places))}"
        )
    return template


def ask(template: str, turn: Turn, snapshot: Snapshot, max_items: int) -> Asked:
    """Return the prompt about `turn`, with the `max_items` lines most like it."""
    known = _most_similar(turn, snapshot.preferences, max_items)
    prompt = filled(
        template,
        {
            "categories": "\n".join(
                f"- {one_line(name)}: {one_line(meaning)}".rstrip(": ")
                for name, meaning in snapshot.categories.items()
            ),
            "known": _lines(known.values(), snapshot.preferences),
            "summary": _shown(snapshot.conversation.get("summary"), MAX_SUMMARY) or "(none)",
            "time": _when(turn.at),
            "turn": _fenced(turn),
        },
    )
    return Asked(prompt, known)


def ask_again(prompt: str, faults: Iterable[str], answer: str) -> str:
    """Return the prompt of the second round, which says what was wrong with the first answer."""
    return filled(
        packaged("repair-1"),
        {
            "prompt": prompt.rstrip(),
            "faults": "\n".join(f"- {one_line(fault)}" for fault in faults),
            "answer": _escaped(answer[:MAX_ANSWER]) or "(empty)",
        },
    )


def plain(text: str) -> str:
    r"""Return what a model copied from a prompt as it was before: one line, markup as markup.

    >>> plain("R&amp;D\n \u202e and  R&D")
    'R&D and R&D'
    """
    return " ".join(_unescaped(_unescaped(_line(text))).split())


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its places filled, once: what is filled in has none."""
    return _PLACEHOLDER.sub(lambda place: values[place[1]], template)


def _fenced(turn: Turn) -> str:
    parts = (("user", turn.user_msg, MAX_USER), ("assistant", turn.assistant_msg, MAX_ASSISTANT))
    lines = [f"<{name}>\n{_escaped(said[:most])}\n</{name}>" for name, said, most in parts]
    return "\n".join(["<turn>", *lines, "</turn>"])


def _escaped(text: str) -> str:
    """Return a text of several lines, each of which opens and closes nothing."""
    return "\n".join(map(_line, text.splitlines())).strip()


def _when(at: datetime) -> str:
    """Return when a turn was said, and the days after it, for models that can't count days."""
    first, last = at.date().toordinal(), date.max.toordinal()
    after = [
        f"{_DAYS[day.weekday()]} {day.isoformat()}"
        for day in (
            date.fromordinal(number)
            for number in range(first + 1, min(first + _DAYS_SHOWN, last) + 1)
        )
    ]
    offset = at.utcoffset() or timedelta(0)
    zone = "UTC" if not offset else f"{at:%z}"
    said = f"This turn was said on {_DAYS[at.weekday()]} {at.date().isoformat()}, {at:%H:%M} {zone}"
    return f"{said}. The days after it are {', '.join(after)}." if after else f"{said}."


def _shown(value: object, most: int) -> str:
    """Return a stored text for its line, "" for what is none or holds a secret."""
    if not isinstance(value, str):
        return ""
    text = withheld(value[: 2 * most])
    return one_line(text if len(text) <= most else f"{text[:most]}…")


def _lines(known: Iterable[Known], preferences: Mapping[str, Mapping[str, Table]]) -> str:
    lines: list[str] = []
    shown: dict[str, int] = {}
    for item in known:
        times = "once" if item.count == 1 else f"{item.count} times"
        shown[item.category] = shown.get(item.category, 0) + 1
        lines.append(f"- {one_line(item.name)} (said {times}): {_shown(item.text, MAX_SHOWN)}")
    rest = [
        f"{more} more in {one_line(category)}"
        for category, items in preferences.items()
        if (more := len(items) - shown.get(category, 0)) > 0
    ]
    if rest:
        lines.append(f"(not shown, for they are less like this turn: {', '.join(rest)})")
    return "\n".join(lines) or "(nothing yet)"


def _most_similar(
    turn: Turn, preferences: Mapping[str, Mapping[str, Table]], most: int
) -> dict[str, Known]:
    """Return the items with most words in common with the turn, then those said most, by name."""
    items = [
        (Known(category, id, str(item.get("text", "")), _count(item)), item)
        for category, table in preferences.items()
        for id, item in table.items()
    ]
    shelf = Shelf([_words(item, table) for item, table in items])
    said = in_order(f"{turn.user_msg[:MAX_USER]}\n{turn.assistant_msg[:MAX_ASSISTANT]}")
    fits, _ = shelf.fits(list(dict.fromkeys(said))[:MOST_WORDS])
    order = sorted(
        range(len(items)),
        key=lambda n: (-fits.get(n, 0.0), -items[n][0].count, _reversed(items[n][1]), n),
    )
    found: dict[str, Known] = {}
    for number in order:
        item = items[number][0]
        if len(found) >= most:
            break
        if len(item.name) <= MAX_SHOWN:  # two that a model would read alike are one name
            found.setdefault(item.name, item)
    return found


def _words(item: Known, table: Table) -> tuple[str, ...]:
    return _words_of(" ".join([item.text[:1000], *texts(table.get("contexts")), item.id[:100]]))


@lru_cache(maxsize=16_384)
def _words_of(stored: str) -> tuple[str, ...]:
    return tuple(in_order(stored))


def _count(item: Table) -> int:
    count = item.get("_count")
    return count if type(count) is int else 1


def _reversed(item: Table) -> tuple[int, ...]:
    """Return what sorts the item changed last first."""
    return tuple(-ord(letter) for letter in str(item.get("_updated", ""))[:32])
