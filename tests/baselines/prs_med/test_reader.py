"""From samples to batches: the words of a chat template, labels, pixels and masks."""

from __future__ import annotations

import pickle  # noqa: TID251 what a DataLoader does
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from PIL import Image
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from baselines.prs_med import data, tokens
from baselines.prs_med.config import Refused
from baselines.prs_med.data import Batch, Reader, Sample
from baselines.prs_med.packing import IGNORE

SHAPE = (50, 70)


def sampled(*questions: dict[str, Any], mask: np.ndarray | None = None) -> Sample:
    """A grey picture and questions about it, all with the same mask."""
    filled = tuple({"choices": None, "answer": "Yes.", **question} for question in questions)
    picture = Image.fromarray(np.full((*SHAPE, 3), 90, dtype=np.uint8))
    return Sample(row={"view_id": "ward:1"}, image=picture, questions=filled, masks=(mask,) * len(questions))


def learnt(batch: Batch) -> list[int]:
    return batch.text.labels[batch.text.labels != IGNORE].tolist()


def prompt(batch: Batch, reader: Reader) -> str:
    return reader.tokenizer.decode(batch.text.ids[0][batch.text.words[0, 0]])


def test_answer_and_end_token_are_learnt_and_nothing_else(reader: Reader):
    batch = reader.batch([sampled({"question": "Where is the lesion?", "answer": "In the upper left."})], answers=True)
    assert reader.tokenizer.decode(learnt(batch)) == "In the upper left.<end>"
    assert learnt(batch)[-1] == reader.end == reader.tokenizer.eos_token_id


def test_every_token_of_an_answer_of_unknown_characters_is_learnt(reader: Reader):
    answer = "Größe ∅ 見 \x00 �, <pad>"
    batch = reader.batch([sampled({"question": "?", "answer": answer.replace("<pad>", "")})], answers=True)
    assert reader.said(learnt(batch)) == answer.replace("<pad>", "").strip()


def test_options_are_asked_with_the_question(reader: Reader):
    question = {"question": "Which one?", "choices": ["the cyst", "the mass"]}
    batch = reader.batch([sampled(question)], answers=True)
    assert prompt(batch, reader) == "Which one? Options: the cyst; the mass.<answer>"


def test_options_of_choices_in_shards_are_in_their_prompts(rows: list[dict[str, Any]], reader: Reader):
    row = next(row for row in rows if any(q["kind"] == "choice" for q in row["qa"]))
    number = next(i for i, q in enumerate(row["qa"]) if q["kind"] == "choice")
    asked = prompt(reader.batch([data.sample(row, [number])], answers=False), reader)
    assert all(option in asked for option in row["qa"][number]["choices"])


def test_the_prompt_is_the_same_with_and_without_its_answer(reader: Reader):
    item = sampled({"question": "Where?", "answer": "There."}, {"question": "Which is larger?"})
    taught, asked = (reader.batch([item], answers=answers) for answers in (True, False))
    heard = [batch.text.ids[0][batch.text.words[0][batch.text.known[0]]] for batch in (taught, asked)]
    assert torch.equal(*heard)
    assert not learnt(asked)


def test_what_follows_the_end_is_not_said(reader: Reader):
    ids = reader.tokenizer("In the upper left.<end>Rubbish.<end>").input_ids
    assert reader.said(ids) == "In the upper left."
    assert reader.said(reader.tokenizer("Never ended").input_ids) == "Never ended"


def test_masks_are_resized_to_the_nearest_pixel(reader: Reader):
    mask = np.random.default_rng(0).random(SHAPE) > 0.5
    batch = reader.batch([sampled({"question": "?"}, mask=mask)], answers=True)
    side = reader.image_size
    rows, columns = (((np.arange(side) + 0.5) * n / side).astype(int) for n in SHAPE)
    assert batch.masks.dtype == torch.bool
    assert np.array_equal(batch.masks[0, 0].numpy(), mask[rows][:, columns])


def test_an_empty_mask_is_known_and_an_absent_one_is_not(reader: Reader):
    empty, none = sampled({"question": "?"}, mask=np.zeros(SHAPE, dtype=bool)), sampled({"question": "?"})
    batch = reader.batch([empty, none], answers=True)
    assert batch.known.tolist() == [[True], [False]]
    assert not batch.masks.any()


def test_questions_that_are_not_there_have_no_mask(reader: Reader):
    one = sampled({"question": "?"}, mask=np.ones(SHAPE, dtype=bool))
    three = sampled(*[{"question": "?"}] * 3, mask=np.ones(SHAPE, dtype=bool))
    assert reader.batch([one, three], answers=True).known.tolist() == [[True, False, False], [True] * 3]


