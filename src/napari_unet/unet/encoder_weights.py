"""Where the weights of a pretrained encoder come from: a file, or the hub that timm keeps them in.

Files are safetensors: nothing is unpickled. What was fetched once lies in the hub's own cache
(environment variable ``HF_HOME``), which other programs share, and is not asked for again; a cache
that is copied to a computer without a network works there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from napari_unet.errors import ModelError, WeightsError
from napari_unet.unet.encoders import Encoder, library, load_pretrained

FILE = "model.safetensors"
PATIENCE = 10.0  # seconds for the hub to answer at all


@dataclass(frozen=True)
class Source:
    """A file of the weights that an encoder can begin with, and what is known of them.

    ``name`` is theirs, as in "resnet18.a1_in1k", or that of the file.
    """

    encoder: str
    path: Path
    name: str
    licence: str = ""

    def told(self) -> dict[str, str]:
        """Return what the card of a model says of them."""
        return {"name": self.name, "licence": self.licence}

    def fitted(self, in_channels: int) -> dict[str, Tensor]:
        """Return them by name as an `Encoder` for images of so many channels has them.

        Raises
        ------
        ModelError
            If the file is none, is damaged, or belongs to another network.
        """
        encoder = Encoder(self.encoder, in_channels)
        load_pretrained(encoder, _read(self.path), self.name)
        return encoder.state_dict()


def find(encoder: str, file: str = "") -> Source:
    """Return where the weights of an encoder lie: ``file``, if one is named, else the hub's cache.

    They are fetched unless they lie there already, which takes 10 to 100 MB.

    Raises
    ------
    WeightsError
        If they cannot be fetched.
    ModelError
        If timm is not installed.
    """
    if file:
        return Source(encoder, Path(file), Path(file).name)
    known = library(encoder).get_pretrained_cfg(encoder)
    name = known.hf_hub_id.rpartition("/")[2]
    return Source(encoder, _fetched(known.hf_hub_id, encoder), name, known.license or "")


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except FileNotFoundError as e:
        raise ModelError(f"There is no file {path} with weights of an encoder.") from e
    except (SafetensorError, OSError, ValueError) as e:
        raise ModelError(f"{path} cannot be read as weights of an encoder ({e}).") from e


def _fetched(repository: str, encoder: str) -> Path:
    """Return the file in the hub's cache; fetch it if it is not there."""
    import huggingface_hub as hub  # comes with timm

    cached = hub.try_to_load_from_cache(repository, FILE)
    if isinstance(cached, str):
        return Path(cached)
    try:
        # Asked once and briefly: the download itself would try for minutes to reach the hub.
        hub.get_hf_file_metadata(hub.hf_hub_url(repository, FILE), timeout=PATIENCE)
        return Path(hub.hf_hub_download(repository, FILE))
    except Exception as e:  # the hub's, its transport's, the system's: all mean the same here
        reason = (str(e).strip() or type(e).__name__).splitlines()[0]
        reason = re.sub(r"^\[Errno [-0-9]+\] ", "", reason).rstrip(".")
        raise WeightsError(
            f"The pretrained weights of the encoder {encoder} ({repository}) could not be fetched: "
            f"{reason}. Train again with a connection, or begin with random weights."
        ) from e
