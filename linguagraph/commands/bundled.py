"""What is bundled and what can be built: models and corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Out, Quiet
from linguagraph.runs.console import tell

__all__ = ["models", "data_ewt_srl"]


def models(as_json: Json = False) -> None:
    """List the bundled models: scores, data, licence, and how to rebuild them."""
    from linguagraph.runs.listing import list_models

    found = list_models()
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for entry in found:
        typer.echo(f"{entry['name']}  ({entry['fingerprint']}, {entry['megabytes']} MB)")
        for key in ("what", "scores", "masks", "data", "licence", "rebuild"):
            typer.echo(f"  {key:<8}{entry[key]}")


def data_ewt_srl(
    ud: Annotated[Path, typer.Option(help="UD_English-EWT: directory with the CoNLL-U files.")],
    propbank: Annotated[
        Path, typer.Option(help="PropBank release: directory or tar with the EWT stand-off files.")
    ],
    out: Out,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Join UD_English-EWT with the PropBank release into CoNLL-2009."""
    from dataclasses import asdict

    from linguagraph.documents import convert_ewt_srl

    tell(asdict(convert_ewt_srl(ud, propbank, out)), as_json=as_json, quiet=quiet)
