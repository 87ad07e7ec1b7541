"""From image features and words to a mask: cross-attention fusion, then a decoder.

Shapes: B pictures, K questions of each, Q = B K, N = h w tokens of the coarse grid, L words, C channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.prs_med.encoder import Features


def conv(inputs: int, outputs: int) -> nn.Sequential:
    """3x3 convolution, group normalisation, GELU."""
    groups = min(8, outputs // 4)
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(groups, outputs), nn.GELU())


class Fusion(nn.Module):
    """Image tokens ask, words answer: projection, cross-attention, one transformer layer, perceptron, residual.

    The published fusion, with what pads the words masked: a mask cannot depend on a question's batch mates.
    """

    def __init__(self, width: int, text_width: int, hidden: int, heads: int, layer_heads: int) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.Linear(text_width, hidden), nn.LayerNorm(hidden), nn.ReLU(),
            nn.Linear(hidden, width), nn.LayerNorm(width), nn.ReLU(), nn.LayerNorm(width),
        )  # fmt: skip
        self.norm = nn.LayerNorm(width)
        self.attend = nn.MultiheadAttention(width, heads, batch_first=True)
        self.attended = nn.LayerNorm(width)
        self.layer = nn.TransformerEncoderLayer(width, layer_heads, 2 * width, dropout=0.0, batch_first=True)
        self.inner, self.outer, self.last = nn.Linear(width, width), nn.Linear(width, width), nn.LayerNorm(width)

    def forward(self, image: Tensor, words: Tensor, known: Tensor) -> Tensor:
        """Image tokens (Q, N, C), projected words (Q, L, C) and which of them count (Q, L) to tokens (Q, N, C)."""
        tokens = self.norm(image)
        tokens = self.attended(
            tokens + self.attend(tokens, words, words, key_padding_mask=~known, need_weights=False)[0]
        )
        tokens = self.layer(tokens)
        tokens = self.last(F.relu(self.outer(F.relu(self.inner(tokens))) + tokens))
        return tokens + image


class PaperDecoder(nn.Module):
    """The published decoder: three residual blocks on the coarse grid, one channel, x16 bilinear by the caller."""

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = [(width, width), (width, width // 2), (width // 2, width // 4)]
        self.blocks = nn.ModuleList(self._block(a, b) for a, b in sizes)
        self.skips = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in sizes)
        self.out = nn.Conv2d(width // 4, 1, 1)

    @staticmethod
    def _block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.InstanceNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 1), nn.InstanceNorm2d(outputs), nn.Conv2d(outputs, outputs, 3, padding=1),
        )  # fmt: skip

    def forward(
        self, tokens: Tensor, words: Tensor, known: Tensor, seen: Features, questions: int
    ) -> tuple[Tensor, None]:
        """Tokens (B K, N, C) to logits (B, K, h, w) on the encoder's coarse grid; the words are not looked at again."""
        h, w = seen.grid.shape[2:]
        x = tokens.transpose(1, 2).unflatten(2, (h, w))
        for block, skip in zip(self.blocks, self.skips, strict=True):
            x = block(x) + skip(x)
        return self.out(x).view(-1, questions, h, w), None


class Rise(nn.Module):
    """Twice the resolution, with a finer map of the encoder added where there is one."""

    def __init__(self, inputs: int, finer: int | None, outputs: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, 2, 2)
        self.side = nn.Conv2d(finer, outputs, 1) if finer else None
        self.mix = nn.Sequential(conv(outputs, outputs), conv(outputs, outputs))

    def forward(self, x: Tensor, finer: Tensor | None) -> Tensor:
        """(B K, C, h, w) and a map (B, c, 2h, 2w) shared by a picture's questions to (B K, outputs, 2h, 2w)."""
        x = self.up(x)
        if self.side is not None and finer is not None:
            side = self.side(finer)
            x = (x.unflatten(0, (len(side), -1)) + side[:, None]).flatten(0, 1)
        return self.mix(F.gelu(x))


