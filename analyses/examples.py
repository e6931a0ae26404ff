"""What does a mask look like on single sentences?"""

from __future__ import annotations

from linguagraph.aggregates import compile_items, select_examples
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import nothing, question
from .example_block import RULES, example_block
from .facts import sentence_lengths
from .params import Params
from .phrases import count, join

__all__ = ["run"]

NAME, TITLE = "examples", "Example sentences"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Sentences chosen by rule, drawn with retained edges by layer and superfluous ones faint."""
    choices = select_examples(
        compile_items(tables.edges),
        tables.paths,
        tables.roles,
        lengths=sentence_lengths(tables),
        max_tokens=params.max_tokens,
    )
    if not choices:
        return (nothing(NAME, TITLE, __doc__, "no example has edges"),)
    drawn = [c for c in choices if c.sentence in tables.sentences]
    if not drawn:
        return (nothing(NAME, TITLE, __doc__, "the sentences of the run are not at hand"),)
    blocks = [example_block(choice, tables) for choice in drawn]
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=f"{count(len(drawn), 'predicate')} chosen by rule: "
            + join(f"{RULES[c.rule].lower()} (example {c.example})" for c in drawn)
            + ".",
            figures=tuple(figure for figure, _ in blocks),
            tables=tuple(table for _, table in blocks),
            notes=(
                f"Only sentences of up to {params.max_tokens} tokens are drawn, if there are any; "
                "no example is drawn twice; ties go to the first.",
            ),
            summary={NAME: {c.rule: {"example": c.example, "sentence": c.sentence} for c in drawn}},
        ),
    )
