"""A server that behaves as badly as a test asks it to."""

from __future__ import annotations

import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from napari_unet.downloads import transfer


@dataclass
class Served:
    """One path of the server.

    ``statuses`` are answered first, one a request; ``breaks`` are the bytes after which the
    connection is cut, one a request. ``announce`` lies about the length; ``ranges`` says whether
    parts are given; ``validated`` whether ``If-Range`` is looked at.
    """

    data: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    announce: int | None = None
    ranges: bool = True
    validated: bool = True
    location: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0


class Server:
    """The paths that are served, and where."""

    def __init__(self) -> None:
        self.paths: dict[str, Served] = {}
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.paths))
        self.base = f"http://127.0.0.1:{self.http.server_port}"

    def serve(self, path: str, data: bytes = b"", **more: Any) -> str:
        """Serve something and return its address."""
        self.paths[path] = Served(data, **more)
        return self.base + path


def _handler(paths: dict[str, Served]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = paths.get(self.path)
            if found is None:
                self.send_error(404)
                return
            found.asked.append(dict(self.headers.items()))
            if found.statuses:
                self.send_response(found.statuses.pop(0))
                for name, value in found.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if found.location:
                self.send_response(302)
                self.send_header("Location", found.location)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._give(found)

        def _give(self, found: Served) -> None:
            start, data = self._start(found), found.data
            if start == len(data) and start:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = data[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            length = len(body) if found.announce is None else found.announce
            self.send_header("Content-Length", str(length))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            end = found.breaks.pop(0) if found.breaks else len(body)
            # Counted first: whoever gets the last byte may look before this thread goes on.
            found.sent += min(end, len(body))
            self.wfile.write(body[:end])
            self.close_connection = True

        def _start(self, found: Served) -> int:
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if not asked or not found.ranges:
                return 0
            wanted = self.headers.get("If-Range")
            known = {found.headers.get("ETag"), found.headers.get("Last-Modified")}
            if found.validated and wanted and wanted not in known:
                return 0
            return int(asked[1])

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(transfer, "PAUSE", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served = Server()
    thread = threading.Thread(target=served.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    served.http.shutdown()
    served.http.server_close()
    thread.join()


@pytest.fixture
def zipped():
    def make(members: dict[str, bytes], compress: int = zipfile.ZIP_DEFLATED) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compress) as archive:
            for name, data in members.items():
                info = zipfile.ZipInfo(name)
                info.filename = name  # as it is: ZipInfo mends some names
                info.compress_type = compress
                archive.writestr(info, data)
        return buffer.getvalue()

    return make


@pytest.fixture
def tarred():
    def make(members: dict[str, bytes | tarfile.TarInfo], mode: str = "w:gz") -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=mode) as archive:
            for name, data in members.items():
                if isinstance(data, tarfile.TarInfo):
                    archive.addfile(data)
                    continue
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return buffer.getvalue()

    return make


@pytest.fixture
def data_set(tmp_path: Path) -> dict[str, bytes]:
    """Return the files of a small data set by name."""
    from napari_unet.data.sample import write_sample

    root = write_sample(tmp_path / "made", patients=2, slices=2, size=32)
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
