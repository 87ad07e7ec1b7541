"""A vision-language model of random weights that speaks the words of some shards: to try the way, it knows nothing.

python -m baselines.hf_vlm.tiny shards runs/tiny-vlm
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import transformers as hf

from baselines.endpoint.asking import Put, request
from baselines.endpoint.shards import items
from baselines.prs_med.tokens import learn, processor

SIDE, PATCH, WIDTH = 64, 16, 32


def write(shards: Path, folder: Path, split: str = "test") -> None:
    """Save a LLaVA at random, seeded, as a checkpoint that ``from_pretrained`` opens."""
    asked = items(shards, split)[0]
    sent = (request(Put(item=item)) for item in asked)
    tokenizer = learn([text for it in sent for text in (it.system, it.user)] + [it.question["answer"] for it in asked])
    layers = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = layers | {
        "model_type": "llama", "num_key_value_heads": 2, "vocab_size": len(tokenizer), "max_position_embeddings": 4096,
        "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None,
    }  # fmt: skip
    vision = layers | {"model_type": "clip_vision_model", "image_size": SIDE, "patch_size": PATCH}
    torch.manual_seed(0)
    config = hf.AutoConfig.for_model(
        "llava", text_config=text, vision_config=vision, image_token_id=tokenizer.image_token_id,
        image_seq_length=(SIDE // PATCH) ** 2, vision_feature_layer=-2,
    )  # fmt: skip
    hf.AutoModelForImageTextToText.from_config(config).save_pretrained(folder)
    processor(tokenizer, SIDE, PATCH).save_pretrained(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
