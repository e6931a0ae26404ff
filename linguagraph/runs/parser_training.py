"""A treebank in CoNLL-U -> a folder of small Stanza models, their scores and how they were made.

Steps, each of which leaves its file in ``OUT/work`` so that an interrupted training goes on:
prepare, tokenizer, mwt, tagger (a short training labels the training trees, so that the parser
learns from tags with about the errors that it will meet; then the full one), lemmatizer, parser,
16-bit copies, scores.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from linguagraph.documents.reading import read_sentences
from linguagraph.documents.stanza_training import SHAPES, Schedule, fit, halve, language_name
from linguagraph.errors import ConfigError, DocumentError, RunError
from linguagraph.files import fingerprint, replaced, write_json
from linguagraph.runs.measure import versions
from linguagraph.runs.parser_scores import score_parser
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.stanza_commands import options, stanza_command

__all__ = ["ParserConfig", "train_parser_run"]

TOKENIZER = (
    "--max_seqlen 300 --emb_dim 32 --hidden_dim 64 --batch_size 32 --eval_steps 200 "
    "--max_steps_before_stop 2000 --feat_funcs space_before,capitalized,numeric,end_of_para,"
    "start_of_para,labeled_field,phone_id,date_pattern,currency"
)
EXPANDER = "--hidden_dim 50 --emb_dim 32 --batch_size 50"
LEMMATIZER = "--hidden_dim 100 --emb_dim 50 --pos_dim 50 --batch_size 100 --lr 0.002"


@dataclass(frozen=True)
class ParserConfig:
    """How long each model is trained; the defaults made the bundled English models.

    Attributes:
        tokenizer_steps: gradient steps of the tokeniser.
        mwt_epochs: passes of the expander of multiword tokens.
        short_tagger_steps: of the tagger that labels the parser's training trees.
        tagger_steps, lemmatizer_epochs, parser_steps: of the others.
        seed: of everything random.
        treebank: name that Stanza's preparation gets (``UD_English-EWT``); some treebanks have
            rules of their own there. Empty makes one up from the language.
    """

    tokenizer_steps: int = 3000
    mwt_epochs: int = 12
    short_tagger_steps: int = 1568
    tagger_steps: int = 5600
    lemmatizer_epochs: int = 5
    parser_steps: int = 3000
    seed: int = 1234
    treebank: str = ""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, int) and name != "seed" and value < 1:
                raise ConfigError(f"{name}={value}; expected at least 1")


def train_parser_run(
    train: str | Path,
    dev: str | Path,
    out: str | Path,
    *,
    language: str = "en",
    config: ParserConfig | None = None,
    licence: str | None = None,
    threads: int = 1,
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Train a tokeniser, expander, tagger, lemmatiser and parser on a treebank.

    Args:
        train, dev: CoNLL-U; ``dev`` chooses checkpoints of tokeniser, expander and lemmatiser (as
            Stanza's trainers do) and scores everything.
        out: folder for the models; ``out/work`` holds what an interrupted training needs and is
            left in place.
        language: ISO code that Stanza knows.
        config: see the class.
        licence: of the treebank, to be recorded.
        threads: processor threads.
        resume: go on with what is in ``out``.
        log, progress: for people who wait.

    Returns:
        What ``facts.json`` says: see :meth:`linguagraph.documents.parsers.Parser.facts`.

    Raises:
        DocumentError: a file is missing or no CoNLL-U with trees.
        RunError: ``out`` has files and ``resume`` is false, or a trainer of Stanza's failed (its
            log is named).
    """
    chosen = config or ParserConfig()
    files = {"train": Path(train), "dev": Path(dev)}
    for path in files.values():
        if not path.is_file():
            raise DocumentError("no such file; give a treebank in CoNLL-U", path=path)
    folder = Path(out)
    if folder.is_dir() and any(folder.iterdir()) and not resume:
        raise RunError(f"{folder} is not empty; say --resume to go on, or choose another folder")
    job = _Job(files, folder, language, chosen, threads, log, progress)
    job.run()
    facts = {
        "name": folder.name,
        "language": language,
        "package": f"stanza {versions()['stanza']}",
        "processors": {p.stem: fingerprint(p) for p in sorted(folder.glob("*.pt"))},
        "bytes": sum(p.stat().st_size for p in folder.glob("*.pt")),
        "scores": score_parser(folder, files["dev"], language=language, work=job.work),
        "scored_on": f"{files['dev'].name} ({fingerprint(files['dev'])})",
        "trained_on": f"{files['train'].name} ({fingerprint(files['train'])})",
        "licence": licence,
        "config": asdict(chosen) | {"shapes": SHAPES},
    }
    write_json(folder / "facts.json", facts)
    return facts


