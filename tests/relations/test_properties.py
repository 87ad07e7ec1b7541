"""What must hold of every relation whatever the masks: mirrors, turns, shifts, scales, and ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmrs_builder import programs
from mmrs_builder.evaluate import NoValue, evaluate, measured
from mmrs_builder.questions import indices, value_text
from mmrs_builder.types import Mask
from mmrs_builder.vocab import VALUES
from tests.scenes import LABELS, rectangles, scene

EPSILON = 1e-9
"""Margins that differ by less are equal; a smaller margin is a tie that floats have split."""

PLACES = (
    "quadrant", "zone", "side", "level", "clock", "near_centre", "covers_centre", "border", "aspect", "extent", "share",
)  # fmt: skip
PAIRS = ("direction", "main_direction", "horizontal", "vertical", "aligned", "topology", "larger", "gap")
PICKS = (
    "largest", "smallest", "leftmost", "rightmost", "topmost", "bottommost", "second_largest", "second_smallest",
    "third_largest", "second_leftmost", "second_rightmost", "second_topmost", "second_bottommost",
)  # fmt: skip
NEAREST = ('nearest(all("clip"), to=the("liver"))', 'farthest(all("polyp"), to=the("liver"))')
AMONG = 'among("liver", "spleen", "colon")'
MIDDLE = 'between(the("liver"), the("spleen"), the("colon"))'

POSITIONS = tuple(f'{name}(the("liver"))' for name in PLACES)
BETWEEN = (
    *(f'{name}(the("liver"), the("spleen"))' for name in PAIRS),
    *(f'{pick}(all("{label}"))' for pick in PICKS for label in ("clip", "polyp")),
    *(f"{pick}({AMONG})" for pick in PICKS),
    *NEAREST,
    MIDDLE,
    *(f'{call}toward(all("{label}"), "{way}", to=the("liver")){")" * call.count("(")}'
      for call, label in (("", "polyp"), ("count(", "clip")) for way in VALUES["Fourway"]),
    f'toward({AMONG}, "left", to=the("liver"))',
    'largest(toward(all("polyp"), "above", to=smallest(all("polyp"))))',
    f'both(larger(the("liver"), the("spleen")), {MIDDLE})',
    f'either(exists("kidney"), {MIDDLE})',
    'neither(exists("kidney"), larger(the("liver"), the("spleen")))',
    f"no({MIDDLE})",
    'direction(largest(all("polyp")), the("liver"))',
    'topology(largest(all("clip")), the("liver")) == "inside"',
    'all("polyp")',
    'count(all("polyp"))',
    'count(all("clip")) == 2',
    'exists("kidney")',
    'exists("liver")',
)  # fmt: skip
HALVES = tuple(
    f'{call}within(all("{label}"), "{half}"){")" * call.count("(")}'
    for call in ("", "count(", "largest(")
    for label in ("clip", "polyp")
    for half in (*VALUES["Side"], *VALUES["Level"])
)
PROGRAMS = (
    *POSITIONS,
    *BETWEEN,
    *HALVES,
    *(f'every(all("clip"), "{half}")' for half in (*VALUES["Side"], *VALUES["Level"])),
    *(f'only(the("liver"), {AMONG}, "{half}")' for half in (*VALUES["Side"], *VALUES["Level"])),
    'quadrant(largest(all("polyp")))',
    'side(nearest(all("clip"), to=the("liver")))',
)

Scene: TypeAlias = Mapping[str, Mask | list[Mask]]
Picked: TypeAlias = tuple[bytes, ...]
Answer: TypeAlias = tuple[str | Picked, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of masks, how to undo it, and what it does to words: in programs, and in the values of each type.

    ``ways`` are the words that say where from a structure, which are not always those of halves.
    """

    masks: Callable[[Mask], Mask]
    undo: Callable[[Mask], Mask]
    words: Mapping[str, str]
    ways: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    def program(self, text: str) -> str:
        return re.sub(
            r'(?P<way>\w+)(?=", to=)|\w+',
            lambda word: (self.ways if word["way"] else self.words).get(word[0], word[0]),
            text,
        )

    def token(self, kind: str, token: str) -> str:
        return self.values.get(kind, {}).get(token, token)


