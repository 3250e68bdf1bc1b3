"""The viewer's end: starts the engine process, sends it jobs and yields its events."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator
from typing import Any

import psutil

from napari_unet import errors
from napari_unet.controls import Command
from napari_unet.engine.wire import Wire
from napari_unet.environment import prepare
from napari_unet.errors import JobError
from napari_unet.events import Event
from napari_unet.jobs import Job, ResumeJob, Training
from napari_unet.resumable import read_resumable, state_path, way_on

STOP_SECONDS = 10.0  # a job that has not closed by then is ended with its process


class EngineDied(JobError):  # noqa: N818  # what happened, not what is wrong
    """The engine process ended while it ran a job."""


class Engine:
    """One warm child process that runs one job at a time.

    It is started by the first job (or by `warm`), kept between jobs, and replaced by a fresh one
    after it died.

    Parameters
    ----------
    background
        Run at lower priority, so that the viewer stays smooth while it trains.
    """

    def __init__(self, background: bool = False) -> None:
        self.background = background
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        self._inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._log: deque[str] = deque(maxlen=40)
        self._lock = threading.RLock()
        self._busy = threading.Lock()
        self._id = 0

    @property
    def alive(self) -> bool:
        """Whether the child process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The child's process id, None before it was started."""
        return self._process.pid if self._process else None

    @property
    def busy(self) -> bool:
        """Whether a job is running."""
        return self._busy.locked()

    @property
    def log(self) -> str:
        """The last lines the child wrote to its standard error."""
        return "\n".join(self._log)

    def warm(self, model: str = "") -> None:
        """Start the process and let it load torch, and a model; returns at once."""
        with self._lock:
            self._ensure()
            self._send(do="warm", model=model)

    def run(self, job: Job) -> Generator[Event, None, None]:
        """Yield the events of ``job``; closing the generator stops it.

        Raises
        ------
        UnetError
            What the job raised; `JobError` also when the process died or another job runs.
        """
        if not self._busy.acquire(blocking=False):
            raise JobError("The engine is still busy with another job.")
        try:
            with self._lock:
                self._ensure()
                self._id += 1
                id = self._id
                self._send(do="run", id=id, value=job)
            started = time.time()
            try:
                yield from self._follow(id)
            except EngineDied as e:
                raise JobError(f"{e} {_how_to_go_on(job, started)}") from None
        finally:
            self._busy.release()

    def stop(self) -> None:
        """Ask the running job to stop; its generator then simply ends. Safe from any thread."""
        with self._lock:
            if self.busy and self.alive:
                self._send(do="stop", id=self._id)

    def tell(self, command: Command) -> None:
        """Tell the running job to rest, to go on, or what to show. Safe from any thread."""
        with self._lock:
            if self.busy and self.alive:
                self._send(do="tell", id=self._id, value=command)

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    # --- the process --------------------------------------------------------------------------

    def _ensure(self) -> None:
        """Start the child unless it lives."""
        if self.alive:
            return
        self.close()
        self._wire, self._inbox = Wire(), queue.SimpleQueue()
        self._log.clear()
        # -P: a file of the user's called random.py must not be imported instead of Python's.
        command = [sys.executable, "-P", "-m", "napari_unet.engine"]
        self._process = subprocess.Popen(
            command + [str(f) for f in self._wire.folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=prepare(dict(os.environ), sparing=not self.background),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        if self.background:
            _lower_priority(self._process.pid)
        for target in (self._read_events, self._read_log):
            threading.Thread(target=target, args=(self._process,), daemon=True).start()

    def _send(self, **message: Any) -> None:
        assert self._process is not None and self._process.stdin is not None
        assert self._wire is not None
        # A dead child shows itself when its events are read, with the reason.
        with contextlib.suppress(BrokenPipeError, OSError):
            self._process.stdin.write(self._wire.encode(message))
            self._process.stdin.flush()

    def _read_events(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        inbox, wire = self._inbox, self._wire
        assert wire is not None
        try:
            with process.stdout:
                for line in process.stdout:
                    inbox.put(wire.decode(line))
        except (ValueError, OSError) as error:  # closed under us, or cut off in mid-line
            self._log.append(f"reading the engine's events ended: {error}")
        inbox.put(None)

    def _read_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with contextlib.suppress(ValueError, OSError), process.stderr:
            for line in process.stderr:
                self._log.append(line.decode(errors="replace").rstrip())

    # --- one job ------------------------------------------------------------------------------

    def _follow(self, id: int) -> Generator[Event, None, None]:
        inbox, process = self._inbox, self._process
        assert process is not None
        ended = False
        try:
            while not ended:
                message = inbox.get()
                ended = message is None or _ends(message, id)
                if message is None:
                    if self._process is not process:
                        return  # closed on purpose
                    raise EngineDied(_obituary(process))
                if message.get("id") != id:
                    continue
                if message["did"] == "event":
                    yield message["value"]
                elif message["did"] == "failed":
                    raise getattr(errors, message["kind"], JobError)(message["text"])
        finally:
            if not ended:
                self._stop_and_wait(id, inbox)

    def _stop_and_wait(self, id: int, inbox: queue.SimpleQueue[dict[str, Any] | None]) -> None:
        with self._lock:
            if self.alive:
                self._send(do="stop", id=id)
        try:
            while (message := inbox.get(timeout=STOP_SECONDS)) is not None:
                if _ends(message, id):
                    return
        except queue.Empty:
            self.close()


class Engines:
    """The two engines of one viewer, so that one can segment while the other trains."""

    def __init__(self) -> None:
        self.train = Engine(background=True)
        self.interactive = Engine()

    def close(self) -> None:
        """End both."""
        self.train.close()
        self.interactive.close()


def _ends(message: dict[str, Any], id: int) -> bool:
    return message.get("id") == id and message["did"] in ("finished", "stopped", "failed")


def _obituary(process: subprocess.Popen[bytes]) -> str:
    """Say how the child ended, for people."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    code = process.returncode
    why = f"exit code {code}"
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        why = f"killed by {name}"
        if name == "SIGKILL":
            why += "; often the system was out of memory"
    return (
        f"The engine process ended unexpectedly ({why}). Whatever was reported as saved is "
        "kept; the next job starts a fresh engine."
    )


def _how_to_go_on(job: Job, started: float) -> str:
    """Say how a job whose engine died can go on, if it can."""
    if not isinstance(job, Training):
        return ""
    state = state_path(job.writes)
    # What is older than the job is of an earlier training of that name.
    if not state.is_file() or (not isinstance(job, ResumeJob) and state.stat().st_mtime < started):
        return "The training had not come to the end of an epoch: start it again."
    with contextlib.suppress(JobError):
        if found := read_resumable(job.writes):
            return "The model is trained." if found.finished else way_on(found)
    return ""


def _lower_priority(pid: int) -> None:
    # Not allowed, or already gone: the job then runs at normal priority, or reports its end.
    with contextlib.suppress(psutil.Error, OSError):
        if hasattr(os, "SCHED_IDLE"):
            # On Linux a mere niceness still makes the viewer wait for the end of a time slice.
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else 10
        psutil.Process(pid).nice(lower)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the child's input, which ends it; kill it if it does not."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
