"""What a person should know of a corpus before building from it, beside the options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from mmrs_builder.inspect import Inspection, Layout
from mmrs_builder.io.check import Refusal
from mmrs_builder.io.mirror import Mirrored
from mmrs_builder.vocab import REASONS


def notes(found: Inspection) -> Iterator[str]:
    """Sentences, the gravest first."""
    flat, deep = found.checked, found.checked_volumes
    for suspicion in (flat.mirrored, deep.mirrored):
        yield from _mirrored(suspicion)
    for wrong in deep.wrong_sides[:3]:
        yield f"sides are doubtful: {wrong}"
    for items, text in (
        (flat.photographs, "mask files look like photographs"),
        (flat.masklike, "images look like masks"),
        (flat.overlays, "images seem to carry text, calipers or other marks, which may tell an answer or a person"),
        (flat.duplicates, "groups of images have identical pixels: they are kept in one split"),
        (deep.duplicates, "groups of volumes are identical files"),
        (flat.empty, "masks are empty: of an exhaustive corpus they say that nothing is there"),
        (deep.unplaced, "volumes do not say where they lie in the patient: no sides, one plane"),
    ):
        if items:
            yield f"{len(items)} {text} ({_example(items[0])})"
    yield from _refused((*flat.refused, *deep.refused))
    for layout in (found.layout, found.volume_layout):
        yield from _left(layout)


def _mirrored(suspicion: Mirrored | None) -> Iterator[str]:
    if suspicion:
        yield (
            f"masks fit their images better when {suspicion.turn}, in {suspicion.better} of {suspicion.decided} pairs: "
            "look at the preview before you build"
        )


def _refused(refusals: tuple[Refusal, ...]) -> Iterator[str]:
    for reason, n in Counter(refusal.reason for refusal in refusals).most_common():
        example = next(refusal.what for refusal in refusals if refusal.reason == reason)
        yield f"{n} of the pairs that were opened cannot be used as they are: {REASONS[reason]} ({example})"


def _left(layout: Layout) -> Iterator[str]:
    """Files that no rule takes, by folder."""
    if layout.pairs:
        folders = Counter(PurePosixPath(path).parent.name for path in layout.unmatched)
        for folder, n in folders.most_common(3):
            yield f"{n} files in folders called {folder!r} are neither image nor mask of the rule that was chosen"


def _example(item: str | tuple[str, ...]) -> str:
    return item if isinstance(item, str) else " = ".join(item)