def test_structures_are_told_by_their_label(rows: list[dict[str, Any]], reader: Reader):
    item = data.sample(rows[0], [0], all_structures=True)
    batch = reader.batch([item], answers=True)
    shown = [label for label, number in reader.labels.items() if batch.shown[0, number]]
    assert set(shown) == set(item.structures)
    assert not batch.structures[0][~batch.shown[0]].any()


def test_structures_are_left_out_where_not_all_were_decoded(rows: list[dict[str, Any]], reader: Reader):
    assert reader.batch([data.sample(rows[0], [0])], answers=True).structures is None


def test_an_encoder_of_its_own_gets_its_own_pixels(reader: Reader):
    own = Reader(reader.processor, image_size=32, condition="question", own_pixels=True)
    pixels = own.batch([sampled({"question": "?"})], answers=True).pixels
    assert pixels.shape == (1, 3, 32, 32)
    grey = (90 - np.array([123.675, 116.28, 103.53])) / np.array([58.395, 57.12, 57.375])
    assert np.allclose(pixels[0].flatten(1).T, grey, atol=1e-5)


def test_a_batch_that_workers_send_holds_each_picture_once(reader: Reader):
    batch = reader.batch([sampled({"question": "?"})], answers=True)
    tensors = [*batch.vision.values(), batch.pixels, batch.masks]
    assert batch.views == ("ward:1",)
    assert len(pickle.dumps(batch)) < sum(tensor.nbytes for tensor in tensors) + 10_000


def test_a_batch_moves_whole(reader: Reader):
    batch = reader.batch([sampled({"question": "?"})], answers=True).to(torch.device("meta"))
    assert {batch.pixels.device.type, batch.text.ids.device.type, batch.masks.device.type} == {"meta"}
    assert {value.device.type for value in batch.vision.values()} == {"meta"}


TURNS = (
    "{% for m in messages %}<turn>{% for part in m.content %}{{ '<image>' if part.type == 'image' else part.text }}"
    "{% endfor %}<close>\n{% endfor %}{% if add_generation_prompt %}<turn>{% endif %}"
)


def words(template: str, *, unk: str | None = None, begins: bool = False) -> Any:
    """A processor of whole words, some of them special, most of those without a name."""
    named = ["<pad>", "<eos>", "<bos>", *([unk] if unk else [])]
    known = [*named, "<image>", "<turn>", "<close>", "\n", "Where", "is", "it", "?", "There", ".", "a"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(known)}, unk_token=unk))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(" ", "removed"), pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Punctuation()]
    )
    tokenizer.add_special_tokens([AddedToken(word, special=True) for word in [*named, "<image>", "<turn>", "<close>"]])
    if begins:
        tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    fast = hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token=unk,
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    made = tokens.processor(fast, 32, 16)
    made.chat_template = template
    return made


def read(processor: Any, answer: str = "There .") -> tuple[Reader, list[str], list[str]]:
    """The reader, and the tokens of a question, and those that are learnt of its answer."""
    reader = Reader(processor, image_size=32, condition="question", own_pixels=False)
    batch = reader.batch([sampled({"question": "Where is it ?", "answer": answer})], answers=True)
    name = reader.tokenizer.convert_ids_to_tokens
    return reader, name(batch.text.ids[0].tolist()), name(learnt(batch))


def test_an_answer_ends_with_the_mark_that_closes_a_turn_though_it_has_no_name():
    reader, _, answer = read(words(TURNS))
    assert answer == ["There", ".", "<close>"]
    assert reader.said(reader.tokenizer.convert_tokens_to_ids(["There", ".", "<close>", "\n", "<turn>"])) == "There ."


def test_an_answer_with_unknown_words_is_learnt_to_its_end():
    assert read(words(TURNS, unk="<unk>"), "There polyp .")[2] == ["There", "<unk>", ".", "<close>"]


def test_an_answer_ends_with_the_end_token_where_the_template_writes_none():
    bare = TURNS.replace("<turn>", " ").replace("<close>", "")
    assert read(words(bare))[2] == ["There", ".", "<eos>"]


@pytest.mark.parametrize("start", ["", "<bos>"])
def test_a_row_begins_once_whoever_writes_it(start: str):
    _, row, _ = read(words(start + TURNS, begins=True))
    assert row[:3] == ["<bos>", "<turn>", "<image>"]


def test_a_template_that_changes_the_question_once_answered_is_refused():
    lying = "{% if messages | length > 1 %}Answered: {% endif %}" + TURNS
    with pytest.raises(Refused, match="renders a question differently once it is answered"):
        read(words(lying))


def test_pictures_of_any_shape_and_batch_make_the_same_tokens(reader: Reader):
    small = sampled({"question": "?"})
    wide = replace(small, image=Image.fromarray(np.zeros((31, 200, 3), dtype=np.uint8)))
    alone, both = reader.batch([small], answers=True), reader.batch([small, wide], answers=True)
    assert torch.equal(both.text.ids[0], alone.text.ids[0])
    assert torch.equal(both.pixels[0], alone.pixels[0])
