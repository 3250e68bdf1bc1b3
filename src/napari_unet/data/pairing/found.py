"""What has been paired so far, while the rules are tried one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_unet.data.cases import Unpaired
from napari_unet.data.pairing.matches import Match
from napari_unet.data.pairing.tree import File, Tree


class Found:
    """The pairs of a tree's files, and what was learnt on the way.

    Attributes
    ----------
    tree : Tree
        All files.
    pairs : dict of File to Match
        The pairs by their image.
    taken : set of File
        Every file that has a place in a pair.
    why : dict of str to str
        Why a file, by its relative path, takes no part; empty for a file that did its work, such as
        a table that was read.
    missing : list of Unpaired
        What tables name and is not there.
    notes : list of str
        What a person should know or check.
    facts : dict of File to dict
        What tables and files say of an image.
    sources : list of str
        Where the facts come from.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.pairs: dict[File, Match] = {}
        self.taken: set[File] = set()
        self.why: dict[str, str] = {}
        self.missing: list[Unpaired] = []
        self.notes: list[str] = []
        self.facts: dict[File, dict[str, str]] = {}
        self.sources: list[str] = []

    def add(self, image: File, masks: Sequence[File], reason: str, confidence: float) -> None:
        """Add a pair."""
        self.add_match(Match(image, tuple(masks), reason, confidence))

    def add_match(self, match: Match) -> None:
        """Add a pair that a rule for names found."""
        self.pairs[match.image] = match
        self.taken |= {match.image, *match.masks}

    def left(self) -> list[File]:
        """Return the files without a place in a pair or a reason to have none."""
        return [f for f in self.tree.files if f not in self.taken and f.rel not in self.why]

    def learn(self, image: File, facts: Mapping[str, str], source: str) -> None:
        """Keep what a table or a file says of an image; empty values say nothing."""
        self.facts.setdefault(image, {}).update({k: v for k, v in facts.items() if v})
        if source not in self.sources:
            self.sources.append(source)
