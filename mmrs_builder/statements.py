"""What is said of a build, said once: the card, the datasheet and the Croissant file take their words from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import yaml

from mmrs_builder import __version__, resources
from mmrs_builder.types import Source
from mmrs_builder.vocab import SPLITS

Shards: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Facts of finished shards (rows, bytes, sha256) by their path below the output folder."""

TITLE: Final = "MMRS spatial question answering with masks"
ASKS: Final = "Questions about *where* things are in medical pictures, each with the masks it speaks of."
PROVEN: Final = (
    "Every answer is the value of a small program over the masks; program, margin and frame are stored with it, and "
    "the whole set can be derived again from these files alone with `mmrs verify`."
)
FRAMES: Final = (
    '"Left" and "right" in questions of the frame `viewer` are those of the picture as it is shown, never the '
    "patient's; in questions of the frame `patient` they are the patient's, and the question says so."
)
OFFICIAL: Final = "The published splits were kept as they are: a group may lie on both sides of a split."
RESEARCH: Final = "For research only, not for clinical use."
OWN_MASKS: Final = "Masks are the corpora's own; the questions are exactly as right as they are."
LISTED: Final = f"Made by MMRS {__version__}; `.mmrs/manifest.json` lists every file with its SHA-256."
UNIMPUTED: Final = "Nothing is filled in: what is not known is null."
ANATOMY: Final = (
    "Anatomy answers some questions alone. Where a source leaves one answer only, the question is marked `prior_bound` "
    "and kept out of test; `mmrs audit` measures what can be guessed without the pictures."
)
PERSONAL: Final = (
    "EXIF, comments and other metadata of pictures are removed; marks burnt into the pixels are counted and kept. "
    "Ids of public corpora are kept."
)
TAKEN: Final = "Pictures and masks are those of the corpora named under sources; nothing was collected for this set."
USED_FOR: Final = (
    "Training and evaluation of models that answer questions about positions in medical pictures and show the masks "
    "that they speak of"
)
KEPT_UP: Final = (
    "Built by whoever publishes it; the same corpora, settings and library versions give the same bytes again. "
    "A changed build has another manifest."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a card says of a build: its key, its sources, what was counted, how it was split, and in which language."""

    key: str
    sources: tuple[Source, ...]
    counts: dict[str, Any]
    policy: str
    language: str


def sizes(shards: Shards) -> dict[str, tuple[int, int]]:
    """Views and questions of each split that has some."""
    found = {split: (_rows(shards, f"data/{split}-"), _rows(shards, f"qa/{split}-")) for split in SPLITS}
    return {split: counts for split, counts in found.items() if any(counts)}


def _rows(shards: Shards, start: str) -> int:
    return sum(entry["rows"] for path, entry in shards.items() if path.startswith(start))


def totals(shards: Shards) -> tuple[int, int]:
    """Views and questions."""
    return _rows(shards, "data/"), _rows(shards, "qa/")


def mask_rules(facts: Facts) -> list[str]:
    """How each source's masks were read, and what was removed from them."""
    return [
        f"{s.name}: {s.mask_rule.rstrip('.')}. Connected components under {100 * s.minimum_area:g} % "
        "of the picture are removed and counted."
        for s in facts.sources
    ]


def patients(facts: Facts) -> str | None:
    """What is not known of patients, if something is not."""
    unknown = [s.title for s in facts.sources if not s.patient_ids]
    if not unknown:
        return None
    return (
        f"No patient ids are published for {', '.join(unknown)}: splits there keep copies of one picture together, "
        "and a patient may still appear in two splits."
    )


def used(facts: Facts) -> str:
    """Files found, used and rejected; their sum agrees."""
    cases: Mapping[str, Mapping[str, int]] = facts.counts["cases"]
    found, kept, rejected = (sum(entry[name] for entry in cases.values()) for name in ("found", "used", "rejected"))
    return f"Of {found} cases found {kept} were used and {rejected} rejected, each with a reason."


def withheld(lacking: Mapping[str, bool]) -> str:
    """What a recipe lacks; ``lacking`` says by source whether masks are left out with the pictures."""
    masks = [source for source, both in lacking.items() if both]
    also = f", nor the masks of {', '.join(masks)} and what was measured on them" if masks else ""
    return (
        f"This copy is a recipe: it does not hold the pictures of {', '.join(lacking)}{also}, which the corpora's "
        "terms do not let pass on. `mmrs rehydrate` puts them back from your own copy of each corpus, and gives the "
        "rows of the full build."
    )


def wished_credits(facts: Facts) -> list[tuple[str, str]]:
    """What the corpora ask to be named by, with the name of their source, from the front matter of their cards."""
    lines = []
    for source in facts.sources:
        card = resources.path("data_cards") / f"{source.name}.md"
        head = yaml.safe_load(card.read_text(encoding="utf-8").split("---")[1]) if card.is_file() else {}
        lines += [(source.name, str(head[key])) for key in ("attribution", "cite") if head.get(key)]
    return lines
