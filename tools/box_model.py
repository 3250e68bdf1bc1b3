"""Rebuild the brain tumour model that comes with the package, from the data to the file.

    python tools/box_model.py --data brain_tumor [--minutes 105 212] [--out FOLDER] [--trained FILE]

Trains with the program's own commands, on all people but a fixed test group, or takes a model that
was trained so; scores what is in the box, in half precision, on the people it never saw; and writes
it with its card into the package. Trained on another machine, or for another time, it comes out a
little better or worse.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import napari_unet
from napari_unet import metrics
from napari_unet.card import ModelCard
from napari_unet.cli import main as napari_unet_command
from napari_unet.data.splits.split import load, split_path
from napari_unet.drawing import thumbnail
from napari_unet.errors import UnetError
from napari_unet.events import CaseScore, EvaluateFinished
from napari_unet.library import BOXED
from napari_unet.pictures import rows, telling
from napari_unet.unet.file import load_model, save_model

NAME = "brain-tumor"
FILE = f"{NAME}.unet.safetensors"
LARGEST = 10_000_000  # bytes
# Of the training, and in all after each time that it went on: then the learning rate rises again.
MINUTES = (105.0, 212.0)
ABOUT = {
    "summary": "Outlines brain tumours (meningioma, glioma, pituitary tumour) in single slices of "
    "contrast-enhanced T1-weighted MRI.",
    "use": "Trying the program, teaching, and as a start for training on slices of one's own.",
    "not_for": "Diagnosis or treatment: this is not a medical device.",
    "limits": "It learned from slices that all show a tumour, of two hospitals: in a slice without "
    "one it may find one. Of people it never saw, it did worst on gliomas and on small tumours, "
    "some of which it missed altogether; of large ones it missed parts. It took wide ventricles, "
    "bright venous sinuses and the base of the skull for tumour. Other sequences, unenhanced "
    "images, children and other species it never saw. It marks the tumour as drawn in these data, "
    "not oedema or necrosis by themselves.",
    "data": "Brain tumor dataset by Jun Cheng, figshare, doi:10.6084/m9.figshare.1512427, reduced "
    "to 256×256; 2557 of its 3064 slices.",
    "licence": "CC-BY-4.0",
    "attribution": "Jun Cheng: brain tumor dataset (CC BY 4.0, reduced in size and depth here). "
    "The weights were learned from it by the napari-unet developers.",
    "authors": "The napari-unet developers",
    "cite": "Cheng et al. 2015, Enhanced Performance of Brain Tumor Classification via Tumor "
    "Region Augmentation and Partition, PLoS ONE 10(10): e0140381.",
}


def main() -> None:
    """Train, score, write; print what was reached."""
    args = _arguments()
    trained = args.trained or _train(args.data, args.out / FILE, args.minutes)
    target = args.box / FILE
    made = box(trained, args.data, args.out / "box" / FILE, args.minutes)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, target)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


def commands(data: str, minutes: Sequence[float], model: str = FILE) -> list[list[str]]:
    """Return the arguments with which `napari-unet` trains the model, one call after the other."""
    first, *further = [["--minutes", f"{m:g}"] for m in minutes]
    begun = ["train", data, *first, "--seed", "0", "--model", model]
    return [begun, *(["resume", model, *more] for more in further)]


def words(minutes: Sequence[float], data: str = "brain_tumor") -> str:
    """Return these calls as a shell takes them."""
    return " && ".join(" ".join(["napari-unet", *call]) for call in commands(data, minutes))


def _train(data: Path, model: Path, minutes: Sequence[float]) -> Path:
    model.parent.mkdir(parents=True, exist_ok=True)
    for call in commands(str(data), minutes, str(model)):
        if napari_unet_command(call):
            raise SystemExit("not trained")
    return model


def box(trained: Path, data: Path, target: Path, minutes: Sequence[float]) -> Path:
    """Write the trained model in half precision, with all that its card has to say.

    ``minutes`` is what it was trained with, as in `commands`.

    Raises
    ------
    UnetError
        If the file is larger than a package should bring, or was not trained as it is said to be.
    """
    network, card = load_model(trained)
    card = replace(
        card, name=NAME, labels=replace(card.labels, names=("tumor",)), about=ABOUT, scores={}
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(split_path(trained), split_path(target))
    # What is scored are the weights as they will be read from the file.
    save_model(target, network, card, half=True)
    done = napari_unet.evaluate(data, target)
    print(*lines(done.scores), sep="\n")
    card = replace(card, **records(card, done, trained, minutes))
    save_model(target, network, card, picture=_picture(data, done), half=True)
    if target.stat().st_size > LARGEST:
        raise UnetError(f"{target} is larger than {LARGEST / 1e6:g} MB.")
    return target


def records(
    card: ModelCard, done: EvaluateFinished, trained: Path, minutes: Sequence[float]
) -> dict[str, Any]:
    """Return what the card says of the training, the people and the scores."""
    split = load(split_path(trained))
    took = card.training["recipe"]["optim"]["minutes"]
    if took != minutes[-1]:
        raise UnetError(f"The model was trained for {took:g} minutes, not for {minutes[-1]:g}.")
    if split.seed != 0 or split.ratios != (80.0, 10.0, 10.0):
        raise UnetError("The box holds a model of the split 80:10:10 with seed 0.")
    people = {split.patients[n] for n, subset in split.subsets.items() if subset == "test"}
    kinds = metrics.group(done.scores, "tumor_type")
    return {
        "training": {**card.training, "command": words(minutes)},
        "data": {**card.data, "test_people": sorted(people)},
        "scores": {
            **load_model(trained)[1].scores,
            "subsets": {"test": done.summary},
            "tumor_type": {kind: metrics.summarise(found) for kind, found in kinds.items()},
        },
    }


def lines(scores: Sequence[CaseScore]) -> list[str]:
    """Return the table of scores: all slices, then those of each type of tumour."""
    found = {"all": list(scores), **metrics.group(scores, "tumor_type")}
    return [_line(kind, metrics.summarise(some)) for kind, some in found.items()]


def _line(kind: str, summary: dict[str, Any]) -> str:
    mean, std, median = (summary[k] for k in ("mean", "std", "median"))
    return (
        f"{kind:<12} {summary['images']:>4} slices of {summary['patients']['count']:>3} people: "
        f"Dice {mean['dice']:.3f} ± {std['dice']:.3f}, median {median['dice']:.3f}, "
        f"IoU {mean['iou']:.3f} ± {std['iou']:.3f}"
    )


def _picture(data: Path, done: EvaluateFinished) -> bytes:
    chosen = [score for word, score in telling(done.scores) if word == "median"]
    (row,) = rows(data, done, chosen)
    if isinstance(row, UnetError):
        raise row
    return thumbnail(row)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder brain_tumor")
    parser.add_argument(
        "--minutes", type=float, nargs="+", default=MINUTES, help="time to train, and with more"
    )
    parser.add_argument("--out", type=Path, default=Path("box"), help="for what is made on the way")
    parser.add_argument("--trained", type=Path, help="take this model instead of training one")
    parser.add_argument("--box", type=Path, default=BOXED, help="where the boxed model goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
