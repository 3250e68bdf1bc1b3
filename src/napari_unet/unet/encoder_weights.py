"""Where the weights of a pretrained encoder come from: a file, or the hub that timm keeps them in.

Files are safetensors: nothing is unpickled. What was fetched once lies in the hub's own cache
(environment variable ``HF_HOME``), which other programs share, and is not asked for again; a cache
that is copied to a computer without a network works there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from napari_unet.config import UNetConfig
from napari_unet.errors import ModelError, WeightsError
from napari_unet.unet.encoders import Encoder, library, load_pretrained

FILE = "model.safetensors"
PATIENCE = 10.0  # seconds for the hub to answer at all


@dataclass(frozen=True)
class Pretrained:
    """Weights that a network's encoder can begin with, and what is known of them.

    ``name`` is theirs, as in "resnet18.a1_in1k", or that of a file; ``weights`` are those of an
    `Encoder`, by name.
    """

    name: str
    licence: str
    weights: dict[str, Tensor]

    def told(self) -> dict[str, str]:
        """Return what the card of a model says of them."""
        return {"name": self.name, "licence": self.licence}


def pretrained(network: UNetConfig, file: str = "") -> Pretrained:
    """Return the weights of a network's encoder: those in ``file``, else those of the hub.

    They are fetched unless they lie in the hub's cache already, which takes 10 to 100 MB.

    Raises
    ------
    WeightsError
        If they cannot be fetched.
    ModelError
        If timm is not installed, or the file is none, is damaged, or belongs to another network.
    """
    known = library(network.encoder).get_pretrained_cfg(network.encoder)
    if file:
        path, name, licence = Path(file), Path(file).name, ""
    else:
        path, licence = _fetched(known.hf_hub_id, network.encoder), known.license or ""
        name = known.hf_hub_id.rpartition("/")[2]
    encoder = Encoder(network.encoder, network.in_channels)
    load_pretrained(encoder, _read(path), name)
    return Pretrained(name, licence, encoder.state_dict())


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
        reason = str(e).strip().splitlines()
        raise WeightsError(
            f"The pretrained weights of the encoder {encoder} ({repository}) could not be fetched: "
            f"{reason[0] if reason else type(e).__name__}. Train again with a connection, or begin "
            "with random weights."
        ) from e
