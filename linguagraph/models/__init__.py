"""Graphs and token features -> predictions and messages, by models whose edges can be gated."""

from linguagraph.models.batch import SrlBatch, SrlExample, collate, encode_examples
from linguagraph.models.checkpoints import load_model, save_model
from linguagraph.models.devices import find_device
from linguagraph.models.gateable import Gateable, Trace
from linguagraph.models.layers import GatedGCNLayer, Messages, aggregate
from linguagraph.models.predicate_checkpoints import load_finder, save_finder
from linguagraph.models.predicate_scoring import score_predicates
from linguagraph.models.predicate_training import PredicateTrainConfig, train_predicates
from linguagraph.models.predicates import PredicateConfig, PredicateFinder, find_predicates
from linguagraph.models.scoring import RoleCounts, count_roles, predict_roles
from linguagraph.models.srl import SRL_MODELS, SrlConfig, SrlModel
from linguagraph.models.training import SrlTrainConfig, evaluate, train_srl
from linguagraph.models.vocabulary import SrlVocabulary, Vocabulary

__all__ = [
    "Gateable",
    "GatedGCNLayer",
    "Messages",
    "PredicateConfig",
    "PredicateFinder",
    "PredicateTrainConfig",
    "RoleCounts",
    "SRL_MODELS",
    "SrlBatch",
    "SrlConfig",
    "SrlExample",
    "SrlModel",
    "SrlTrainConfig",
    "SrlVocabulary",
    "Trace",
    "Vocabulary",
    "aggregate",
    "collate",
    "count_roles",
    "encode_examples",
    "evaluate",
    "find_device",
    "find_predicates",
    "load_finder",
    "load_model",
    "predict_roles",
    "save_finder",
    "save_model",
    "score_predicates",
    "train_predicates",
    "train_srl",
]
