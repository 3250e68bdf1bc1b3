"""The engine process: reads jobs from standard input, writes events to standard output.

Started by `napari_unet.engine.client.Engine` as ``python -m napari_unet.engine FOLDER…``. It stays
warm between jobs and ends when its standard input closes, that is, with the viewer.
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from napari_unet.controls import Controls
from napari_unet.engine.dispatch import start
from napari_unet.engine.wire import Wire
from napari_unet.errors import readable
from napari_unet.events import Progress
from napari_unet.jobs import Job

PROGRESS_INTERVAL = 0.1  # seconds: at most ten progress events a second
REST = 5.0  # seconds without anything to do, after which what can wait is done
GRACE = 3.0  # seconds a job may take to close once the viewer is gone


class Server:
    """Runs one job after the other on the main thread; a second thread reads the pipe."""

    def __init__(self, wire: Wire, source: BinaryIO, sink: BinaryIO) -> None:
        self.wire, self.source, self.sink = wire, source, sink
        self.todo: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.controls: dict[int, Controls] = {}  # of the jobs that wait or run
        self.orphaned = False
        self.writing = threading.Lock()
        self.last_progress = 0.0

    def serve(self) -> None:
        """Run until standard input closes."""
        threading.Thread(target=self._read, daemon=True).start()
        while (message := self._next()) is not None:
            if message["do"] == "warm":
                _warm(message["model"])
            else:
                self._run(message["id"], message["value"])

    def _next(self) -> dict[str, Any] | None:
        """Wait for the next message; use the time if none comes soon."""
        try:
            return self.todo.get(timeout=REST)
        except queue.Empty:
            # Nothing is loaded for it: what has not segmented has nothing to find out.
            if (predictors := sys.modules.get("napari_unet.inference.predictors")) is not None:
                predictors.settle(lambda: not self.todo.empty())
        return self.todo.get()

    def _read(self) -> None:
        for line in self.source:
            message = self.wire.decode(line)
            controls = self.controls.get(message.get("id", 0))
            if message["do"] == "stop":
                if controls is not None:
                    controls.stop()
                self._send(id=message["id"], did="stopping")
            elif message["do"] == "tell":
                if controls is not None:
                    controls.tell(message["value"])
            else:
                if message["do"] == "run":
                    self.controls[message["id"]] = Controls()
                self.todo.put(message)
        # The viewer is gone: let the running job close (it may be writing a checkpoint), not more.
        self.orphaned = True
        for controls in list(self.controls.values()):
            controls.stop()
        self.todo.put(None)
        time.sleep(GRACE)
        os._exit(1)

    def _run(self, id: int, job: Job) -> None:
        controls = self.controls[id]
        try:
            if not self._stopping(controls):
                events = start(job, controls)
                try:
                    for event in events:
                        if not isinstance(event, Progress) or self._due(event):
                            self._send(id=id, did="event", value=event)
                        if self._stopping(controls):
                            break
                finally:
                    events.close()
            self._send(id=id, did="stopped" if self._stopping(controls) else "finished")
        except Exception as error:
            traceback.print_exc()
            known = readable(error)
            self._send(id=id, did="failed", kind=type(known).__name__, text=str(known))
        finally:
            del self.controls[id]

    def _stopping(self, controls: Controls) -> bool:
        return self.orphaned or controls.stopping

    def _due(self, event: Progress) -> bool:
        now = time.monotonic()
        if now - self.last_progress < PROGRESS_INTERVAL and event.done < event.total:
            return False
        self.last_progress = now
        return True

    def _send(self, **message: Any) -> None:
        line = self.wire.encode(message)
        with self.writing:
            self.sink.write(line)
            self.sink.flush()


def _warm(model: str) -> None:
    """Load what segmenting needs, and a model if one is named."""
    inference = importlib.import_module("napari_unet.inference")
    try:
        if model:
            inference.predictor(model, soon=True)
    except Exception:  # whoever asks for this model will be told
        traceback.print_exc()


def main() -> None:
    """Take over the standard streams and serve."""
    # Whatever a library prints must not land among the messages: keep the pipe for ourselves
    # and let file descriptor 1 point to standard error.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    wire = Wire([Path(p) for p in sys.argv[1:]])
    try:
        Server(wire, sys.stdin.buffer, sink).serve()
    except BrokenPipeError:
        pass  # the viewer closed its end while an event was on its way
    finally:
        wire.close()
    os._exit(0)  # at once: torch's threads can take seconds to wind down


if __name__ == "__main__":
    main()
