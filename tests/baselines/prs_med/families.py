"""Minute language models and image encoders of every family that a preset names, at random; batches made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from torch import Tensor, nn

from baselines.prs_med.config import Condition, ModelConfig
from baselines.prs_med.data import Batch
from baselines.prs_med.model import PRSMed, build
from baselines.prs_med.packing import Words, pack

VOCABULARY, IMAGE, START, STOP, END = 40, 5, 7, 8, 3
SIDE = 32  # px, of what the image encoder and the masks see
TEXT: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": None,
    "eos_token_id": END, "initializer_range": 0.2,
}  # fmt: skip
TOWER = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 28,
    "patch_size": 14,
}  # fmt: skip
WIDE = TOWER | {"image_size": 56}
QWEN = {
    "depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32, "patch_size": 4,
    "window_size": 16, "fullatt_block_indexes": [1], "spatial_merge_size": 2, "temporal_patch_size": 2,
}  # fmt: skip
ENCODER = {
    "model_type": "mmrs_tiny_vit", "image_size": SIDE, "dims": [8, 8, 16, 16], "depths": [1, 1, 1, 1],
    "heads": [1, 1, 2, 2], "windows": [2, 2, 2, 2], "ratio": 2, "hidden_size": 16, "norm": "group",
}  # fmt: skip
SAM = {
    "model_type": "sam_vision_model", "image_size": SIDE, "patch_size": 8, "hidden_size": 16, "num_hidden_layers": 2,
    "num_attention_heads": 2, "output_channels": 16, "mlp_dim": 32, "window_size": 2, "global_attn_indexes": [1],
    "num_pos_feats": 8,
}  # fmt: skip
HIERA = {
    "model_type": "sam2_hiera_det_model", "image_size": [SIDE, SIDE], "hidden_size": 8,
    "embed_dim_per_stage": [8, 16, 32, 64], "blocks_per_stage": [1, 1, 2, 1], "num_attention_heads": 1,
    "num_attention_heads_per_stage": [1, 1, 2, 2], "global_attention_blocks": [3],
    "window_size_per_stage": [4, 2, 2, 2], "window_positional_embedding_background_size": [2, 2],
}  # fmt: skip
SAM2 = {
    "model_type": "sam2_vision_model", "backbone_config": HIERA, "backbone_channel_list": [64, 32, 16, 8],
    "backbone_feature_sizes": [[8, 8], [4, 4], [2, 2]], "fpn_hidden_size": 16, "num_feature_levels": 3,
    "fpn_top_down_levels": [2, 3],
}  # fmt: skip
ENCODERS = {"tiny_vit": (ENCODER, 2), "sam": (SAM, 4), "sam_hq": (SAM | {"model_type": "sam_hq_vision_model"}, 4),
            "sam2": (SAM2, 2)}  # fmt: skip
"""Configurations, and the side of the coarse grid that they make of ``SIDE`` px."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A transformers configuration, and the pixels it is given of a picture, which always make four tokens."""

    config: dict[str, Any]
    pixels: tuple[int, ...]
    grid: tuple[int, ...] | None = None

    def look(self, seed: int) -> dict[str, Tensor]:
        """What a processor would make of a picture."""
        made = {"pixel_values": torch.randn(self.pixels, generator=torch.Generator().manual_seed(seed))}
        return made if self.grid is None else made | {"image_grid_thw": torch.tensor([self.grid])}


def _of(kind: str, text: dict[str, Any], vision: dict[str, Any], pixels: Sequence[int], **more: Any) -> Family:
    config = {"model_type": kind, "image_token_id": IMAGE, "text_config": TEXT | text, "vision_config": vision, **more}
    return Family(config=config, pixels=tuple(pixels))


def _idefics(kind: str) -> Family:
    vision = WIDE | {"model_type": f"{kind}_vision"}
    return _of(kind, {"model_type": "llama"}, vision, (1, 1, 3, 56, 56), scale_factor=2, pad_token_id=0)


