"""A WikiHop item -> the mentions in its supports: candidates, subject, bridges, what corefers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from linguagraph.documents.passages import Chains
from linguagraph.documents.resolver.lexicon import words
from linguagraph.documents.wikihop import WikihopItem
from linguagraph.documents.words import Span, date_keys, folded, split_words, word_keys
from linguagraph.errors import ConfigError

__all__ = [
    "BRIDGES",
    "ItemMentions",
    "ItemMention",
    "MentionConfig",
    "find_item_mentions",
    "short_key",
]

BRIDGES = ("linked", "all", "none")
ROLES = ("candidate", "subject", "bridge", "coreferent")
"""What a mention is to the question."""

_INSIDE = words(
    "of the de la le les du des da do dos di del della van von der den zu al el ibn bin y"
)
"""Lower-case words that may stand within a name."""

_SIGNS = frozenset("-'’.")
"""Signs that may stand within a name."""

_NO_NAME = words("""
    a an the this that these those he she it they we i you his her hers its their our my your him
    them us me who whom whose which what when where while after before since until during in on at
    by for from to with without of as and or but if both each some many most all other another
    there here then also although though because however later early following under over between
    into one two three four five six seven eight nine ten first second third last not no nor so
    such born died see according despite once upon
    january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
""")
"""Words that are no name on their own, however they are written."""

_TITLES = words("""
    sir dame lord lady king queen prince princess emperor empress archduke archduchess duke duchess
    count countess baron baroness pope saint st dr mr mrs ms rev captain general president
""")
"""Words before a name that its short form goes without."""


@dataclass(frozen=True, slots=True)
class MentionConfig:
    """Which mentions become nodes.

    Attributes:
        bridges: names (capitalised spans, or the given named entities) that are neither candidate
            nor subject: those that occur in at least two supports (``linked``), ``all``, ``none``.
        coreferent: whether pronouns and short noun phrases that corefer with one of these, too.
        longest: words of a coreferent noun phrase at most.
        per_chain: of each chain, so many of these at most, the first ones.

    Raises:
        ConfigError: an unknown value.
    """

    bridges: str = "linked"
    coreferent: bool = True
    longest: int = 4
    per_chain: int = 2

    def __post_init__(self) -> None:
        if self.bridges not in BRIDGES:
            raise ConfigError(f"bridges={self.bridges!r}; expected one of {list(BRIDGES)}")
        if self.longest < 1 or self.per_chain < 1:
            raise ConfigError(
                f"longest={self.longest}, per_chain={self.per_chain}; expected at least 1"
            )

    def to_json(self) -> dict[str, Any]:
        """Field names and values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ItemMention:
    """One mention in a support.

    Attributes:
        support: index of the support; start, end: first word and the one after the last.
        key: its string in normal form (dates by value), by which strings are the same.
        short: the key without titles and middle names (see :func:`short_key`), by which a bridge
            is the same as another mention.
        role: one of :data:`ROLES`.
        candidate: index of the candidate that it mentions, -1 for none. A coreferent mention
            mentions the candidate of its chain if the chain has just one.
        chain: number of its coreference chain in the item, -1 for none.
    """

    support: int
    start: int
    end: int
    key: str
    short: str
    role: str
    candidate: int = -1
    chain: int = -1


@dataclass(frozen=True)
class ItemMentions:
    """An item with its words and mentions.

    Attributes:
        item: what was read.
        words: of each support, the character spans of its words.
        mentions: in the order of the text, support by support.
    """

    item: WikihopItem
    words: tuple[tuple[Span, ...], ...]
    mentions: tuple[ItemMention, ...]

    def span(self, mention: ItemMention) -> Span:
        """Characters of a mention in its support."""
        words = self.words[mention.support]
        return words[mention.start][0], words[mention.end - 1][1]

    def text(self, mention: ItemMention) -> str:
        """A mention as written."""
        start, end = self.span(mention)
        return self.item.supports[mention.support][start:end]


def short_key(key: str) -> str:
    """A name without titles before it, and of three words or more only the first and the last.

    "prince tao ruspoli" and "edward james solomon" give "tao ruspoli" and "edward solomon".
    """
    words = key.split()
    while len(words) > 1 and words[0] in _TITLES:
        words = words[1:]
    return f"{words[0]} {words[-1]}" if len(words) > 2 else " ".join(words)


