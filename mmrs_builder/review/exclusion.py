"""The exclusion list that ``mmrs build --exclude`` reads: rejected questions, with what the readers said of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.questions import EXCLUDED
from mmrs_builder.review.decisions import REASONS, Decision
from mmrs_builder.review.merge import Judged

NAME: Final = "exclude.txt"


def text_of(rejected: Sequence[Judged], disputed: Sequence[Judged]) -> str:
    """The list: a line per question after comments; those that one reader rejected are comments themselves."""
    lines = [
        "# For `mmrs build --exclude`: what readers rejected. It does not come back in other words or as another kind.",
        f"# {len(rejected)} are left out.",
    ]
    for it in rejected:
        lines += [*_told(it), f"{EXCLUDED}{it.entry.question_id}"]
    if disputed:
        lines += [
            "",
            f"# {len(disputed)} were rejected by one reader only. To leave one out, take the # before it away.",
        ]
    for it in disputed:
        lines += [*_told(it), f"#{EXCLUDED}{it.entry.question_id}"]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str, *, overwrite: bool) -> None:
    """Write a list. Raises ``MmrsError`` where it cannot be written, and, unless ``overwrite``, for one that somebody
    may have decided disputed questions in."""
    try:
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text and not overwrite:
            hint = "Name another --list, or add --overwrite if nobody has worked on it."
            raise MmrsError(f"{path} is there and says something else", code=USAGE, hint=hint)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MmrsError(f"cannot write {path}: {error.strerror}", code=ENVIRONMENT, hint="Use --list.") from None


def _told(it: Judged) -> list[str]:
    """Comments: what was asked, and why it was rejected."""
    said = [f"{reader}: {_why(one)}" for reader, one in (("A", it.a), ("B", it.b)) if not one.accepted]
    asked = _line(f"{it.entry.view_id}: {it.entry.question} {it.entry.answer}")
    return ["", f"# {asked}", f"# {_line('; '.join(said))}"]


def _why(one: Decision) -> str:
    return REASONS[one.reason or "other"] + (f" ({one.note})" if one.note else "")


def _line(text: str) -> str:
    """A text that stays a comment, whatever line ends are in it."""
    return " ".join(text.split())
