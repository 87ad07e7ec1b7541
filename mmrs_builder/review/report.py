"""What a review came to, for people at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from mmrs_builder.review.section import TITLE, section


def show(numbers: Mapping[str, Any], console: Console) -> None:
    """Print the numbers as the card says them."""
    console.print(Markdown(section(numbers).removeprefix(f"{TITLE}\n")))


def told(rejected: int, disputed: int, written: Path) -> str:
    """What became of rejected questions, in a line."""
    beside = f"; {disputed} that one reader rejected stand there as comments" if disputed else ""
    return f"{rejected} questions to leave out{beside}: {written}"
