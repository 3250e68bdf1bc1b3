"""Commands about models: models, demo."""

from __future__ import annotations

import argparse
from typing import Any

from napari_unet.cli.arguments import command, positive, print_json
from napari_unet.schema import to_json


def models_show(args: argparse.Namespace) -> None:
    """Describe a model file."""
    from napari_unet.card import read_card
    from napari_unet.unet.summary import describe_model

    card = read_card(args.model)
    if args.json:
        print_json(to_json(card))
    else:
        print(describe_model(card))


def demo(args: argparse.Namespace) -> None:
    """Show the program on sample data: in napari, or headless where there is no display."""
    from napari_unet.demo import run

    run(args.out, headless=args.headless, minutes=args.minutes)


def add_commands(commands: Any) -> None:
    """Add the commands about models."""
    models = commands.add_parser("models", help="about model files")
    p = command(models.add_subparsers(metavar="COMMAND", required=True), "show", models_show)
    p.add_argument("model", metavar="M")

    p = command(commands, "demo", demo, as_json=False)
    p.add_argument("--out", default="napari-unet-demo", metavar="DIR", help="where results go")
    p.add_argument("--headless", action="store_true", help="do not open napari")
    p.add_argument("--minutes", type=positive(float), default=1.0, help="time to train, headless")
