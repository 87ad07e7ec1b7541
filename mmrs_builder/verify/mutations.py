"""Small lies: each takes a sound view and returns it with one thing untrue, or ``None`` where it cannot.

A mutation is chosen so that the definitions of ``docs/language.md`` leave no way for the changed row to be true.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

import numpy as np
from PIL import Image

from mmrs_builder import digests
from mmrs_builder.verify import declining, headers, pairing, renaming, rewriting, twinning
from mmrs_builder.verify.pictures import read_mask, read_pixels
from mmrs_builder.verify.reseal import encode_mask, reseal_masks
from mmrs_builder.verify.retell import Changed, Told, with_claim, with_labels, with_value
from mmrs_builder.vocab import VALUES

T = TypeVar("T")

TWO_SIDED: Final = ("Side", "Horizontal", "Lateral")  # types where denying one side affirms the other
ANTISYMMETRIC: Final = (
    "horizontal(A, B)", "vertical(A, B)", "direction(A, B)", "main_direction(A, B)", "larger(A, B)",
    "lateral(A, B)", "anteroposterior(A, B)", "craniocaudal(A, B)",
)  # fmt: skip
TURNED_ROUND: Final = ("Horizontal", "Vertical", "Lateral", "Depth", "Height")  # likewise, for one seen from another


def _mirrored(token: str) -> str:
    if "left" in token:
        return token.replace("left", "right")
    return token.replace("right", "left")


def _pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    return items[int(rng.integers(len(items)))]


def swap_sides(told: Told, _rng: np.random.Generator) -> Changed:
    """Left for right and right for left, in value, answer and options, or in the claim."""
    kind, claim = told.reading.kind, told.reading.claim
    token = told.question.value if claim is None else claim
    if kind not in VALUES or _mirrored(token) == token:
        return None
    if claim is None:
        return with_value(told, _mirrored(token))
    return with_claim(told, _mirrored(token)) if told.question.value == "true" or kind in TWO_SIDED else None


def swap_subject_object(told: Told, _rng: np.random.Generator) -> Changed:
    """The two labels change places everywhere but in the value, where that turns the answer round."""
    labels, kind, claim, value = told.reading.labels, told.reading.kind, told.reading.claim, told.question.value
    if set(labels) != {"A", "B"}:
        return None
    plain = told.reading.family.program.replace("the(A)", "A").replace("the(B)", "B")
    turned = plain in ANTISYMMETRIC and (claim is None or value == "true" or kind in TURNED_ROUND)
    nested = plain == "topology(A, B)" and (
        value in ("inside", "contains") or (value == "true" and claim in ("inside", "contains"))
    )
    return with_labels(told, {"A": labels["B"], "B": labels["A"]}) if turned or nested else None


def change_value(told: Told, rng: np.random.Generator) -> Changed:
    """Another value of the type, with the answer that goes with it."""
    kind, value = told.reading.kind, told.question.value
    if told.is_claim or kind == "Bool":
        return with_value(told, "false" if value == "true" else "true")
    if kind == "Count":
        return with_value(told, str(int(value) + 1))
    if kind == "Number":
        return with_value(told, str(Decimal(value) + Decimal("0.1")))
    if kind in VALUES:
        return with_value(told, _pick(rng, [token for token in VALUES[kind] if token != value]))
    others = [str(index) for index in range(len(told.view.structures)) if str(index) != value]
    return with_value(told, _pick(rng, others)) if others else None


def off_by_one_count(told: Told, rng: np.random.Generator) -> Changed:
    """One more or one less counted."""
    if told.reading.kind != "Count":
        return None
    number = int(told.question.value)
    return with_value(told, str(_pick(rng, [number + 1, number - 1] if number else [1])))


def clock_hour(told: Told, _rng: np.random.Generator) -> Changed:
    """The next hour, in value, answer and options, or in a claim that was true."""
    kind, claim = told.reading.kind, told.reading.claim
    if kind != "Clock" or told.question.value == "false":
        return None
    later = str(int(claim or told.question.value) % 12 + 1)
    return with_value(told, later) if claim is None else with_claim(told, later)


def partner_answer(told: Told, _rng: np.random.Generator) -> Changed:
    """The answer of the pair's other half, which is the opposite."""
    if told.question.pair_kind != "opposite" or told.question.kind != "yes_no":
        return None
    return with_value(told, "false" if told.question.value == "true" else "true")


