"""MMRS: from segmentation masks to verified spatial questions and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mmrs_builder.flat import flatten

__all__ = ["__version__", "flatten"]


def __getattr__(name: str) -> Any:
    """``flatten`` is imported when it is used: it needs ``datasets``, and the command line must start fast."""
    if name == "flatten":
        from mmrs_builder.flat import flatten

        return flatten
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
