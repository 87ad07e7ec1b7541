"""From a downloaded folder to a recipe: what a corpus is taken for, with the reasons, for its owner to correct."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder import sources
from mmrs_builder.init import words
from mmrs_builder.init.notes import notes
from mmrs_builder.init.options import dicom_options, folder_options, known_options, nifti_options
from mmrs_builder.init.settings import Setting
from mmrs_builder.inspect import Fit, Inspection, Layout, Stage, inspect
from mmrs_builder.io.extras import need
from mmrs_builder.io.listing import listing
from mmrs_builder.io.options import MAX_TEXT
from mmrs_builder.types import Case, CaseRef, Drop, Source
from mmrs_builder.vocab import REASONS, Rejected

Ask = Callable[[str, str], str]
"""Asks a person; told the question and the answer that is proposed, returns the answer."""

ENOUGH: Final = 0.6
"""A known source is preferred when it finds at least this part of the cases that pairing by rule finds."""

ALIKE: Final = 0.8
"""Likeness of two words that are one misspelt: Kvasir-SEG's own file is called kavsir_bboxes.json."""

TRIED: Final = 6
"""Cases that are opened: they are what the preview shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A source with its options, and what came of trying it."""

    root: Path
    source: str
    why: str
    settings: tuple[Setting, ...] = ()
    notes: tuple[str, ...] = ()  # what to know beside the options
    cases: int = 0
    drops: tuple[tuple[str, int], ...] = ()  # reason codes
    tried: tuple[Case, ...] = ()
    trouble: tuple[str, ...] = ()  # why cases could not be opened, or the source not be set up


def propose(root: Path, most: int, stage: Stage) -> Proposal:
    """Look at a folder, decide on a source and its options. Raises ``ValueError`` when nothing there pairs."""
    found = inspect(root, most, stage)
    return replace(_source(root, found), notes=tuple(notes(found)))


def asked(proposal: Proposal, ask: Ask) -> Proposal:
    """The proposal with a person's answers to the few questions that only a person can answer."""
    answered = [_answered(setting, ask) if setting.question else (setting,) for setting in proposal.settings]
    return replace(proposal, settings=tuple(item for items in answered for item in items))


def tried(proposal: Proposal) -> Proposal:
    """The proposal after its source was set up, its cases were listed, and some were opened."""
    options = {setting.option: setting.value for setting in proposal.settings}
    try:
        source = sources.find(proposal.source, options, proposal.root)
        found = list(source.index(proposal.root))
    except (ValueError, Rejected) as error:
        return replace(proposal, trouble=(str(error),))
    refs = [item for item in found if isinstance(item, CaseRef)]
    reasons = Counter(item.reason for item in found if isinstance(item, Drop))
    cases, trouble = _opened(source, refs)
    return replace(
        proposal,
        cases=len(refs),
        drops=tuple(reasons.most_common()),
        tried=cases,
        trouble=trouble,
    )


