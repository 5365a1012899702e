"""HTML read back as a browser would, its text, tags and attributes; and what tries to get in."""

from __future__ import annotations

import json
from html.parser import HTMLParser

VOID = {"input", "meta"}
SILENT = {"style", "script"}
HOSTILE = '</style></pre></q></div><script>pwned=1</script><img src=x onerror="pwned=2">" \'&amp;'


def toml(text: str) -> str:
    """Return a text as TOML and JSON write it."""
    return json.dumps(text)


class Reading(HTMLParser):
    """`Reading(text)` has read it; a tag that is closed where it isn't open is an error.

    Attributes:
        text: what is shown.
        tags: the names of all elements.
        attributes: name and value of all attributes.
        silent: what stands in style sheets and scripts.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = self.silent = ""
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in SILENT:
            self.silent += data
        else:
            self.text += data
