"""The errors this package raises on purpose: each says what happened, to what, and what to do."""


class UnetError(Exception):
    """Base of every error meant to be read by a person; the command line prints it as one line."""


class ConfigError(UnetError):
    """A setting is unknown, of the wrong type or out of its bounds."""


class DataError(UnetError):
    """A file or folder cannot be used as images or masks."""


class ModelError(UnetError):
    """A file is no model of this program, is damaged, or does not fit the image."""


class JobError(UnetError):
    """A job failed; also wraps whatever a library raised while it ran.

    napari's generator workers swallow every ``RuntimeError``, so what leaves a job is always
    a subclass of plain ``Exception``.
    """