def swapped(*pairs: tuple[str, str]) -> dict[str, str]:
    return dict(pairs) | {b: a for a, b in pairs}


def exchanged(*pairs: tuple[str, str]) -> dict[str, dict[str, str]]:
    """Every token of the language with words exchanged in it."""
    words = swapped(*pairs)
    return {
        kind: {token: "_".join(words.get(word, word) for word in token.split("_")) for token in tokens}
        for kind, tokens in VALUES.items()
    }


def hours(turn: Callable[[int], int]) -> dict[str, dict[str, str]]:
    return {"Clock": {str(hour): str(turn(hour) % 12 or 12) for hour in range(1, 13)}}


LEFT_RIGHT = Change(
    masks=lambda m: m[:, ::-1],
    undo=lambda m: m[:, ::-1],
    words=swapped(("left", "right"), ("leftmost", "rightmost"), ("second_leftmost", "second_rightmost")),
    ways=swapped(("left", "right")),
    values=exchanged(("left", "right")) | hours(lambda hour: 12 - hour),
)
UP_DOWN = Change(
    masks=lambda m: m[::-1],
    undo=lambda m: m[::-1],
    words=swapped(("upper", "lower"), ("topmost", "bottommost"), ("second_topmost", "second_bottommost")),
    ways=swapped(("above", "below")),
    values=exchanged(("upper", "lower"), ("above", "below")) | hours(lambda hour: 6 - hour),
)
TRANSPOSED = Change(
    masks=lambda m: m.T,
    undo=lambda m: m.T,
    words=swapped(
        ("side", "level"), ("horizontal", "vertical"), ("left", "upper"), ("right", "lower"),
        ("leftmost", "topmost"), ("rightmost", "bottommost"), ("second_leftmost", "second_topmost"),
        ("second_rightmost", "second_bottommost"),
    ),
    ways=swapped(("left", "above"), ("right", "below")),
    values={
        "Quadrant": swapped(("upper_right", "lower_left")),
        "Zone": swapped(
            ("upper_middle", "middle_left"), ("upper_right", "lower_left"), ("middle_right", "lower_middle")
        ),
        "Side": {"left": "upper", "right": "lower"},
        "Level": {"upper": "left", "lower": "right"},
        "Horizontal": {"left": "above", "right": "below"},
        "Vertical": {"above": "left", "below": "right"},
        "Direction": swapped(("right", "below"), ("left", "above"), ("upper_right", "lower_left")),
        "Fourway": swapped(("right", "below"), ("left", "above")),
        "Alignment": swapped(("row", "column")),
        "Aspect": swapped(("wider", "taller")),
        **hours(lambda hour: 9 - hour),
    },
)  # fmt: skip