class MaskDecoder(nn.Module):
    """What and where: a pixel's logit is a sum of products of *what* is asked for and *where* it is looked for.

    The picture alone is decoded once, through real upsampling stages, to fine pixel features (B, D, H, W). A question
    adds M vectors (what, pooled from its words and the fused tokens) and M + 1 coarse maps (where):
    logit = sum_m where_m * <what_m, pixel> + where_0. The costly resolution is paid once per picture, not per question.
    """

    def __init__(self, width: int, finer: tuple[int, ...], *, stages: int, pixel: int = 32, terms: int = 4) -> None:
        super().__init__()
        sides = (*finer, *[None] * stages)[:stages]
        self.pixel, self.terms = pixel, terms
        self.reduce = nn.Conv2d(width, pixel, 1)
        self.rises = nn.ModuleList(Rise(pixel, side, pixel) for side in sides)
        self.pixels = nn.Conv2d(pixel, pixel, 1)
        coarse = 3 * pixel // 2
        self.look = Rise(width, sides[0], coarse)
        self.where = nn.Conv2d(coarse, terms + 1, 1)
        self.read, self.pick = nn.Linear(width, terms), nn.Linear(width, terms)
        self.what = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, pixel))

    def fine(self, seen: Features) -> Tensor:
        """The picture's own features (B, D, H, W), H = 2**stages h: no question has a part in them."""
        maps: list[Tensor | None] = [*seen.maps, *[None] * len(self.rises)]
        fine = self.reduce(seen.grid)
        for rise, finer in zip(self.rises, maps, strict=False):
            fine = rise(fine, finer)
        return fine

    def forward(
        self, tokens: Tensor, words: Tensor, known: Tensor, seen: Features, questions: int
    ) -> tuple[Tensor, Tensor]:
        """Tokens (B K, N, C), words (B K, L, C), those that count (B K, L) to logits (B, K, H, W) and ``fine``."""
        h, w = seen.grid.shape[2:]
        fine = self.fine(seen)
        pixels = self.pixels(fine)
        finer = seen.maps[0] if seen.maps else None
        where = self.where(self.look(tokens.transpose(1, 2).unflatten(2, (h, w)), finer))
        where = F.interpolate(where, fine.shape[2:], mode="bilinear").unflatten(0, (-1, questions))
        heard = self.read(words).masked_fill(~known[:, :, None], -torch.inf).softmax(1).transpose(1, 2) @ words
        pooled = heard + self.pick(tokens).softmax(1).transpose(1, 2) @ tokens
        what = self.what(pooled).view(len(fine), questions * self.terms, self.pixel)
        match = torch.bmm(what, pixels.flatten(2)) * self.pixel**-0.5
        match = match.view(len(fine), questions, self.terms, *fine.shape[2:])
        return (where[:, :, :-1] * match).sum(2) + where[:, :, -1], fine


class Glance(nn.Module):
    """Lets the sentence look at the mask: states that predict answer tokens are refined by what was drawn.

    A summary of a question's soft mask (centroid, spread, area, and the fused tokens under it) joins every state that
    predicts a token of its answer. The mask never sees the answer, so nothing leaks; with it a small model says what it
    shows. Not in the paper.
    """

    def __init__(self, width: int, text_width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(text_width)
        self.summary = nn.Sequential(nn.Linear(width + 7, text_width), nn.GELU(), nn.Linear(text_width, text_width))
        self.mix = nn.Sequential(
            nn.Linear(2 * text_width, 2 * text_width), nn.GELU(), nn.Linear(2 * text_width, text_width)
        )

    def summarise(self, logits: Tensor, tokens: Tensor, seen: Features) -> Tensor:
        """Mask logits (B, K, H, W) and fused tokens (B K, N, C) to a vector per question (B, K, T)."""
        mask = logits.float().sigmoid()
        height, width = mask.shape[2:]
        y = torch.linspace(-1, 1, height, device=mask.device)[:, None]
        x = torch.linspace(-1, 1, width, device=mask.device)
        total = mask.sum((2, 3)) + 1e-3

        def average(values: Tensor) -> Tensor:
            return (mask * values).sum((2, 3)) / total

        cx, cy, area = average(x), average(y), mask.mean((2, 3))
        spread = [average(x * x) - cx * cx, average(y * y) - cy * cy]
        numbers = torch.stack([cx, cy, *spread, area.sqrt(), (area + 1e-4).log() / 4, mask.amax((2, 3))], -1)
        cells = F.adaptive_avg_pool2d(mask, seen.grid.shape[2:]).flatten(2)
        weights = cells / (cells.sum(2, keepdim=True) + 1e-3)
        under = (weights[:, :, None] @ tokens.unflatten(0, (len(mask), -1)).float())[:, :, 0]
        return self.summary(torch.cat([under, numbers], -1).to(tokens.dtype))

    def forward(self, states: Tensor, summary: Tensor) -> Tensor:
        """States (..., T) and the summary of each one's question (..., T) to refined states."""
        return states + self.mix(torch.cat([self.norm(states), summary], -1))
