"""Tags of given words, by the bundled models."""

from __future__ import annotations

import pytest

from linguagraph.runs.study_tags import tag_words

pytest.importorskip("stanza")


@pytest.mark.slow
def test_words_are_tagged_as_they_are_given() -> None:
    (tags,) = tag_words([["the", "film", "is", "very", "good", "."]])
    assert tags == ["DET", "NOUN", "AUX", "ADV", "ADJ", "PUNCT"]