def drawn(size: tuple[int, int]) -> st.SearchStrategy[Mask]:
    """A mask with pixels: rectangle (thin ones too), ellipse, diagonal, or noise with many components."""
    width, height = size
    xs, ys = st.integers(0, width - 1), st.integers(0, height - 1)
    box = st.builds(
        lambda x, u, y, v: rectangles(size, (min(x, u), min(y, v), max(x, u) + 1, max(y, v) + 1)), xs, xs, ys, ys
    )
    y, x = np.ogrid[:height, :width]
    ellipse = st.builds(
        lambda cx, cy, a, b: ((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 <= 1,
        xs, ys, st.integers(1, width), st.integers(1, height),
    )  # fmt: skip
    diagonal = st.builds(lambda dx, way: (x + way * y == dx) & (y >= 0), xs, st.sampled_from([-1, 1])).filter(np.any)
    noise = hnp.arrays(np.bool_, (height, width)).filter(np.any)
    return st.one_of(box, ellipse, diagonal, noise)


@st.composite
def scenes(draw: st.DrawFn, longest: int = 24) -> Scene:
    """Three organs, a lesion in one or more pieces, two or three instruments; any of them may overlap."""
    sides = st.integers(3, longest)
    shapes = drawn((draw(sides), draw(sides)))
    return {
        **{label: [draw(shapes)] for label in ("colon", "liver", "spleen")},
        "polyp": draw(shapes) | draw(shapes),
        "clip": draw(st.lists(shapes, min_size=2, max_size=3)),
    }


def answers(
    asked: Mapping[str, str], masks: Scene, undo: Callable[[Mask], Mask] = lambda mask: mask
) -> dict[str, Answer]:
    """Value and margin of programs by name; structures are told by their pixels, with the change undone."""
    found, stored = scene(absent=["kidney"], **masks)
    on = measured(found, LABELS)
    done: dict[str, Answer] = {}
    for name, program in asked.items():
        try:
            outcome = evaluate(program, on)
        except NoValue:
            done[name] = None
            continue
        kind = programs.value_type(program)
        picked = tuple(sorted(undo(stored[i]).tobytes() for i in indices(outcome))) if kind in ("One", "Set") else None
        done[name] = (value_text(outcome) if picked is None else picked, outcome.margin)
    return done


def changed(masks: Scene, change: Callable[[Mask], Mask]) -> Scene:
    return {
        label: [change(m) for m in value] if isinstance(value, list) else change(value)
        for label, value in masks.items()
    }


def same(one: Answer, other: Answer) -> bool:
    """Equal values with equal margins, or no value in both."""
    if one is None or other is None or min(one[1], other[1]) < EPSILON:
        return all(answer is None or answer[1] < EPSILON for answer in (one, other))
    return one[0] == other[0] and abs(one[1] - other[1]) < EPSILON


def differing(one: Mapping[str, Answer], other: Mapping[str, Answer]) -> dict[str, tuple[Answer, Answer]]:
    return {name: (one[name], other[name]) for name in one if not same(one[name], other[name])}


def itself(names: tuple[str, ...]) -> dict[str, str]:
    return {name: name for name in names}


def test_the_programs_use_every_word_of_the_language():
    used = set(re.findall(r"(\w+)\(", " ".join(PROGRAMS)))
    assert used == set(programs.FUNCTIONS) - programs.PATIENT - programs.MILLIMETRES  # those: test_patient


@pytest.mark.parametrize("change", [LEFT_RIGHT, UP_DOWN, TRANSPOSED], ids=["left-right", "up-down", "transposed"])
def test_every_token_of_a_changed_picture_is_a_token(change: Change):
    for text in PROGRAMS:
        kind, new = programs.value_type(text), programs.value_type(change.program(text))
        assert {change.token(kind, token) for token in VALUES.get(kind, ())} == set(VALUES.get(new, ()))


@pytest.mark.parametrize("change", [LEFT_RIGHT, UP_DOWN, TRANSPOSED], ids=["left-right", "up-down", "transposed"])
@given(masks=scenes())
def test_mirroring_and_transposing_exchange_words_and_change_nothing_else(change: Change, masks: Scene):
    before = answers(itself(PROGRAMS), masks)
    after = answers({name: change.program(name) for name in PROGRAMS}, changed(masks, change.masks), change.undo)
    expected = {
        name: answer
        and (change.token(programs.value_type(name), answer[0]) if isinstance(answer[0], str) else answer[0], answer[1])
        for name, answer in before.items()
    }
    assert differing(expected, after) == {}


OPPOSITE = {
    "direction": swapped(
        ("left", "right"), ("above", "below"), ("upper_left", "lower_right"), ("upper_right", "lower_left")
    ),
    "main_direction": swapped(("left", "right"), ("above", "below")),
    "horizontal": swapped(("left", "right")),
    "vertical": swapped(("above", "below")),
    "aligned": {},
    "topology": swapped(("inside", "contains")),
    "larger": swapped(("true", "false")),
    "gap": {},
}


@given(masks=scenes())
def test_seen_from_the_other_structure_a_relation_is_the_opposite(masks: Scene):
    couples = list(combinations(("liver", "spleen", "colon"), 2))
    there = answers({f"{r} {a} {b}": f'{r}(the("{a}"), the("{b}"))' for r in PAIRS for a, b in couples}, masks)
    back = answers({f"{r} {a} {b}": f'{r}(the("{b}"), the("{a}"))' for r in PAIRS for a, b in couples}, masks)
    expected = {
        name: answer and (OPPOSITE[name.split()[0]].get(str(answer[0]), answer[0]), answer[1])
        for name, answer in there.items()
    }
    assert differing(expected, back) == {}


@given(masks=scenes())
def test_what_lies_between_two_does_so_in_whatever_order_they_are_named(masks: Scene):
    trios = list(permutations(("liver", "spleen", "colon")))
    found = answers({" ".join(trio): 'between(the("{}"), the("{}"), the("{}"))'.format(*trio) for trio in trios}, masks)
    swapped_names = {" ".join(trio): found[" ".join((trio[0], *trio[:0:-1]))] for trio in trios}
    assert differing(found, swapped_names) == {}


@given(masks=scenes())
def test_of_three_structures_at_most_one_lies_between_the_others(masks: Scene):
    trios = [("liver", "spleen", "colon"), ("spleen", "colon", "liver"), ("colon", "liver", "spleen")]
    found = answers({trio[0]: 'between(the("{}"), the("{}"), the("{}"))'.format(*trio) for trio in trios}, masks)
    assert sum(answer is not None and answer[0] == "true" for answer in found.values()) <= 1


def pairwise_same(expected: Mapping[str, str], masks: Scene) -> dict[str, tuple[Answer, Answer]]:
    """Programs of which each should say what another one does, as a mapping; what differs."""
    one, other = answers(itself(tuple(expected)), masks), answers(itself(tuple(expected.values())), masks)
    return differing(one, {name: other[same_as] for name, same_as in expected.items()})


@given(masks=scenes())
def test_joined_relations_follow_the_laws_of_logic(masks: Scene):
    p, q = 'near_centre(the("liver"))', 'larger(the("liver"), the("spleen"))'
    laws = {
        f"neither({p}, {q})": f"no(either({p}, {q}))",
        f"both(no({p}), no({q}))": f"neither({p}, {q})",
        f"either({p}, {q})": f"no(both(no({p}), no({q})))",
        f"both({q}, {p})": f"both({p}, {q})",
        f"no(no({p}))": p,
        f"either({q}, {q})": q,
    }
    assert pairwise_same(laws, masks) == {}


@given(masks=scenes())
def test_words_that_speak_of_all_of_a_set_say_what_its_count_says(masks: Scene):
    clips = len(masks["clip"])
    halves = (*VALUES["Side"], *VALUES["Level"])
    every = {f'every(all("clip"), "{half}")': f'count(within(all("clip"), "{half}")) == {clips}' for half in halves}
    assert pairwise_same(every, masks) == {}


@given(masks=scenes())
def test_what_lies_toward_a_side_of_a_structure_is_what_is_on_that_side_of_it(masks: Scene):
    sides = {
        f'toward({AMONG}, "{way}", to=the("liver"))': {
            name: f'{relation}(the("{name}"), the("liver")) == "{way}"' for name in ("spleen", "colon")
        }
        for relation, type_ in (("horizontal", "Horizontal"), ("vertical", "Vertical"))
        for way in VALUES[type_]
    }
    found = answers(itself(tuple(sides)), masks)
    for toward, single in sides.items():
        told = answers(single, masks)
        if found[toward] is None:
            assert None in told.values()
        else:
            kept = sorted(masks[name][0].tobytes() for name, answer in told.items() if answer and answer[0] == "true")
            assert found[toward] == (tuple(kept), min(answer[1] for answer in told.values() if answer))


@given(masks=scenes(12), data=st.data())
def test_moving_everything_together_changes_no_relation_between_structures(masks: Scene, data: st.DataObject):
    height, width = masks["liver"][0].shape
    room = 6

    def placed(x: int, y: int) -> Callable[[Mask], Mask]:
        return lambda mask: np.pad(mask, ((y, room - y), (x, room - x)))

    def cut(x: int, y: int) -> Callable[[Mask], Mask]:
        return lambda mask: mask[y : y + height, x : x + width]

    offsets = st.tuples(st.integers(0, room), st.integers(0, room))
    asked = itself((*BETWEEN, 'aspect(the("liver"))', 'extent(the("liver"))', 'share(the("liver"))'))
    one, other = (
        answers(asked, changed(masks, placed(*at)), cut(*at)) for at in data.draw(st.tuples(offsets, offsets))
    )
    assert differing(one, other) == {}


PIXELWISE = ("border", "covers_centre", "topology", "gap", "nearest", "farthest", "count")
"""Words that measure from pixel centre to pixel centre or count pixels, so that their margins depend on the scale."""
SCALE_FREE = tuple(text for text in PROGRAMS if not set(PIXELWISE) & set(re.findall(r"\w+", text)))


def enlarged(factor: int) -> Callable[[Mask], Mask]:
    return lambda mask: np.kron(mask, np.ones((factor, factor), dtype=np.bool_))


def reduced(factor: int) -> Callable[[Mask], Mask]:
    return lambda mask: mask[::factor, ::factor]


@given(masks=scenes(12), factor=st.sampled_from([2, 3]))
def test_scaling_changes_no_value_and_no_margin_that_is_a_ratio(masks: Scene, factor: int):
    before = answers(itself(SCALE_FREE), masks)
    after = answers(itself(SCALE_FREE), changed(masks, enlarged(factor)), reduced(factor))
    assert differing(before, after) == {}


@given(masks=scenes(12), factor=st.sampled_from([2, 3]))
def test_scaling_changes_no_value_of_what_is_measured_in_pixels(masks: Scene, factor: int):
    """A gap runs between pixel centres, so k times the picture has less than k times the gap.

    What is decided stays decided, except where two gaps tie after scaling that did not before: nearest and farthest.
    Numbers of percent are compared in the next test.
    """
    asked = itself(tuple(text for text in PROGRAMS if text not in SCALE_FREE and not text.startswith("gap")))
    before = answers(asked, masks)
    after = answers(asked, changed(masks, enlarged(factor)), reduced(factor))
    for name, answer in before.items():
        if answer is not None and answer[1] >= EPSILON:
            lost = after[name] is None and ("nearest" in name or "farthest" in name)
            assert lost or (after[name] or ("no value",))[0] == answer[0], name


@given(masks=scenes(12), factor=st.sampled_from([2, 3]))
def test_scaling_shifts_pixel_margins_by_less_than_a_pixel_diagonal(masks: Scene, factor: int):
    """Stated per relation in old pixels: a pixel's centre lies up to half its diagonal from its corners."""
    height, width = masks["liver"][0].shape
    asked = {name: f'{name}(the("liver"))' for name in ("border", "covers_centre")}
    asked["gap"] = 'gap(the("liver"), the("spleen"))'
    before, after = answers(asked, masks), answers(asked, changed(masks, enlarged(factor)))
    area = masks["liver"][0].sum()
    # A corner pixel becomes 2k - 1 border pixels instead of k: at most one old pixel more at each of four corners.
    assert before["border"][1] - EPSILON <= after["border"][1] <= before["border"][1] + 4 / (0.5 * area**0.5)
    if before["covers_centre"] is not None:
        room = np.sqrt(0.5) / (0.25 * min(width, height))
        assert after["covers_centre"][1] == pytest.approx(before["covers_centre"][1], abs=room)
    if before["gap"] is not None:
        shrunk = float(before["gap"][0]) - float(after["gap"][0])
        assert -0.1 - EPSILON <= shrunk <= 100 * np.sqrt(2) / np.hypot(width, height) + 0.1 + EPSILON


@given(masks=scenes())
def test_values_are_words_of_their_type_and_margins_lie_above_0_and_up_to_1(masks: Scene):
    for text, answer in answers(itself(PROGRAMS), masks).items():
        if answer is not None:
            kind = programs.value_type(text)
            assert kind not in VALUES or answer[0] in VALUES[kind], text
            assert 0 < answer[1] <= 1, text


@given(mask=drawn((13, 10)))
def test_a_structure_and_its_mirror_image_together_lie_in_neither_half(mask: Mask):
    both = {"liver": [mask | mask[:, ::-1]], "spleen": [mask | mask[::-1]]}
    asked = itself(('side(the("liver"))', 'quadrant(the("liver"))', 'level(the("spleen"))', 'quadrant(the("spleen"))'))
    assert all(answer is None or answer[1] < EPSILON for answer in answers(asked, both).values())


@given(mask=drawn((13, 10)))
def test_two_structures_that_coincide_have_no_relation(mask: Mask):
    pairs = [f'{name}(the("liver"), the("spleen"))' for name in PAIRS]
    picks = [f'{pick}(among("liver", "spleen"))' for pick in PICKS]
    found = answers(itself((*pairs, *picks)), {"liver": [mask], "spleen": [mask]})
    assert set(found.values()) == {None}
