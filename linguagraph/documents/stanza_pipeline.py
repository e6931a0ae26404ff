"""Model files -> a loaded Stanza pipeline without a network, or which file is wrong and why."""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from linguagraph.errors import ConfigError, ParserError

__all__ = ["import_stanza", "load_pipeline", "quiet", "short"]

_BATCH = 600  # words per batch of the dependency parser on a CPU: less memory, and faster


def import_stanza() -> ModuleType:
    """The ``stanza`` package.

    Raises:
        ParserError: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import stanza
    except ImportError as error:
        raise ParserError(
            f"parsing raw text needs stanza ({error}); install it with "
            "pip install 'linguagraph[stanza]'"
        ) from error
    module: ModuleType = stanza
    return module


def load_pipeline(
    packages: Mapping[str, str],
    files: Mapping[str, Path],
    *,
    language: str,
    directory: Path | None = None,
    paths: Mapping[str, object] | None = None,
    device: str = "cpu",
) -> Any:
    """A ``stanza.Pipeline``, loaded with ``weights_only`` and without a network, and tried out.

    Args:
        packages: processor to Stanza's name for its model, in order.
        files: processor to its model file, to be named in errors.
        language: ISO code, as Stanza has it.
        directory: where Stanza's own layout begins; ``None`` where ``paths`` names every model.
        paths: further arguments of ``stanza.Pipeline``.
        device: ``cpu``, ``cuda`` or ``cuda:0`` ...

    Raises:
        ConfigError: the device is not there.
        ParserError: stanza is not installed; a model is damaged, or made by another version of
            Stanza or for another processor.
    """
    stanza = import_stanza()
    if device != "cpu" and not _cuda():
        raise ConfigError(f"device {device!r} is not available; use cpu")
    with quiet(), _offline(), tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "resources.json").write_text("{}", encoding="utf-8")
        common = {
            "lang": language,
            "dir": str(directory or scratch),
            "package": None,
            "download_method": None,
            "use_gpu": device != "cpu",
            "device": device,
            "verbose": False,
            "allow_unknown_language": True,
            **({"depparse_batch_size": _BATCH} if device == "cpu" else {}),
            **(paths or {}),
        }
        try:
            pipeline = stanza.Pipeline(processors=dict(packages), **common)
            pipeline("Try it. 1")
        except MemoryError:
            raise
        except Exception as error:
            raise _diagnosis(stanza, packages, files, common, error) from error
    return pipeline


@contextmanager
def quiet(threads: int | None = None) -> Iterator[None]:
    """Let Stanza run without log lines and warnings; torch's random state and threads come back."""
    import torch

    logger = logging.getLogger("stanza")
    disabled, before = logger.disabled, torch.get_num_threads()
    logger.disabled = True  # a level would not do: Stanza sets it anew
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = disabled
        if threads is not None:
            torch.set_num_threads(before)


def short(error: BaseException) -> str:
    """The error's kind and first line, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:200]


def _cuda() -> bool:
    import torch

    return torch.cuda.is_available()


@contextmanager
def _offline() -> Iterator[None]:
    """Forbid Hugging Face's libraries to fetch parts of a model, too."""
    import huggingface_hub.constants

    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    before = {name: os.environ.get(name) for name in names}
    flag = huggingface_hub.constants.HF_HUB_OFFLINE
    os.environ.update(dict.fromkeys(names, "1"))
    huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        huggingface_hub.constants.HF_HUB_OFFLINE = flag
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _diagnosis(
    stanza: ModuleType,
    packages: Mapping[str, str],
    files: Mapping[str, Path],
    common: Mapping[str, Any],
    error: Exception,
) -> ParserError:
    """What to say of a pipeline that does not load: each model is loaded alone to find the bad.

    The mwt model comes first, since Stanza loads it with a tokeniser unasked.
    """
    version = stanza.__version__
    for name in sorted(files, key=lambda name: name != "mwt"):
        others = tuple(f"{other}_" for other in packages if other != name)
        alone = {key: value for key, value in common.items() if not key.startswith(others)}
        alone[f"{name}_check_requirements"] = False
        try:
            stanza.Pipeline(processors={name: packages[name]}, **alone)
        except Exception as found:
            return _verdict(version, name, files[name], found)
    return ParserError(
        f"Stanza {version} loads {', '.join(map(str, files.values()))} but cannot parse with them "
        f"({short(error)}): they do not belong together, or were made by another version"
    )


def _verdict(version: str, name: str, path: Path, error: Exception) -> ParserError:
    import torch

    if isinstance(error, FileNotFoundError):
        return ParserError(f"the {name} model {path} needs a file that is missing ({short(error)})")
    other = (
        f"{path} is no {name} model for Stanza {version} ({short(error)}): another version of "
        "Stanza made it, or it is for another processor; fetch or train it again, or install the "
        "version of Stanza that made it"
    )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as found:
        if "Unsupported global" in str(found) or "Unsupported class" in str(found):
            return ParserError(other)
        return ParserError(f"{path} is damaged or no model file; restore it")
    except Exception:
        return ParserError(f"{path} is damaged or no model file; restore it")
    if not isinstance(content, dict) or not {"config", "vocab"} <= content.keys():
        return ParserError(f"{path} is not a Stanza model; expected a {name} model")
    return ParserError(other)
