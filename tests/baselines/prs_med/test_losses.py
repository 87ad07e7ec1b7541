"""What is minimised: sums over labels, masks and nothing else."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from baselines.prs_med import losses

SIDE = 40


def disc(radius: float, side: int = SIDE) -> torch.Tensor:
    grid = torch.arange(side) - side // 2
    return grid**2 + grid[:, None] ** 2 < radius**2


def scores(*masks: torch.Tensor, sure: float = 20.0) -> torch.Tensor:
    """Logits that are sure of masks: (1, K, H, W)."""
    return torch.stack([sure * (2.0 * mask - 1) for mask in masks])[None]


def loss(logits: torch.Tensor, *masks: torch.Tensor, paper: bool = False) -> float:
    truth = torch.stack(masks)[None]
    return losses.mask_loss(logits, truth, torch.ones(truth.shape[:2], dtype=torch.bool), paper=paper).item()


def test_text_loss_is_a_sum():
    logits, labels = torch.randn(5, 7), torch.tensor([1, 2, 3, 4, 5])
    whole = losses.text_loss(logits, labels)
    assert torch.allclose(whole, losses.text_loss(logits[:2], labels[:2]) + losses.text_loss(logits[2:], labels[2:]))
    assert torch.allclose(whole, 5 * cross_entropy(logits, labels))


def test_half_precision_logits_are_summed_in_full():
    logits, labels = torch.randn(999, 7).bfloat16(), torch.ones(999, dtype=torch.long)
    assert losses.text_loss(logits, labels).dtype == torch.float32
    assert losses.text_loss(logits, labels) == losses.text_loss(logits.float(), labels)


@pytest.mark.parametrize("paper", [False, True])
def test_a_sure_and_right_mask_costs_next_to_nothing(paper: bool):
    assert loss(scores(disc(9)), disc(9), paper=paper) < 1e-3


@pytest.mark.parametrize("paper", [False, True])
def test_the_more_is_wrong_the_more_it_costs(paper: bool):
    costs = [loss(scores(disc(radius)), disc(9), paper=paper) for radius in (9, 11, 14, 19)]
    assert costs == sorted(costs)
    assert costs[0] < costs[1] - 0.1


@pytest.mark.parametrize("paper", [False, True])
def test_masks_are_summed(paper: bool):
    found = torch.randn(1, 2, SIDE, SIDE)
    parts = [loss(found[:, k : k + 1], disc(5 + k), paper=paper) for k in (0, 1)]
    assert loss(found, disc(5), disc(6), paper=paper) == pytest.approx(sum(parts), rel=1e-5)


@pytest.mark.parametrize("paper", [False, True])
def test_an_empty_mask_is_a_target(paper: bool):
    nothing = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    assert loss(scores(nothing), nothing, paper=paper) < 1e-3
    assert loss(scores(disc(9)), nothing, paper=paper) > 1


@pytest.mark.parametrize("paper", [False, True])
def test_unknown_masks_cost_nothing_and_leave_the_graph_alive(paper: bool):
    logits = torch.randn(2, 3, 8, 8, requires_grad=True)
    found = losses.mask_loss(
        logits, torch.ones(2, 3, 16, 16, dtype=torch.bool), torch.zeros(2, 3, dtype=torch.bool), paper=paper
    )
    found.backward()
    assert found == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize("paper", [False, True])
def test_what_is_unknown_gets_no_gradient(paper: bool):
    logits = torch.randn(1, 2, 8, 8, requires_grad=True)
    masks, known = torch.ones(1, 2, 16, 16, dtype=torch.bool), torch.tensor([[True, False]])
    losses.mask_loss(logits, masks, known, paper=paper).backward()
    assert logits.grad[0, 0].abs().sum() > 0
    assert logits.grad[0, 1].abs().sum() == 0


def test_coarse_logits_are_brought_to_the_size_of_the_masks():
    assert loss(scores(disc(4, 16)), disc(16, 64)) < loss(scores(disc(2, 16)), disc(16, 64)) - 0.1


def test_boundaries_weigh_more_in_the_structure_loss():
    """In the published code they do not: its cross-entropy is reduced before it is weighted."""
    side, truth = 160, disc(60, 160)
    logits = torch.zeros(1, 1, side, side, requires_grad=True)
    losses.mask_loss(logits, truth[None, None], torch.ones(1, 1, dtype=torch.bool), paper=True).backward()
    pull = logits.grad[0, 0].abs()
    edge, middle = pull[side // 2, side // 2 + 59], pull[side // 2, side // 2]
    assert edge > 2 * middle


def test_the_structure_loss_is_the_published_one_with_weights_that_count():
    """Fan et al.: w = 1 + 5 |mean over 31 px - truth|, weighted entropy over the sum of weights, weighted IoU."""
    truth, logits = disc(9), torch.randn(SIDE, SIDE)
    near = torch.nn.functional.avg_pool2d(truth[None].float(), 31, 1, 15)[0]
    w, p = 1 + 5 * (near - truth.float()).abs(), logits.sigmoid()
    entropy = -(truth * p.log() + ~truth * (1 - p).log())
    shared, both = (w * p * truth).sum(), (w * (p + truth)).sum()
    wanted = (w * entropy).sum() / w.sum() + 1 - (shared + 1) / (both - shared + 1)
    assert loss(logits[None, None], truth, paper=True) == pytest.approx(wanted.item(), rel=1e-4)


@pytest.mark.parametrize("paper", [False, True])
def test_extreme_logits_cost_a_finite_amount(paper: bool):
    assert math.isfinite(loss(scores(~disc(9), sure=1e4), disc(9), paper=paper))