def unit_change(told: Told, rng: np.random.Generator) -> Changed:
    """The same number in another unit, or in none."""
    unit, units = told.question.unit, told.language.units
    if unit is None:
        return None
    other = _pick(rng, [None, *(name for name in sorted(units) if name != unit)])
    answer = told.question.answer.removesuffix(f" {units[unit]}")
    return {**told.item, "unit": other, "answer": answer if other is None else f"{answer} {units[other]}"}


def widen_tolerance(told: Told, _rng: np.random.Generator) -> Changed:
    """Answers twice as far off are called right."""
    tolerance = told.question.tolerance
    return None if tolerance is None else {**told.item, "tolerance": 2 * tolerance}


def edit_answer(told: Told, rng: np.random.Generator) -> Changed:
    """Another answer beside the same value."""
    changed = None if told.is_refused else change_value(told, rng)
    answer = None if changed is None else changed["answer"]
    if answer in (None, told.question.answer):
        answer = told.question.answer.rstrip(".") + ", not far from the edge."
    return {**told.item, "answer": answer}


def edit_wording(told: Told, rng: np.random.Generator) -> Changed:
    """The question loses one of its words."""
    words = told.question.question.split(" ")
    gone = int(rng.integers(len(words)))
    return {**told.item, "question": " ".join(words[:gone] + words[gone + 1 :])}


def change_target(told: Told, rng: np.random.Generator) -> Changed:
    """One structure more or less in the target."""
    target = told.question.target
    if target is None or not told.view.structures:
        return None
    flipped = int(rng.integers(len(told.view.structures)))
    return {**told.item, "target": sorted(set(target) ^ {flipped})}


def drop_target(told: Told, rng: np.random.Generator) -> Changed:
    """One structure of the target is gone."""
    target = told.question.target
    gone = _pick(rng, target) if target else None
    return {**told.item, "target": [index for index in target if index != gone]} if target else None


def extra_target(told: Told, rng: np.random.Generator) -> Changed:
    """One structure that the target does not name."""
    target = told.question.target
    others = set(range(len(told.view.structures))) - set(target or ())
    if target is None or not others:
        return None
    return {**told.item, "target": sorted({*target, _pick(rng, sorted(others))})}


def stale_choice_index(told: Told, _rng: np.random.Generator) -> Changed:
    """The options are put into another order, and the index stays."""
    choices = list(told.question.choices or ())
    return {**told.item, "choices": choices[1:] + choices[:1]} if len(choices) > 1 else None


def choice_order(told: Told, rng: np.random.Generator) -> Changed:
    """The options are put into another order, and the answer is the one at the old index."""
    changed = stale_choice_index(told, rng)
    return None if changed is None else {**changed, "answer": changed["choices"][changed["answer_index"]]}


def change_margin(told: Told, _rng: np.random.Generator) -> Changed:
    """A margin a little more or less clear than it is."""
    margin = told.question.margin
    return {**told.item, "margin": margin - 0.01 if margin > 0.5 else margin + 0.01}


def rebind(told: Told, rng: np.random.Generator) -> Changed:
    """A slot refers to one structure more or less."""
    if not told.view.structures or not told.question.bindings:
        return None
    slot, flipped = int(rng.integers(len(told.question.bindings))), int(rng.integers(len(told.view.structures)))
    bindings = [dict(binding) for binding in told.item["bindings"]]
    bindings[slot]["structures"] = sorted(set(bindings[slot]["structures"]) ^ {flipped})
    return {**told.item, "bindings": bindings}


def _sided(told: Sequence[Told]) -> list[tuple[int, Told]]:
    """Structures without components whose side decides a question."""
    found = []
    for one in told:
        token = one.reading.claim or one.question.value
        true = not one.is_claim or one.question.value == "true" or one.reading.kind == "Side"
        single = one.reading.kind in ("Side", "Quadrant", "Zone") and one.reading.family.program.endswith("(the(A))")
        if single and true and _mirrored(token) != token:
            found.append((one.question.bindings[0].structures[0], one))
    return found


