"""Token inputs and the states below the first graph layer."""

from __future__ import annotations

import torch
from srl_tools import batch_of, planted_sentences, small_config, small_model

from linguagraph.models.encoders import BiLstmEncoder

SENTENCES = planted_sentences(9, seed=6)


def test_the_bilstm_over_padded_rows_equals_torchs_own_on_each_example() -> None:
    torch.manual_seed(0)
    model = small_model(SENTENCES)
    batch = batch_of(model, SENTENCES)
    encoder = BiLstmEncoder(6, hidden=5, layers=2, dropout=0.0).eval()
    reference = torch.nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
    own = {}
    for layer, (ahead, back) in enumerate(zip(encoder.ahead, encoder.back, strict=True)):
        for name, weights in ahead.named_parameters():
            own[name.replace("l0", f"l{layer}")] = weights
        for name, weights in back.named_parameters():
            own[name.replace("l0", f"l{layer}_reverse")] = weights
    reference.load_state_dict(own)
    x = torch.randn(batch.num_nodes, 6)
    with torch.inference_mode():
        found = encoder(x, batch)
        for example in range(batch.num_examples):
            mine = batch.example == example
            expected, _ = reference(x[mine].unsqueeze(0))
            torch.testing.assert_close(found[mine], expected[0], atol=1e-5, rtol=1e-5)
    assert encoder.width == found.shape[-1] == 10


def test_only_the_predicate_carries_its_lemma_and_the_mark() -> None:
    model = small_model(SENTENCES)
    batch = batch_of(model, SENTENCES)
    embedding = model.embedding
    with torch.inference_mode():
        found = embedding(batch)
        at = found[batch.predicate]
        wide = embedding.predicates.embedding_dim
        expected = embedding.predicates(batch.predicate_lemma)
    mark = len(embedding.mark)
    assert found.shape == (batch.num_nodes, embedding.width)
    assert torch.equal(at[:, -mark:], embedding.mark.expand(len(at), -1))
    assert torch.equal(at[:, -mark - wide : -mark], expected)
    others = torch.ones(batch.num_nodes, dtype=torch.bool)
    others[batch.predicate] = False
    assert not found[others][:, -mark - wide :].any()


def test_words_are_forgotten_at_their_rate_in_training_only() -> None:
    model = small_model(SENTENCES, small_config(word_dropout=0.4))
    words = torch.ones(20_000, dtype=torch.int64)
    torch.manual_seed(0)
    share = (model.embedding.train()._unknown(words) == 0).float().mean().item()
    assert abs(share - 0.4) < 0.02
    assert torch.equal(model.embedding.eval()._unknown(words), words)
