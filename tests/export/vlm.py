"""A LLaVA with random weights, as small as one can be, saved as a folder that ``transformers`` opens."""

from __future__ import annotations

from pathlib import Path

IMAGE = "<image>"
CHAT = (
    "{% for message in messages %}{{ message['role'] }}: {% for part in message['content'] %}"
    "{{ '<image> ' if part['type'] == 'image' else part['text'] }}{% endfor %}</s>{% endfor %}"
)


def write(folder: Path, words: list[str]) -> None:
    """Save model and processor; the tokenizer knows the given words and no others."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    special = ["<pad>", "<unk>", "</s>", IMAGE]
    known = {word: number for number, word in enumerate(dict.fromkeys([*special, *words]))}
    spoken = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    spoken.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=spoken,
        pad_token="<pad>",
        unk_token="<unk>",
        eos_token="</s>",
        additional_special_tokens=[IMAGE],
    )
    size = {"height": 32, "width": 32}
    LlavaProcessor(
        image_processor=CLIPImageProcessor(size=size, crop_size=size),
        tokenizer=tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT,
    ).save_pretrained(folder)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=CLIPVisionConfig(**sizes, image_size=32, patch_size=16),
            text_config=LlamaConfig(**sizes, vocab_size=len(known), pad_token_id=0, eos_token_id=2),
            image_token_index=known[IMAGE],
            vision_feature_layer=-1,
            pad_token_id=0,
        )
    ).save_pretrained(folder)
