"""Finding and loading Stanza's models: where they are looked for, and what each fault is called."""

from __future__ import annotations

import json
import shutil
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("stanza")

from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.stanza_models import (
    PROCESSORS,
    available_languages,
    default_directory,
    download,
    find_models,
)
from linguagraph.documents.stanza_parser import load_parser
from linguagraph.errors import ConfigError, ParserError


@pytest.fixture
def models(tiny_stanza: Path, tmp_path: Path) -> Path:
    """A copy of the tiny models that a test may damage."""
    return Path(shutil.copytree(tiny_stanza, tmp_path / "models"))


@pytest.fixture
def installed(tiny_stanza: Path, tmp_path: Path) -> Path:
    """The tiny models in Stanza's own layout, German by an alias, without an mwt model in Dutch."""
    folder = tmp_path / "stanza"
    for name, file in PROCESSORS.items():
        for language in ("en", "nl"):
            (folder / language / name).mkdir(parents=True)
            shutil.copy(tiny_stanza / file, folder / language / name / "tiny.pt")
    shutil.rmtree(folder / "nl" / "mwt")
    english = {name: {"tiny": {}} for name in PROCESSORS}
    dutch = {name: {"tiny": {}} for name in PROCESSORS if name != "mwt"}
    resources = {
        "en": {"packages": {"default": dict.fromkeys(PROCESSORS, "tiny")}, **english},
        "nl": {
            "packages": {"default": {**dict.fromkeys(dutch, "tiny"), "lemma": "identity"}},
            **dutch,
        },
        "english": {"alias": "en"},
        "xx": {"packages": {"default": {"tokenize": "tiny"}}, "tokenize": {"tiny": {}}},
        "yy": {"default_processors": {"tokenize": "tiny"}},
    }
    (folder / "resources.json").write_text(json.dumps(resources))
    return folder


def sentence_of(parser: Any, text: str) -> list[tuple[str, str | None]]:
    (document,) = parser.parse([RawDocument("x", text)])
    return [(token.form, token.lemma) for token in document.sentences[0].tokens]


