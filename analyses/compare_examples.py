"""Where do the runs disagree?"""

from __future__ import annotations

from linguagraph.aggregates import Choice
from linguagraph.aggregates.compared_examples import Apart, choose_apart
from linguagraph.reports.sections import FigureBlock, Section, TableBlock

from .blocks import nothing, question
from .compare_example_blocks import drawing
from .compared import Compared
from .facts import sentence_lengths
from .params import Params
from .phrases import count, join

__all__ = ["run"]

NAME, TITLE = "compare_examples", "Where they disagree"
LONGEST = 16


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """The examples on which masks differ most, drawn once per run."""
    figures, tables, texts, chosen = list[FigureBlock](), list[TableBlock](), [], {}
    most = min(LONGEST, params.max_tokens)
    pairs = [pair for pair in compared.pairs if pair[0] == 0]
    rules = ("both_ways", "only_first", "only_second") if len(pairs) == 1 else ("both_ways",)
    for pair in pairs:
        first, second = (compared.matched.runs[i] for i in pair)
        names = compared.names[pair[0]], compared.names[pair[1]]
        lengths = sentence_lengths(compared.runs[0]) if compared.terms.language else None
        for apart in choose_apart(first, second, lengths=lengths, most=most, rules=rules):
            what = _what(apart, names)
            for place, example in zip(pair, (apart.first, apart.second), strict=True):
                stem = f"apart_{pair[1]}_{apart.rule}_{place}"
                choice = Choice(stem, example, apart.sentence, what[1])
                title = f"{what[0]}, drawn with {compared.names[place]}"
                drawn = drawing(compared.runs[place], choice, title)
                if drawn is None:
                    continue
                figures.append(drawn[0])
                tables.append(drawn[1])
            texts.append(f"{what[0]} (example {apart.first}): {what[1]}")
            key = "_".join([apart.rule, *([] if len(pairs) == 1 else [str(pair[1])])])
            chosen[key] = {"sentence": apart.sentence, "example": apart.first}
    if not figures:
        why = "no example with edges that only one run retains can be drawn"
        return (nothing(NAME, TITLE, __doc__, why),)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=f"{'; '.join(texts)}.",
            figures=tuple(figures),
            tables=tuple(tables),
            notes=(
                f"Chosen by rule among examples of up to {most} "
                f"{'tokens' if compared.terms.language else 'edges'}, if there are any: the most "
                "edges that only one of two runs retains (the majority of seeds, in any layer), "
                "by the side with fewer of them, and by how many more one side has; none is drawn "
                "for two reasons.",
            ),
            summary={NAME: chosen},
        ),
    )


def _what(apart: Apart, names: tuple[str, str]) -> tuple[str, str]:
    """What the example shows, as a title, and with numbers."""
    titles = {
        "both_ways": "Different edges",
        "only_first": f"More in {names[0]}",
        "only_second": f"More in {names[1]}",
    }
    sides = [
        f"{count(n, 'edge')} only by {name}"
        for n, name in zip((apart.only_first, apart.only_second), names, strict=True)
    ]
    sides.append(f"{apart.both:,} by both")
    return titles[apart.rule], join(sides)
