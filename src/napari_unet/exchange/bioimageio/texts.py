"""What a model's card tells people, in the fields that bioimage.io has for it.

A card's texts are free; what has a form there (a name's letters, a licence's identifier, a DOI) is
looked for in them, and left out where it is not found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from napari_unet.card import ModelCard

Node = dict[str, Any]

UNET = {
    "text": "Ronneberger, Fischer and Brox: U-Net: Convolutional Networks for Biomedical Image "
    "Segmentation. MICCAI 2015.",
    "doi": "10.1007/978-3-319-24574-4_28",
}
UNET_3D = {
    "text": "Çiçek, Abdulkadir, Lienkamp, Brox and Ronneberger: 3D U-Net: Learning Dense "
    "Volumetric Segmentation from Sparse Annotation. MICCAI 2016.",
    "doi": "10.1007/978-3-319-46723-8_49",
}
NAME = range(5, 129)  # letters that a name may have
SUMMARY = 1024  # letters that a description may have
DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>,;]+")

# Licences that models and data come under, by their identifiers in the SPDX list.
LICENCES = (
    *("BSD-3-Clause", "BSD-2-Clause", "MIT", "Apache-2.0", "MPL-2.0", "CC0-1.0"),
    *("CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0"),
    *("CC-BY-NC-ND-4.0", "CC-BY-3.0", "CC-BY-SA-3.0", "GPL-3.0-or-later", "GPL-3.0-only"),
    *("LGPL-3.0-or-later", "AGPL-3.0-or-later", "ODbL-1.0", "ODC-By-1.0", "PDDL-1.0"),
)


def name(card: ModelCard) -> str:
    """Return the card's name in the letters that are allowed."""
    plain = re.sub(r"[^A-Za-z0-9_+\- ()]", " ", card.name).strip()
    if len(plain) < NAME.start:
        plain = f"{plain} U-Net".strip()
    return plain[: NAME.stop - 1]


def summary(card: ModelCard) -> str:
    """Return one paragraph on what the model does."""
    given = str(card.about.get("summary", "")).strip()
    words = given or f"A U-Net that segments {', '.join(card.classes)}."
    return words if len(words) <= SUMMARY else words[: SUMMARY - 1] + "…"


def authors(card: ModelCard) -> list[Node]:
    """Return who made the model: names, or what else the card says of each."""
    found = []
    for author in _several(card.about.get("authors")):
        if isinstance(author, Mapping):
            known = {k: str(author[k]) for k in ("name", "affiliation", "orcid") if author.get(k)}
        else:
            known = {"name": str(author)}
        if known.get("name"):
            found.append({**known, "name": re.sub(r"[/\\]", " ", known["name"])})
    return found


def citations(card: ModelCard) -> list[Node]:
    """Return what is to be cited and has a DOI; the network's own paper last."""
    given = [str(text).strip() for text in _several(card.about.get("cite"))]
    found = [
        {"text": text, "doi": match[0].rstrip(".)")}
        for text in given
        if (match := DOI.search(text))
    ]
    own = UNET_3D if card.network.dims == 3 else UNET
    return [*found, *([] if any(f["doi"] == own["doi"] for f in found) else [own])]


def licence(card: ModelCard) -> str | None:
    """Return the SPDX identifier of the licence that the card names first; None if it is none."""
    text = str(card.about.get("licence", ""))
    squeezed = _squeezed(text)
    places = {key: squeezed.find(_squeezed(key)) for key in LICENCES}
    named = [key for key, place in places.items() if place >= 0]
    # Of two at one place the longer one is meant: CC-BY-SA, not CC-BY.
    return min(named, key=lambda key: (places[key], -len(key)), default=None)


def tags(card: ModelCard) -> list[str]:
    """Return tags, most of them of bioimage.io's own list."""
    classes = [re.sub(r"[^a-z0-9]+", "-", c.lower()).strip("-") for c in card.classes]
    return [
        *("unet", "pytorch", f"{card.network.dims}d", "semantic-segmentation", "napari-unet"),
        *dict.fromkeys(c for c in classes if c and c != "foreground"),
    ]


def remarks(card: ModelCard, parameters: int) -> Node:
    """Return what bioimage.io keeps under ``config.bioimageio``."""
    about = card.about
    found: Node = {
        "architecture_type": f"{card.network.dims}D U-Net",
        "task": "semantic segmentation",
        "target_structure": list(card.classes),
        "model_parameter_count": parameters,
    }
    if about.get("not_for"):
        found["out_of_scope_use"] = as_text(about["not_for"])
    if about.get("limits"):
        found["bias_risks_limitations"] = {"limitations": as_text(about["limits"])}
    return found


def as_text(value: Any) -> str:
    """Return a text of a card, which may be a list of them, as paragraphs."""
    return "\n\n".join(str(v) for v in _several(value))


def _several(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", text.lower())
