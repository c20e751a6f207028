"""Fails where a page of the built site leads to a file or a place that is not there.

The pages that rustdoc wrote are only led to: rustdoc checks its own links.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

OTHERS = ("rust/", "_static/")


class Page(HTMLParser):
    """The places of a page and where its links lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.places: set[str] = {""}
        self.links: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.places.add(value or "")
            elif name in ("href", "src") and value:
                self.links.add(value)


def broken(site: Path) -> list[str]:
    """Return a line for each link that leads nowhere."""
    names = [path.relative_to(site).as_posix() for path in site.rglob("*.html")]
    pages = {site / name: Page(site / name) for name in names if not name.startswith(OTHERS)}
    lines = []
    for path, page in pages.items():
        for link in sorted(page.links):
            to = urlsplit(link)
            if to.scheme or to.netloc:
                continue
            target = (path.parent / unquote(to.path)).resolve() if to.path else path
            place = unquote(to.fragment)
            known = target not in pages or place in pages[target].places
            if not (target.is_file() and known):
                lines.append(f"{path.relative_to(site)}: {link}")
    return lines


if __name__ == "__main__":
    found = broken(Path(sys.argv[1]).resolve())
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)
