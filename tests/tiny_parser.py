"""Stanza models of a few kilobytes, written on the spot: rules as weights, and random trees.

The tokeniser's weights are set by hand: a token ends before a space or punctuation and at every
mark of punctuation, ``. ! ?`` end a sentence, and a token whose last letter follows an apostrophe
is a multiword token (``don't``). Multiword tokens and lemmas come from dictionaries. Tagger and
parser are random: every tree is a tree, but means nothing.
"""

from __future__ import annotations

import logging
import random
import string
from pathlib import Path
from typing import Any

import torch

from linguagraph.documents.stanza_pipeline import import_stanza, quiet

CORPUS = """\
1	The	the	DET	DT	Definite=Def	2	det	_	_
2	dogs	dog	NOUN	NNS	Number=Plur	5	nsubj	_	_
3-4	don't	_	_	_	_	_	_	_	_
3	do	do	AUX	VBP	_	5	aux	_	_
4	n't	not	PART	RB	_	5	advmod	_	_
5	bark	bark	VERB	VB	_	0	root	_	_
6	.	.	PUNCT	.	_	5	punct	_	_

1	Mary	Mary	PROPN	NNP	Number=Sing	3	nsubj	_	_
2	never	never	ADV	RB	_	3	advmod	_	_
3	slept	sleep	VERB	VBD	Tense=Past	0	root	_	_
4	much	much	ADV	RB	_	3	advmod	_	_
5	!	!	PUNCT	.	_	3	punct	_	_

"""
EXPANSIONS = {"don't": "do n't", "can't": "can not"}
"""``can't`` is not made up of its words, as in many languages."""

_COMMON = ["--shorthand", "en_tiny", "--cpu"]
_SMALL = {
    **dict.fromkeys(("word_emb_dim", "char_emb_dim", "char_hidden_dim", "transformed_dim"), 4),
    **dict.fromkeys(("tag_emb_dim", "hidden_dim", "deep_biaff_hidden_dim"), 4),
    **{"num_layers": 1, "char_num_layers": 1, "word_cutoff": 0},
}
_FINAL, _OTHER = ".!?", ',;:()<>[]{}"/=+*&%$#@-'


def write_tiny_models(folder: Path) -> Path:
    """Write tokenizer.pt, mwt.pt, tagger.pt, lemmatizer.pt and parser.pt; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    import_stanza()
    state = random.getstate()
    logging.disable(logging.CRITICAL)
    try:
        with quiet():
            torch.manual_seed(7)
            random.seed(7)
            _write(folder)
    finally:
        logging.disable(logging.NOTSET)
        random.setstate(state)
    return folder


def _write(folder: Path) -> None:
    from stanza.utils.conll import CoNLL

    document = CoNLL.conll2doc(input_str=CORPUS)
    for name, model in (
        ("tokenizer", _tokenizer()),
        ("mwt", _mwt(document)),
        ("lemmatizer", _lemmatizer(document)),
        ("tagger", _tagger(document)),
        ("parser", _parser(document)),
    ):
        model.save(str(folder / f"{name}.pt"))
        assert (folder / f"{name}.pt").is_file(), name  # Stanza only logs what goes wrong


def _options(parsed: Any) -> dict[str, Any]:
    return parsed if isinstance(parsed, dict) else vars(parsed)


def _tokenizer() -> Any:
    from stanza.models.tokenization.trainer import Trainer
    from stanza.models.tokenization.vocab import Vocab
    from stanza.models.tokenizer import parse_args

    units = string.ascii_letters + string.digits + " '\u2019" + _FINAL + _OTHER
    vocab = Vocab([[(unit, 0) for unit in units]], "en")
    args = parse_args(["--lang", "en", *_COMMON, "--emb_dim", "5", "--hidden_dim", "2"])
    args |= {"feat_funcs": ["space_before"], "feat_dim": 1, "num_dict_feat": 0, "conv_res": "3"}
    args |= {
        "hierarchical": False,
        "use_mwt": True,
        "vocab_size": len(vocab),
        "skip_newline": False,
    }
    trainer = Trainer(args=args, vocab=vocab, device="cpu")
    model = trainer.model
    letter, space, final, other, apostrophe = range(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for number in range(1, len(vocab)):  # 0 is the padding
            unit = vocab.id2unit(number)
            kind = final if unit in _FINAL else other if unit in _OTHER else letter
            kind = {" ": space, "'": apostrophe, "\u2019": apostrophe}.get(unit, kind)
            model.embeddings.weight[number, kind] = 1
        before, here, after = range(3)
        weights = model.conv_res[0].weight  # [channel, kind, position]
        weights[0, [letter, apostrophe], here] = 5
        weights[0, [final, other], here] = 20
        weights[0, space, here] = -40
        weights[0, [letter, apostrophe], after] = -10
        weights[1, final, here] = 20
        weights[2, apostrophe, before] = 20
        for channel, head in enumerate((model.tok_clf, model.sent_clf, model.mwt_clf)):
            head.weight[0, channel] = 1
        model.sent_clf.bias[0] = model.mwt_clf.bias[0] = -10
    return trainer


def _mwt(document: Any) -> Any:
    from stanza.models.mwt.data import DataLoader
    from stanza.models.mwt.trainer import Trainer
    from stanza.models.mwt_expander import parse_args

    args = _options(parse_args([*_COMMON, "--lang", "en", "--dict_only"]))
    trainer = Trainer(args=args, vocab=DataLoader(document, 10, args).vocab, device="cpu")
    trainer.expansion_dict.update(EXPANSIONS)
    return trainer


def _lemmatizer(document: Any) -> Any:
    from stanza.models.lemma.data import DataLoader
    from stanza.models.lemma.trainer import Trainer
    from stanza.models.lemmatizer import parse_args

    args = _options(parse_args([*_COMMON, "--dict_only"]))
    batch = DataLoader(document, 10, args)
    trainer = Trainer(args=args, vocab=batch.vocab, device="cpu")
    trainer.train_dict(batch.raw_data())
    return trainer


def _tagger(document: Any) -> Any:
    from stanza.models.pos.data import Dataset
    from stanza.models.pos.tag_columns import tag_columns_from_args
    from stanza.models.pos.trainer import Trainer
    from stanza.models.tagger import parse_args

    args = parse_args([*_COMMON, "--lang", "en", "--no_pretrain", "--share_hid"]) | _SMALL
    vocab = Dataset.init_vocab([document], args, tag_columns_from_args(args))
    trainer = Trainer(args=args, vocab=vocab, device="cpu")
    with torch.no_grad():
        for layer in (trainer.model.upos_clf, *trainer.model.tag_clf["feats"]):
            layer.weight.normal_()
            layer.bias[[0, 1, 3]] = -1000  # never padding, unknown or the root
        trainer.model.tag_clf["xpos"].weight.normal_()
        trainer.model.tag_clf["xpos"].bias[[0, 1, 3]] = -1000
    return trainer


def _parser(document: Any) -> Any:
    from stanza.models.depparse.data import Dataset
    from stanza.models.depparse.trainer import GraphTrainer
    from stanza.models.parser import parse_args

    args = parse_args([*_COMMON, "--lang", "en", "--no_pretrain"]) | _SMALL
    vocab = Dataset(document, args, None).vocab
    return GraphTrainer(args=args, vocab=vocab, device="cpu")
