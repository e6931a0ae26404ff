import pandas as pd

from linguagraph.reports.latex import escape, to_latex
from linguagraph.reports.sections import TableBlock


def test_every_special_character_is_escaped() -> None:
    assert escape("\\{}$&#%_^~") == (
        r"\textbackslash{}\{\}\$\&\#\%\_\textasciicircum{}\textasciitilde{}"
    )
    assert escape('<>|"`') == (
        r"\textless{}\textgreater{}\textbar{}\textquotedbl{}\textasciigrave{}"
    )
    assert escape("−1.2 – é κ") == r"$-$1.2 -- é $\kappa$"
    assert escape("nsubj -> <-") == r"nsubj $\rightarrow$ $\leftarrow$"


def test_a_table_in_full() -> None:
    frame = pd.DataFrame(
        {
            "label": ["a_b", "[x]"],
            "share": [0.162, None],
            "low": [0.158, None],
            "high": [0.167, None],
            "n": [4391, 1],
        }
    )
    block = TableBlock("by_label", "50% of\n$x$", frame, ("share", "low", "high"))
    assert (
        to_latex(block)
        == r"""% Needs \usepackage{booktabs}.
\begin{table}
\centering
\caption{50\% of \$x\$}
\label{tab:by_label}
\begin{tabular}{lrr}
\toprule
label & share (interval) & n \\
\midrule
{}a\_b & 16.2\% (15.8--16.7) & 4,391 \\
{}[x] & -- & 1 \\
\bottomrule
\end{tabular}
\end{table}
"""
    )


def test_long_tables_break_over_pages() -> None:
    text = to_latex(TableBlock("t", "c", pd.DataFrame({"v": range(46)})))
    assert text.startswith("% Needs \\usepackage{booktabs} and \\usepackage{longtable}.")
    assert text.count(r"\begin{longtable}{r}") == 1
    assert text.count(r"\\") == 48  # 46 rows, heading, caption


def test_hostile_cells_cannot_leave_their_cell(hostile_text: str) -> None:
    frame = pd.DataFrame({hostile_text: ["a & b \\\\ \\input{/etc/passwd} \n c"]})
    body = to_latex(TableBlock("t", hostile_text, frame))
    assert "\\input" not in body
    assert r"a \& b \textbackslash{}\textbackslash{} \textbackslash{}input\{/etc/passwd\} c" in body
    assert "\u202e" not in body
