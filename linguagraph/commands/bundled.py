"""What is bundled and what can be built: models and corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Out, Quiet, StanzaDir
from linguagraph.runs.console import sayer, tell

__all__ = ["data_ewt_srl", "download", "models"]


def models(context: typer.Context, as_json: Json = False) -> None:
    """List the bundled models: scores, data, licence, and how to rebuild them."""
    if context.invoked_subcommand is not None:
        return
    from linguagraph.runs.listing import list_models

    found = list_models()
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for entry in found:
        typer.echo(f"{entry['name']}  ({entry['fingerprint']}, {entry['megabytes']} MB)")
        for key in ("what", "scores", "masks", "data", "licence", "rebuild"):
            if key in entry:
                typer.echo(f"  {key:<8}{entry[key]}")


def download(
    language: Annotated[
        str, typer.Argument(metavar="LANG", help="Language code, such as en or de.")
    ],
    stanza_dir: StanzaDir = None,
    coreference: Annotated[
        bool, typer.Option("--coreference", help="Also the model for coreference, which is large.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Fetch Stanza's full models of a language; the one command that uses the network."""
    from linguagraph.documents.stanza_models import download as fetch

    say = sayer(quiet)
    say(f"fetching Stanza's models for {language}")
    folder = fetch(language, stanza_dir, coreference=coreference)
    say(f"models: {folder}; use them with --parser stanza:{language}")


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