def find_item_mentions(
    item: WikihopItem,
    config: MentionConfig | None = None,
    *,
    chains: Callable[[str], Chains] | None = None,
    entities: Callable[[str], Sequence[Span]] | None = None,
) -> ItemMentions:
    """Find every mention of the kinds that ``config`` asks for.

    Strings are compared word by word without case, accents and punctuation, full dates by value.
    Of overlapping candidates and subjects the longest is taken; a candidate that would have no
    mention then keeps those within longer ones.

    Args:
        item: the question and its supports; gold annotation is not looked at.
        config: which kinds.
        chains: coreference chains of a support by its text; ``None``: nothing corefers.
        entities: spans of named entities of a support by its text; ``None``: capitalised spans.
    """
    config = config or MentionConfig()
    texts = [_Words.of(support) for support in item.supports]
    found = [list(_asked(item, text, number)) for number, text in enumerate(texts)]
    found = _longest(found, len(item.candidates))
    if config.bridges != "none":
        _add_bridges(found, texts, config, entities)
    if chains is not None:
        _add_chains(found, texts, config, chains)
    mentions = tuple(m for ms in found for m in sorted(ms, key=lambda m: (m.start, m.end)))
    return ItemMentions(item, tuple(tuple(text.spans) for text in texts), mentions)


@dataclass(frozen=True)
class _Words:
    """A support: its text, words, their keys, and the places of those that are no punctuation."""

    text: str
    spans: list[Span]
    keys: list[str]
    places: list[int]

    @classmethod
    def of(cls, text: str) -> _Words:
        spans = split_words(text)
        keys = word_keys(text, spans)
        return cls(text, spans, keys, [i for i, key in enumerate(keys) if key])

    def key(self, start: int, end: int) -> str:
        return " ".join(key for key in self.keys[start:end] if key)

    def word(self, place: int) -> str:
        start, end = self.spans[place]
        return self.text[start:end]

    def range(self, span: Span) -> tuple[int, int] | None:
        """Words that lie in a span of characters."""
        inside = [
            i for i, (start, end) in enumerate(self.spans) if start < span[1] and end > span[0]
        ]
        return (inside[0], inside[-1] + 1) if inside else None


def _asked(item: WikihopItem, text: _Words, support: int) -> Iterator[ItemMention]:
    """Mentions of candidates and of the subject, overlaps and all."""
    phrases: dict[str, list[tuple[tuple[str, ...], str, int]]] = {}
    dates: dict[str, int] = {}
    for string, role, number in _strings(item):
        keys = [key for key in word_keys(string, split_words(string)) if key]
        if keys:
            phrases.setdefault(keys[0], []).append((tuple(keys), role, number))
        date = next(date_keys(keys), None)
        if date is not None and role == "candidate" and date[:2] == (0, len(keys)):
            dates[date[2]] = number
    content = [text.keys[place] for place in text.places]
    seen = set()
    for start, end, value in date_keys(text.keys):
        if value in dates:
            seen.add((start, end))
            yield ItemMention(support, start, end, value, value, "candidate", dates[value])
    for at, key in enumerate(content):
        for phrase, role, number in phrases.get(key, ()):
            if tuple(content[at : at + len(phrase)]) == phrase:
                start, end = text.places[at], text.places[at + len(phrase) - 1] + 1
                if (start, end) not in seen:
                    name = " ".join(phrase)
                    yield ItemMention(support, start, end, name, short_key(name), role, number)


def _strings(item: WikihopItem) -> Iterator[tuple[str, str, int]]:
    for number, candidate in enumerate(item.candidates):
        for form in dict.fromkeys((candidate, *item.forms.get(candidate, ()))):
            yield form, "candidate", number
    yield item.subject, "subject", -1


def _longest(found: list[list[ItemMention]], candidates: int) -> list[list[ItemMention]]:
    """Of overlapping mentions the longest; of candidates that lose all of theirs, all."""
    kept: list[list[ItemMention]] = []
    lost: list[ItemMention] = []
    for mentions in found:
        taken: list[ItemMention] = []
        for mention in sorted(mentions, key=lambda m: (m.start - m.end, m.start, m.role)):
            inside = any(m.start < mention.end and mention.start < m.end for m in taken)
            (lost if inside else taken).append(mention)
        kept.append(taken)
    has = {m.candidate for mentions in kept for m in mentions}
    for mention in lost:
        same = [
            m for m in kept[mention.support] if (m.start, m.end) == (mention.start, mention.end)
        ]
        if mention.candidate >= 0 and mention.candidate not in has and not same:
            kept[mention.support].append(mention)
    return kept


