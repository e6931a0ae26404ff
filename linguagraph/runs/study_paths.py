"""Sentences and a text classifier -> a table of their gradient paths, kept on disk as they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.documents.labelled import LabelledText
from linguagraph.errors import RunError
from linguagraph.masks.semiring_text import PARTS, TextPath, text_path
from linguagraph.models.text_classifier import TextClassifier
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["FollowedPaths", "follow_paths", "keys_at"]


@dataclass(frozen=True)
class FollowedPaths:
    """Two tables of the paths of some sentences.

    Attributes:
        sentences: a row per sentence: ``sentence``, ``label``, ``margin``, ``word``, ``column``,
            ``best``, ``total``, ``value``, ``sign``, ``share``, ``entropy``, ``words`` (how many),
            ``correct``.
        layers: a row per sentence and layer (from 1): ``sentence``, ``layer``, ``part``, ``piece``,
            ``feed_forward`` and ``weight_PART``.
    """

    sentences: pd.DataFrame
    layers: pd.DataFrame


def follow_paths(
    model: TextClassifier,
    examples: Sequence[LabelledText],
    path: Path,
    *,
    model_print: str,
    starts: Sequence[int] | None = None,
    title: str = "gradient paths",
    progress: Progress = no_progress,
) -> FollowedPaths:
    """Follow the paths of every sentence from its label, one line of JSON each.

    What ``path`` already holds is not done again; an unfinished last line is.

    Args:
        model: in evaluation mode, with two labels.
        examples: sentences and the labels that are explained.
        path: file of lines; made if missing.
        model_print: fingerprint of the model's weights, noted in every line.
        starts: by sentence, the word that paths are to end in; ``None``: all paths.
        title: of the progress bar.

    Raises:
        RunError: the file holds other sentences, or the paths of other weights.
    """
    ends: Sequence[int | None] = [None] * len(examples) if starts is None else starts
    keys: list[dict[str, Any]] = [
        {"model": model_print, "sentence": list(e.words), "label": e.label, "start": start}
        for e, start in zip(examples, ends, strict=True)
    ]
    lines = _finished(path, keys)
    tick = progress(title, len(examples))
    tick(len(lines))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as stream:
        for key in keys[len(lines) :]:
            found = text_path(model, key["sentence"], label=key["label"], start=key["start"])
            line = {**key, **asdict(found)}
            stream.write(json.dumps(line, allow_nan=False) + "\n")
            stream.flush()
            lines.append(line)
            tick(1)
    tick.close()
    return _tables(lines)


def keys_at(layers: pd.DataFrame, columns: Sequence[int]) -> list[bool]:
    """Whether each sentence's top path leads, in any layer, through the key of a given piece.

    Args:
        layers: of :class:`FollowedPaths`.
        columns: column of the piece, by sentence.
    """
    keys = layers[layers["part"] == "key"]
    met = {(int(s), int(p)) for s, p in zip(keys["sentence"], keys["piece"], strict=True)}
    return [(sentence, column) in met for sentence, column in enumerate(columns)]


def _finished(path: Path, keys: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines that are whole; an unfinished one at the end is cut off the file."""
    if not path.is_file():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with open(path, "r+b") as stream:
            stream.truncate(len(whole))
    lines: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
    held = [{name: line.get(name) for name in keys[0]} for line in lines] if keys else []
    if held != list(keys[: len(held)]):
        raise RunError(
            f"{path} holds the paths of other sentences or of another model; choose another "
            "directory, or remove the file"
        )
    return lines


def _tables(lines: Sequence[dict[str, Any]]) -> FollowedPaths:
    names = [n for n in TextPath.__dataclass_fields__ if n != "layers"]
    sentences = pd.DataFrame(
        [
            {
                "sentence": number,
                "label": line["label"],
                "words": len(line["sentence"]),
                **{name: line[name] for name in names},
                "correct": line["margin"] > 0,
            }
            for number, line in enumerate(lines)
        ]
    )
    layers = pd.DataFrame(
        [
            {
                "sentence": number,
                "layer": place,
                "part": layer["part"],
                "piece": layer["piece"],
                "feed_forward": layer["feed_forward"],
                **{f"weight_{p}": w for p, w in zip(PARTS, layer["weights"], strict=True)},
            }
            for number, line in enumerate(lines)
            for place, layer in enumerate(line["layers"], start=1)
        ]
    )
    return FollowedPaths(sentences, layers)
