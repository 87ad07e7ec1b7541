"""How alike two texts are: words, exact match, token F1, ROUGE-L. All scores lie in [0, 1]."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

Tokens: TypeAlias = tuple[str, ...]

_TOKEN: Final = re.compile(
    r"(?:(?<!\w)[-+\u2212])?(?:(?<!\w)\.)?[0-9](?:[.,]?[^\W_])*"  # 5  -5  7.7  1,000  .5  3d  1.2mm
    r"|[^\W_]+"
    r"|[^\w\s-]"
)


@lru_cache(maxsize=1 << 14)
def tokens(text: str) -> Tokens:
    """Numbers, words and signs of a text in NFKC and folded case; hyphens and underscores part words like spaces.

    ``"Upper-left, 5%."`` gives ``upper left , 5 % .``
    """
    return tuple(_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


def folded(text: str) -> Tokens:
    """What two texts must have in common to be the same: ``tokens`` without a full stop at the end."""
    found = tokens(text)
    return found[:-1] if found[-1:] == (".",) else found


def exact_match(said: str, reference: str) -> bool:
    """Whether two texts differ in case, spacing, hyphens and a full stop at the end at most."""
    return folded(said) == folded(reference)


def token_f1(said: str, reference: str) -> float:
    """2·c / (n + m): ``c`` words in common, counted with repetition, of ``n`` and ``m`` words.

    The F1 of SQuAD (Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250), but articles count: which words are
    articles depends on the language. Signs do not count. Two texts without words: 1; one of them: 0.
    """
    a, b = _words(said), _words(reference)
    return _f1((Counter(a) & Counter(b)).total(), len(a), len(b))


def rouge_l(said: str, reference: str) -> float:
    """2·l / (n + m): ``l`` the length of the longest common subsequence of ``n`` and ``m`` words.

    The F measure of ROUGE-L with equal weight of precision l/n and recall l/m (Lin 2004,
    https://aclanthology.org/W04-1013), without stemming. Signs do not count. Two texts without words: 1; one: 0.
    """
    a, b = _words(said), _words(reference)
    return _f1(_longest_common(a, b), len(a), len(b))


def _words(text: str) -> Tokens:
    return tuple(token for token in tokens(text) if token[-1].isalnum())


def _f1(common: int, n: int, m: int) -> float:
    return 2 * common / (n + m) if n + m else 1.0


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence; ``best[j]`` is that of the words of ``a`` so far and ``b[:j]``."""
    best = [0] * (len(b) + 1)
    for word in a:
        corner = 0
        for j, other in enumerate(b, start=1):
            corner, best[j] = best[j], corner + 1 if word == other else max(best[j], best[j - 1])
    return best[-1]
