"""Questions as conversations, for trainers of vision-language models; pictures and masks as files beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Viewed
from mmrs_builder.types import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is said to the model and what it should say, byte for byte the shard's answer."""

    user: str
    assistant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One picture and its turns. ``facts`` are the fields that every format carries beside its own."""

    image: str  # path below the folder
    turns: tuple[Turn, ...]
    facts: dict[str, object]


def written(view: Viewed, draft: Draft, *, multi_turn: bool) -> Iterator[Conversation]:
    """Write a view's picture and masks, if it is asked about, and give its conversations.

    One for each question, since the questions of a view answer each other; with ``multi_turn`` one for all of them.
    """
    if not view.questions:
        draft.count(view.split, views_without_questions=1)
        return
    image = draft.put(f"images/{view.name}.{view.suffix}", view.image)
    masks = [draft.put(f"masks/{view.name}-{region.index}.png", region.png) for region in view.regions]
    for questions in [view.questions] if multi_turn else [(question,) for question in view.questions]:
        facts: dict[str, object] = {
            "id": view.view_id if multi_turn else questions[0].question_id,
            **{name: view.facts[name] for name in ("view_id", "source", "license")},
            "asked": [_asked(question, masks) for question in questions],
        }
        yield Conversation(image=image, turns=tuple(map(turn, questions)), facts=facts)
        draft.count(view.split, conversations=1)
    draft.count(view.split, views=1, questions=len(view.questions), masks=len(masks))


def turn(question: Question) -> Turn:
    """A question as it is put. The options of a choice follow it, a line each, in the shard's order."""
    lines = [question.question, *(f"- {option}" for option in question.choices or ())]
    return Turn(user="\n".join(lines), assistant=question.answer)


def _asked(question: Question, masks: list[str]) -> dict[str, object]:
    """What can be known of a question without its words. ``target`` are mask files; none (``[]``): an empty mask."""
    target = None if question.target is None else [masks[index] for index in question.target]
    return {
        "question_id": question.question_id,
        "kind": question.kind,
        "family": question.family,
        "value": question.value,
        "target": target,
    }
