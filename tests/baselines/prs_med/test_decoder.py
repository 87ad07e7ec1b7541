"""Fusion and mask decoders by themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from baselines.prs_med.decoder import Fusion, MaskDecoder, PaperDecoder
from baselines.prs_med.encoder import Features

WIDTH, FINER, SIDE = 16, (12, 8), 4
SEEN = Features(
    grid=torch.randn(2, WIDTH, SIDE, SIDE),
    maps=tuple(torch.randn(2, c, SIDE * 2**i, SIDE * 2**i) for i, c in enumerate(FINER, 1)),
)
KNOWN = torch.tensor([[True, True, False], [True, False, False]] * 3)  # (B K, L)


def decoder(kind: str) -> Any:
    torch.manual_seed(0)
    return PaperDecoder(WIDTH) if kind == "paper" else MaskDecoder(WIDTH, FINER, stages=int(kind))


def asked(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (6, 16, C) and words (6, 3, C) of three questions about each of two pictures."""
    made = torch.Generator().manual_seed(seed)
    return torch.randn(6, SIDE**2, WIDTH, generator=made), torch.randn(6, 3, WIDTH, generator=made)


@pytest.mark.parametrize(("kind", "side"), [("paper", 4), ("1", 8), ("2", 16), ("3", 32)])
def test_a_stage_doubles_the_grid(kind: str, side: int):
    logits, fine = decoder(kind)(*asked(), KNOWN, SEEN, 3)
    assert logits.shape == (2, 3, side, side)
    assert (fine is None) == (kind == "paper")


@pytest.mark.parametrize("kind", ["paper", "2"])
def test_every_question_gets_its_own_mask(kind: str):
    tokens, words = asked()
    before, _ = decoder(kind)(tokens, words, KNOWN, SEEN, 3)
    tokens[4] += torch.randn_like(tokens[4])
    after, _ = decoder(kind)(tokens, words, KNOWN, SEEN, 3)
    moved = (before - after).abs().amax((2, 3)) > 1e-6
    assert moved.tolist() == [[False, False, False], [False, True, False]]


@pytest.mark.parametrize("kind", ["paper", "2"])
def test_words_that_only_pad_change_nothing(kind: str):
    tokens, words = asked()
    padded = torch.where(KNOWN[:, :, None], words, torch.full_like(words, 7.0))
    found = [decoder(kind)(tokens, given, KNOWN, SEEN, 3)[0] for given in (words, padded)]
    assert torch.allclose(*found, atol=1e-6)


@pytest.fixture
def fusion() -> Fusion:
    torch.manual_seed(0)
    return Fusion(WIDTH, 24, 20, 4, 4).train()


def fused(fusion: Fusion, words: torch.Tensor) -> torch.Tensor:
    return fusion(asked()[0], fusion.project(words), KNOWN)


def test_fusion_does_not_hear_words_that_only_pad(fusion: Fusion):
    words = torch.randn(6, 3, 24)
    padded = torch.where(KNOWN[:, :, None], words, torch.full_like(words, 7.0))
    assert torch.allclose(fused(fusion, words), fused(fusion, padded), atol=1e-6)
    assert not torch.allclose(fused(fusion, words), fused(fusion, words.flip(2)), atol=1e-3)


def test_fusion_has_no_dropout(fusion: Fusion):
    words = torch.randn(6, 3, 24)
    assert torch.equal(fused(fusion, words), fused(fusion, words))
