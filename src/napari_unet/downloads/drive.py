"""Files shared on Google Drive, through gdown, which knows its pages of confirmation."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from napari_unet.errors import DataError

HOSTS = ("drive.google.com", "docs.google.com", "drive.usercontent.google.com")
HOW_TO_INSTALL = 'python -m pip install "gdown>=6.5"'
READ = 60.0  # seconds to wait for the server
RETRIES = 5


class _StoppedError(Exception):
    """Nobody waits for the file any more."""


def is_drive(url: str) -> bool:
    """Say whether an address is one of Google Drive."""
    return urlsplit(url).hostname in HOSTS


def check_link(url: str) -> None:
    """Refuse what cannot be downloaded before anything is agreed to.

    Raises
    ------
    DataError
        If the link is one of a folder, or gdown is not installed.
    """
    if "/folders/" in url:
        raise DataError(
            f"{url} is a folder on Google Drive. Give the link of a single file, such as an "
            "archive, or download the folder in a browser and open it here."
        )
    _gdown()


def download(url: str, folder: Path) -> Generator[tuple[int, int], None, Path]:
    """Download the file of a share link into a folder, continuing an earlier attempt.

    Yields bytes done and in all (0: unknown), and returns the file's path.

    Raises
    ------
    DataError
        If gdown is not installed, or Drive does not give the file.
    """
    gdown = _gdown()
    folder.mkdir(parents=True, exist_ok=True)
    told: queue.SimpleQueue[tuple[int, int] | str | Exception] = queue.SimpleQueue()
    stopped = threading.Event()

    def tell(done: int, total: int | None) -> None:
        if stopped.is_set():
            raise _StoppedError  # gdown's way of being stopped
        told.put((done, total or 0))

    def run() -> None:
        try:
            told.put(
                gdown.download(
                    url,
                    f"{folder}/",
                    quiet=True,
                    use_cookies=False,
                    resume=True,
                    progress=tell,
                    timeout=READ,
                    retries=RETRIES,
                )
            )
        except Exception as e:
            told.put(e)

    thread = threading.Thread(target=run, name="google-drive", daemon=True)
    thread.start()
    try:
        while isinstance(found := told.get(), tuple):
            yield found
    finally:
        stopped.set()
    if isinstance(found, Exception):
        raise DataError(
            f"Google Drive does not give {url}: {' '.join(str(found).split())[:300]}. Check that "
            "anyone with the link may read it, or download it in a browser."
        ) from found
    return Path(found)


def _gdown() -> Any:
    try:
        import gdown
    except ImportError as e:
        raise DataError(
            f"Files on Google Drive need gdown: {HOW_TO_INSTALL}. Or download the file in a "
            "browser and open its folder here."
        ) from e
    return gdown
