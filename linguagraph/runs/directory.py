"""A directory -> a run: its manifest, its stages and their shards, resumable and safe to share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from linguagraph.errors import RunError
from linguagraph.files import write_json
from linguagraph.runs.measure import measured

__all__ = ["FINISHED", "Run", "Stage"]

STAGES = ("parse", "graph", "mask", "tabulate", "faithfulness", "analyse")
ASIDE = ("faithfulness",)
"""Stages that a run may do without; the report, which is written anew each time, outlives them."""
GUARDED = ("parse", "mask")
FORMAT = 1
FINISHED = "finished.jsonl"
"""Whole documents, as they are parsed; an interrupted run takes them from here."""
OUTPUTS = {
    "tabulate": (
        *("edges.parquet", "paths.parquet", "roles.parquet", "scores.parquet"),
        *("token_masks.parquet", "top_paths.parquet"),
    ),
    "faithfulness": ("fidelity.parquet",),
    "analyse": ("report.html", "summary.json"),
}
"""What stages leave outside their folders; removed when an earlier stage is done anew."""


class Stage:
    """One stage of a run: a folder of shards and ``stage.json`` with what they were made from."""

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder, self.record = folder, record

    @property
    def done(self) -> bool:
        """Whether the stage has finished."""
        return bool(self.record.get("done"))

    @property
    def info(self) -> dict[str, Any]:
        """Numbers that the stage leaves for later ones."""
        info: dict[str, Any] = self.record.setdefault("info", {})
        return info

    def shard(self, number: int, suffix: str) -> Path:
        """Path of a shard's file."""
        return self.folder / f"shard-{number:05d}{suffix}"

    def shards(self, suffix: str) -> list[Path]:
        """Existing files of shards, in order."""
        return sorted(self.folder.glob(f"shard-*{suffix}"))

    def save(self) -> None:
        """Write ``stage.json``."""
        write_json(self.folder / "stage.json", self.record)


