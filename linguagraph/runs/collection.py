"""A directory -> a corpus in shards: the plan, what is done, what failed, and who holds what.

``collection.json`` has the recipe, the plan and the keys. Every shard is an ordinary run: it grows
in ``work/NNNNN`` and is renamed to ``shards/NNNNN`` when it is whole, with ``shard.json`` (its key,
times and counts). What went wrong with a shard is in ``failed/NNNNN.json``.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linguagraph import __version__
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.runs.planned import PlannedShard

if TYPE_CHECKING:
    from linguagraph.runs.recipe import Recipe

__all__ = ["PLAN", "SHARDS", "STAGES", "Collection", "is_collection", "read_json"]

PLAN, SHARDS, RECORD = "collection.json", "shards", "shard.json"
STAGES = ("parse", "graph", "mask", "tabulate")
FORMAT = 1
PATIENCE = 60.0
"""Seconds to wait for a process that plans."""


def is_collection(path: str | Path) -> bool:
    """Whether a directory holds a corpus in shards."""
    return (Path(path) / PLAN).is_file()


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, ``None`` where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


class Collection:
    """A corpus in shards.

    Args:
        path: the directory; :meth:`begin` makes it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self._plan: dict[str, Any] | None = None

    @property
    def plan(self) -> dict[str, Any]:
        """Content of ``collection.json``, as it was when it was first asked for.

        Raises:
            RunError: it is not there, is damaged or of another version.
        """
        if self._plan is None:
            found = read_json(self.path / PLAN)
            if not self.path.is_dir():
                raise RunError(f"{self.path}: no such folder; check the path")
            if found is None or found.get("format") != FORMAT:
                raise RunError(
                    f"{self.path / PLAN} is not the plan of a corpus in shards of format {FORMAT}; "
                    "begin one with 'linguagraph run RECIPE -o DIR'"
                )
            self._plan = found
        return self._plan

    @property
    def recipe(self) -> Recipe:
        """What is done with which corpus."""
        from linguagraph.runs.recipe import Recipe  # torch comes with it; reports need none

        return Recipe.from_json(self.plan["recipe"])

    @property
    def shards(self) -> list[PlannedShard]:
        """All shards of the plan."""
        return [PlannedShard.from_json(shard) for shard in self.plan["shards"]]

    @contextmanager
    def begin(
        self, recipe: Recipe, shards: list[PlannedShard], keys: dict[str, Any], *, until: str
    ) -> Iterator[None]:
        """Hold the directory while the block runs; others may join with the same recipe.

        Args:
            recipe, shards: the plan.
            keys: fingerprints of models and options by stage (``parse``, ``mask``).
            until: last stage.

        Raises:
            RunError: the directory holds something else, or another process is at work there with
                another plan.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file; give a directory")
        holds = self.path.is_dir() and any(p.name != ".lock" for p in self.path.iterdir())
        if holds and not is_collection(self.path):
            raise RunError(
                f"{self.path} is not empty and holds no corpus in shards; choose another directory"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        plan = {
            "format": FORMAT,
            "linguagraph": __version__,
            "recipe": recipe.to_json(),
            "keys": keys,
            "until": until,
            "shards": [shard.to_json() for shard in shards],
        }
        plan = json.loads(json.dumps(plan))
        with open(self.path / ".lock", "a") as handle:
            alone = _lock(handle, exclusive=True)
            if alone:
                write_json(self.path / PLAN, plan)
                self._plan = plan
                self._arrange()
            if not _lock(handle, exclusive=False, wait=PATIENCE):
                raise RunError(
                    f"another process plans or analyses {self.path}; wait for it, and try again"
                )
            if not alone:
                self._plan = None
                if self.plan != plan:
                    raise RunError(
                        f"another process is at work in {self.path} with another recipe, corpus or "
                        "model; wait for it"
                    )
            yield

    def _arrange(self) -> None:
        """Give finished shards the numbers of the new plan, and remove those it has not."""
        home = self.path / SHARDS
        self._recover()
        have: dict[str, list[int]] = {}
        for number, record in self._records():
            have.setdefault(record.get("key", {}).get("input", ""), []).append(number)
        moves: dict[int, int] = {}
        for shard in self.shards:
            numbers = have.get(shard.fingerprint)
            if numbers:
                wanted = shard.number if shard.number in numbers else numbers[0]
                numbers.remove(wanted)
                moves[wanted] = shard.number
        planned = len(self.shards)
        aside: list[tuple[Path, int]] = []
        for number, _ in self._records():
            target = moves.get(number)
            if target == number or (target is None and number < planned):
                continue
            old = self.shard_path(number)
            if target is None:
                shutil.rmtree(old)
            else:
                moved = home / f".moving-{number:05d}"
                old.rename(moved)
                aside.append((moved, target))
        for moved, target in aside:
            if self.shard_path(target).exists():
                shutil.rmtree(self.shard_path(target))
            moved.rename(self.shard_path(target))
        for folder in (self.path / "failed", self.path / "work"):
            for path in folder.glob("[0-9]*"):
                if int(path.name[:5]) >= planned:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _recover(self) -> None:
        """Put back what a process left that died while it renamed shards."""
        home = self.path / SHARDS
        for left in sorted(home.glob(".moving-*")):
            number = next(n for n in itertools.count() if not self.shard_path(n).exists())
            left.rename(self.shard_path(number))  # wherever: its key says what it is
        for left in sorted(home.glob(".old-*")):
            target = home / left.name.removeprefix(".old-")
            if target.exists():
                shutil.rmtree(left)
            else:
                left.rename(target)

    def _records(self) -> list[tuple[int, dict[str, Any]]]:
        found = []
        for path in sorted((self.path / SHARDS).glob(f"[0-9]*/{RECORD}")):
            record = read_json(path)
            if record is not None:
                found.append((int(path.parent.name), record))
        return found

    def shard_path(self, number: int) -> Path:
        """The run of a finished shard."""
        return self.path / SHARDS / f"{number:05d}"

    def work_path(self, number: int) -> Path:
        """Where an unfinished shard grows."""
        return self.path / "work" / f"{number:05d}"

    def failed_path(self, number: int) -> Path:
        """What went wrong with a shard."""
        return self.path / "failed" / f"{number:05d}.json"

    def key(self, shard: PlannedShard) -> dict[str, Any]:
        """What a finished shard was made from: its input, and models and options by stage."""
        return {"input": shard.fingerprint, **self.plan["keys"]}

    def record(self, shard: PlannedShard) -> dict[str, Any] | None:
        """``shard.json`` of a shard, if it is finished."""
        return read_json(self.shard_path(shard.number) / RECORD)

    def failure(self, shard: PlannedShard) -> dict[str, Any] | None:
        """What went wrong with a shard, if it was tried with this input, models and options."""
        found = read_json(self.failed_path(shard.number))
        return found if found is not None and found.get("key") == self.key(shard) else None

    def done(self, shard: PlannedShard, until: str = "tabulate") -> bool:
        """Whether a shard is finished up to a stage, from this input, these models and options."""
        record = self.record(shard)
        if record is None or STAGES.index(record["until"]) < STAGES.index(until):
            return False
        names = ("input", "parse") if until in STAGES[:2] else ("input", "parse", "mask")
        key = self.key(shard)
        return all(record["key"].get(name) == key.get(name) for name in names)

    @contextmanager
    def hold(self, shard: PlannedShard, *, wait: float = 0.0) -> Iterator[bool]:
        """Keep others out of a shard; yields whether that was possible within ``wait`` seconds."""
        path = self.path / "work" / f"{shard.number:05d}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a") as handle:
            yield _lock(handle, exclusive=True, wait=wait)

    def held(self, shard: PlannedShard) -> bool:
        """Whether a process is at work on a shard."""
        path = self.path / "work" / f"{shard.number:05d}.lock"
        if not path.is_file():
            return False
        with open(path, "a") as handle:
            return not _lock(handle, exclusive=True)

    def take(self, shard: PlannedShard) -> Path:
        """The folder where a shard grows: what an attempt left, else what was parsed before.

        Files of a finished shard are linked, not copied; every file of a run is replaced as a
        whole, so that the finished one keeps its own.
        """
        work, old = self.work_path(shard.number), self.shard_path(shard.number)
        before = (self.record(shard) or {}).get("key", {})
        key = self.key(shard)
        parsed = all(before.get(name) == key[name] for name in ("input", "parse"))
        if not work.exists() and parsed:
            begun = work.with_name(f"{work.name}.linking")
            shutil.rmtree(begun, ignore_errors=True)
            shutil.copytree(old, begun, copy_function=_link)
            (begun / RECORD).unlink(missing_ok=True)
            begun.rename(work)
        work.mkdir(parents=True, exist_ok=True)
        return work

    def finish(self, shard: PlannedShard, record: dict[str, Any]) -> None:
        """Put a grown shard in its place."""
        work, target = self.work_path(shard.number), self.shard_path(shard.number)
        write_json(work / RECORD, record)
        target.parent.mkdir(parents=True, exist_ok=True)
        old = target.with_name(f".old-{target.name}")
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        work.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        self.failed_path(shard.number).unlink(missing_ok=True)

    def fail(self, shard: PlannedShard, what: dict[str, Any]) -> None:
        """Note what went wrong with a shard."""
        write_json(self.failed_path(shard.number), {**what, "key": self.key(shard)})


def check_stage(name: str) -> str:
    """The name of a stage.

    Raises:
        ConfigError: there is none such.
    """
    if name not in STAGES:
        raise ConfigError(f"until={name!r}; expected one of {', '.join(STAGES)}")
    return name


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _lock(handle: Any, *, exclusive: bool, wait: float = 0.0) -> bool:
    """Lock an open file; whether that was possible. Without POSIX locks, as if it was."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - a system without POSIX locks
        return True
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    until = time.monotonic() + wait
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.05)