def _opened(source: Source, refs: Sequence[CaseRef]) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Some cases, at even distances and those with most masks first, and why others could not be opened."""
    even = refs[:: max(1, len(refs) // (2 * TRIED))]
    cases: list[Case] = []
    trouble: list[str] = []
    for ref in islice(even, 4 * TRIED):
        try:
            cases.append(source.load(ref))
        except Rejected as refusal:
            trouble.append(str(refusal))
    showing = sorted(cases, key=lambda case: not any(view.annotations for view in case.views))
    return tuple(showing[:TRIED]), tuple(trouble)


def _source(root: Path, found: Inspection) -> Proposal:
    """What the folder is taken for."""
    pairs = max(found.layout.pairs, found.volume_layout.pairs)
    enough = [fit for fit in found.fits if fit.cases >= max(1, ENOUGH * pairs)]
    there = _words(root) if enough else set()
    called = {fit: _called(there, fit.source) for fit in enough}
    fits = sorted((fit for fit in enough if called[fit]), key=lambda fit: -called[fit])
    unclear = [fit for fit in found.fits if fit.trouble and not fit.cases]
    if fits:
        return _known(root, found, fits[0])
    if unclear and unclear[0].trouble.startswith("modality"):
        return _known(root, found, unclear[0])
    name = identifier(root)
    if found.volume_layout.pairs > found.layout.pairs:
        settings = nifti_options(root, found, name)
        return Proposal(root=root, source="nifti", why=_pairs(found.volume_layout, "volumes"), settings=settings)
    if found.layout.pairs:
        settings = folder_options(root, found, name)
        return Proposal(root=root, source="folder", why=_pairs(found.layout, "images"), settings=settings)
    raise ValueError(_nothing(root, found, unclear))


def _known(root: Path, found: Inspection, fit: Fit) -> Proposal:
    others = [other.source for other in found.fits if other.source != fit.source and other.cases == fit.cases]
    why = fit.trouble or f"its index finds {fit.cases} cases and drops {fit.drops} files"
    why += f"; so do {', '.join(others)}" if others else ""
    there = {option.name: option.default for option in sources.options(fit.source)}
    name = identifier(root)
    if fit.source.startswith(("dicom", "rtstruct")):
        return Proposal(root=root, source=fit.source, why=why, settings=dicom_options(there, name))
    return Proposal(root=root, source=fit.source, why=why, settings=known_options(root, found, fit.source, there, name))


def _words(root: Path) -> set[str]:
    """All words that the corpus's folder, and what lies in it, are called by."""
    parts = {part for path in listing(root).files for part in PurePosixPath(path).parts}
    return {word for text in (root.resolve().name, *parts) for word in words.spoken(text)}


def _called(there: Collection[str], source: str) -> float:
    """How much of a source's name is among the words of a folder, as a part; 1 for a format.

    Layouts of single corpora are nothing special: anybody may have folders called images and masks.
    """
    if {option.name for option in sources.options(source)} & {"label", "labels", "modality"}:
        return 1
    spoken = source.split("_")
    return sum(bool(difflib.get_close_matches(word, there, n=1, cutoff=ALIKE)) for word in spoken) / len(spoken)


def _pairs(layout: Layout, kind: str) -> str:
    return f"no known layout fits; {layout.pairs} {kind} pair with masks by rule"


def _nothing(root: Path, found: Inspection, unclear: Sequence[Fit]) -> str:
    reasons = [fit.trouble for fit in unclear]
    reasons += [found.checked_volumes.needed] * bool(found.checked_volumes.needed)
    if found.volume_layout.unmatched:
        try:
            need("nibabel", "SimpleITK")
        except ValueError as error:
            reasons.append(str(error))
    there = ", ".join(f"{n} {suffix}" for suffix, n in found.extensions[:6]) or "no file"
    told = f"; {'; '.join(dict.fromkeys(reasons))}" if reasons else ""
    return f"no image in {root} pairs with a mask by any rule known ({there}){told}"


def _answered(setting: Setting, ask: Ask) -> tuple[Setting, ...]:
    """The settings that a person's answer stands for: one, or several for a structure with words of its own."""
    while True:
        answer = ask(setting.question, setting.answer or setting.value).strip()
        try:
            return setting.taken(answer)
        except ValueError as error:
            setting = replace(setting, question=f"{str(error)[:200]}. {setting.question.rpartition('. ')[2]}")


def identifier(root: Path) -> str:
    """A name for a source from that of its folder."""
    plain = re.sub(r"[^a-z0-9]+", "-", root.resolve().name.casefold()).strip("-")
    return (plain if re.match("[a-z]", plain) else f"corpus-{plain}".rstrip("-"))[:MAX_TEXT]


def lines(proposal: Proposal) -> list[str]:
    """The proposal as text; what a person should look at is marked with a question mark."""
    drops = ", ".join(f"{n} {reason}" for reason, n in proposal.drops)
    found = [f"source {proposal.source}: {proposal.why}", f"cases: {proposal.cases}" + (f"; {drops}" * bool(drops))]
    for setting in proposal.settings:
        shown = setting.value if len(setting.value) <= 60 else f"{setting.value[:57]}..."
        found.append(f"{' ' if setting.sure else '?'} {setting.option} = {shown!r}: {setting.why}")
    if proposal.drops:
        found += [f"  {reason}: {REASONS[reason]}" for reason, _ in proposal.drops]
    found += [f"! {note}" for note in proposal.notes]
    return [*found, *(f"! cannot be opened: {item}" for item in proposal.trouble[:5])]
