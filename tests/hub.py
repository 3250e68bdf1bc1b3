"""Weights of pretrained encoders for tests: random ones, and nothing is fetched."""

import socket

import torch
from safetensors.torch import save_file

from napari_unet.unet.encoders import library

SMALL = "mobilenetv3_large_100"  # the quickest of those there are


def random_weights(encoder, seed=0):
    """Return weights as timm names them, of an encoder that has never been trained."""
    torch.manual_seed(seed)
    net = library(encoder).create_model(encoder)
    return {k: v.detach().contiguous() for k, v in net.state_dict().items()}


def lies_in_cache(patch, folder, encoder, weights):
    """Put weights where the hub keeps what it has fetched; return the file."""
    repository = library(encoder).get_pretrained_cfg(encoder).hf_hub_id
    home = folder / f"models--{repository.replace('/', '--')}"
    path = home / "snapshots" / "0123abc" / "model.safetensors"
    path.parent.mkdir(parents=True)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0123abc")
    save_file(weights, path)
    patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    return path


def offline(patch, cache):
    """Let every connection fail at once, and nothing have been fetched before."""

    def fails(*_args, **_more):
        raise OSError("Network is unreachable")

    patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    patch.setattr(socket, "getaddrinfo", fails)
    patch.setattr(socket.socket, "connect", fails)
