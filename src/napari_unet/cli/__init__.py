"""The command line ``napari-unet``.

Results go to standard output, progress and warnings to standard error. Exit status: 0 done,
2 wrong usage, 1 failed with one line that says why, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence

from napari_unet import __version__
from napari_unet.cli import corrections, data, improving, models, runs, scores, segmenting, training
from napari_unet.cli.arguments import found
from napari_unet.environment import prepare
from napari_unet.errors import readable


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    prepare()
    try:
        args = found(build_parser().parse_args(argv))
        args.run(args)
    except KeyboardInterrupt:
        print("napari-unet: stopped; what was reported as saved is kept.", file=sys.stderr)
        _leave_threads(130)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, as with `| head`
        return 1
    except Exception as error:
        print(f"napari-unet: {readable(error)}", file=sys.stderr)
        return 1
    return 0


def _leave_threads(status: int) -> None:
    """End the process at once if a step that was abandoned is still being computed.

    All is saved by now, and Python would wait for the step, which can take a minute.
    """
    if any(t.name.startswith(("lane", "aside")) for t in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="napari-unet", description="Train U-Nets, segment images, and score the result."
    )
    parser.add_argument("--version", action="version", version=f"napari-unet {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for room in (data, corrections, training, models, scores, improving, segmenting, runs):
        room.add_commands(commands)
    return parser
