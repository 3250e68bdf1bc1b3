"""A Dask cluster to spread work over: one that runs already, or one made for the occasion.

The package ``distributed`` is loaded when a cluster is asked for, and not before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from napari_unet import __version__
from napari_unet.errors import ConfigError, JobError

HOW = (
    "Say dask://HOST:PORT for a scheduler that runs, dask://file:PATH for one that wrote a file, "
    "or dask://local?workers=N for processes on this machine."
)
MISSING = (
    "Spreading work over a cluster needs the package distributed: "
    'python -m pip install "napari-unet-workbench[cluster]"'
)
SCHEME, FILE, LOCAL = "dask://", "file:", "local"
DIRECT = ("tcp://", "tls://")  # addresses as Dask itself writes them
SECONDS = 15.0  # until a scheduler must have answered
SECONDS_WORKERS = 60.0  # until the first worker must be there


@dataclass(frozen=True)
class Cluster:
    """Which cluster: the ``address`` of its scheduler, or the ``file`` that names it, or neither.

    With neither, ``workers`` processes of ``threads`` threads are started on this machine.
    """

    address: str = ""
    file: str = ""
    workers: int = 2
    threads: int = 0

    @classmethod
    def parse(cls, text: str) -> Cluster:
        """Read what a person wrote, such as ``dask://host:8786``.

        Raises
        ------
        ConfigError
            If it names no cluster.
        """
        if text.startswith(DIRECT):
            return cls(address=text)
        if not text.startswith(SCHEME):
            if Path(text).is_file():
                return cls(file=text)
            raise ConfigError(f"{text!r} is no cluster. {HOW}")
        rest = text.removeprefix(SCHEME)
        if rest.startswith(FILE):
            return cls(file=rest.removeprefix(FILE))
        name, _, query = rest.partition("?")
        if name == LOCAL:
            return cls._local(text, query)
        host, _, port = name.rpartition(":")
        if not host or not port.isdecimal():
            raise ConfigError(f"{text!r} is no cluster: {name!r} is no HOST:PORT. {HOW}")
        return cls(address=f"tcp://{name}")

    @classmethod
    def _local(cls, text: str, query: str) -> Cluster:
        try:
            found = {key: int(value) for key, value in parse_qsl(query, strict_parsing=bool(query))}
            if not set(found) <= {"workers", "threads"} or min(found.values(), default=1) < 1:
                raise ValueError
        except ValueError as e:
            raise ConfigError(f"{text!r}: write dask://local?workers=2&threads=1.") from e
        return cls(workers=found.get("workers", cls.workers), threads=found.get("threads", 0))

    def __str__(self) -> str:
        if self.address or self.file:
            return self.address or self.file
        return f"{self.workers} processes on this machine"


@contextmanager
def connected(cluster: Cluster, model: str) -> Iterator[Any]:
    """Give a Dask client whose workers can segment; processes made for it end with the block.

    ``model`` is a file that the workers must see, too.

    Raises
    ------
    JobError
        If the package is missing, the scheduler cannot be reached, or the workers are none or
        cannot do this.
    """
    try:
        import distributed
    except ImportError as e:
        raise JobError(MISSING) from e
    made = _made(cluster) if not (cluster.address or cluster.file) else None
    try:
        with _client(distributed, cluster, made) as client:
            _check(client, cluster, model)
            yield client
    finally:
        if made is not None:
            made.close()


def _made(cluster: Cluster) -> Any:
    """Start processes here.

    Not by `distributed.LocalCluster`, where that can be helped: its processes begin by running the
    user's script once more.
    """
    threads = cluster.threads or max((os.cpu_count() or 1) // cluster.workers, 1)
    options = {"n_workers": cluster.workers, "threads_per_worker": threads}
    if os.name == "nt":
        from distributed import LocalCluster

        return LocalCluster(dashboard_address=None, processes=True, **options)
    from distributed.deploy.subprocess import SubprocessCluster

    try:
        return SubprocessCluster(dashboard_address=None, **options)
    except OSError as e:
        raise JobError(
            f"{cluster} could not be started ({str(e).splitlines()[0]}). Close other programs, or "
            "leave --workers out."
        ) from e


def _client(distributed: Any, cluster: Cluster, made: Any) -> Any:
    if cluster.file and not Path(cluster.file).is_file():
        raise JobError(f"There is no scheduler file {cluster.file}. {HOW}")
    where = {"scheduler_file": cluster.file} if cluster.file else {"address": cluster.address}
    if made is not None:
        where = {"address": made}
    try:
        return distributed.Client(**where, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as e:
        raise JobError(
            f"No Dask scheduler answers at {cluster} ({str(e).splitlines()[0]}). Start one with "
            "'dask scheduler', or correct the address."
        ) from e


def _check(client: Any, cluster: Cluster, model: str) -> None:
    """Make sure that there are workers, and that all of them can segment."""
    try:
        made_here = not (cluster.address or cluster.file)
        client.wait_for_workers(cluster.workers if made_here else 1, timeout=SECONDS_WORKERS)
    except TimeoutError as e:
        raise JobError(
            f"The cluster {cluster} has no workers. Start some with 'dask worker'."
        ) from e

    # Sent as it is and not by its name, since a worker without the package could not look it up.
    def look(model: str) -> str:
        from importlib.util import find_spec
        from pathlib import Path

        if find_spec("napari_unet") is None:
            return "lacks the package: python -m pip install napari-unet-workbench"
        from napari_unet import __version__
        from napari_unet.environment import prepare

        prepare()  # before torch is loaded
        if not Path(model).is_file():
            return f"sees no file {model}: workers must see the same folders"
        return f"version {__version__}"

    wanted = f"version {__version__}"
    said = client.run(look, str(Path(model).absolute()), on_error="return")
    wrong = {worker: str(what) for worker, what in said.items() if str(what) != wanted}
    if wrong:
        worker, what = next(iter(wrong.items()))
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise JobError(
            f"The worker {worker}{more} cannot segment: it {_has(what)}; here is {wanted}."
        )


def _has(what: str) -> str:
    return f"has {what}" if what.startswith("version") else what
