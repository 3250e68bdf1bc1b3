"""The page: what a report holds, filled into its templates."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from napari_unet import drawing
from napari_unet.events import CaseScore, Compared, EvaluateFinished
from napari_unet.report.html.compared import compared
from napari_unet.report.html.drawn import Drawn
from napari_unet.report.html.evaluated import evaluated
from napari_unet.report.html.measures import MEASURES, class_names, present
from napari_unet.report.html.tables import MOST_ROWS
from napari_unet.workspace import atomic

TEMPLATES = Path(__file__).parent / "templates"
COLOURS = ("HIT", "EXTRA", "MISSED", "CONFUSED")


def write_html(
    path: str | Path,
    finished: EvaluateFinished | Compared,
    folder: str = "",
    drawn: Sequence[Drawn] = (),
    notes: Sequence[str] = (),
) -> int:
    """Write a report as one file that loads nothing; return its size in bytes.

    ``path`` is replaced only when all is written.

    Parameters
    ----------
    finished
        Scores of a model, or of several models and readers. What the models' files say of them is
        read.
    folder
        Where the cases lie; only its name is told.
    drawn
        Pictures of some cases.
    notes
        Sentences about what the report lacks.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    if isinstance(finished, Compared):
        name, context = "compared.html", compared(finished, folder)
        scores: Sequence[CaseScore] = [s for column in finished.scores for s in column]
    else:
        name, context = "evaluated.html", evaluated(finished, folder)
        scores = finished.scores
    context |= _shared(scores) | {
        "drawn": drawn,
        "notes": [context["clean"](text) for text in notes],
    }
    stream = _environment().get_template(name).stream(context)
    stream.enable_buffering(200)
    # A name may hold what is no character: file systems allow any bytes.
    with (
        atomic(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
    ):
        file.writelines(stream)
    return Path(path).stat().st_size


def _shared(scores: Sequence[CaseScore]) -> dict[str, Any]:
    names = class_names(scores)
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = b64encode(sha256(script.encode()).digest()).decode("ascii")
    return {
        "colours": {name: _css(getattr(drawing, name)) for name in COLOURS},
        "classes": [_css(colour) for colour in drawing.CLASSES],
        "legend": _legend(names),
        "script": script,
        "digest": digest,
        "measures": [m for m in MEASURES if any(m.key == p.key for p in present(scores))],
        "several": bool(names),
        "rows_shown": MOST_ROWS if len(scores) > MOST_ROWS else 0,
    }


def _css(colour: drawing.Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _legend(classes: Sequence[str]) -> list[tuple[str, str]]:
    """Return what the colours in pictures mean: those of errors, and of classes."""
    errors = [
        ("hit", "found (true positive)"),
        ("extra", "false positive"),
        ("missed", "missed (false negative)"),
    ]
    if not classes:
        return errors
    colours = len(drawing.CLASSES)
    own = [(f"class{i % colours}", name) for i, name in enumerate(classes)]
    return [*errors, ("confused", "wrong class"), *own]


def _environment() -> Environment:
    loader = FileSystemLoader(TEMPLATES)
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
