"""What a reader decided, as the page saves it. The file comes from outside: nothing in it is believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mmrs_builder.errors import USAGE, MmrsError

FORMAT: Final = 1
READERS: Final = ("a", "b")
VERDICTS: Final = ("accept", "reject")

REASONS: Final[dict[str, str]] = {
    "wrong_answer": "wrong answer",
    "wrong_mask": "wrong mask",
    "wrong_side": "wrong side or frame",
    "ambiguous": "ambiguous",
    "not_answerable": "not answerable from this picture",
    "language": "language",
    "other": "other",
}
"""Why a question is rejected, in the order of the keys 1 to 7."""

MEANINGS: Final[dict[str, str]] = {
    "wrong_answer": "The picture gives another answer, or the option marked as right is not.",
    "wrong_mask": "The coloured area is not what the question asks for, or its outline is grossly off.",
    "wrong_side": "Left and right, front and back, or picture and patient are exchanged.",
    "ambiguous": "Two answers can be defended, or it is not clear which structure is meant.",
    "not_answerable": "One cannot tell from this picture, whatever the truth is.",
    "language": "The words are wrong or nobody would say so, though the answer is right.",
    "other": "Say what in a few words.",
}

LONGEST_NOTE: Final = 1000
"""Characters of a note."""

MOST_BYTES: Final = 16 * 2**20
"""Of a file with decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict on an item; ``reason`` is a code of ``REASONS``, null where it was accepted."""

    accepted: bool
    reason: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What one reader decided of one sample, by the ids of its items."""

    reader: str
    sample: str
    by_id: Mapping[str, Decision]


def read(path: Path) -> Decisions:
    """A file that the page saved. Raises ``MmrsError`` for anything else."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT or found["reader"] not in READERS:
            raise ValueError(f"format {found['format']!r}, reader {found['reader']!r}")
        by_id = {str(name): _decision(item) for name, item in dict(found["decisions"]).items()}
        return Decisions(reader=found["reader"], sample=str(found["sample"]), by_id=by_id)
    except OSError as error:
        raise MmrsError(f"cannot read {path}: {error.strerror}", code=USAGE, hint="Name a saved file.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        detail = f"{path} holds no decisions of a review: {type(error).__name__} {error}"
        raise MmrsError(detail, code=USAGE, hint="Name a file that the page of a reader saved (key S).") from None


def _decision(item: Any) -> Decision:
    verdict, reason, note = item["verdict"], item["reason"], item["note"]
    if verdict not in VERDICTS or not isinstance(note, str):
        raise ValueError(f"verdict {verdict!r}")
    if (verdict == "reject") != (reason in REASONS) or (verdict == "accept" and reason is not None):
        raise ValueError(f"{verdict} with reason {reason!r}")
    return Decision(accepted=verdict == "accept", reason=reason, note=" ".join(note.split())[:LONGEST_NOTE])
