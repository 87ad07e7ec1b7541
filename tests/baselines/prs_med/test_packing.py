"""Rows of packed questions, as numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.prs_med.packing import FIRST, IGNORE, PAD, SHARED, Packed, Words, block_mask, pack

PICTURE, END = [1, 1, 1], 3
TWO = [Words(prompt=[10, 11], answer=[12, 13, END]), Words(prompt=[20, 21, 22], answer=[23, END])]
tokens = st.integers(10, 99)
questions = st.builds(Words, prompt=st.lists(tokens, min_size=1, max_size=4), answer=st.lists(tokens, max_size=4))
views = st.lists(st.lists(questions, min_size=1, max_size=3), min_size=1, max_size=3)


def learnt(packed: Packed, row: int = 0) -> list[tuple[int, int]]:
    """(token, what it is asked for) of every token that carries loss."""
    pairs = zip(packed.ids[row].tolist(), packed.labels[row].tolist(), strict=True)
    return [(token, label) for token, label in pairs if label != IGNORE]


def part(packed: Packed, row: int, number: int) -> list[list[int]]:
    """Ids, positions and labels of one question of a row."""
    mine = packed.segment[row] == FIRST + number
    return [getattr(packed, name)[row][mine].tolist() for name in ("ids", "positions", "labels")]


def test_answer_and_end_carry_loss_and_nothing_else_does():
    packed = pack([PICTURE], [TWO], "question")
    assert learnt(packed) == [(11, 12), (12, 13), (13, END), (22, 23), (23, END)]


def test_nothing_carries_loss_without_answers():
    packed = pack([PICTURE], [[Words(prompt=words.prompt) for words in TWO]], "question")
    assert learnt(packed) == []
    assert packed.ids.tolist() == [[*PICTURE, 10, 11, 20, 21, 22]]


def test_positions_start_again_where_the_picture_ends():
    packed = pack([PICTURE], [TWO], "question")
    assert packed.positions.tolist() == [[0, 1, 2, 3, 4, 5, 6, 3, 4, 5, 6]]


@pytest.mark.parametrize(("condition", "before"), [("question", []), ("image+question", PICTURE)])
def test_prompts_condition_masks_and_answers_do_not(condition: Any, before: list[int]):
    packed = pack([PICTURE], [TWO], condition)
    heard = [packed.ids[0][packed.words[0, k][packed.known[0, k]]].tolist() for k in (0, 1)]
    assert heard == [[*before, 10, 11], [*before, 20, 21, 22]]
    assert packed.ids[0][packed.last[0]].tolist() == [11, 22]


def test_a_token_sees_the_picture_and_its_own_question_up_to_itself():
    packed = pack([PICTURE], [TWO], "question")
    seen = block_mask(packed.segment)[0, 0]
    assert packed.ids[0][seen[9]].tolist() == [*PICTURE, 20, 21, 22]
    assert packed.ids[0][seen[1]].tolist() == [1, 1]


def test_padding_is_seen_by_no_token():
    packed = pack([PICTURE, PICTURE], [TWO, TWO[:1]], "question")
    seen = block_mask(packed.segment)[1, 0]
    assert not seen[packed.segment[1] != PAD][:, packed.segment[1] == PAD].any()
    assert seen.any(1).all()


def test_tokens_of_the_picture_may_see_each_other_whatever_their_order():
    packed = pack([PICTURE], [TWO], "question")
    seen = block_mask(packed.segment, both_ways=packed.segment == SHARED)[0, 0]
    assert seen[:3, :3].all()
    assert torch.equal(seen[3:], block_mask(packed.segment)[0, 0, 3:])


@given(views)
def test_a_question_is_the_same_in_a_row_of_its_own(asked: list[list[Words]]):
    together = pack([PICTURE] * len(asked), asked, "question")
    for row, view in enumerate(asked):
        for number, words in enumerate(view):
            alone = pack([PICTURE], [[words]], "question")
            assert part(together, row, number) == part(alone, 0, 0)


@given(views)
def test_every_answer_token_is_a_label_once(asked: list[list[Words]]):
    packed = pack([PICTURE] * len(asked), asked, "question")
    wanted = [[token for words in view for token in words.answer] for view in asked]
    assert [[label for _, label in learnt(packed, row)] for row in range(len(asked))] == wanted


@given(views)
def test_what_conditions_a_mask_is_its_prompt_whatever_else_is_packed(asked: list[list[Words]]):
    packed = pack([PICTURE] * len(asked), asked, "question")
    for row, view in enumerate(asked):
        heard = [packed.ids[row][packed.words[row, k][packed.known[row, k]]].tolist() for k in range(len(view))]
        assert heard == [list(words.prompt) for words in view]
