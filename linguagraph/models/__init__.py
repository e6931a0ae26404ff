"""Graphs and token features -> predictions and messages, by models whose edges can be gated."""

from linguagraph.models.batch import SrlBatch, SrlExample, collate, encode_examples
from linguagraph.models.checkpoints import load_model, save_model
from linguagraph.models.devices import find_device
from linguagraph.models.gateable import Gateable, Trace
from linguagraph.models.layers import GatedGCNLayer, Messages, aggregate
from linguagraph.models.scoring import RoleCounts, count_roles, predict_roles
from linguagraph.models.srl import SRL_MODELS, SrlConfig, SrlModel
from linguagraph.models.training import SrlTrainConfig, evaluate, train_srl
from linguagraph.models.vocabulary import SrlVocabulary, Vocabulary

__all__ = [
    "SRL_MODELS",
    "GatedGCNLayer",
    "Gateable",
    "Messages",
    "RoleCounts",
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
    "load_model",
    "predict_roles",
    "save_model",
    "train_srl",
]
