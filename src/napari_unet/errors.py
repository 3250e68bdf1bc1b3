"""The errors this package raises on purpose: each says what happened, to what, and what to do."""

import errno

from napari_unet.printable import printable


class UnetError(Exception):
    """Base of every error meant to be read by a person; the command line prints it as one line."""

    def __str__(self) -> str:
        # Names of files and texts in them are part of it, whatever characters they hold.
        return printable(super().__str__())


class ConfigError(UnetError):
    """A setting is unknown, of the wrong type or out of its bounds."""


class DataError(UnetError):
    """A file or folder cannot be used as images or masks."""


class DiskError(DataError):
    """A result cannot be written; ``final`` if others cannot be, either: the disk is full, say."""

    def __init__(self, text: str, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


class ModelError(UnetError):
    """A file is no model of this program, is damaged, or does not fit the image."""


class JobError(UnetError):
    """A job failed; also wraps whatever a library raised while it ran.

    napari's generator workers swallow every ``RuntimeError``, so what leaves a job is always
    a subclass of plain ``Exception``.
    """


class WeightsError(JobError):
    """Pretrained weights cannot be fetched; training can begin with random ones instead."""


def readable(error: BaseException) -> UnetError:
    """Turn whatever a library raised into an error that says what happened and what to do.

    Errors of this package pass unchanged. The original stays attached as ``__cause__`` when the
    result is raised ``from`` it.
    """
    if isinstance(error, UnetError):
        return error
    text = str(error).strip() or type(error).__name__
    if isinstance(error, MemoryError) or "out of memory" in text.lower():
        return JobError(
            "Out of memory. Use a smaller batch or working size, or close other programs."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        where = f" while writing {error.filename}" if error.filename else ""
        return JobError(f"The disk is full{where}. Free some space; earlier files are unharmed.")
    if isinstance(error, OSError):
        return JobError(text)
    first = text.splitlines()[0]
    return JobError(f"{type(error).__name__}: {first}")