def flip_mask(row: dict[str, Any], told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """One mask mirrored left to right and measured again, where a question hangs on its side."""
    sided = _sided(told)
    if not sided:
        return None
    index, one = _pick(rng, sided)
    masks = [dict(item) for item in row["masks"]]
    mask = read_mask(masks[index]["bytes"], one.view.width, one.view.height)
    masks[index]["bytes"] = encode_mask(np.ascontiguousarray(mask[:, ::-1]))
    return reseal_masks({**row, "masks": masks})


def swap_masks(row: dict[str, Any], told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """The masks of two structures on different sides change places and are measured again."""
    structures = row["structures"]
    parents = {item["parent"] for item in structures}
    pairs = [
        (index, other)
        for index, _ in _sided(told)
        for other, item in enumerate(structures)
        if other not in parents and item["parent"] is None
        if (item["centroid"][0] * 2 + 1 - row["width"]) * (structures[index]["centroid"][0] * 2 + 1 - row["width"]) < 0
    ]
    if not pairs:
        return None
    a, b = _pick(rng, pairs)
    masks = list(row["masks"])
    masks[a], masks[b] = masks[b], masks[a]
    return reseal_masks({**row, "masks": masks})


def move_measurement(row: dict[str, Any], _told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """The box or the centroid of a structure moves by a pixel or a bit of one."""
    structures = [dict(item) for item in row["structures"]]
    if not structures:
        return None
    item = _pick(rng, structures)
    if rng.integers(2):
        item["bbox"] = [item["bbox"][0], item["bbox"][1], item["bbox"][2] + 1, item["bbox"][3]]
    else:
        item["centroid"] = [item["centroid"][0] + 0.01, item["centroid"][1]]
    return {**row, "structures": structures}


def drop_component(row: dict[str, Any], _told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """A component disappears from the list, and all indices close up."""
    components = [index for index, item in enumerate(row["structures"]) if item["part"] == "component"]
    if not components:
        return None
    gone = _pick(rng, components)

    def kept(indices: Sequence[int]) -> list[int]:
        return [index - (index > gone) for index in indices if index != gone]

    structures = [
        {**item, "parent": None if item["parent"] is None else item["parent"] - (item["parent"] > gone)}
        for index, item in enumerate(row["structures"])
        if index != gone
    ]
    qa = [
        {
            **item,
            "target": None if item["target"] is None else kept(item["target"]),
            "bindings": [{**binding, "structures": kept(binding["structures"])} for binding in item["bindings"]],
        }
        for item in row["qa"]
    ]
    masks = [item for index, item in enumerate(row["masks"]) if index != gone]
    return {**row, "structures": structures, "masks": masks, "qa": qa}


def swap_images(row: dict[str, Any], _told: Sequence[Told], _rng: np.random.Generator) -> Changed:
    """Another picture of the same size: the mirror image.

    The digest of the decoded pixels stays: it is all that ties a picture to its row, so a row sealed with the digest
    of another picture is a true row of that picture.
    """
    pixels = read_pixels(row["image"]["bytes"])
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[:, ::-1])).save(buffer, format="PNG")
    data = buffer.getvalue()
    return {**row, "image": {**row["image"], "bytes": data}, "image_sha256": digests.sha256(data)}


OF_QUESTION: Final[dict[str, Callable[[Told, np.random.Generator], Changed]]] = {
    function.__name__: function
    for function in (
        swap_sides, swap_subject_object, change_value, off_by_one_count, clock_hour, partner_answer, unit_change,
        widen_tolerance, edit_answer, edit_wording, change_target, drop_target, extra_target, stale_choice_index,
        choice_order, change_margin, rebind, rewriting.wrong_ordinal, rewriting.opposite_extreme,
        rewriting.both_either, rewriting.wrong_way, rewriting.drop_not, rewriting.between_middle,
        headers.turn_patient_side, headers.frame_change, headers.exchange_frames,
        declining.refuse_answerable, declining.answer_refusal, declining.wrong_reason, declining.wrong_absentee,
        renaming.another_name, renaming.name_in_answer, renaming.image_word,
        pairing.other_frame_way, pairing.pair_kind_swap, pairing.leave_partner,
    )
}  # fmt: skip
"""Mutations of one question, by kind."""

OF_REFUSALS: Final = frozenset(
    {
        "edit_answer", "edit_wording", "change_target", "drop_target", "extra_target", "change_margin", "rebind",
        "frame_change", "answer_refusal", "wrong_reason", "wrong_absentee", "another_name", "name_in_answer",
        "image_word", "pair_kind_swap", "leave_partner",
    }
)  # fmt: skip
"""Those that a question without an answer can take as well; the others presuppose a value."""

OF_VIEW: Final[dict[str, Callable[[dict[str, Any], Sequence[Told], np.random.Generator], Changed]]] = {
    function.__name__: function
    for function in (
        flip_mask, swap_masks, move_measurement, drop_component, swap_images,
        headers.negate_axis, headers.exchange_axes, headers.change_spacing, headers.drop_evidence,
        twinning.other_transform, twinning.swap_markers, twinning.move_marker, twinning.forget_original,
    )
}  # fmt: skip
"""Mutations of a whole view, by kind."""
