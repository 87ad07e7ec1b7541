"""Programs joined by truth (``docs/language.md`` section 5); the margins of what they join count on their own."""

from __future__ import annotations

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.values import Result


def both(_board: Board, p: bool, q: bool) -> Result:
    """p and q."""
    return p and q, 1.0


def either(_board: Board, p: bool, q: bool) -> Result:
    """p or q, or both."""
    return p or q, 1.0


def neither(_board: Board, p: bool, q: bool) -> Result:
    """Not p and not q."""
    return not p and not q, 1.0


def no(_board: Board, p: bool) -> Result:
    """Not p."""
    return not p, 1.0