FAMILIES = {
    "llava": _of(
        "llava", {"model_type": "mistral"}, TOWER | {"model_type": "clip_vision_model"}, (1, 3, 28, 28),
        vision_feature_layer=-2, image_seq_length=4,
    ),
    "smolvlm": _idefics("smolvlm"),
    "idefics3": _idefics("idefics3"),
    "qwen2_5_vl": replace(
        _of(
            "qwen2_5_vl",
            {
                "model_type": "qwen2_5_vl_text",
                "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]},
            },
            QWEN | {"model_type": "qwen2_5_vl"}, (16, 96), vision_start_token_id=START, vision_end_token_id=STOP,
            video_token_id=6,
        ),
        grid=(1, 4, 4),
    ),
    "gemma3": _of(
        "gemma3",
        {"model_type": "gemma3_text", "query_pre_attn_scalar": 8, "sliding_window": 512,
         "layer_types": ["sliding_attention", "full_attention"]},
        WIDE | {"model_type": "siglip_vision_model"}, (1, 3, 56, 56), image_token_index=IMAGE, mm_tokens_per_image=4,
    ),
}  # fmt: skip
ASKED = [
    [
        Words(prompt=[10, 11, 12], answer=[13, 14, END]),
        Words(prompt=[15, 16, 17, 18], answer=[19, END]),
        Words(prompt=[20, 21], answer=[22, 23, 24, END]),
    ],
    [Words(prompt=[25, 26, 27, 28], answer=[29, END]), Words(prompt=[30, 31], answer=[32, 33, END])],
]
"""Two pictures: three questions about the first, two about the second."""


def unanswered(asked: Sequence[Sequence[Words]]) -> list[list[Words]]:
    """The same questions, their answers to be found."""
    return [[Words(prompt=words.prompt) for words in row] for row in asked]


def batch(
    family: str,
    asked: Sequence[Sequence[Words]] = tuple(ASKED),
    *,
    views: Sequence[int] = (0, 1),
    condition: Condition = "question",
    masks: bool = True,
) -> Batch:
    """Questions about pictures, which are told by number; float64, as the models are."""
    looks = [FAMILIES[family].look(view) for view in views]
    vision = {name: torch.cat([look[name] for look in looks]) for name in looks[0]}
    count = max(map(len, asked))
    grid = torch.arange(SIDE)
    discs = [[(grid - 5 * v - 4) ** 2 + (grid[:, None] - 8 * len(w.prompt)) ** 2 < 60 for w in row]
             for v, row in zip(views, asked, strict=True)]  # fmt: skip
    blank = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    pixels = [torch.randn(3, SIDE, SIDE, generator=torch.Generator().manual_seed(99 + view)) for view in views]
    return Batch(
        views=(),
        pixels=torch.stack(pixels).double(),
        vision={name: value.double() if value.is_floating_point() else value for name, value in vision.items()},
        text=pack([[START, *[IMAGE] * 4, STOP]] * len(views), asked, condition),
        masks=torch.stack([torch.stack([*row, *[blank] * (count - len(row))]) for row in discs]),
        known=torch.tensor([[masks and k < len(row) for k in range(count)] for row in asked]),
    )


def language(family: str, **text: Any) -> Any:
    """A language model at random, seeded."""
    torch.manual_seed(0)
    raw = FAMILIES[family].config
    config = hf.AutoConfig.for_model(**raw | {"text_config": raw["text_config"] | text})
    model = hf.AutoModelForImageTextToText.from_config(config, attn_implementation="sdpa")
    with torch.no_grad():
        model.get_output_embeddings().weight[IMAGE] = 0  # never the likeliest: a picture cannot be said
    return model


def encoder() -> Any:
    """An image encoder at random, seeded."""
    torch.manual_seed(2)
    return hf.AutoModel.from_config(hf.AutoConfig.for_model(**ENCODER))


def config(folder: Path, *, lora: bool = False) -> ModelConfig:
    """What a model around the language model in a folder is made of."""
    return ModelConfig(
        vlm=str(folder), vlm_weights="lora" if lora else "all", encoder_config=ENCODER, image_size=SIDE, text_hidden=16,
        heads=2, layer_heads=2, stages=1, lora_rank=2, lora_dropout=0.0, glance=True,
    )  # fmt: skip


def built(family: str, folder: Path, *, lora: bool = False, model: dict[str, Any] | None = None, **text: Any) -> PRSMed:
    """A model of a family around a checkpoint saved in a folder, adapters at random."""
    language(family, **text).save_pretrained(folder)
    torch.manual_seed(1)
    made = build(replace(config(folder, lora=lora), **model or {}))
    for name, weight in made.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight, std=0.3)
    return made