@dataclass(frozen=True)
class _Job:
    files: Mapping[str, Path]
    out: Path
    language: str
    config: ParserConfig
    threads: int
    log: Callable[[str], None]
    progress: Progress

    @property
    def work(self) -> Path:
        return self.out / "work"

    def run(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        self._check()
        prepared = self._prepare()
        expands = _has_multiwords(self.files["train"])
        self._tokenizer(prepared)
        if expands:
            self._expander(prepared)
        short = self._fit("tagger", "short_tagger.pt", self.config.short_tagger_steps)
        tagged = {name: self._tag(short, name) for name in ("train", "dev")}
        self._fit("tagger", "tagger.pt", self.config.tagger_steps)
        self._lemmatizer()
        self._fit("parser", "parser.pt", self.config.parser_steps, tagged)
        names = ["tokenizer.pt", *(["mwt.pt"] if expands else []), "tagger.pt", "lemmatizer.pt"]
        for name in (*names, "parser.pt"):
            halve(self.work / name, self.out / name)

    def _check(self) -> None:
        """Refuse to go on with what was made from other files or options."""
        path = self.work / "job.json"
        marks = {name: fingerprint(file) for name, file in self.files.items()}
        job = {"language": self.language, "files": marks, "config": asdict(self.config)}
        if not path.is_file():
            write_json(path, job)
        elif json.loads(path.read_text(encoding="utf-8")) != job:
            raise RunError(
                f"{self.out} was begun with other files or options (see {path}); choose another "
                "folder, or give the same ones"
            )

    def _prepare(self) -> Path:
        """Stanza's own preparation of characters and labels; the folder that it wrote."""
        name = self.config.treebank or f"UD_{language_name(self.language)}-Own"
        prepared, source = self.work / "prepared", self.work / "ud" / name
        done = prepared / "done"
        if done.is_file():
            return prepared
        source.mkdir(parents=True, exist_ok=True)
        code = f"{self.language}_{name.partition('-')[2].lower()}"
        for part in ("train", "dev", "test"):  # the preparation asks for a test file
            shutil.copyfile(
                self.files["train" if part == "train" else "dev"],
                source / f"{code}-ud-{part}.conllu",
            )
        places = {"UDBASE": str(source.parent.absolute()), "DATA_ROOT": str(prepared.absolute())}
        self.log("preparing the treebank")
        for task in ("tokenizer", *(["mwt"] if _has_multiwords(self.files["train"]) else [])):
            module = f"stanza.utils.datasets.prepare_{task}_treebank"
            self._stanza(module, [name], f"prepare_{task}.log", places)
        done.write_text(code, encoding="utf-8")
        return prepared

    def _tokenizer(self, prepared: Path) -> None:
        code, folder = (prepared / "done").read_text(encoding="utf-8"), prepared / "tokenize"
        steps = self.config.tokenizer_steps
        values = {
            "txt_file": folder / f"{code}.train.txt",
            "label_file": folder / f"{code}-ud-train.toklabels",
            "mwt_json_file": folder / f"{code}-ud-dev-mwt.json",
            "dev_txt_file": folder / f"{code}.dev.txt",
            "dev_label_file": folder / f"{code}-ud-dev.toklabels",
            "dev_conll_gold": folder / f"{code}.dev.gold.conllu",
            "steps": steps,
            "anneal_after": max(1, steps * 8 // 15),
        }
        self._train("tokenizer", "tokenizer.pt", values, TOKENIZER)

    def _expander(self, prepared: Path) -> None:
        code, folder = (prepared / "done").read_text(encoding="utf-8"), prepared / "mwt"
        values = {
            "train_file": folder / f"{code}.train.in.conllu",
            "eval_file": folder / f"{code}.dev.in.conllu",
            "gold_file": folder / f"{code}.dev.gold.conllu",
            "num_epoch": self.config.mwt_epochs,
        }
        self._train("mwt_expander", "mwt.pt", values, EXPANDER)

    def _lemmatizer(self) -> None:
        train = self.work / "lemmas.conllu"
        if not train.is_file():
            _write_lemmas(self.files["train"], train)
        values = {
            "train_file": train,
            "eval_file": self.files["dev"],
            "num_epoch": self.config.lemmatizer_epochs,
        }
        self._train("lemmatizer", "lemmatizer.pt", values, LEMMATIZER)

    def _fit(
        self, kind: str, name: str, steps: int, files: Mapping[str, Path] | None = None
    ) -> Path:
        import torch

        path, task = self.work / name, self.progress(f"training {name.removesuffix('.pt')}", steps)
        if not path.is_file():
            torch.set_num_threads(self.threads)
            files = files or self.files
            schedule = Schedule(steps, seed=self.config.seed)
            fit(
                kind,
                files["train"],
                files["dev"],
                path,
                language=self.language,
                schedule=schedule,
                log=self.log,
                tick=task,
            )
        task.close()
        return path

    def _tag(self, tagger: Path, part: str) -> Path:
        out = self.work / f"tagged_{part}.conllu"
        if not out.is_file():
            self.log(f"tagging {part} with {tagger.name}")
            with replaced(out) as temporary:
                values = {
                    "lang": self.language,
                    "eval_file": self.files[part],
                    "output_file": temporary,
                    "save_dir": tagger.parent,
                    "save_name": tagger.name,
                }
                argv = ["--mode", "predict", "--no_pretrain", *self._options(values)]
                self._stanza("stanza.models.tagger", argv, f"tag_{part}.log")
        return out

    def _train(self, module: str, name: str, values: Mapping[str, object], flags: str) -> None:
        """One of Stanza's training commands; its best checkpoint becomes ``work/name``."""
        if (self.work / name).is_file():
            return
        self.log(f"training {name.removesuffix('.pt')}; log: {self.work / module}.log")
        saving = {"save_dir": self.work, "save_name": f"best_{name}", "seed": self.config.seed}
        known = {} if module == "lemmatizer" else {"lang": self.language}
        argv = ["--mode", "train", *flags.split(), *self._options(known | dict(values) | saving)]
        self._stanza(f"stanza.models.{module}", argv, f"{module}.log")
        os.replace(self.work / f"best_{name}", self.work / name)

    def _options(self, values: Mapping[str, object]) -> list[str]:
        return ["--cpu", *options({"shorthand": f"{self.language}_own"} | dict(values))]

    def _stanza(
        self, module: str, argv: list[str], log: str, places: Mapping[str, str] | None = None
    ) -> None:
        stanza_command(module, argv, log=self.work / log, threads=self.threads, environment=places)


def _has_multiwords(path: Path) -> bool:
    return any(sentence.multiwords for sentence in read_sentences(path, format="conllu"))


def _write_lemmas(train: Path, out: Path) -> None:
    """One word per form and tag, with its most frequent lemma: a tenth of the steps."""
    lemmas: dict[tuple[str, str], Counter[str]] = {}
    for sentence in read_sentences(train, format="conllu"):
        for token in sentence.tokens:
            if token.lemma is not None:
                key = (token.form, token.upos or "_")
                lemmas.setdefault(key, Counter())[token.lemma] += 1
    with replaced(out) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        for (form, upos), found in lemmas.items():
            lemma = found.most_common(1)[0][0]
            stream.write(f"1\t{form}\t{lemma}\t{upos}\t_\t_\t0\troot\t_\t_\n\n")
