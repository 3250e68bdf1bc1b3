"""Data sets known by name, with what a person wants to know before downloading.

Addresses, sizes and checksums of the files are those that figshare publishes; they are asked for
anew when a data set is fetched, and what is written here serves if that fails.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_unet.events import RemoteFile

_FILES = "https://ndownloader.figshare.com/files"


@dataclass(frozen=True)
class Entry:
    """A data set that is known by name.

    Attributes
    ----------
    name, title, holds : str
        What to type, what it is called, and what is in it.
    licence, page : str
        On which terms, and where that is said.
    files : tuple of RemoteFile
        May be empty: the page then has a link to the file.
    article : int
        Number of an article on figshare, which knows the newest files; 0 for none.
    approximate : int
        Size in bytes where the files do not say.
    """

    name: str
    title: str
    holds: str
    licence: str
    page: str
    files: tuple[RemoteFile, ...] = ()
    article: int = 0
    approximate: int = 0

    @property
    def size(self) -> int:
        """Bytes to download, 0 if unknown."""
        return sum(f.size for f in self.files) or self.approximate


_ENTRIES = (
    Entry(
        "brain-tumor",
        "Brain tumor dataset (J. Cheng)",
        "3064 T1-weighted contrast-enhanced MRI slices of 233 people with meningioma, glioma or "
        "pituitary tumour, and masks of the tumours; MATLAB files",
        "CC BY 4.0",
        "https://doi.org/10.6084/m9.figshare.1512427",
        (
            RemoteFile(
                "brainTumorDataPublic_1-766.zip",
                f"{_FILES}/3381290",
                214_401_279,
                "74b949ad33f042e6e103523091cd1428",
            ),
            RemoteFile(
                "brainTumorDataPublic_767-1532.zip",
                f"{_FILES}/3381296",
                217_848_429,
                "7e8a875500d2c8a346f270538e29890e",
            ),
            RemoteFile(
                "brainTumorDataPublic_1533-2298.zip",
                f"{_FILES}/3381293",
                215_563_856,
                "8227bf6080cb71f15a88be8d25c79ae7",
            ),
            RemoteFile(
                "brainTumorDataPublic_2299-3064.zip",
                f"{_FILES}/3381302",
                231_679_762,
                "b378a80d6174e5317d59eb28430c6652",
            ),
            RemoteFile("cvind.mat", f"{_FILES}/7005344", 5_736, "5ea82eb3212c9fcb84290ccf0beb486d"),
        ),
        article=1512427,
    ),
    Entry(
        "pratheepan",
        "Pratheepan skin dataset (W. R. Tan, C. S. Chan, Y. Pratheepan, J. Condell)",
        "78 photographs of people with masks of their skin: 32 of one face, 46 of families",
        "for non-commercial use; cite Tan et al., IEEE T-II 8(1), 2012",
        "http://cs-chan.com/downloads_skin_dataset.html",
    ),
)


def catalog() -> tuple[Entry, ...]:
    """Return every data set that is known by name."""
    return _ENTRIES


def find(name: str) -> Entry | None:
    """Return the entry of a name, however it is written in upper or lower case."""
    return next((e for e in _ENTRIES if e.name == name.strip().casefold()), None)
