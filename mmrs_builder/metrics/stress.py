"""Does a model read the picture, or remember anatomy? The same places asked with names, signs, and nothing to see.

After MIRP (Wolf et al. 2025, https://arxiv.org/abs/2508.00549), from the twins of a build (``docs/twins.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mmrs_builder.metrics import compare, score
from mmrs_builder.metrics.score import Record
from mmrs_builder.vocab import GEOMETRIC

CONDITIONS: Final[dict[str, Callable[[Record], bool]]] = {
    "plain, as it was": lambda item: not item.op,
    "plain, mirrored": lambda item: item.op == "mirror",
    "plain, turned": lambda item: item.op == "turn",
    "plain, cut": lambda item: item.op == "crop",
    "named signs": lambda item: item.op == "mark" and item.named,
    "signs": lambda item: item.op == "mark" and not item.named,
    "white canvas": lambda item: item.op == "canvas",
}
"""How a question about a place is put. Plain: by the names of structures, no sign in the picture."""


def table(seen: Sequence[Record]) -> dict[str, Any]:
    """Accuracy about places for each condition, and the contrasts between conditions on the same questions.

    ``plain`` holds only questions of pairs of an original and its twin, which share words and differ in the answer.
    ``named_for_signs`` and ``signs_for_canvas`` say how much is lost question by question. ``from_memory`` is the part
    of twins' wrong answers that are right of the original: what anatomy suggests and the picture denies.
    """
    asked = [item for item in seen if item.value_type in score.POSITIONS and item.correct is not None]
    paired = {item.pair_id for item in asked if item.op in GEOMETRIC}
    judged = [item for item in asked if item.op or item.pair_id in paired]
    found = {name: score.mean(filter(keep, judged), "correct") for name, keep in CONDITIONS.items()}
    signs, named = (list(filter(CONDITIONS[name], judged)) for name in ("signs", "named signs"))
    canvas = list(filter(CONDITIONS["white canvas"], judged))
    mirrored = list(filter(CONDITIONS["plain, mirrored"], judged))
    return {
        **{name: value for name, value in found.items() if value is not None},
        "mirrored_lost": _lost([item for item in judged if not item.op], mirrored),
        "named_for_signs": compare.gap(named, signs),
        "signs_for_canvas": _lost(signs, canvas),
        "from_memory": _remembered(judged),
    }


def _lost(ones: Sequence[Record], others: Sequence[Record]) -> dict[str, Any] | None:
    """How much more is right of ``ones`` than of the other halves of their pairs, pair by pair."""
    partners = {item.pair_id: float(item.correct or 0) for item in others if item.pair_id}
    both = [(item, partners[item.pair_id]) for item in ones if item.pair_id in partners]
    return score.interval([float(item.correct or 0) - right for item, right in both], [it.group_id for it, _ in both])


def _remembered(judged: Sequence[Record]) -> dict[str, Any] | None:
    """Of wrong answers about mirrored, turned and cut pictures, the part that is right of the original."""
    originals = {item.pair_id: item.wanted for item in judged if not item.op and item.pair_id}
    twins = [(item, originals.get(item.pair_id or "")) for item in judged if item.op in GEOMETRIC and not item.correct]
    wrong = [(item, other) for item, other in twins if other is not None]
    return score.interval([float(item.parsed == other) for item, other in wrong], [it.group_id for it, _ in wrong])
