"""The resolver's passes by name, in the order in which they run: the surest first.

The sieve of ordered passes, each of which sees the entities that the passes before it made, is the
idea of Raghunathan et al. (2010) and Lee et al. (2013); the rules are our own.
"""

from __future__ import annotations

from collections.abc import Callable

from linguagraph.documents.resolver.discourse import Discourse
from linguagraph.documents.resolver.matching import (
    link_acronyms,
    link_exact,
    link_heads,
    link_names,
    link_possessed,
    link_relaxed,
)
from linguagraph.documents.resolver.pronouns import link_pronouns, link_reflexives
from linguagraph.documents.resolver.speech import link_speech
from linguagraph.documents.resolver.syntax import (
    link_appositions,
    link_copulas,
    link_extraposed,
)

__all__ = ["PASSES", "Pass"]

Pass = Callable[[Discourse], None]

PASSES: dict[str, Pass] = {  # in the order in which they run
    "extraposition": link_extraposed,
    "speaker": link_speech,
    "exact": link_exact,
    "apposition": link_appositions,
    "copula": link_copulas,
    "acronym": link_acronyms,
    "name": link_names,
    "relaxed": link_relaxed,
    "head": link_heads,
    "reflexive": link_reflexives,
    "pronoun": link_pronouns,
    "possessor": link_possessed,
}
