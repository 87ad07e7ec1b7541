"""Lies about what things are called: the name of something else, another name half way, another kind of picture.

No two labels share a name, and a question uses one name of each of its labels (``docs/language.md`` section 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mmrs_builder.verify import render
from mmrs_builder.verify.language import Name
from mmrs_builder.verify.naming import IMAGE, Naming
from mmrs_builder.verify.refusing import ABSENT
from mmrs_builder.verify.retell import Changed, Told, spoken


def another_name(told: Told, rng: np.random.Generator) -> Changed:
    """The name of another label, in the binding, in all texts, or in both."""
    others = sorted(set(told.language.labels) - set(told.naming.labels))
    if not others or not told.naming.labels:
        return None
    label = sorted(told.naming.labels)[int(rng.integers(len(told.naming.labels)))]
    stranger = told.language.labels[others[int(rng.integers(len(others)))]].names[0]
    renamed = _called(told, {label: stranger})
    kept = (("bindings",), ("question", "answer", "choices"), ())[int(rng.integers(3))]
    changed = {**renamed, **{field: told.item[field] for field in kept}}
    return changed if changed != told.item else None


def name_in_answer(told: Told, rng: np.random.Generator) -> Changed:
    """Another name of the same label, in the answer and the options and nowhere else."""
    found = []
    for label, used in sorted(told.naming.labels.items()):
        for name in told.language.labels[label].names:
            texts = {field: _called(told, {label: name})[field] for field in ("answer", "choices")}
            if name != used and texts["answer"] != told.question.answer:
                found.append(texts)
    return {**told.item, **found[int(rng.integers(len(found)))]} if found else None


def image_word(told: Told, rng: np.random.Generator) -> Changed:
    """The picture called by a name of another modality's pictures."""
    if told.naming.image is None:
        return None
    fitting = render.image_names(told.language, told.view.modality)
    others = sorted({name for names in told.language.images.values() for name in names} - set(fitting))
    return _retold(told, replace(told.naming, image=others[int(rng.integers(len(others)))])) if others else None


def _called(told: Told, names: dict[str, Name]) -> dict[str, Any]:
    return _retold(told, replace(told.naming, labels={**told.naming.labels, **names}))


def _retold(told: Told, naming: Naming) -> dict[str, Any]:
    """The question with other names in its bindings and all its texts."""
    anew, language = replace(told, naming=naming), told.language
    labels, phrase = told.reading.labels, _phrase(told, naming)
    texts = {slot: naming.the(language, label) for slot, label in labels.items()} | {IMAGE: naming.image}
    item = dict(told.item)
    item["bindings"] = [{**binding, "text": texts[binding["slot"]]} for binding in item["bindings"]]
    item["question"] = anew.fill(told.asked, labels, phrase)
    if told.is_refused or told.question.kind in ("open", "segment"):
        item["answer"] = anew.fill(told.stated, _spoken_of(told), phrase)
    elif told.reading.kind == "One":
        former = {told.naming.the(language, label): naming.the(language, label) for label in naming.labels}
        item["choices"] = [former[choice] for choice in item["choices"]]
        item["answer"] = former[item["answer"]]
    return item


def _spoken_of(told: Told) -> Mapping[str, str]:
    """Labels by slot of the answer's wording."""
    if told.reading.refusal != ABSENT:
        return told.reading.labels
    return {"A": next(label for label in told.reading.labels.values() if label in told.view.absent)}


def _phrase(told: Told, naming: Naming) -> str | None:
    """What stands for ``{value}``."""
    if told.is_refused or "{value}" not in told.asked + told.stated:
        return None
    token = told.reading.claim or told.question.value
    anew = replace(told, naming=naming)
    if told.reading.kind == "One" and told.reading.claim is None:
        return spoken(anew, token, "")
    return render.value_phrase(told.language, told.reading.kind, token)
