"""Which expressions does the text use for the same thing, and how well are they found?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.chains import ChainStatistics, chain_statistics
from linguagraph.edges.storage import RunTables
from linguagraph.reports.accuracy import listed
from linguagraph.reports.sections import Section, TableBlock

from .blocks import question, rows, shown
from .chain_text import chain_texts
from .params import Params
from .phrases import count, join, percent
from .predictors import Predictors, predictors

__all__ = ["run"]

NAME, TITLE = "coreference", "Coreference"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Chains, mentions and links, and the text with every chain marked; nothing without chains."""
    found = chain_statistics(tables.documents)
    if not found.documents:
        return ()
    by = predictors(tables.manifest)
    counts = ("documents", "chains", "mentions", "singletons", "crossing")
    summary = {name: getattr(found, name) for name in counts} | {
        "resolver": by.resolver_name or None,
        "rules": {row["rule"]: row["n"] for row in rows(found.rules)},
    }
    notes = (
        "A chain has two mentions or more; mentions that nothing else refers to (singletons) are "
        "counted, and not marked. Chains are numbered within their document by first mention.",
        "Mention types go by the part of speech of the head: pronoun, proper (a name), nominal.",
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(found, by),
            texts=chain_texts(tables.documents, limit=params.max_excerpt),
            tables=_tables(found, by),
            notes=notes,
            summary={NAME: summary},
        ),
    )


def _tables(found: ChainStatistics, by: Predictors) -> tuple[TableBlock, ...]:
    share = ("share", "in_chain", "cross_sentence")
    about = "share: of mentions; in_chain: share of them that belong to a chain"
    blocks = [
        shown(
            "chains_longest",
            "The longest chains. chain: its number in the document; sentences: from the first "
            "mention to the last.",
            found.longest,
        ),
        shown(
            "chains_links",
            "Links by what made them. cross_sentence: share between sentences.",
            found.rules,
            percent=share,
        ),
        shown("chains_types", f"Mentions by type. {about}.", found.types, percent=share),
        shown(
            "chains_entities",
            f"Mentions by type of entity. {about}.",
            found.entities,
            percent=share,
            folded=True,
        ),
        shown("chains_sizes", "Chains by number of mentions.", found.sizes, percent=share),
    ]
    table = pd.DataFrame(by.chains, columns=["measure", "value", "precision", "recall"])
    table = table.rename(columns={"value": "f1"})
    numbers = ("f1", "precision", "recall")
    where = f" on {by.resolver['scored_on']}" if by.resolver.get("scored_on") else ""
    caption = f"What the resolver scores{where}, singletons left out."
    table = table.astype(dict.fromkeys(numbers, float))
    blocks.append(shown("chains_scores", caption, table, percent=numbers))
    return tuple(block for block in blocks if len(block.frame))


def _finding(found: ChainStatistics, by: Predictors) -> str:
    text = f"{count(found.chains, 'chain')} with {count(found.mentions, 'mention')} in "
    text += f"{count(found.documents, 'document')}"
    if found.chains:
        text += f"; {percent(found.crossing / found.chains)} of the chains cross sentences"
    if set(found.rules["rule"]) - {"annotated"}:
        most = [f"{r['rule']} ({percent(r['share'])})" for r in rows(found.rules.head(3))]
        text += f". Most links come from {join(most)}"
    if NAME not in by.what:
        return f"{text}. The chains are the corpus's own annotation."
    who = f"the resolver {by.resolver_name}" if by.resolver_name else "a resolver"
    if by.conll is None:
        return f"{text}. The chains were made by {who}, which has no known score."
    where = f" on {by.resolver['scored_on']}" if by.resolver.get("scored_on") else ""
    text += f". The chains were made by {who}, which is known to reach {listed([by.conll])}"
    return f"{text}{where}."
