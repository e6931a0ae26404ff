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
from linguagraph.documents.corefud import read_corefud, write_corefud
from linguagraph.documents.ewt_srl import ConversionReport, SplitReport, convert_ewt_srl
from linguagraph.documents.mentions import MENTION_TYPES, mention_head, mention_type
from linguagraph.documents.parsers import Parser, RawDocument
from linguagraph.documents.reading import (
    FORMATS,
    Format,
    read_documents,
    read_sentences,
    write_sentences,
)
from linguagraph.documents.records import (
    Analysis,
    Chain,
    Document,
    EmptyNode,
    Frame,
    Link,
    Mention,
    MultiwordToken,
    Role,
    Sentence,
    Token,
    predicate_type,
)

__all__ = [
    "Analysis",
    "CONLL09_COLUMNS",
    "CONLLU_COLUMNS",
    "Chain",
    "ConversionReport",
    "Document",
    "EmptyNode",
    "FORMATS",
    "Format",
    "Frame",
    "Link",
    "MENTION_TYPES",
    "Mention",
    "MultiwordToken",
    "OnBad",
    "Parser",
    "RawDocument",
    "Role",
    "Sentence",
    "SplitReport",
    "Token",
    "convert_ewt_srl",
    "format_conll09",
    "format_conllu",
    "mention_head",
    "mention_type",
    "predicate_type",
    "read_conll09",
    "read_conllu",
    "read_conllup",
    "read_corefud",
    "read_documents",
    "read_sentences",
    "to_tokenlist",
    "use_predicted",
    "write_conll09",
    "write_conllu",
    "write_conllup",
    "write_corefud",
    "write_sentences",
]
