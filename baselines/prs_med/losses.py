"""What training minimises. All sums: the trainer divides by counts over the whole global batch.

Shapes: B pictures, K questions of each, (H, W) pixels.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def text_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Summed cross-entropy of answer and end tokens: logits (n, vocabulary), labels (n,)."""
    return F.cross_entropy(logits.float(), labels, reduction="sum")


def mask_loss(logits: Tensor, masks: Tensor, known: Tensor, *, paper: bool = False) -> Tensor:
    """Summed loss of the questions that have a mask.

    ``logits`` (B, K, h, w) are brought to the size of ``masks`` (B, K, H, W) bilinearly; the masks, already resized
    nearest, stay binary. ``known`` (B, K) leaves out questions without a mask target; an empty mask is a target.
    Default: binary cross-entropy + soft Dice. ``paper``: the published structure loss, see ``structure``.
    """
    scores = F.interpolate(logits[known].float()[:, None], masks.shape[2:], mode="bilinear")[:, 0]
    truth = masks[known].float()
    return (structure if paper else overlap)(scores, truth).sum()


def overlap(scores: Tensor, truth: Tensor, weight: float = 4.0) -> Tensor:
    """``weight`` x mean binary cross-entropy + soft Dice loss, per mask: (n, H, W) twice to (n,)."""
    entropy = F.binary_cross_entropy_with_logits(scores, truth, reduction="none").mean((1, 2))
    p = scores.sigmoid()
    dice = (2 * (p * truth).sum((1, 2)) + 1) / (p.sum((1, 2)) + truth.sum((1, 2)) + 1)
    return weight * entropy + 1 - dice


def structure(scores: Tensor, truth: Tensor) -> Tensor:
    """Boundary-weighted cross-entropy + boundary-weighted soft IoU (Fan et al., PraNet 2020), per mask.

    Weights are 1 + 5 |local mean - mask| over 31 x 31 px. In the published training code they cancel, because its
    cross-entropy is reduced to a mean before it is weighted; here they count.
    """
    local = F.avg_pool2d(F.avg_pool2d(truth[:, None], (31, 1), 1, (15, 0)), (1, 31), 1, (0, 15))[:, 0]
    weight = 1 + 5 * (local - truth).abs()
    entropy = F.binary_cross_entropy_with_logits(scores, truth, reduction="none")
    entropy = (weight * entropy).sum((1, 2)) / weight.sum((1, 2))
    p = scores.sigmoid()
    shared, total = (weight * p * truth).sum((1, 2)), (weight * (p + truth)).sum((1, 2))
    return entropy + 1 - (shared + 1) / (total - shared + 1)
