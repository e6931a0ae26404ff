"""Imports go one way, the right half needs no torch, and the packages are what they say."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BASE = ("errors", "columns", "files", "display", "pretrained", "templates")
LINE = (
    *("documents", "graphs", "models", "masks", "tasks", "edges"),
    *("aggregates", "figures", "reports", "analyses", "runs", "commands", "cli", "__main__"),
)
RANK = {**dict.fromkeys(BASE, 0), **{name: rank for rank, name in enumerate(LINE, start=1)}}
LIGHT = ("aggregates", "figures", "reports", "analyses")
HEAVY = ("torch", "stanza", "torch_geometric")
PUBLIC = {
    "graphs": """Cooccurrence DIRECTIONS EXPORTS KINDS MEASURES PairScores TextGraph associate
        association_network cooccurrence_graph coreference_graph count_cooccurrences
        dependency_graph document_dependency_graph document_graph graph_rows
        graphs_from_rows merge pair_scores sentence_parts token_offsets""",
    "models": """Gateable GatedGCNLayer Messages PredicateConfig PredicateFinder
        PredicateTrainConfig RoleCounts SRL_MODELS SrlBatch SrlConfig SrlExample
        SrlModel SrlTrainConfig SrlVocabulary Trace Vocabulary aggregate collate
        count_roles encode_examples evaluate find_device find_predicates load_finder
        load_model predict_roles save_finder save_model score_predicates
        train_predicates train_srl""",
    "masks": """AmortisedConfig AmortisedResult DIVERGENCES DiffMask DiffMaskConfig
        DiffMaskTraining Divergence EdgeMask Explainable FitConfig FitResult FreeMaskConfig
        GraphBatch GraphMask HardConcrete Lagrangian LagrangianConfig Layered Masked
        NonAmortisedConfig OUTPUTS Output Pass Probe ProbeConfig PygModel Quality Sent Site
        SrlExplainable SrlGraphMask UnitBatch UnitMask fit_graphmask frozen mask_nonamortised
        mask_units_freely measure""",
    "masks.rivals": "METHODS Method MethodMask find_method",
    "documents": """Analysis CONLL09_COLUMNS CONLLU_COLUMNS Chain ConversionReport Document
        EmptyNode
        FORMATS Format Frame Link MENTION_TYPES Mention MultiwordToken OnBad Parser
        RawDocument Role Sentence SplitReport Token convert_ewt_srl format_conll09
        format_conllu mention_head mention_type predicate_type read_conll09 read_conllu
        read_conllup read_corefud read_documents read_sentences to_tokenlist use_predicted
        write_conll09 write_conllu write_conllup write_corefud write_sentences""",
    "aggregates": """agreement chain_statistics Choice compare_parses compile_items
        CoreferenceScores corpus_statistics distance_contrast faithfulness
        faithfulness_by_seed graph_statistics Items label_contrasts
        label_entropy labels learning_curves path_distances path_lengths
        Resampling retention retention_by_type retention_information
        retention_model RetentionModel roles score_coreference scores_table
        select_examples share_by share_contrast soft_gate_histogram soft_gates
        targets typed_paths wilson""",
    "figures": """arcs arcs_to_pdf bars forest histogram lines network relation_arcs stacked to_pdf
        to_svg""",
    "reports": """DEFAULT_BUDGET FigureBlock Piece Section TableBlock TextBlock render save_report
        to_iframe to_latex""",
    "analyses": """ANALYSES FAILED GRAPH_ANALYSES Params Plugin QUESTION_ANALYSES TOKEN_ANALYSES
        analyse ask find_plugins installed_plugins load_plugin summary""",
    "pretrained": """BUNDLED BUNDLED_QA bundled_path sample_path sample_questions_path
        sample_text_path""",
}


def modules() -> Iterator[tuple[str, Path]]:
    """Dotted name below linguagraph and file, of every module."""
    for folder, prefix in (("linguagraph", ()), ("analyses", ("analyses",))):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = (*prefix, *path.relative_to(ROOT / folder).with_suffix("").parts)
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(name: str, path: Path) -> set[str]:
    """First part below linguagraph of everything that a module imports, at any depth."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*(["linguagraph", *above] if node.level else []), node.module or ""])
            targets = [f"{stem.strip('.')}.{alias.name}" for alias in node.names]
        else:
            continue
        parts = [target.split(".") for target in targets]
        found |= {p[1] for p in parts if p[0] in ("linguagraph",) and len(p) > 1}
        assert not any(p[0] == "analyses" for p in parts), f"{path}: import linguagraph.analyses"
    return found


def test_imports_go_from_left_to_right_only() -> None:
    wrong = []
    for name, path in modules():
        own = name.split(".")[0]
        if not own:
            continue
        assert own in RANK, f"{path}: give {own!r} a place in the line"
        wrong += [
            f"{path.relative_to(ROOT)} imports {other}"
            for other in imported(name, path) - {"__version__"}
            if RANK.get(other, 99) > RANK[own]
        ]
    assert wrong == []


def test_only_the_left_half_names_torch_and_only_documents_names_stanza() -> None:
    left = {"models", "masks", "tasks", "graphs", "runs", "commands", "cli"}
    for name, path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        tops = {found.split(".")[0] for found in names}
        if name.split(".")[0] not in left and not name.startswith("documents.stanza_"):
            assert not tops & {"torch", "torch_geometric", "safetensors"}, path
        if not name.startswith("documents.stanza_"):
            assert "stanza" not in tops, path


@pytest.mark.parametrize(
    "names",
    [
        ("linguagraph",),
        ("linguagraph.edges.storage", *(f"linguagraph.{name}" for name in LIGHT)),
        ("linguagraph.documents", "linguagraph.graphs", "linguagraph.pretrained"),
    ],
    ids=["linguagraph", "right half", "left of the models"],
)
def test_importing_loads_no_heavy_package_and_sets_nothing_up(names: tuple[str, ...]) -> None:
    code = (
        "import importlib, json, logging, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(json.dumps([[m for m in {HEAVY!r} if m in sys.modules],"
        " len(logging.getLogger().handlers)]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], 0]


def test_the_package_list_equals_the_tree() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = settings["tool"]["setuptools"]["packages"]
    tree = {"linguagraph", "linguagraph.analyses", "linguagraph.templates"}
    for path in (ROOT / "linguagraph").rglob("__init__.py"):
        tree.add(".".join(path.parent.relative_to(ROOT).parts))
    for folder in ("analyses", "templates"):
        for path in (ROOT / folder).rglob("__init__.py"):
            tree.add(".".join(("linguagraph", *path.parent.relative_to(ROOT).parts)))
    assert sorted(listed) == sorted(tree)
    assert len(set(listed)) == len(listed)
    for name, folder in settings["tool"]["setuptools"]["package-dir"].items():
        assert (ROOT / folder / "__init__.py").is_file(), name


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_names_are_pinned(name: str) -> None:
    package = importlib.import_module(f"linguagraph.{name}")
    assert sorted(package.__all__) == sorted(PUBLIC[name].split())


def test_every_public_name_exists_and_is_listed_once() -> None:
    for name, _ in modules():
        module = importlib.import_module(f"linguagraph.{name}".strip("."))
        names = getattr(module, "__all__", [])
        assert len(set(names)) == len(names), module.__name__
        assert [n for n in names if not hasattr(module, n)] == [], module.__name__


def test_every_module_says_what_enters_and_what_leaves() -> None:
    for name, path in modules():
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(doc.splitlines()[0] if doc else "") > 10, f"{name}: first docstring line {doc!r}"
