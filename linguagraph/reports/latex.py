"""A :class:`TableBlock` -> a booktabs table for a paper, every special character escaped."""

from __future__ import annotations

from linguagraph.figures.text import visible
from linguagraph.reports.cells import ShownColumn, shown_columns
from linguagraph.reports.sections import TableBlock

__all__ = ["escape", "to_latex"]

_LONG = 45

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "−": r"$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "κ": r"$\kappa$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
}
_PAIRS = {"->": r"$\rightarrow$", "<-": r"$\leftarrow$"}


def escape(text: str) -> str:
    """Return ``text`` with special characters escaped, arrows as arrows, nothing hidden.

    Letters beyond ASCII stay as they are: LaTeX has read UTF-8 since 2018. Quotation marks need
    a T1 or Unicode font encoding.
    """
    text = visible(text)
    parts = []
    position = 0
    while position < len(text):
        pair = _PAIRS.get(text[position : position + 2])
        if pair is not None:
            parts.append(pair)
            position += 2
            continue
        parts.append(_ESCAPES.get(text[position], text[position]))
        position += 1
    return "".join(parts)


def to_latex(block: TableBlock) -> str:
    """Return the table as LaTeX with caption and label ``tab:NAME``.

    Needs ``booktabs``; a table of more than 45 rows becomes a ``longtable``. Shares are shown as
    percentages and intervals beside their estimate, as in the report.

    Raises:
        ReportError: ``block.percent`` names a column that the table lacks.
    """
    columns = shown_columns(block)
    rows = len(block.frame)
    long = rows > _LONG
    layout = "".join("r" if column.numeric else "l" for column in columns)
    head = " & ".join(escape(column.header) for column in columns) + r" \\"
    body = [_row(columns, index) for index in range(rows)]
    caption = rf"\caption{{{escape(' '.join(block.caption.split()))}}}"
    label = rf"\label{{tab:{block.name}}}"
    needs = "% Needs \\usepackage{booktabs}" + (" and \\usepackage{longtable}." if long else ".")
    if long:
        lines = [
            needs,
            rf"\begin{{longtable}}{{{layout}}}",
            rf"{caption} {label} \\",
            r"\toprule",
            head,
            r"\midrule",
            r"\endhead",
            *body,
            r"\bottomrule",
            r"\end{longtable}",
        ]
    else:
        lines = [
            needs,
            r"\begin{table}",
            r"\centering",
            caption,
            label,
            rf"\begin{{tabular}}{{{layout}}}",
            r"\toprule",
            head,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def _row(columns: list[ShownColumn], index: int) -> str:
    cells = (escape(" ".join(column.cells[index].split())) for column in columns)
    # A row that begins with a bracket would be read as an option of the line break before it.
    return "{}" + " & ".join(cells) + r" \\"
