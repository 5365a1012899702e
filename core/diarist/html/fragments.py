"""What a notebook shows of a value: a piece of HTML with its own style, that needs nothing else.

It takes its colours from what surrounds it, so that it is legible in any theme, and has no ids and
no script: it may be shown any number of times. Without its style it reads well, too.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, cast

from diarist.compaction import CompactionReport
from diarist.errors import DocumentError
from diarist.html import parts
from diarist.html.elements import Html, element, joined, resource
from diarist.models import EditResult, Page, UpdateReport
from diarist.notebook import MemoryFile
from diarist.pages import conversations
from diarist.pages.compaction import BlockChange
from diarist.pages.migrate import META, open_conversations, open_preferences
from diarist.pages.toml import is_table, parse, thaw
from diarist.recall.context import Context
from diarist.records import Hit, Message, Note, Session
from diarist.showing import Conversations, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarist.models import Table
    from diarist.recall.context import ReceiptItem

MOST = 200
"""Items of one list that are shown."""
LONGEST = 2000
"""Characters of one text in a list that are shown."""


def fragment(value: object) -> str:
    """Return a value for a notebook's output: a `div` with its style.

    >>> fragment(UpdateReport("ana")).endswith("<p>ana: nothing to remember</p></div>")
    True
    """
    style = element("style", resource("parts.css"))
    return str(element("div", style, shown(value), class_="diarist"))


@singledispatch
def shown(value: object) -> Html:
    """Return a value as HTML; of a type that is none of ours, what `repr` says."""
    return element("code", repr(value))


def _items(items: Iterable[Html], total: int) -> Html:
    """Return a list of up to `MOST` items, and say how many are left out."""
    found = [item for item, _ in zip(items, range(MOST), strict=False)]
    rest = f"and {total - len(found):,} more" if total > len(found) else None
    return joined([parts.listed(found), parts.facts(rest)])


# ---------------------------------------------------------------- pages


@shown.register
def _(value: Page) -> Html:
    try:
        tree = parse(value).tree
        if is_table(tree.get(conversations.TABLE)) and not _has_items(tree):
            page = open_conversations(value)
            found = conversations.newest(page, len(conversations.sessions(page)))
            return shown(Conversations(thaw(found)))
        tree = open_preferences(value).tree
    except DocumentError as error:
        fault = element("p", str(error), class_="fault")
        return joined([fault, parts.said(value, "pre")])
    categories = [_category(name, table) for name, table in tree.items() if name != META]
    return joined(categories) or element("p", "no preferences yet", class_="facts")


def _has_items(tree: Table) -> bool:
    """Say whether a category that is called as the table of conversations is holds preferences."""
    sessions = cast("Table", tree[conversations.TABLE])
    return any(is_table(item) and "text" in item for item in sessions.values())


def _category(name: str, table: object) -> Html:
    title = element("h4", name)
    if not is_table(table):
        return joined([title, element("pre", parts.line(name, table), class_="unread")])
    return joined([title, _items(_preferences(table), len(table))])


def _preferences(table: Table) -> Iterable[Html]:
    for id, item in table.items():
        if is_table(item):
            yield parts.preference(id, item)
        else:
            yield element("pre", parts.line(id, item), class_="unread")


@shown.register
def _(value: Conversations) -> Html:
    if not value:
        return element("p", "no conversations yet", class_="facts")
    found = (
        joined([element("p", element("b", id, dir="auto")), parts.conversation(table)])
        for id, table in value.items()
    )
    return _items(found, len(value))


# ---------------------------------------------------------------- what is found


@shown.register
def _(value: Listing) -> Html:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]
    found = cast("Listing[Any]", value)
    if not found:
        return element("p", "nothing", class_="facts")
    return _items(map(shown, found), len(found))


@shown.register
def _(value: Hit) -> Html:
    from diarist.recall.features import by_name

    speaker = None if value.message is None else value.message.name or value.message.role
    why = element("span", by_name(value.features), class_="why") if value.features else None
    return joined(
        [
            parts.said(value.text, longest=LONGEST),
            parts.facts(
                element("b", f"{value.score:.2f}"),
                value.kind,
                parts.name(value.source),
                element("span", speaker, dir="auto") if speaker else None,
                parts.day(value.at),
                why,
            ),
        ]
    )


@shown.register
def _(value: Message) -> Html:
    return parts.message(value, "" if value.number is None else value.source, LONGEST)


@shown.register
def _(value: Note) -> Html:
    place = element("p", " / ".join(value.namespace), class_="facts", dir="auto")
    return joined([place, parts.note(value, LONGEST)])


@shown.register
def _(value: Session) -> Html:
    return parts.session(value)


@shown.register
def _(value: MemoryFile) -> Html:
    return joined([element("h4", f"notebook of {value.agent_name}"), parts.notebook(value)])


@shown.register
def _(value: Context) -> Html:
    receipt = value.receipt
    head = f"{receipt.tokens:,} of {receipt.max_tokens:,} tokens"
    used = sum(item.used for item in receipt.items)
    account = f"{head}: {used:,} used, {len(receipt.items) - used:,} left out"
    return joined(
        [
            *(element("p", warning, class_="fault") for warning in receipt.warnings),
            parts.said(value, "pre") if value else element("p", "nothing to say", class_="facts"),
            element(
                "details",
                element("summary", account),
                _items(map(_receipt_item, receipt.items), len(receipt.items)),
            ),
        ]
    )


def _receipt_item(item: ReceiptItem) -> Html:
    became = "used" if item.used else f"left out, {item.reason}"
    source = parts.name(item.source)
    return cast("Html", parts.facts(item.kind, source, f"{item.tokens:,} tokens", became))


# ---------------------------------------------------------------- what was done


@shown.register
def _(value: UpdateReport) -> Html:
    head = str(UpdateReport(value.user_id, value.session_id, value.turn)).rpartition(":")[0]
    if not value.results:
        return element("p", f"{head}: nothing to remember")
    results = _items(map(shown, value.results), len(value.results))
    return joined([element("p", element("b", head, dir="auto")), results])


@shown.register
def _(value: EditResult) -> Html:
    place = "/".join(part for part in (value.category, value.id) if part)
    alike = [f"{m.category}/{m.id}: {m.text} ({m.score} %)" for m in value.matches]
    return _change(value.status, place, value.text, value.was, value.reason, alike)


@shown.register
def _(value: CompactionReport) -> Html:
    head = f"{value.user_id}, nothing written" if value.is_dry else value.user_id
    if not value.changes:
        return element("p", f"{head}: nothing to compact")
    changes = _items(map(shown, value.changes), len(value.changes))
    return joined([element("p", element("b", head, dir="auto")), changes])


@shown.register
def _(value: BlockChange) -> Html:
    place = " ".join(part for part in (value.page, value.block) if part)
    place += f" into {value.into}" if value.into is not None else ""
    return _change(value.status, place, value.text, value.was, value.reason)


def _change(
    status: str,
    place: str,
    text: str,
    was: str | None,
    reason: str | None,
    alike: Iterable[str] = (),
) -> Html:
    resembles = [f"resembles {one}" for one in alike]
    return joined(
        [
            parts.said(text, longest=LONGEST) if text else None,
            parts.facts(element("b", status), parts.name(place) if place else None, reason),
            element("p", "before: ", parts.said(was, "q"), class_="was") if was else None,
            *(parts.facts(one) for one in resembles),
        ]
    )