class Run:
    """A run directory.

    Args:
        path: the directory; made by :meth:`create`.
        notify: told in one sentence when stages are done anew.
        overwrite: whether a finished ``parse`` or ``mask`` stage that was made from other inputs
            or options may be thrown away.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        notify: Callable[[str], None] = lambda message: None,
        overwrite: bool = True,
    ) -> None:
        self.path, self.notify, self.overwrite = Path(path), notify, overwrite

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        resume: bool,
        notify: Callable[[str], None] = lambda message: None,
        overwrite: bool = True,
        resumable: bool = True,
    ) -> Run:
        """Make a run directory, or go on with one.

        A run of which no stage has finished holds nothing to lose and may be begun again.

        Args:
            path, notify, overwrite: of the run.
            resume: whether the directory may hold a run.
            resumable: whether whoever asks can also go on with a run, or only replace it; for
                messages.

        Raises:
            RunError: the directory holds a run and ``resume`` is false, or it is not empty and
                holds something else.
        """
        run = cls(path, notify=notify, overwrite=overwrite)
        if run.path.exists() and not run.path.is_dir():
            raise RunError(f"{path} is a file; give a directory for the run")
        if (run.path / "manifest.json").is_file():
            if run.manifest.get("stages") and not resume:
                raise RunError(f"{path} already holds a run; {_remedy(resumable)}")
            if (run.path / "parse" / FINISHED).is_file() and not resume:
                raise RunError(f"{path} holds a run that was interrupted; {_remedy(resumable)}")
        elif run.path.is_dir() and any(p.name != ".lock" for p in run.path.iterdir()):
            raise RunError(f"{path} is not empty and holds no run; choose another directory")
        else:
            run.path.mkdir(parents=True, exist_ok=True)
            run.update(format=FORMAT, stages={})
        return run

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        notify: Callable[[str], None] = lambda message: None,
        overwrite: bool = True,
    ) -> Run:
        """A run that exists.

        Raises:
            RunError: there is none.
        """
        run = cls(path, notify=notify, overwrite=overwrite)
        if not (run.path / "manifest.json").is_file():
            raise RunError(f"{path} holds no run; begin one with 'linguagraph parse CORPUS -o DIR'")
        return run

    @property
    def manifest(self) -> dict[str, Any]:
        """Content of ``manifest.json``.

        Raises:
            RunError: it is damaged or of another version.
        """
        path = self.path / "manifest.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {error}") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise RunError(f"{path} is not the manifest of a run of format {FORMAT}")
        return found

    def update(self, **values: Any) -> None:
        """Set keys of the manifest."""
        path = self.path / "manifest.json"
        known = self.manifest if path.is_file() else {}
        write_json(path, {**known, **values})

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out of this run while the block runs.

        Raises:
            RunError: another process is at work here.
        """
        try:
            import fcntl
        except ImportError:  # a system without POSIX locks
            yield
            return
        with open(self.path / ".lock", "w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunError(f"another process is at work in {self.path}; wait for it") from error
            yield

    @contextmanager
    def stage(self, name: str, key: dict[str, Any]) -> Iterator[Stage]:
        """Work on a stage.

        If the folder was made from another ``key`` it is emptied first, and later stages with it.
        Time adds up over attempts that were interrupted; what they finished is kept. Counts that
        a stage leaves in ``info["dropped"]`` go into the manifest when it has finished.

        Raises:
            RunError: the stage was finished with another key and may not be overwritten.
        """
        folder = self.path / name
        key = json.loads(json.dumps(key))
        record: dict[str, Any] = {"key": key, "seconds": 0.0, "peak_memory_mb": None}
        before = self._record(name)
        if before is not None and before.get("key") == key:
            record = before
        else:
            if before is not None and before.get("done") and name in GUARDED and not self.overwrite:
                raise RunError(
                    f"{self.path} was made with {_changes(before.get('key', {}), key)}; choose "
                    "another directory, or add --overwrite (in Python overwrite=True) to make it "
                    "anew"
                )
            self._clear(name)
        folder.mkdir(parents=True, exist_ok=True)
        stage = Stage(folder, record)
        if stage.done:
            yield stage
            return
        earlier = float(record["seconds"])
        stage.save()
        try:
            with measured() as usage:
                yield stage
            record["done"] = True
        finally:
            record["seconds"] = round(earlier + usage.seconds, 2)
            record["peak_memory_mb"] = usage.peak_memory_mb
            stage.save()
        self._describe_stages()

    def restart(self) -> None:
        """Throw everything away that was made here, to begin anew with anything."""
        self._clear("parse")
        (self.path / "manifest.json").unlink(missing_ok=True)
        self.update(format=FORMAT, stages={})

    def finished(self, name: str) -> Stage:
        """A stage that has finished.

        Raises:
            RunError: it has not.
        """
        record = self._record(name)
        if record is None or not record.get("done"):
            raise RunError(f"{self.path} has no finished stage {name!r}; run 'linguagraph {name}'")
        return Stage(self.path / name, record)

    def _record(self, name: str) -> dict[str, Any] | None:
        path = self.path / name / "stage.json"
        if not path.is_file():
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _clear(self, name: str) -> None:
        later = (name,) if name in ASIDE else STAGES[STAGES.index(name) :]
        begun = [s for s in later if (self.path / s).exists()]
        if not begun:
            return
        self.notify(f"inputs or options have changed: doing {', '.join(begun)} again")
        for stage in begun:
            shutil.rmtree(self.path / stage, ignore_errors=True)
            for output in OUTPUTS.get(stage, ()) if stage != name else ():
                (self.path / output).unlink(missing_ok=True)
        if name == "parse":
            for other in ("graphs", "predicted"):
                shutil.rmtree(self.path / other, ignore_errors=True)
        if "analyse" in begun:
            for shown in ("tables", "figures"):
                shutil.rmtree(self.path / shown, ignore_errors=True)
        self._describe_stages()

    def _describe_stages(self) -> None:
        """Write time, memory and dropped counts of the finished stages into the manifest."""
        records = {name: self._record(name) or {} for name in STAGES}
        done = {name: record for name, record in records.items() if record.get("done")}
        dropped: dict[str, int] = {}
        for record in done.values():
            dropped |= record.get("info", {}).get("dropped", {})
        stages = {
            name: {key: record[key] for key in ("seconds", "peak_memory_mb")}
            for name, record in done.items()
        }
        self.update(stages=stages, dropped=dropped)


def _remedy(resumable: bool) -> str:
    """What to do about a run that is in the way."""
    if not resumable:
        return "add --overwrite to replace it (in Python overwrite=True), or choose another"
    return (
        "add --resume to go on with it or --overwrite to replace it (in Python resume=True or "
        "overwrite=True), or choose another"
    )


def _changes(before: dict[str, Any], now: dict[str, Any]) -> str:
    """The first level of differences between two keys, in words."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    plain = (str, int, float, bool, type(None))
    parts = [
        f"{name}={before.get(name)!r} (now {now.get(name)!r})"
        if isinstance(before.get(name), plain) and isinstance(now.get(name), plain)
        else f"another {name}"
        for name in names
    ]
    return ", ".join(parts)


def free_threads(threads: int | None, *, neighbours: int = 1) -> int:
    """Number of threads to use: as asked, else the processors that this process may use.

    Processors are divided among the ``neighbours`` that train together on this machine.

    Raises:
        RunError: fewer than one.
    """
    if threads is not None and threads < 1:
        raise RunError(f"threads={threads}; expected at least 1")
    if threads is not None:
        return threads
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)) // neighbours)
    return max(1, (os.cpu_count() or 1) // neighbours)
