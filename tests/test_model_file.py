"""docs/model_file.md: its example runs models without this program, and gives what it gives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from skimage.io import imread

from models import random_model
from napari_unet.card import read_card
from napari_unet.config import PreprocessConfig, UNetConfig
from napari_unet.library import BOXED
from napari_unet.unet.file import load_model, save_model
from napari_unet.unet.model import probabilities
from napari_unet.unet.preprocess import prepare
from nets import random_net

PAGE = Path(__file__).parent.parent / "docs" / "model_file.md"
LINES = 20
MODELS = (
    (
        UNetConfig(depth=2, base_channels=4, norm="batch", residual=True, stem_stride=4),
        PreprocessConfig("whole", (48, 32), margin="cut"),
    ),
    (
        UNetConfig(depth=1, base_channels=4, padding="valid", out_channels=3, in_channels=3),
        PreprocessConfig("patch", (32, 32)),
    ),
    (
        UNetConfig(depth=2, base_channels=4, dims=3, norm="instance", attention=True),
        PreprocessConfig("patch", (8, 16, 16)),
    ),
)
BLOCKS = re.findall(r"^( *)```python\n(.*?)^ *```", PAGE.read_text("utf-8"), re.M | re.S)
EXAMPLE = BLOCKS[0][1]
MARGINS = next(text for _, text in BLOCKS if "def content" in text)

# The example, in a process in which this program cannot be imported.
CHILD = f"""
import sys
sys.modules["napari_unet"] = None
{EXAMPLE}
{re.sub("^   ", "", MARGINS, flags=re.M)}
import numpy as np
for job in json.load(sys.stdin):
    image = torch.from_numpy(np.load(job["image"]))
    rows, columns = content(image) if job["cut"] else (slice(None), slice(None))
    kept = (..., rows, columns)
    inside = probabilities(job["model"], image[kept])
    whole = torch.zeros(len(inside), *image.shape[1:])
    whole[kept] = inside
    np.save(job["answer"], whole.numpy())
try:
    import napari_unet
except ImportError:
    print("alone")
"""

Asked = tuple[Path, np.ndarray]  # a model file, and an image (C, *S)


def without_the_program(asked: list[Asked], folder: Path) -> list[np.ndarray]:
    """Return the example's answers."""
    jobs = []
    for i, (model, image) in enumerate(asked):
        job = {"image": str(folder / f"{i}.npy"), "answer": str(folder / f"answer {i}.npy")}
        np.save(job["image"], image.astype(np.float32))
        cut = read_card(model).preprocess.margin == "cut"
        jobs.append({**job, "model": str(model), "cut": cut})
    command = [sys.executable, "-W", "error", "-c", CHILD]
    done = subprocess.run(
        command, input=json.dumps(jobs), capture_output=True, text=True, timeout=600
    )
    assert done.stdout.split() == ["alone"], done.stderr
    return [np.load(job["answer"]) for job in jobs]


def with_the_program(path: Path, image: np.ndarray) -> np.ndarray:
    """Return the program's answer, without averaging, before it is rounded."""
    model, card = load_model(path)
    x, fit = prepare(np.moveaxis(image, 0, -1), card.preprocess)
    with torch.inference_mode():
        logits = fit.undo(model(x[None])[0])
    return probabilities(logits[None])[0].numpy()


def compare(asked: list[Asked], folder: Path) -> None:
    for (path, image), found in zip(asked, without_the_program(asked, folder), strict=True):
        expected, threshold = with_the_program(path, image), read_card(path).threshold
        assert found.shape == expected.shape and np.ptp(expected) > 0.01
        np.testing.assert_allclose(found, expected, atol=2e-4)
        sure = np.abs(expected - threshold) > 1e-3
        assert ((found >= threshold) == (expected >= threshold))[sure].all()


def model_of(path: Path, network: UNetConfig, preprocess: PreprocessConfig) -> Path:
    """Write a model with random weights."""
    random_model(path)
    names = tuple("abc"[: max(network.out_channels - 1, 1)])
    card = read_card(path)
    card = replace(
        card, network=network, preprocess=preprocess, labels=replace(card.labels, names=names)
    )
    save_model(path, random_net(network), card, half=True)
    return path


def test_the_example_has_twenty_lines():
    lines = [x for x in EXAMPLE.splitlines() if x and not x.startswith(("import ", "from "))]
    assert len(lines) <= LINES
    imported = re.findall(r"^(?:import|from) (\w+)", EXAMPLE, re.M)
    assert {*imported} - {*sys.stdlib_module_names} == {"torch", "safetensors"}


def test_the_example_gives_what_the_program_gives(tmp_path):
    rng, asked = np.random.default_rng(0), []
    for i, (network, preprocess) in enumerate(MODELS):
        path = model_of(tmp_path / f"{i}.unet.safetensors", network, preprocess)
        for sides in ((37, 61), (64, 40)):
            image = np.zeros((network.in_channels, *(9,) * (network.dims - 2), *sides), np.uint8)
            image[..., 5:-7, 4:-3] = rng.integers(40, 256, image[..., 5:-7, 4:-3].shape)
            asked.append((path, image))
    compare(asked, tmp_path)


def test_the_model_in_the_box_runs_without_the_program(real_data, tmp_path):
    """The trained model, on a real picture."""
    scan = min(real_data("brain_tumor").glob("images/*.png"))
    boxed = BOXED / "brain-tumor.unet.safetensors"
    path = tmp_path / boxed.name
    save_model(path, *load_model(boxed), half=True)  # as this version writes it
    compare([(path, imread(scan)[None])], tmp_path)
