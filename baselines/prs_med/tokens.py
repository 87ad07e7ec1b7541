"""A small tokenizer of a corpus's own words, and the processor around it, for models that are built at random."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import transformers as hf
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

IMAGE, ANSWER, END, PAD = "<image>", "<answer>", "<end>", "<pad>"
TEMPLATE = (
    "{% for message in messages %}{% for part in message.content %}"
    "{{ '<image>' if part.type == 'image' else part.text }}{% endfor %}"
    "{{ '<answer>' if message.role == 'user' else '<end>' }}{% endfor %}"
)


def learn(texts: Iterable[str], size: int = 2048) -> Any:
    """Byte-pair tokenizer in which the frequent words of ``texts`` are one token each and digits stand alone.

    Every string can be written in it and read back unchanged.
    """
    tokenizer = Tokenizer(models.BPE())
    words = pre_tokenizers.Split(Regex(r" ?[A-Za-z]+| ?[0-9]|\s+|[^\sA-Za-z0-9]"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[PAD, IMAGE, ANSWER, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE, "answer_token": ANSWER},
        padding_side="right",
    )


def processor(tokenizer: Any, image_size: int, patch: int) -> Any:
    """A LLaVA processor: pictures to ``image_size`` px, one image token per ``patch`` x ``patch`` px."""
    images = hf.CLIPImageProcessorPil(
        size={"height": image_size, "width": image_size},
        do_center_crop=False,
        resample=2,  # bilinear
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    return hf.LlavaProcessor(
        images, tokenizer, patch_size=patch, vision_feature_select_strategy="full", chat_template=TEMPLATE
    )
