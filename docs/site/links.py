"""Links: of Markdown files as GitHub shows them, and of built pages; what leads nowhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`+[^`]*`+")
_LINK = re.compile(r"\]\(\s*([^)\s]+)[^)]*\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
_NO_SLUG = re.compile(r"[^\w\- ]")


def markdown_links(text: str) -> list[str]:
    """Return the targets of a Markdown text, outside code.

    >>> markdown_links("[a](b.md#c), `[no](x)` and [out](https://example.org)")
    ['b.md#c', 'https://example.org']
    """
    return _LINK.findall(_CODE.sub("", _FENCE.sub("", text)))


def markdown_anchors(text: str) -> set[str]:
    r"""Return the anchors of a Markdown text's headings.

    >>> sorted(markdown_anchors("# What's `new`?\n## Limits\n## Limits"))
    ['limits', 'limits-1', 'whats-new']
    """
    found: dict[str, int] = {}
    anchors: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = _NO_SLUG.sub("", words.lower()).strip().replace(" ", "-")
        number = found.get(slug, 0)
        found[slug] = number + 1
        anchors.add(f"{slug}-{number}" if number else slug)
    return anchors


def broken_in_markdown(path: Path) -> list[str]:
    """Return the links of a file that lead to no file, or to no heading of one."""
    broken: list[str] = []
    for target in markdown_links(path.read_text()):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue
        place = path.parent / unquote(parts.path) if parts.path else path
        headings = parts.fragment and place.suffix == ".md"
        if not place.exists():
            broken.append(f"{path.name}: {target}: there is no such file")
        elif headings and parts.fragment not in markdown_anchors(place.read_text()):
            broken.append(f"{path.name}: {target}: there is no such heading")
    return broken


class _Page(HTMLParser):
    """Reads what a page links to, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        for name, value in attrs:
            if value and name in ("id", "name"):
                self.anchors.add(value)
            elif value and name in ("href", "src") and tag != "base":
                self.links.append(value)


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text())
    return page


def _resolved(path: Path, folder: Path, target: str) -> Path:
    """Return the file that a link of a built page means."""
    place = folder / target.lstrip("/") if target.startswith("/") else path.parent / target
    return place / "index.html" if place.is_dir() else place


def broken_in_site(folder: Path) -> list[str]:
    """Return the links of all built pages that lead to no file, or to no place in one."""
    pages = {path.resolve(): _read(path) for path in sorted(folder.rglob("*.html"))}
    broken: list[str] = []
    for path, page in pages.items():
        if path.name == "404.html":  # is served at any address, so its links begin at the root
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = unquote(parts.path)
            place = (_resolved(path, folder, target) if target else path).resolve()
            name = path.relative_to(folder.resolve()).as_posix()
            if not place.exists():
                broken.append(f"{name}: {link}: there is no such file")
            elif place in pages and unquote(parts.fragment) not in pages[place].anchors | {""}:
                broken.append(f"{name}: {link}: there is no such place")
    return broken


def external(texts: Iterable[str]) -> Iterator[str]:
    """Give the addresses outside that Markdown texts link to; nobody asks whether they answer."""
    for text in texts:
        yield from (link for link in markdown_links(text) if urlsplit(link).scheme)
