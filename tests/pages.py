"""Reading a page of HTML back, for tests of reports."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "link", "img", "input", "br", "hr"}
LOADING = {"src", "href", "data", "action", "poster", "srcset", "xlink:href", "background"}


class Page(HTMLParser):
    """A parsed page: its elements, tables by their id, and the text without markup."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self.unclosed: list[str] = []
        self._rows: list[list[str]] = []
        self._in_cell = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {k: v or "" for k, v in attrs}
        self.tags.append((tag, found))
        if tag not in VOID:
            self.unclosed.append(tag)
        if tag == "table":
            name = found.get("id") or f"table {len(self.tables)}"
            self._rows = self.tables.setdefault(name, [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._in_cell = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed, tag
        assert self.unclosed.pop() == tag
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self.unclosed and self.unclosed[-1] in ("script", "style"):
            return
        self.text += data
        if self._in_cell:
            self._rows[-1][-1] += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def rows(self, table: str) -> list[dict[str, str]]:
        head, *body = self.tables[table]
        return [dict(zip(head, row, strict=True)) for row in body]

    def outside(self) -> list[str]:
        """Return everything that a browser might load from elsewhere, or run unasked."""
        found = [
            f"{tag} {key}={value[:40]}"
            for tag, attributes in self.tags
            for key, value in attributes.items()
            if (key in LOADING and not value.startswith("data:image/png;base64,"))
            or key.startswith("on")
            or key == "style"
        ]
        found += [t for t, _ in self.tags if t in ("link", "iframe", "object", "embed", "base")]
        found += re.findall(r"@import|url\([^)]*\)", self.source)
        return found


def read_page(path: str | Path) -> Page:
    return Page(Path(path).read_text(encoding="utf-8"))
