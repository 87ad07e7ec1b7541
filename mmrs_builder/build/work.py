"""What every stage of a build begins with: a folder that is held, cases that are listed, words that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmrs_builder import markers
from mmrs_builder.build import fair, folder, ground, lock
from mmrs_builder.build.guard import Limits
from mmrs_builder.build.measure import Indexed, index, source_of
from mmrs_builder.build.settings import STATE, Settings, SourceChoice
from mmrs_builder.errors import MANUAL, USAGE, MmrsError
from mmrs_builder.executors import Workers
from mmrs_builder.paraphrase.bank import with_bank
from mmrs_builder.templates import Language, only, shipped, with_terms
from mmrs_builder.types import Label, Term

Stage = Callable[[str, int], Callable[[int], None]]
"""Opens a progress bar: name of the stage and its length; returns what advances it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A build that may begin, and who works for it."""

    settings: Settings
    out: Path
    indexed: tuple[Indexed, ...]
    language: Language
    limits: Limits
    workers: Workers
    stage: Stage

    @property
    def state(self) -> Path:
        """The folder of our own in the output folder."""
        return self.out / STATE

    @property
    def labels(self) -> dict[str, Label]:
        """What the masks may show, by id."""
        return {label.id: label for label, _ in self.language.terms.labels.values()}


def plan_only(settings: Settings) -> tuple[Indexed, ...]:
    """What a build would read; nothing is written and no picture opened."""
    return tuple(index(choice, settings.limit, settings.exclude) for choice in settings.sources)


@contextmanager
def opened(
    settings: Settings,
    out: Path,
    *,
    workers: int,
    limits: Limits,
    overwrite: bool,
    stage: Stage,
    cluster: ground.Cluster | None = None,
    shared: bool = False,
) -> Iterator[Work]:
    """Begin to work on ``out``, alone or ``shared`` with others that do the same.

    Raises ``MmrsError`` for what the user can mend: a folder that is not ours, other settings, a locked folder.
    """
    folder.check(out, [choice.root for choice in settings.sources if choice.root])
    if settings.audit:
        fair.check_possible()
    language = _spoken(settings)
    check_labels(settings.sources, language)
    indexed = plan_only(settings)
    for found in indexed:
        if not found.refs:
            raise MmrsError(
                f"no usable case of {found.choice.name} in {found.choice.root}",
                code=MANUAL,
                hint=f"Run `mmrs inspect {found.choice.root}` to see what lies there.",
            )
    hold = lock.shared if shared else lock.alone
    with (
        hold(out, settings.remembered(), overwrite=overwrite),
        ground.workers(workers, cluster, settings, out) as processes,
    ):
        yield Work(
            settings=settings,
            out=out,
            indexed=indexed,
            language=language,
            limits=limits,
            workers=processes,
            stage=stage,
        )


def _spoken(settings: Settings) -> Language:
    """The language of a build, with the words for all that its sources show."""
    words = only(shipped(settings.language), settings.families)
    phrased = with_bank(words, settings.bank) if settings.bank else words
    own: list[Any] = [pair for choice in settings.sources for pair in source_of(choice).terms]
    return with_terms(phrased, [*own, *(_signs(phrased) if settings.twins else ())])


def _signs(language: Language) -> list[tuple[Label, Term]]:
    """What the signs on twins are labels of, and the words for them."""
    known, names = markers.labels(), language.terms.markers
    if missing := sorted(known.keys() - names.keys()):
        hint = f"Add [marker.…] to {language.language}/terms.toml for each, or build without --twins."
        raise MmrsError(f"{language.language} has no words for the signs {', '.join(missing)}", code=USAGE, hint=hint)
    return [
        (label, Term(name=names[glyph].name, plural=names[glyph].plural, article=names[glyph].article))
        for glyph, (_, label) in known.items()
    ]


def check_labels(choices: Sequence[SourceChoice], language: Language) -> None:
    """Raise ``MmrsError`` for a source with labels that the language lacks."""
    for choice in choices:
        if unknown := [label for label in source_of(choice).labels if label not in language.terms.labels]:
            raise MmrsError(
                f"{choice.name} speaks of {', '.join(unknown)}, which the vocabulary lacks",
                code=USAGE,
                hint=f"Say what it is called (--set {choice.name}.noun=…), or use a label of templates/labels.toml.",
            )
