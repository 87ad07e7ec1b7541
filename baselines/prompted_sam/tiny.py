"""A segmenter of a few thousand random weights, to try the whole way without a download: it segments nothing well.

python -m baselines.prompted_sam.tiny runs/tiny-sam
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import transformers as hf

SIDE, PATCH, WIDTH = 64, 8, 16


def sam() -> hf.SamModel:
    """A SAM at random, seeded."""
    torch.manual_seed(0)
    vision = hf.SamVisionConfig(
        hidden_size=WIDTH, output_channels=WIDTH, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE,
        patch_size=PATCH, mlp_dim=2 * WIDTH, window_size=2, global_attn_indexes=[1], num_pos_feats=WIDTH // 2,
    )  # fmt: skip
    prompt = hf.SamPromptEncoderConfig(
        hidden_size=WIDTH, image_size=SIDE, patch_size=PATCH, mask_input_channels=4, image_embedding_size=SIDE // PATCH
    )
    decoder = hf.SamMaskDecoderConfig(
        hidden_size=WIDTH, mlp_dim=2 * WIDTH, num_hidden_layers=1, num_attention_heads=2, iou_head_hidden_dim=WIDTH
    )
    config = hf.SamConfig(
        vision_config=vision.to_dict(), prompt_encoder_config=prompt.to_dict(), mask_decoder_config=decoder.to_dict()
    )
    return hf.SamModel(config).eval()


def write(folder: Path) -> None:
    """Save model and processor as a checkpoint that ``from_pretrained`` opens."""
    sam().save_pretrained(folder)
    sides = {"height": SIDE, "width": SIDE}
    images = hf.SamImageProcessorPil(size={"longest_edge": SIDE}, pad_size=sides, mask_size={"longest_edge": SIDE})
    hf.SamProcessor(images).save_pretrained(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
