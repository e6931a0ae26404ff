"""Text and corpora -> frozen records of documents, sentences, tokens and frames."""

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.conll09 import (
    CONLL09_COLUMNS,
    format_conll09,
    read_conll09,
    use_predicted,
    write_conll09,
)
from linguagraph.documents.conllu import (
    CONLLU_COLUMNS,
    format_conllu,
    read_conllu,
    read_conllup,
    to_tokenlist,
    write_conllu,
    write_conllup,
)
from linguagraph.documents.ewt_srl import ConversionReport, SplitReport, convert_ewt_srl
from linguagraph.documents.reading import (
    FORMATS,
    Format,
    read_documents,
    read_sentences,
    write_sentences,
)
from linguagraph.documents.records import (
    Analysis,
    Document,
    EmptyNode,
    Frame,
    MultiwordToken,
    Role,
    Sentence,
    Token,
    predicate_type,
)

__all__ = [
    "CONLL09_COLUMNS",
    "CONLLU_COLUMNS",
    "FORMATS",
    "Analysis",
    "ConversionReport",
    "Document",
    "EmptyNode",
    "Format",
    "Frame",
    "MultiwordToken",
    "OnBad",
    "Role",
    "Sentence",
    "SplitReport",
    "Token",
    "convert_ewt_srl",
    "format_conll09",
    "format_conllu",
    "predicate_type",
    "read_conll09",
    "read_conllu",
    "read_conllup",
    "read_documents",
    "read_sentences",
    "to_tokenlist",
    "use_predicted",
    "write_conll09",
    "write_conllu",
    "write_conllup",
    "write_sentences",
]
