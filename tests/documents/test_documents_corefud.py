"""CorefUD: brackets to chains and back, every kind of bracket, one named error per damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from linguagraph.documents.blocks import Block
from linguagraph.documents.corefud import read_corefud, write_corefud
from linguagraph.documents.corefud_sentences import mentions_of, with_mentions
from linguagraph.documents.mentions import build_chain, mention_head, mention_type, order_chains
from linguagraph.documents.records import Chain, Document, EmptyNode, Link, Mention, Sentence, Token
from linguagraph.errors import DocumentError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "gum"

HEAD = ["# newdoc id = tale", "# global.Entity = eid-etype-head-other", "# sent_id = t-1"]
FIRST = [
    "1 The the DET DT _ 2 det 2:det Bridge=e9<e1|Entity=(e1-person-2-a:b",
    "2 queen queen NOUN NN _ 7 nsubj _ _",
    "3 of of ADP IN _ 4 case _ _",
    "4 Spain Spain PROPN NNP _ 2 nmod _ Entity=(e2-place-1)e1)|SpaceAfter=No",
    "5-6 don't _ _ _ _ _ _ _ _",
    "5 do do AUX VBP _ 7 aux _ _",
    "6 n't not PART RB _ 7 advmod _ _",
    "7 call call VERB VB _ 0 root _ _",
    "8 her she PRON PRP _ 7 obj _ Entity=(e1--1)",
]
SECOND = [
    "1 She she PRON PRP _ 2 nsubj _ Entity=(e1-person-1)|SplitAnte=e2<e1",
    "2 turned turn VERB VBD _ 0 root _ Entity=(e3[1/2]-event-1",
    "3 it it PRON PRP _ 2 obj _ Entity=(e4-object-1)e3[1/2])",
    "4 slowly slow ADV RB _ 5 advmod _ _",
    "5 off off ADP RP _ 2 compound _ Entity=(e3[2/2]-event-1)",
]


def text(*sentences: list[str]) -> str:
    written = [
        row if row.startswith("#") else row.replace(" ", "\t")
        for rows in sentences
        for row in (*rows, "")
    ]
    return "\n".join(written) + "\n"


def save(folder: Path, content: str) -> Path:
    path = folder / "corpus.conllu"
    path.write_bytes(content.encode())
    return path


def read(folder: Path, content: str) -> list[Document]:
    return list(read_corefud(save(folder, content)))


def again(folder: Path, content: str) -> str:
    """What is written after ``content`` was read."""
    write_corefud(read(folder, content), folder / "out.conllu")
    return (folder / "out.conllu").read_bytes().decode()


def test_brackets_become_chains_in_text_order(tmp_path: Path) -> None:
    (document,) = read(tmp_path, text([*HEAD, *FIRST], SECOND))
    assert document.id == "tale"
    queen, spain, event, thing = document.chains
    assert [chain.id for chain in document.chains] == ["e1", "e2", "e3", "e4"]
    assert queen.mentions == (
        Mention(0, (0, 1, 2, 3), 1, "person", (("other", "a:b"),)),
        Mention(0, (7,), 7),
        Mention(1, (0,), 0, "person"),
    )
    assert queen.links == (Link(1, 0, "annotated"), Link(2, 1, "annotated"))
    assert (spain.mentions, spain.links) == ((Mention(0, (3,), 3, "place"),), ())
    assert event.mentions == (Mention(1, (1, 2, 4), 1, "event"),)
    assert thing.mentions == (Mention(1, (2,), 2, "object"),)


def test_entity_leaves_misc_and_the_rest_stays_in_order(tmp_path: Path) -> None:
    (document,) = read(tmp_path, text([*HEAD, *FIRST], SECOND))
    first, second = document.sentences
    assert first.tokens[0].misc == "Bridge=e9<e1"
    assert first.tokens[3].misc == "SpaceAfter=No"
    assert first.tokens[7].misc is None
    assert second.tokens[0].misc == "SplitAnte=e2<e1"
    assert [sentence.index for sentence in document.sentences] == [0, 1]


def test_written_again_every_byte_is_there(tmp_path: Path) -> None:
    content = text([*HEAD, *FIRST], SECOND)
    assert again(tmp_path, content) == content


def rows(*entities: str, forms: str = "abcdefgh") -> list[str]:
    """One word per ``Entity=`` value (empty for none), the first the root."""
    return [
        f"{i} {forms[i - 1]} _ NOUN _ _ {min(i - 1, 1)} dep _ {f'Entity={value}' if value else '_'}"
        for i, value in enumerate(entities, start=1)
    ]


@pytest.mark.parametrize(
    "entities",
    [
        ["(e1(e2(e3)", "e2)e1)"],  # nested, a single word after what opens
        ["(e1", "(e2", "(e3)e2)e1)"],  # a single word before what closes
        ["(e1", "(e1)", "e1)"],  # nested in the same chain
        ["(e1(e1", "e1)", "e1)"],
        ["(e1", "(e2", "e1)", "e2)"],  # crossing
        ["(e1", "e1)(e1", "e1)"],
        ["(e1", "e1)(e2(e3)", "e2)"],  # meeting on a word
        ["(e1(e2", "e2)e1)"],  # two chains over the same words
        ["(e2(e1", "e1)e2)"],
        ["(e1)(e2)"],
        ["(e1[1/3]", "e1[1/3])", "", "(e1[2/3])", "", "(e1[3/3](e2", "e2)", "e1[3/3])"],
        ["(e1[1/2](e2[1/2])", "e1[1/2])", "", "(e1[2/2](e2[2/2])", "e1[2/2])"],
        ["(e1[1/2])", "", "(e1[2/2])(e2[1/2])", "", "(e2[2/2])"],
    ],
)
def test_the_order_of_brackets_is_kept(tmp_path: Path, entities: list[str]) -> None:
    content = text([*HEAD, *rows(*entities)])
    assert again(tmp_path, content) == content


def test_the_order_of_brackets_is_made_regular(tmp_path: Path) -> None:
    content = text([*HEAD, *rows("(e3)(e2(e1", "", "e2)", "e1)(e4)")])
    expected = text([*HEAD, *rows("(e1(e2(e3)", "", "e2)", "(e4)e1)")])
    assert again(tmp_path, content) == expected


def test_fields_come_in_the_order_of_the_header(tmp_path: Path) -> None:
    header = "# global.Entity = etype-minspan-GRP-head-identity"
    content = text([header, *rows("(person-1,2-7-2-Ann_%2D_Lee", "7)", "(-1-7)")])
    (document,) = read(tmp_path, content)
    (chain,) = document.chains
    assert chain.id == "7"
    first, second = chain.mentions
    assert (first.type, first.head) == ("person", 1)
    assert first.attributes == (("minspan", "1,2"), ("identity", "Ann_%2D_Lee"))
    assert (second.type, second.head) == (None, 2)
    assert second.attributes == (("minspan", "1"), ("head", ""))
    assert again(tmp_path, content) == content


def test_empty_fields_at_the_end_of_a_bracket_are_dropped(tmp_path: Path) -> None:
    assert again(tmp_path, text([*HEAD, *rows("(e1-x-1-)")])) == text([*HEAD, *rows("(e1-x-1)")])


def test_a_place_out_of_the_alphabet_is_kept_too(tmp_path: Path) -> None:
    row = "1 Ann _ PROPN _ _ 0 root _ SpaceAfter=No|Entity=(e1-person-1)|Align=1"
    content = text([*HEAD, row])
    (document,) = read(tmp_path, content)
    assert document.sentences[0].tokens[0].misc == "SpaceAfter=No|Entity=|Align=1"
    assert again(tmp_path, content) == content
    write_corefud([replace(document, chains=())], tmp_path / "bare.conllu")
    assert "SpaceAfter=No|Align=1\n" in (tmp_path / "bare.conllu").read_text()


EMPTY = [
    "1 saw _ VERB _ _ 0 root _ Entity=(e1-x-2",
    "1.1 # _ PRON _ _ _ _ 1:obj Entity=(e2-y-1)|Func=zero",
    "2 off _ ADP _ _ 1 dep _ Entity=e1)",
    "2.1 # _ PRON _ _ _ _ 1:obj Entity=(e3-z-2",
    "3 dog _ NOUN _ _ 1 obj _ (e9|Entity=e3)",
    "4 cat _ NOUN _ _ 3 dep _ Entity=(e4[1/2]-w-1)",
    "4.1 # _ _ _ _ _ _ 3:dep _",
    "5 hen _ NOUN _ _ 4 dep _ Entity=(e4[2/2]-w-1)",
]


def test_empty_nodes_take_part(tmp_path: Path) -> None:
    content = text([*HEAD, *EMPTY])
    (document,) = read(tmp_path, content)
    chains = {chain.id: chain.mentions[0] for chain in document.chains}
    assert list(chains) == ["e1", "e3", "e4"]
    # head 2 is the empty node; the highest word takes its place
    assert chains["e1"] == Mention(0, (0, 1), 0, "x", (("head", "2"),))
    assert chains["e3"] == Mention(0, (2,), 2, "z", (("(nodes)", "2.1,3"),))
    # words 4 and 5 without the empty node between them
    assert chains["e4"] == Mention(0, (3, 4), 3, "w", (("(nodes)", "4,5"),))
    zero, bare, _ = document.sentences[0].empty_nodes
    assert zero.columns[-1] == "Entity=(e2-y-1)|Func=zero"
    assert bare.columns[-1] == "_"
    assert again(tmp_path, content) == content


def test_documents_begin_at_newdoc_and_each_has_its_own_ids(tmp_path: Path) -> None:
    content = text(
        [*HEAD, *rows("(1-x-1)", "(1-x-1)")],
        ["# newdoc", "# global.Entity = GRP-etype", *rows("(1-y)")],
        rows("(1-y)"),
        ["# newdoc id = c", *rows("")],
    )
    documents = read(tmp_path, content)
    assert [document.id for document in documents] == ["tale", "", "c"]
    assert [len(document.sentences) for document in documents] == [1, 2, 1]
    assert [[m.sentence for c in d.chains for m in c.mentions] for d in documents] == [
        [0, 0],
        [0, 1],
        [],
    ]
    assert again(tmp_path, content) == content


def test_a_file_without_newdoc_is_one_document(tmp_path: Path) -> None:
    content = text(["# global.Entity = eid", *rows("(e1)")], rows("(e1)"))
    (document,) = read(tmp_path, content)
    assert (document.id, len(document.chains[0].mentions)) == ("", 2)
    assert again(tmp_path, content) == content


@pytest.mark.parametrize(
    ("entities", "line", "message"),
    [
        (["(e1-x-1", ""], 4, r"\(e1 is not complete; expected e1\) in the same sentence"),
        (["", "e1)"], 5, r"e1\) closes a mention that is not open; expected \(e1 on the same"),
        (["(e1-x-1)e1)"], 4, r"e1\) closes a mention that is not open"),
        (["(e1-x-1)", "(e2[1/2]-x-1)"], 5, r"\(e2\[2/2\] is not complete"),
        (["(e2[2/2]-x-1)"], 4, r"\(e2\[2/2\] comes without part 1"),
        (["(e2[1/2]-x-1)(e2[2/2]-x-1)"], 4, "two parts of e2 overlap"),
        (["(e2[2/1]-x-1)"], 4, r"'e2\[2/1\]'; expected the number of a part"),
        (["(e2[1/2-x-1)"], 4, "expected the number of a part"),
        (["(e1-x-1-a-b)"], 4, r"has 5 fields; expected at most 4 .*write a hyphen.*%2D"),
        (["e1"], 4, r"'e1' is no bracket; expected \(id-"),
        (["()"], 4, "is no bracket"),
        (["(e1-x-1))"], 4, r"'\)' is no bracket"),
        (["(-x-1)"], 4, "a bracket without an id"),
        (["(e1-x-2)"], 4, r"head '2' of e1; expected the number of a word .* from 1 to 1"),
        (["(e1-x-one)"], 4, "head 'one' of e1"),
        (["(e1-x-1)|Entity=(e2-x-1)"], 4, "Entity= twice"),
    ],
)
def test_malformed_brackets_name_file_line_and_column(
    tmp_path: Path, entities: list[str], line: int, message: str
) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        read(tmp_path, text([*HEAD, *rows(*entities)]))
    assert (caught.value.line, caught.value.column) == (line, 10)
    assert caught.value.path == str(tmp_path / "corpus.conllu")


def test_multiword_tokens_carry_no_brackets(tmp_path: Path) -> None:
    row = "1-2 ab _ _ _ _ _ _ _ Entity=(e1-x-1)"
    with pytest.raises(DocumentError, match=r"multiword token 'ab'.*on its words") as caught:
        read(tmp_path, text([*HEAD, row, *rows("", "")]))
    assert caught.value.line == 4


@pytest.mark.parametrize(
    ("comments", "line", "message"),
    [
        (["# sent_id = 1"], 2, "Entity= without a '# global.Entity = eid-etype-head-other'"),
        (["# global.Entity = etype-head"], 1, "expected different field names .*eid and GRP"),
        (["# global.Entity = eid-etype-etype"], 1, "expected different field names"),
        (["# global.columns = ID FORM MISC"], 2, "10 columns|columns of CoNLL-U|expected 3"),
    ],
)
def test_a_header_is_needed_that_names_the_fields(
    tmp_path: Path, comments: list[str], line: int, message: str
) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        read(tmp_path, text([*comments, *rows("(e1-x-1)")]))
    assert caught.value.line == line


def test_other_columns_than_those_of_conllu_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="the ten columns of CoNLL-U"):
        read(tmp_path, text(["# global.columns = ID FORM MISC", "1 a Entity=(e1)"]))


def test_another_header_within_a_document_is_refused(tmp_path: Path) -> None:
    other = ["# global.Entity = eid-etype", *rows("(e1)")]
    with pytest.raises(DocumentError, match="within a document; expected it at a '# newdoc'"):
        read(tmp_path, text([*HEAD, *rows("(e1)")], other))
    same = [HEAD[1], *rows("(e1)")]
    assert len(read(tmp_path, text([*HEAD, *rows("(e1)")], same))) == 1


def test_a_bad_document_is_dropped_and_the_others_go_on(tmp_path: Path) -> None:
    content = text(
        [*HEAD, *rows("(e1-x-1)")],
        ["# newdoc id = bad", *rows("(e1-x-1")],
        rows("e1)"),
        ["# newdoc id = worse", *rows("(e1-x-1)")],
        ["1 a _ _ _ _ 9 dep _ _"],
        ["# newdoc id = last", *rows("(e1-x-1)")],
    )
    path = save(tmp_path, content)
    errors: list[DocumentError] = []
    documents = list(read_corefud(path, on_bad=errors.append))
    assert [document.id for document in documents] == ["tale", "last"]
    assert [document.sentences[0].index for document in documents] == [0, 1]
    assert [error.line for error in errors] == [7, 14]
    with pytest.raises(DocumentError, match="line 7"):
        list(read_corefud(path))
    # the header went with the dropped document, and is made again
    write_corefud(documents[1:], tmp_path / "last.conllu")
    (last,) = read_corefud(tmp_path / "last.conllu")
    assert last.chains == documents[1].chains


def plain(*specs: str) -> tuple[Sentence, ...]:
    """Sentences of ``form/UPOS`` words without comments; the first word is the root."""
    return tuple(
        Sentence(
            tuple(
                Token(i, *word.split("/")[:1], upos=word.split("/")[1], head=0 if i else -1)
                for i, word in enumerate(spec.split())
            )
        )
        for spec in specs
    )


def test_documents_from_elsewhere_get_a_header(tmp_path: Path) -> None:
    mentions = [
        Mention(0, (0, 1), 1, "person", (("sex", "f"),)),
        Mention(1, (0,), 0),
    ]
    chain = build_chain("e1", mentions, rule="exact")
    documents = [
        Document("one", plain("no/DET one/NOUN")),
        Document("two", plain("Ann/PROPN Lee/PROPN", "she/PRON left/VERB"), chains=(chain,)),
        Document("none"),
    ]
    write_corefud(documents, tmp_path / "made.conllu")
    written = (tmp_path / "made.conllu").read_text().split("\n")
    assert written[0] == "# newdoc id = one"
    assert written[4:6] == [
        "# newdoc id = two",
        "# global.Entity = eid-etype-head-other-sex",
    ]
    assert written[6].endswith("\tEntity=(e1-person-2--f")
    assert written[7].endswith("\tEntity=e1)")
    assert written[9].endswith("\tEntity=(e1--1)")
    one, two = read_corefud(tmp_path / "made.conllu")
    assert one.chains == ()
    assert two.chains[0].mentions == tuple(mentions)


def test_a_header_that_lacks_a_field_is_extended(tmp_path: Path) -> None:
    (document,) = read(
        tmp_path, text(["# newdoc id = a", "# global.Entity = GRP-infstat", *rows("(1-new", "1)")])
    )
    (chain,) = document.chains
    (mention,) = chain.mentions
    assert mention.head == 0
    changed = replace(mention, head=1, type="place")
    other = replace(document, chains=(Chain("1", (changed,)),))
    write_corefud([other], tmp_path / "out.conllu")
    written = (tmp_path / "out.conllu").read_text().split("\n")
    assert written[:2] == ["# newdoc id = a", "# global.Entity = GRP-infstat-etype-head"]
    assert written[2].endswith("\tEntity=(1-new-place-2")
    (back,) = read_corefud(tmp_path / "out.conllu")
    assert back.chains[0].mentions == (changed,)


def test_other_chains_replace_those_that_were_read(tmp_path: Path) -> None:
    (document,) = read(tmp_path, text([*HEAD, *FIRST], SECOND))
    chain = build_chain("c1", [Mention(0, (7,), 7), Mention(1, (0,), 0)], rule="pronoun")
    write_corefud([replace(document, chains=(chain,))], tmp_path / "out.conllu")
    written = (tmp_path / "out.conllu").read_text()
    assert written.count("Entity=") == 2
    assert "\tEntity=(c1--1)\n" in written
    assert "\tEntity=(c1--1)|SplitAnte=e2<e1\n" in written
    assert "\tBridge=e9<e1\n" in written


@pytest.mark.parametrize(
    ("chains", "message"),
    [
        ([Chain("a-b", (Mention(0, (0,), 0),))], r"chain id 'a-b'.*no blank or any of - \("),
        ([Chain("", (Mention(0, (0,), 0),))], "chain id ''"),
        ([Chain("a", (Mention(0, (0,), 0, "x|y"),))], r"value 'x\|y' of a mention of a"),
        ([Chain("a", (Mention(0, (0,), 0, None, (("k", "1-2"),)),))], "write a hyphen as %2D"),
        ([Chain("a", (Mention(0, (0,), 0, None, (("k=", "1"),)),))], "attribute name 'k='"),
        ([Chain("a", ()), Chain("a", ())], "two chains with the id 'a'"),
        (
            [Chain("a", (Mention(0, (0, 1, 2), 0), Mention(0, (1, 2, 3), 1)))],
            "two mentions of a cross",
        ),
    ],
)
def test_what_brackets_cannot_hold_is_refused(
    tmp_path: Path, chains: list[Chain], message: str
) -> None:
    document = Document("d", plain("a/NOUN b/NOUN c/NOUN d/NOUN"), chains=tuple(chains))
    with pytest.raises(DocumentError, match=message):
        write_corefud([document], tmp_path / "out.conllu")
    assert not list(tmp_path.iterdir())


def test_the_head_is_the_highest_token_without_a_tree_the_last() -> None:
    heads = [1, -1, 1, 2, 2]
    sentence = Sentence(tuple(Token(i, "w", upos="NOUN", head=h) for i, h in enumerate(heads)))
    assert mention_head(sentence, (2, 3, 4)) == 2
    assert mention_head(sentence, (3, 4)) == 3
    assert mention_head(sentence, (0, 3)) == 0
    assert mention_head(Sentence(tuple(Token(i, "w") for i in range(3))), (0, 1)) == 1
    marked = Sentence(
        (Token(0, "(", upos="PUNCT", head=2), Token(1, "a", head=2), Token(2, "b", head=-1))
    )
    assert mention_head(marked, (0, 1)) == 1


@pytest.mark.parametrize(
    ("upos", "xpos", "expected"),
    [
        ("PRON", "NNP", "pronoun"),
        ("DET", None, "pronoun"),
        ("PROPN", None, "proper"),
        ("VERB", "VBG", "nominal"),
        (None, "PRP$", "pronoun"),
        (None, "NNPS", "proper"),
        (None, "NN", "nominal"),
        (None, None, "nominal"),
    ],
)
def test_types_come_from_the_tag_of_the_head(
    upos: str | None, xpos: str | None, expected: str
) -> None:
    sentence = Sentence((Token(0, "w", upos=upos, xpos=xpos),))
    assert mention_type(sentence, Mention(0, (0,), 0)) == expected


def test_chains_are_ordered_by_first_mention_the_longer_first() -> None:
    chains = [
        build_chain("c", [Mention(1, (0,), 0), Mention(0, (2,), 2)], rule="r"),
        build_chain("b", [Mention(0, (0,), 0)], rule="r"),
        build_chain("a", [Mention(0, (0, 1), 0)], rule="r"),
    ]
    assert [chain.id for chain in order_chains(chains)] == ["a", "b", "c"]
    assert [mention.sentence for mention in chains[0].mentions] == [0, 1]


def test_any_mentions_come_back_from_their_brackets() -> None:
    draw = Random(3)
    refused = 0
    header = ("eid", "etype", "head", "other")
    for _ in range(400):
        size = draw.randint(1, 9)
        words = tuple(Token(i, "w", head=i - 1, misc="SpaceAfter=No") for i in range(size))
        places = sorted(draw.sample(range(-1, size), draw.randint(0, min(2, size))))
        nodes = tuple(EmptyNode(place, 1, "#", ("_",) * 8) for place in places)
        sentence = Sentence(words, empty_nodes=nodes)
        mentions = set()
        for _ in range(draw.randint(0, 6)):
            tokens = tuple(sorted(draw.sample(range(size), draw.randint(1, size))))
            mentions.add((f"e{draw.randint(1, 3)}", Mention(0, tokens, draw.choice(tokens))))
        try:
            written = with_mentions(sentence, sorted(mentions, key=repr), header)
        except DocumentError as error:
            assert "cross" in str(error)  # noqa: PT017
            refused += 1
            continue
        back, found = mentions_of(written, header, 0, Block("made", 1, []))
        assert back == sentence
        assert sorted(found, key=repr) == sorted(mentions, key=repr)
    assert refused < 300


@pytest.mark.skipif(not SHARED.is_dir(), reason="GUM is not here")
def test_gum_reads_and_writes_again_unchanged(tmp_path: Path) -> None:
    for path in sorted(SHARED.glob("*.conllu")):
        count = 0
        documents = list(read_corefud(path))
        for document in documents:
            count += sum(len(chain.mentions) for chain in document.chains)
            for sentence in document.sentences:
                assert not any("Entity=" in (token.misc or "") for token in sentence.tokens)
        write_corefud(documents, tmp_path / path.name)
        content = path.read_bytes()
        assert (tmp_path / path.name).read_bytes() == content
        opened = sum(line.rpartition("\t")[2].count("(") for line in entity_lines(content))
        assert count == opened


def entity_lines(content: bytes) -> list[str]:
    """The values of ``Entity=`` in a file."""
    lines = [line for line in content.decode().split("\n") if "\t" in line]
    misc = [item for line in lines for item in line.rpartition("\t")[2].split("|")]
    return [item for item in misc if item.startswith("Entity=")]
