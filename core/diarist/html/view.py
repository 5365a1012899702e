"""A whole diary as one page that needs nothing else: no server, no network, no script to be read.

The page's own style and script are named by their hashes in its content security policy, so that
nothing else can run or be loaded, whatever stored text says.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING

from diarist.html import parts
from diarist.html.elements import Html, element, joined, resource
from diarist.html.timeline import bars, month_of
from diarist.pages.conversations import TABLE
from diarist.pages.items import texts
from diarist.pages.migrate import META
from diarist.pages.times import as_utc
from diarist.pages.toml import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diarist.html.elements import Child
    from diarist.html.whole import Records, Sheet, Talk, Whole
    from diarist.notebook import MemoryFile
    from diarist.pages.toml import Document
    from diarist.records import Note


OPENING = '<!doctype html>\n<html lang="en"><head><meta name="generator" content="diarist">'
"""How every such page begins."""
_TIMES = ("_created", "_updated")


def page(diary: Whole) -> str:
    """Return the whole page, from its doctype on."""
    style = Html(resource("parts.css") + resource("page.css"))
    script = resource("page.js")
    sections = [
        _preferences(diary),
        _conversations(diary.records, diary.conversations),
        _notes(diary.records),
        _notebooks(diary.notebooks),
    ]
    head = element(
        "head",
        element("meta", name="generator", content="diarist"),
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"The diary of {diary.user_id}"),
        element("style", style),
    )
    main = element("main", _faults(diary), *sections, _as_stored(diary), id="diary")
    body = element(
        "body",
        element("a", "To the diary", href="#diary", class_="skip"),
        _header(diary),
        main,
        _footer(diary),
        element("script", script),
        class_="diarist page",
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


# ---------------------------------------------------------------- around


def _header(diary: Whole) -> Html:
    counts = {
        "preferences": sum(1 for _ in _items(diary.preferences.page)),
        "conversations": len(diary.records.talks),
        "notes": diary.records.all_notes,
        "notebooks": len(diary.notebooks),
    }
    links = [
        element(
            "a",
            element("span", name),
            " ",
            element("span", f"{count:,}", class_="count", data_count=name),
            href=f"#{name}",
        )
        for name, count in counts.items()
    ]
    search = element(
        "form",
        element("label", "Search", for_="query"),
        element(
            "input",
            type="search",
            id="query",
            autocomplete="off",
            spellcheck="false",
            aria_keyshortcuts="/",
            aria_describedby="matches",
            placeholder="Search (press /)",
        ),
        element("output", id="matches", for_="query", aria_live="polite"),
        role="search",
        id="search",
        hidden=True,
    )
    title = element("h1", element("span", "The diary of ", class_="of"), _bdi(diary.user_id))
    written = parts.facts(joined([Html("as of "), parts.minute(diary.at), Html(" UTC")]))
    return joined(
        [
            element("header", title, written),
            element("div", search, element("nav", *links, aria_label="Parts"), class_="bar"),
        ]
    )


def _footer(diary: Whole) -> Html:
    return element(
        "footer",
        element(
            "p",
            "Written by diarist from the diary's pages and records. Days and times are in UTC. "
            "This file holds everything it shows and asks no server for anything.",
        ),
    )


def _faults(diary: Whole) -> Html | None:
    found = [*diary.preferences.faults, *diary.conversations.faults, *diary.faults]
    if not found:
        return None
    listed = [element("p", fault, class_="fault") for fault in found]
    return element("section", element("h2", "To be mended"), *listed, id="faults")


def _section(name: str, *children: Child, empty: str) -> Html:
    title = element("h2", name.capitalize(), id=f"{name}-title")
    shown = joined(children) or element("p", empty, class_="facts none")
    return element("section", title, shown, id=name, aria_labelledby=f"{name}-title")


def _bdi(text: str) -> Html:
    return element("bdi", text)


# ---------------------------------------------------------------- preferences


def _items(page: Document) -> Iterator[object]:
    for category, table in page.tree.items():
        if category != META and is_table(table):
            yield from table.values()


def _preferences(diary: Whole) -> Html:
    page = diary.preferences.page
    comments = {block.path: "\n".join(block.comments) for block in page.blocks}
    shown_in = {talk.id: {one.number for one in talk.messages} for talk in diary.records.talks}
    groups = [
        _category(name, table, diary, comments, shown_in)
        for name, table in page.tree.items()
        if name != META
    ]
    above = "\n".join(comments[path] for path in ((), (META,)) if comments.get(path))
    empty = "Nothing is known yet."
    return _section("preferences", parts.by_hand(above), *groups, empty=empty)


def _category(
    name: str,
    table: object,
    diary: Whole,
    comments: Mapping[tuple[str, ...], str],
    shown_in: Mapping[str, set[int | None]],
) -> Html:
    meaning = diary.categories.get(name, "not in the table; kept, and not used")
    title = element("h3", _bdi(name), " ", element("span", meaning, class_="meaning", dir="auto"))
    if not is_table(table):
        return joined([title, element("pre", parts.line(name, table), class_="unread")])
    items: list[Html] = []
    for id, item in table.items():
        if is_table(item):
            named = texts(item.get("_sources"))
            quotes = [_quote(source, diary.records, shown_in) for source in named]
            shown = parts.preference(id, item, quotes, comments.get((name, id), ""))
        else:
            shown = element("pre", parts.line(id, item), class_="unread")
        items.append(element("li", shown, class_="entry"))
    own = parts.by_hand(comments.get((name,), ""))
    return element("div", title, own, element("ul", *items), class_="group")


def _quote(source: str, records: Records, shown_in: Mapping[str, set[int | None]]) -> Html:
    session_id, _, number = source.rpartition("#")
    found = records.behind.get((session_id, int(number))) if _is_number(number) else None
    if found is None:
        return element("p", parts.name(source), ": this message is not kept", class_="facts")
    place = None
    if found.number in shown_in.get(session_id, ()):
        place = element("a", "in its conversation", href=f"#{_anchor(session_id, found.number)}")
    return element("blockquote", parts.message(found, source), parts.facts(place))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


def _anchor(session_id: str, number: int | None) -> str:
    """Return the id of a message on the page, the same in every rendering."""
    name = hashlib.sha256(session_id.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"m-{name}-{number}"


# ---------------------------------------------------------------- conversations


def _conversations(records: Records, sheet: Sheet) -> Html:
    by_month: dict[str, list[Talk]] = {}
    for talk in records.talks:
        by_month.setdefault(month_of(talk.at), []).append(talk)
    comments = {block.path[:2]: "\n".join(block.comments) for block in sheet.page.blocks}
    groups = [
        element(
            "div",
            element("h3", month),
            element("ol", *(_talk(one, comments.get((TABLE, one.id), "")) for one in talks)),
            class_="group",
        )
        for month, talks in by_month.items()
    ]
    drawing = bars([(talk.at, talk.turns) for talk in records.talks])
    return _section("conversations", drawing, *groups, empty="There was no conversation yet.")


def _talk(talk: Talk, comments: str) -> Html:
    table = {k: v for k, v in talk.table.items() if k not in _TIMES or not as_utc(v)}
    if talk.turns:
        table = {"_turns": talk.turns, **table}
    if talk.since[:10] != talk.at[:10]:
        table |= {"_created": talk.since, "_updated": talk.at}
    return element(
        "li",
        element("p", _date(talk), class_="date"),
        element(
            "article",
            element("h4", talk.id, dir="auto"),
            parts.conversation(table),
            parts.by_hand(comments),
            _messages(talk),
        ),
        class_="entry talk",
    )


def _date(talk: Talk) -> Html | None:
    """Return the day and the month's first letters, for the margin."""
    shown = parts.day(talk.at)
    if shown is None:
        return None
    return element("time", f"{int(talk.at[8:10])}", datetime=talk.at)