def _add_bridges(
    found: list[list[ItemMention]],
    texts: Sequence[_Words],
    config: MentionConfig,
    entities: Callable[[str], Sequence[Span]] | None,
) -> None:
    lower = {
        text.keys[place] for text in texts for place in text.places if text.word(place)[0].islower()
    }
    bridges: list[ItemMention] = []
    for support, text in enumerate(texts):
        if entities is None:
            spans: Iterable[tuple[int, int]] = _capitalised(text, lower)
        else:
            ranges = (text.range(span) for span in entities(text.text))
            spans = dict.fromkeys(words for words in ranges if words is not None)
        for start, end in spans:
            if any(m.start <= start and end <= m.end for m in found[support]):
                continue
            key = text.key(start, end)
            bridges.append(ItemMention(support, start, end, key, short_key(key), "bridge"))
    where: dict[str, set[int]] = {}
    for mention in (*bridges, *(m for mentions in found for m in mentions)):
        where.setdefault(mention.short, set()).add(mention.support)
    for mention in bridges:
        if mention.key and (config.bridges == "all" or len(where[mention.short]) > 1):
            found[mention.support].append(mention)


def _capitalised(text: _Words, lower: set[str]) -> Iterator[tuple[int, int]]:
    """Longest runs of capitalised words, with small words inside; no closed-class word alone."""
    place, size = 0, len(text.spans)
    while place < size:
        if not _names(text, place):
            place += 1
            continue
        start = end = place
        while end < size:
            if _names(text, end):
                end += 1
                continue
            inner = end
            while inner < size and (text.word(inner) in _INSIDE or text.word(inner) in _SIGNS):
                if text.word(inner) == "." and end - start and len(text.word(inner - 1)) > 2:
                    break  # the end of a sentence, not of an initial
                inner += 1
            if inner == end or inner >= size or not _names(text, inner) or inner - end > 2:
                break
            end = inner
        place = end
        while start < end and text.keys[start] in _NO_NAME:
            start += 1
        while start < end and (text.keys[start] in _INSIDE or not text.keys[start]):
            start += 1
        if start < end and not (
            end - start == 1 and (text.keys[start] in lower or len(text.keys[start]) < 3)
        ):
            yield start, end


def _names(text: _Words, place: int) -> bool:
    word = text.word(place)
    return word[0].isupper() and not word.startswith("___")


def _add_chains(
    found: list[list[ItemMention]],
    texts: Sequence[_Words],
    config: MentionConfig,
    chains: Callable[[str], Chains],
) -> None:
    """Give mentions their chains, and add what corefers with them."""
    number = 0
    for support, text in enumerate(texts):
        mentions = found[support]
        for chain in chains(text.text):
            ranges = [words for words in map(text.range, chain) if words is not None]
            members = [m for m in range(len(mentions)) if _refers(mentions[m], ranges, text)]
            if not members:
                continue
            candidates = {mentions[m].candidate for m in members} - {-1}
            for member in members:
                mentions[member] = _in_chain(mentions[member], number)
            if config.coreferent:
                own = candidates.pop() if len(candidates) == 1 else -1
                added = 0
                for start, end in ranges:
                    free = all(m.end <= start or end <= m.start for m in mentions)
                    if free and end - start <= config.longest and added < config.per_chain:
                        added += 1
                        key = text.key(start, end)
                        mentions.append(
                            ItemMention(support, start, end, key, key, "coreferent", own, number)
                        )
            number += 1


def _in_chain(mention: ItemMention, chain: int) -> ItemMention:
    """The mention with a chain; the first one stays."""
    if mention.chain >= 0:
        return mention
    return replace(mention, chain=chain)


def _refers(mention: ItemMention, ranges: Sequence[tuple[int, int]], text: _Words) -> bool:
    """Whether a mention is more than half of one of a chain's, from its first word but "the"."""
    for start, end in ranges:
        first = start + (end - start > 1 and folded(text.word(start)) in ("the", "a", "an"))
        own = mention.end - mention.start
        if mention.start in (start, first) and mention.end <= end and 2 * own > end - first:
            return True
    return False
