"""Which mask belongs to which image, in any folder, with the reason for every pair.

The rules are tried from the surest to the weakest; each takes what the ones before it left. Keys
are compared whole, never by their beginning: ``1`` is not ``10``. Every step goes once through the
files and looks up keys in a dictionary, so the time grows linearly with the number of files. Pixels
are looked at only where nothing else can tell two folders apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_unet.data.cases import Unpaired
from napari_unet.data.formats import stem_of
from napari_unet.data.pairing import matching
from napari_unet.data.pairing.containers import add_containers, learn_from_headers
from napari_unet.data.pairing.found import Found
from napari_unet.data.pairing.listed import add_listed, join_facts, read_given, read_tables
from napari_unet.data.pairing.names import natural, normal, without_word
from napari_unet.data.pairing.pairs import Pair
from napari_unet.data.pairing.tree import scan
from napari_unet.data.pairing.unpaired import unpaired


@dataclass(frozen=True)
class Pairing:
    """What was found in a folder.

    Attributes
    ----------
    pairs : tuple of Pair
        Images with their masks, in the order of their names.
    unpaired : tuple of Unpaired
        Every other file and why it takes no part.
    rule : str
        The reasons, the most frequent first, as a summary.
    notes : tuple of str
        What a person should know or check.
    facts : mapping of Path to mapping
        What tables and MATLAB files say of an image: column or field name to value.
    facts_from : str
        Where the facts come from, in words.
    """

    pairs: tuple[Pair, ...]
    unpaired: tuple[Unpaired, ...] = ()
    rule: str = ""
    notes: tuple[str, ...] = ()
    facts: Mapping[Path, Mapping[str, str]] = field(default_factory=dict)
    facts_from: str = ""


def find_pairs(
    root: str | Path, table: str | Path = "", without: str | Path | None = None
) -> Pairing:
    """Pair the images and masks of a folder and everything below it.

    Parameters
    ----------
    root : str or Path
        The folder.
    table : str or Path
        A table of pairs (see `pairs_table`) that alone decides; without it, all rules are tried.
    without : str or Path or None
        A folder below the root that is not looked at, such as that of results.

    Raises
    ------
    DataError
        If the folder is missing or may not be read, or the table names no pairs. A folder without
        pairs is no error here.
    """
    found = Found(scan(Path(root), Path(without) if without is not None else None))
    if table:
        listed = read_given(found, Path(table).expanduser().absolute())
        add_listed(found, listed)
    else:
        add_containers(found)
        listed = read_tables(found)
        add_listed(found, listed)
        _add_matches(found)
    learn_from_headers(found)
    join_facts(found, listed)
    return result(found)


def _add_matches(found: Found) -> None:
    """Pair by names what is left; guesses are made only where nothing else was found."""
    matches = matching.match(found.left(), guess=not found.pairs)
    found.notes += matches.notes
    found.why |= {file.rel: why for file, why in matches.spare.items()}
    for match in matches.pairs:
        found.add_match(match)


def result(found: Found) -> Pairing:
    """Put together what was found."""
    matches = sorted(found.pairs.values(), key=lambda m: natural(m.image.rel))
    pairs = (
        Pair(m.image.path, tuple(mask.path for mask in m.masks), m.reason, m.confidence)
        for m in matches
    )
    return Pairing(
        tuple(pairs),
        tuple(unpaired(found)),
        summary(m.reason for m in matches),
        tuple(found.notes),
        {f.path: facts for f, facts in found.facts.items()},
        " and ".join(found.sources),
    )


def summary(reasons: Iterable[str]) -> str:
    """Return different reasons, the most frequent first."""
    return "; ".join(reason for reason, _ in Counter(reasons).most_common())


def mask_key(path: str | Path) -> str:
    """Return what masks of the same case share, given the path below their folder.

    That is the path without its suffix and without an affix such as ``_mask``.
    """
    path = Path(path)
    stem = normal(stem_of(path))
    bare = without_word(stem, "mask")
    return path.with_name(bare[0] if bare and bare[0] else stem).as_posix()