class TestFinding:
    @pytest.mark.parametrize("options", [{}, {"language": "en"}, {"spec": "bundled"}])
    def test_the_bundled_parser_is_the_default_for_english(
        self, models: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
    ) -> None:
        folder = models.rename(models.parent / "parser-en")
        monkeypatch.setattr("linguagraph.pretrained.__file__", str(folder.parent / "__init__.py"))
        found = find_models(**options)
        assert (found.name, found.language) == ("bundled", "en")
        assert found.files["tokenize"] == folder / "tokenizer.pt"
        (folder / "tokenizer.pt").unlink()
        with pytest.raises(ParserError, match=r"tokenizer\.pt.*install linguagraph again"):
            find_models(**options)

    def test_another_language_or_a_directory_means_stanza_s_models(self, installed: Path) -> None:
        models = find_models(language="nl", stanza_dir=installed)
        assert (models.name, models.language) == ("stanza:nl", "nl")
        assert dict(models.packages) == {
            **dict.fromkeys(("tokenize", "pos", "depparse"), "tiny"),
            "lemma": "identity",
        }
        assert list(models.files) == ["tokenize", "pos", "depparse"]
        assert find_models(stanza_dir=installed).name == "stanza:en"
        assert find_models("stanza", language="nl", stanza_dir=installed).name == "stanza:nl"
        assert find_models("stanza:english", stanza_dir=installed).language == "en"

    def test_stanza_s_own_place_can_be_named(
        self, installed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STANZA_RESOURCES_DIR", str(installed))
        assert default_directory() == installed
        assert find_models("stanza:en").directory == installed
        assert available_languages() == ("en", "nl")
        monkeypatch.delenv("STANZA_RESOURCES_DIR")
        assert default_directory().name == "resources"

    def test_a_folder_of_models_and_a_model_in_place_of_another(
        self, models: Path, tmp_path: Path
    ) -> None:
        (models / "mwt.pt").unlink()
        (models / "pretrain.pt").touch()
        (models / "facts.json").write_text('{"language": "en", "scores": {"LAS": 1}}')
        other = Path(shutil.copy(models / "tagger.pt", tmp_path / "other.pt"))
        found = find_models(str(models))
        assert list(found.files) == ["tokenize", "pos", "lemma", "depparse"]
        assert found.paths["depparse_pretrain_path"] == str(models / "pretrain.pt")
        assert found.facts["scores"] == {"LAS": 1}
        changed = find_models(str(models), model_paths={"pos": other})
        assert changed.files["pos"] == other
        assert changed.paths["pos_model_path"] == str(other)
        assert "scores" not in changed.facts

    @pytest.mark.parametrize(
        ("options", "kind", "message"),
        [
            ({"spec": "nonsense"}, ParserError, "expected bundled, stanza:LANG or a folder"),
            ({"spec": "bundled", "language": "de"}, ConfigError, "use --parser stanza:de"),
            ({"spec": "stanza:de", "language": "nl"}, ConfigError, "is not for language 'nl'"),
            ({"model_paths": {"ner": "x"}}, ConfigError, "known are tokenize, mwt, pos"),
            ({"model_paths": {"pos": "none.pt"}}, ParserError, "no such model file"),
        ],
    )
    def test_options_that_cannot_be_used(
        self, options: dict[str, Any], kind: type[Exception], message: str
    ) -> None:
        with pytest.raises(kind, match=message):
            find_models(**options)

    def test_a_missing_model_folder_says_how_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(ParserError, match=r"linguagraph models download de.*--stanza-dir"):
            find_models("stanza:de", stanza_dir=tmp_path / "none")
        with pytest.raises(ParserError, match=r"has no resources\.json"):
            find_models("stanza:de", stanza_dir=tmp_path)

    def test_a_missing_model_file_is_named(self, installed: Path, models: Path) -> None:
        (installed / "en" / "pos" / "tiny.pt").unlink()
        with pytest.raises(ParserError, match=r"tiny\.pt: no such.*linguagraph models download en"):
            find_models("stanza:en", stanza_dir=installed)
        (models / "parser.pt").unlink()
        with pytest.raises(ParserError, match=r"parser\.pt: no such model file"):
            find_models(str(models))

    @pytest.mark.parametrize(
        ("language", "message"),
        [
            ("zz", "unknown language 'zz'.*with models there: en, nl"),
            ("xx", "Stanza has no pos, lemma, depparse model for 'xx'"),
            ("yy", "written by another version of Stanza"),
        ],
    )
    def test_languages_that_cannot_be_parsed(
        self, installed: Path, language: str, message: str
    ) -> None:
        with pytest.raises(ParserError, match=message):
            find_models(f"stanza:{language}", stanza_dir=installed)

    def test_a_damaged_list_and_an_unsaid_language(self, installed: Path, models: Path) -> None:
        (installed / "resources.json").write_text("{")
        with pytest.raises(ParserError, match=r"resources\.json: not readable as JSON"):
            find_models("stanza:en", stanza_dir=installed)
        with pytest.raises(ConfigError, match="give --lang"):
            find_models(str(models))


class TestLoading:
    def test_a_folder_and_stanza_s_layout_give_the_same(
        self, models: Path, installed: Path
    ) -> None:
        expected = [("The", "the"), ("dogs", "dog"), ("do", "do"), ("n't", "not"), (".", ".")]
        text = "The dogs don't."
        assert sentence_of(load_parser(str(models), language="en"), text) == expected
        assert sentence_of(load_parser("stanza:en", stanza_dir=installed), text) == expected

    def test_languages_without_some_models(self, installed: Path) -> None:
        parser = load_parser(language="nl", stanza_dir=installed)
        assert sentence_of(parser, "The dogs don't.") == [
            *(("The", "The"), ("dogs", "dogs"), ("don't", "don't"), (".", "."))
        ]
        assert parser.facts()["processors"]["lemma"] == "identity"

    @pytest.mark.parametrize("file", PROCESSORS.values())
    def test_a_corrupt_model_file_is_named(self, models: Path, file: str) -> None:
        data = (models / file).read_bytes()
        for damaged in (b"", b"not a model", data[: len(data) // 2]):
            (models / file).write_bytes(damaged)
            with pytest.raises(ParserError, match=f"{file} is damaged or no model file"):
                load_parser(str(models), language="en")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda content: content["config"].pop("num_layers"), "another version of Stanza"),
            (lambda content: content.pop("vocab"), "is not a Stanza model"),
            (
                lambda content: content["model"].update(
                    {"renamed": content["model"].pop("upos_clf.weight")}
                ),
                "another version of Stanza",
            ),
            (
                lambda content: content.update(extra=Path("an object of a class")),
                "another version of Stanza",
            ),
        ],
        ids=["an option less", "no vocabulary", "a renamed weight", "an object that is not data"],
    )
    def test_a_model_of_another_stanza_version_is_named(
        self, models: Path, change: Callable[[dict[str, Any]], None], message: str
    ) -> None:
        path = models / "tagger.pt"
        content = torch.load(path, weights_only=True)
        content["model"] = OrderedDict(content["model"])
        change(content)
        torch.save(content, path)
        with pytest.raises(ParserError, match=message) as caught:
            load_parser(str(models), language="en")
        assert str(path) in str(caught.value)

    def test_a_model_for_another_processor_is_named(self, models: Path) -> None:
        shutil.copy(models / "tagger.pt", models / "parser.pt")
        with pytest.raises(ParserError, match=r"parser\.pt is no depparse model for Stanza"):
            load_parser(str(models), language="en")

    def test_models_that_load_but_cannot_parse(
        self, models: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(self: object, text: str) -> None:
            raise KeyError("an option of a later version")

        monkeypatch.setattr("stanza.Pipeline.__call__", fail)
        with pytest.raises(ParserError, match="cannot parse with them"):
            load_parser(str(models), language="en")

    def test_without_stanza_the_remedy_is_said(
        self, models: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "stanza", None)
        with pytest.raises(ParserError, match=r"pip install 'linguagraph\[stanza\]'"):
            load_parser(str(models), language="en")

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_a_device_that_is_not_there(self, models: Path) -> None:
        with pytest.raises(ConfigError, match="'cuda' is not available; use cpu"):
            load_parser(str(models), language="en", device="cuda")


class TestDownload:
    def test_it_asks_stanza_for_the_models_of_a_parse(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []
        monkeypatch.setattr("stanza.download", lambda *a, **k: asked.append((a, k)))
        assert download("de", tmp_path) == tmp_path
        ((arguments, options),) = asked
        assert arguments == ("de",)
        assert options["model_dir"] == str(tmp_path)
        assert list(options["processors"]) == list(PROCESSORS)

    def test_no_network_is_a_clear_error(self, tmp_path: Path) -> None:
        with pytest.raises(ParserError, match=r"could not be fetched.*check the connection"):
            download("de", tmp_path)

    def test_an_unknown_language_is_a_clear_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from stanza.resources.common import UnknownLanguageError

        def unknown(*args: object, **options: object) -> None:
            raise UnknownLanguageError("zz")

        monkeypatch.setattr("stanza.download", unknown)
        with pytest.raises(ParserError, match="no models for language 'zz'"):
            download("zz", tmp_path)
