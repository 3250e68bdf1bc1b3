"""From what a person typed to an offer: which files, how large, on which terms, and where to."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import replace
from hashlib import blake2b
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from napari_unet.downloads import drive
from napari_unet.downloads.archive import FOREIGN, SUFFIXES, safe_parts, stem
from napari_unet.downloads.catalog import Entry, catalog, find
from napari_unet.downloads.web import BrokenError, answer, length_of, name_of, page
from napari_unet.errors import DataError
from napari_unet.events import Offer, RemoteFile
from napari_unet.workspace import home

FIGSHARE = "https://api.figshare.com/v2/articles"
ARTICLE = re.compile(
    r"https?://(?:[\w-]+\.)*figshare\.com/articles/.*?/(\d{5,})(?:/\d+)?/?(?:[?#].*)?$"
)
PLAIN = re.compile(r"\.(?:txt|md|pdf|html?)$", re.I)  # files that hold no images


def make_offer(source: str, out: str = "") -> Offer:
    """Find out what ``source`` stands for; only headers and lists are downloaded.

    Parameters
    ----------
    source : str
        A name of the catalog, or an address: of a file, of an article on figshare, or of a file on
        Google Drive.
    out : str
        The folder to be made; empty for one in the workspace.

    Raises
    ------
    DataError
        If the name is unknown, the address is wrong, or the server does not answer.
    """
    source = source.strip()
    try:
        if entry := find(source):
            offer = _from_entry(entry)
        elif article := ARTICLE.match(source):
            offer = _from_figshare(int(article[1]), source)
        elif "://" in source:
            offer = _from_address(source)
        else:
            raise DataError(_unknown(source))
    except BrokenError as e:
        raise DataError(
            f"{source} cannot be reached ({e}). Check the network and try again."
        ) from e
    folder = Path(out).expanduser() if out else home() / "data" / offer.folder
    return replace(offer, folder=str(folder.absolute()))


def _unknown(source: str) -> str:
    names = [e.name for e in catalog()]
    near = difflib.get_close_matches(source.casefold(), names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(names)}."
    return f"There is no data set called {source!r}. {hint} Or give an address (https://…)."


def _from_entry(entry: Entry) -> Offer:
    note = ""
    if entry.article:
        try:
            return replace(
                _from_figshare(entry.article, entry.name),
                title=entry.title,
                page=entry.page,
                folder=entry.name,
            )
        except (BrokenError, DataError) as e:
            note = f"figshare's list of files could not be had ({e}); a known list is used."
    files = entry.files or (_linked(entry.page),)
    size = sum(f.size for f in files)
    return Offer(entry.name, entry.title, files, size, entry.licence, entry.page, entry.name, note)


def _from_figshare(number: int, source: str) -> Offer:
    """Ask figshare for an article's files, with sizes and checksums."""
    address = f"{FIGSHARE}/{number}"
    try:
        found: dict[str, Any] = json.loads(page(address))
        files = tuple(
            RemoteFile(
                _plain_name(f["name"]),
                str(f["download_url"]),
                int(f["size"]),
                str(f.get("computed_md5") or f.get("supplied_md5") or ""),
            )
            for f in found["files"]
            if not PLAIN.search(f["name"])
        )
        title = str(found["title"])
        licence = str((found.get("license") or {}).get("name", ""))
        where = str(found.get("url_public_html") or f"https://doi.org/{found.get('doi', '')}")
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise DataError(f"{address} does not describe an article on figshare ({e!r}).") from e
    if not files:
        raise DataError(f"The article {address} has no files.")
    size = sum(f.size for f in files)
    return Offer(source, title, files, size, licence, where, f"figshare-{number}")


def _from_address(url: str) -> Offer:
    file = _probe(url)
    folder = stem(file.name) if file.name else "google-drive"
    mark = blake2b(url.encode(), digest_size=3).hexdigest()  # two addresses may end alike
    return Offer(url, file.name or url, (file,), file.size, "", url, f"{folder}-{mark}")


def _probe(url: str) -> RemoteFile:
    """Return what a server says of a file, without downloading it."""
    if drive.is_drive(url):
        drive.check_link(url)
        return RemoteFile("", url)  # Drive tells name and size only when it sends the file
    with answer(url) as response:
        name = _plain_name(name_of(response) or urlsplit(url).hostname or "download")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if kind == "text/html" and not name.casefold().endswith(SUFFIXES):
            raise DataError(
                f"{url} is a page, not a file. Open it in a browser and copy the address of the "
                "download itself."
            )
        if name.casefold().endswith(FOREIGN):
            raise DataError(
                f"{name} is an archive of a kind that is not unpacked here. Download and unpack it "
                "by hand, then open the folder."
            )
        return RemoteFile(name, url, length_of(response))


def _plain_name(name: str) -> str:
    """Return a server's name for a file if it is safe as one.

    Raises
    ------
    DataError
        If it is not.
    """
    try:
        (plain,) = safe_parts(str(name))
    except (DataError, ValueError) as e:
        raise DataError(f"The server calls the file {str(name)[:100]!r}, which is no name.") from e
    return plain


# --- a page with a link -------------------------------------------------------------------------


class _Links(HTMLParser):
    """Collects the addresses that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (address := dict(attrs).get("href")):
            self.found.append(address)


def _linked(address: str) -> RemoteFile:
    """Return the first file that a page links to: an archive, or a file on Google Drive."""
    links = _Links()
    links.feed(page(address))
    for link in (urljoin(address, found) for found in links.found):
        path = urlsplit(link).path.casefold()
        if path.endswith(SUFFIXES) or (drive.is_drive(link) and "/folders/" not in link):
            return _probe(link)
    raise DataError(
        f"{address} has no link to an archive (any more). Look there in a browser, download the "
        "data set and open its folder; or give the address of the file itself."
    )
