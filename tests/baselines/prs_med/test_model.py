"""The minute model on real views: what a mask and an answer depend on, and what they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from baselines.prs_med import data, losses, train
from baselines.prs_med.data import Batch, Reader, Sample
from baselines.prs_med.model import PRSMed, ended
from tests.baselines.prs_med import minute

CLOSE = 1e-5


@pytest.fixture(params=["question", "image+question"])
def reader(request: pytest.FixtureRequest, made: tuple[Any, Any, list[str]]) -> Reader:
    return train.reader_of(made[1], minute.preset({"condition": request.param}), made[2])


def worded(sample: Sample, number: int, **changes: Any) -> Sample:
    """A sample in which one question reads otherwise."""
    questions = [{**q, **changes} if k == number else q for k, q in enumerate(sample.questions)]
    return replace(sample, questions=tuple(questions))


def masks(model: PRSMed, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return model(batch).masks


def alone(samples: Sequence[Sample]) -> list[Sample]:
    """A sample per question."""
    return [
        replace(item, questions=(question,), masks=(mask,))
        for item in samples
        for question, mask in zip(item.questions, item.masks, strict=True)
    ]


def test_packed_questions_are_worth_as_many_sequences(model: PRSMed, reader: Reader, samples: list[Sample]):
    found = []
    for items in (samples, alone(samples)):
        batch = reader.batch(items, answers=True)
        model.zero_grad(set_to_none=True)
        output = model(batch)
        text, mask = (
            losses.text_loss(output.text, output.labels),
            losses.mask_loss(output.masks, batch.masks, batch.known),
        )
        (text / 100 + mask / 10).backward()
        gradients = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        found.append((output.masks[batch.known].detach(), torch.stack([text, mask]).detach(), gradients))
    model.zero_grad(set_to_none=True)
    torch.testing.assert_close(found[0], found[1], atol=CLOSE, rtol=CLOSE)


def test_a_mask_does_not_depend_on_batch_mates(model: PRSMed, reader: Reader, samples: list[Sample]):
    together = masks(model, reader.batch(samples, answers=True))
    for number, item in enumerate(samples):
        single = masks(model, reader.batch([item], answers=True))
        assert (together[number, : single.shape[1]] - single[0]).abs().max() < CLOSE


def test_a_mask_does_not_depend_on_the_true_answer(model: PRSMed, reader: Reader, samples: list[Sample]):
    right = masks(model, reader.batch(samples, answers=True))
    lies = [worded(item, 0, answer="No, and this is a much longer answer than the true one.") for item in samples]
    assert (masks(model, reader.batch(lies, answers=True)) - right).abs().max() < CLOSE


def test_a_mask_depends_on_its_question_and_not_on_its_siblings(model: PRSMed, reader: Reader, samples: list[Sample]):
    item = samples[3]
    before = masks(model, reader.batch([item], answers=True))
    after = masks(model, reader.batch([worded(item, 2, question="What?", answer="That.")], answers=True))
    moved = (before - after).abs().amax((0, 2, 3)) > CLOSE
    assert moved.tolist() == [False, False, True, False]


def test_words_do_not_depend_on_a_siblings_answer(model: PRSMed, reader: Reader, samples: list[Sample]):
    item = samples[1]
    count = len(
        reader.batch([replace(item, questions=item.questions[:1], masks=item.masks[:1])], answers=True).text.labels
    )
    with torch.no_grad():
        one = model(reader.batch([item], answers=True))
        other = model(reader.batch([worded(item, 1, answer="Something else.")], answers=True))
    mine = one.labels.tolist().index(reader.end) + 1
    assert count == 1
    torch.testing.assert_close(one.text[:mine], other.text[:mine], atol=CLOSE, rtol=CLOSE)


def test_the_same_words_condition_masks_in_training_and_prediction(
    model: PRSMed, reader: Reader, samples: list[Sample]
):
    learnt, found = reader.batch(samples, answers=True), reader.batch(samples, answers=False)
    heard = [
        batch.text.ids.gather(1, batch.text.words.flatten(1))[batch.text.known.flatten(1)] for batch in (learnt, found)
    ]
    assert torch.equal(*heard)
    assert (model.answer(found, limit=1)[0] - masks(model, learnt)).abs().max() < CLOSE


def test_an_answer_is_what_one_gets_without_packing_and_cache(model: PRSMed, reader: Reader, samples: list[Sample]):
    model.end = None
    said = model.answer(reader.batch(samples, answers=False), limit=5)[1]
    single = alone(samples)
    empty = reader.batch(single, answers=False).text
    batch, words = reader.batch(single, answers=True), [[] for _ in single]
    for _ in range(5):
        text = data.pack(shared(batch), asked(empty, words, reader.end), reader.condition)
        with torch.no_grad():
            output = model(replace(batch, text=text))
        likeliest = output.text.argmax(-1).view(len(single), -1)[:, -1].tolist()
        words = [[*before, token] for before, token in zip(words, likeliest, strict=True)]
    assert [tokens for row, item in zip(said, samples, strict=True) for tokens in row[: len(item.questions)]] == words


def shared(batch: Batch) -> list[list[int]]:
    return [ids[segment == 1].tolist() for ids, segment in zip(batch.text.ids, batch.text.segment, strict=True)]


def asked(prompts: Any, words: list[list[int]], end: int) -> list[list[Any]]:
    mine = [ids[segment > 1].tolist() for ids, segment in zip(prompts.ids, prompts.segment, strict=True)]
    return [[data.Words(prompt=prompt, answer=[*said, end])] for prompt, said in zip(mine, words, strict=True)]


def test_answers_stop_when_all_have_ended(model: PRSMed, reader: Reader, samples: list[Sample]):
    batch = reader.batch(samples[:1], answers=False)
    model.end = None
    first = model.answer(batch, limit=3)[1][0][0][0]
    model.end = first
    assert model.answer(batch, limit=30)[1] == [[[first]]]
    model.end = None


def test_nobody_waits_for_the_questions_a_view_does_not_have(reader: Reader, samples: list[Sample]):
    fewer = replace(samples[1], questions=samples[1].questions[:1], masks=samples[1].masks[:1])
    last = reader.batch([samples[0], fewer], answers=False).text.last
    said = torch.full((2, *last.shape), 7)
    said[1, 0, :], said[1, 1, 0] = 3, 3
    assert ended(said, last, end=3)
    said[1, 0, 0] = 7
    assert not ended(said, last, end=3)


def test_language_model_and_tower_run_once_per_step(model: PRSMed, reader: Reader, samples: list[Sample]):
    calls: list[str] = []
    parts = {"language": model.core.model.language_model, "tower": model.core.model.vision_tower}
    hooks = [part.register_forward_hook(lambda *_, name=name: calls.append(name)) for name, part in parts.items()]
    masks(model, reader.batch(samples, answers=True))
    for hook in hooks:
        hook.remove()
    assert sorted(calls) == ["language", "tower"]


def test_every_trained_weight_gets_a_gradient(made: tuple[Any, Any, list[str]], reader: Reader, samples: list[Sample]):
    """Processes wait for each other's gradients: one that never comes would stop them."""
    model, batch = made[0], reader.batch(samples, answers=True)
    model.zero_grad(set_to_none=True)
    train.sums(model(batch), batch, False).sum().backward()
    missing = [name for name, weight in model.named_parameters() if weight.requires_grad and weight.grad is None]
    model.zero_grad(set_to_none=True)
    assert not missing