def _messages(talk: Talk) -> Html | None:
    if talk.session is None:
        return None
    left_out = talk.kept - len(talk.messages)
    if not talk.messages:
        told = "is" if left_out == 1 else "are"
        return parts.facts(f"{parts.counted(left_out, 'message')} {told} not on this page")
    label = parts.counted(len(talk.messages), "message")
    if left_out:
        label = f"the newest {len(talk.messages):,} of {parts.counted(talk.kept, 'message')}"
    said = [
        element(
            "li",
            parts.message(one, f"#{one.number}"),
            id=_anchor(talk.id, one.number),
            class_=f"message {'user' if one.role == 'user' else 'other'}",
        )
        for one in talk.messages
    ]
    return element("details", element("summary", label), element("ol", *said), class_="messages")


# ---------------------------------------------------------------- notes and notebooks


def _notes(records: Records) -> Html:
    by_namespace: dict[tuple[str, ...], list[Note]] = {}
    for note in records.notes:
        by_namespace.setdefault(note.namespace, []).append(note)
    groups = [
        element(
            "div",
            element("h3", " / ".join(namespace) or "without a namespace", dir="auto"),
            element("ul", *(element("li", parts.note(one), class_="entry") for one in notes)),
            class_="group",
        )
        for namespace, notes in by_namespace.items()
    ]
    left_out = records.all_notes - len(records.notes)
    if left_out > 0:
        told = "is" if left_out == 1 else "are"
        groups.append(
            element(
                "p",
                f"{parts.counted(left_out, 'older note')} {told} not on this page.",
                class_="facts",
            )
        )
    return _section("notes", *groups, empty="There is no note.")


def _notebooks(notebooks: Iterable[MemoryFile]) -> Html:
    shown = [
        element(
            "div", element("h3", one.agent_name, dir="auto"), parts.notebook(one), class_="entry"
        )
        for one in notebooks
    ]
    return _section("notebooks", *shown, empty="No agent keeps a notebook.")


def _as_stored(diary: Whole) -> Html | None:
    """Return both pages as they are stored, with every comment."""
    sheets = [sheet for sheet in (diary.preferences, diary.conversations) if sheet.text]
    if not sheets:
        return None
    shown = [
        element(
            "details",
            element("summary", f"{sheet.kind}.toml"),
            element("pre", sheet.text, tabindex="0"),
        )
        for sheet in sheets
    ]
    title = element("h2", "As it is stored", id="pages-title")
    return element("section", title, *shown, id="pages", aria_labelledby="pages-title")
