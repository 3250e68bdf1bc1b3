"""Asking a server for something, with sentences for people when it refuses.

`requests` rather than the standard library: it knows proxies, certificates and redirects, which
the networks of hospitals are full of. (pooch, which would bring checksums too, starts a broken
download anew instead of going on.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import requests
import urllib3

from napari_unet import __version__
from napari_unet.errors import DataError

CONNECT, READ = 15.0, 30.0  # seconds to wait for a server
MOST_PAGE = 2**21  # bytes that are read of a page or a list


class BrokenError(Exception):
    """The connection failed in a way that may be over at the next attempt, ``wait`` seconds on."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


@contextmanager
def answer(url: str, headers: Mapping[str, str] | None = None) -> Iterator[requests.Response]:
    """Ask for ``url`` and give the server's answer, of which only the header has been read.

    Answers of the kinds 2xx and 416 (nothing left of the range) are given.

    Raises
    ------
    DataError
        If the address is wrong or the server refuses for good.
    BrokenError
        If another attempt may help.
    """
    asked = {
        "User-Agent": f"napari-unet/{__version__}",
        "Accept-Encoding": "identity",  # sizes and ranges are those of the file itself
        **(headers or {}),
    }
    try:
        with requests.get(url, headers=asked, stream=True, timeout=(CONNECT, READ)) as response:
            _check(url, response)
            yield response
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
    ) as e:
        raise DataError(f"{url} is no address of the web (http or https).") from e
    except requests.exceptions.TooManyRedirects as e:
        raise DataError(f"{url} leads in circles. Look for a newer address.") from e
    except requests.exceptions.SSLError as e:
        raise DataError(
            f"The certificate of {_host(url)} is not trusted. Behind a proxy that opens "
            "connections, set REQUESTS_CA_BUNDLE to its certificate."
        ) from e
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as e:
        raise BrokenError(f"{_host(url)}: {_reason(e)}") from e


def page(url: str) -> str:
    """Return a page's text.

    Raises
    ------
    DataError, BrokenError
        As for `answer`.
    """
    with answer(url) as response:
        data = b""
        for chunk in response.iter_content(2**16):
            data += chunk
            if len(data) > MOST_PAGE:
                raise DataError(f"{url} is much larger than a page; give it as a file's address.")
    return data.decode(response.encoding or "utf-8", errors="replace")


def name_of(response: requests.Response) -> str:
    """Return what the server calls the file, without any folder; may be empty."""
    message = Message()
    message["content-disposition"] = response.headers.get("Content-Disposition", "")
    name = message.get_filename() or unquote(PurePosixPath(urlsplit(response.url).path).name)
    return PurePosixPath(name.replace("\\", "/")).name


def length_of(response: requests.Response) -> int:
    """Return the announced number of bytes that follow, 0 if there is none."""
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else 0


def _check(url: str, response: requests.Response) -> None:
    """Refuse answers that hold no file."""
    status = response.status_code
    if url.startswith("https:") and not response.url.startswith("https:"):
        raise DataError(f"{url} leads to {_host(response.url)} without encryption: not followed.")
    if status < 300 or status == 416:
        return
    where = f"{_host(response.url)} answers {status} ({response.reason or 'no reason given'})"
    if status == 429 or status >= 500:
        wait = response.headers.get("Retry-After", "")
        raise BrokenError(where, min(float(wait), 60.0) if wait.isdecimal() else 0.0)
    if status in (404, 410):
        raise DataError(f"{url} is not there (any more): {where}. Look for a newer address.")
    if status in (401, 403):
        raise DataError(
            f"{url} may not be read: {where}. Open it in a browser; if that works, download it "
            "there and open the folder."
        )
    raise DataError(f"{url} cannot be downloaded: {where}.")


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _reason(error: Exception) -> str:
    """Return the innermost part of an error of many layers, such as "Connection refused"."""
    text = str(error)
    if found := re.findall(r"(?:Errno [^\]]*\] |: )([A-Z][^:'\"()\[\]]{5,})", text):
        return str(found[-1]).strip()
    return " ".join(text.split())[:200] or type(error).__name__
