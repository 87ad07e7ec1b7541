"""The small tokenizer that is learnt from a corpus."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoProcessor

from baselines.prs_med import data, tokens

TEXTS = ["Where is the lesion?", "The lesion lies in the upper left quadrant, 12.5 % of the picture."] * 3
LEARNT = tokens.learn(TEXTS, 512)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_every_string_can_be_written_and_read_back(text: str):
    assert LEARNT.decode(LEARNT(text).input_ids) == text


def test_frequent_words_are_one_token():
    assert LEARNT.tokenize("The lesion lies in the upper left quadrant") == [
        "The", "Ġlesion", "Ġlies", "Ġin", "Ġthe", "Ġupper", "Ġleft", "Ġquadrant",
    ]  # fmt: skip


def test_digits_stand_alone():
    assert [LEARNT.decode([i]) for i in LEARNT("12.5").input_ids] == ["1", "2", ".", "5"]


def test_padding_ending_and_answering_are_different_tokens():
    ids = LEARNT.convert_tokens_to_ids([tokens.PAD, tokens.IMAGE, tokens.ANSWER, tokens.END])
    assert len(set(ids)) == 4
    assert (LEARNT.pad_token_id, LEARNT.eos_token_id) == (ids[0], ids[3])
    assert LEARNT.unk_token_id is None


def test_the_shards_sentences_are_short(rows: list[dict[str, Any]], reader: data.Reader):
    lengths = [len(reader.tokenizer(q["answer"]).input_ids) for row in rows for q in row["qa"]]
    assert max(lengths) < 48  # what ``answer`` allows


@pytest.mark.parametrize("size", [512, 2048])
def test_a_processor_comes_back_from_its_folder(size: int, tmp_path: Any):
    made = tokens.processor(tokens.learn(TEXTS, size), 64, 16)
    made.save_pretrained(tmp_path)
    loaded = AutoProcessor.from_pretrained(tmp_path)
    turn = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": TEXTS[0]}]}]
    assert loaded.apply_chat_template(turn) == made.apply_chat_template(turn) == f"<image>{TEXTS[0]}<answer>"
    assert loaded.tokenizer.get_vocab() == made.tokenizer.get_vocab()
