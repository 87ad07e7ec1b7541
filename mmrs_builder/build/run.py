"""The whole build, stage by stage, in one output folder that one process at a time may change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mmrs_builder import markers
from mmrs_builder.build import fair, folder, ground, preview
from mmrs_builder.build.ask import Asked, ask
from mmrs_builder.build.guard import Limits
from mmrs_builder.build.measure import OVERLAY, SHOWN, Indexed, Measured, index, measure, source_of
from mmrs_builder.build.publish import RETIRED, is_published, is_waiting, publish
from mmrs_builder.build.rows import Words, reworded
from mmrs_builder.build.settings import LEAKS, STATE, Settings, SourceChoice
from mmrs_builder.build.stage import discard, read_json, write_json
from mmrs_builder.build.write import staging, write, write_key
from mmrs_builder.errors import LOCKED, MANUAL, USAGE, MmrsError
from mmrs_builder.executors import Workers
from mmrs_builder.paraphrase.bank import with_bank
from mmrs_builder.statements import Facts
from mmrs_builder.templates import Language, only, shipped, with_terms
from mmrs_builder.types import Drop, Label, Term
from mmrs_builder.vocab import ENVIRONMENTAL

Stage = Callable[[str, int], Callable[[int], None]]
"""Opens a progress bar: name of the stage and its length; returns what advances it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a build did; ``counts`` is also what the manifest and the card say."""

    out: Path
    counts: dict[str, Any]
    drops: tuple[Drop, ...]
    unchanged: bool
    judged: fair.Judged | None = None  # by the audit, if it was asked for
    stopped: str | None = None  # why a model was asked no more, if it was

    @property
    def quarantined(self) -> int:
        """Unreadable, crashing or damaged files; pairs refused by rule do not count."""
        return sum(drop.reason in ENVIRONMENTAL for drop in self.drops)

    @property
    def found(self) -> int:
        """Cases found, used or not."""
        return int(sum(entry["found"] for entry in self.counts["cases"].values()))


def plan_only(settings: Settings) -> tuple[Indexed, ...]:
    """What a build would read; nothing is written and no picture opened."""
    return tuple(index(choice, settings.limit, settings.exclude) for choice in settings.sources)


def build(
    settings: Settings,
    out: Path,
    *,
    workers: int,
    limits: Limits,
    overwrite: bool,
    stage: Stage,
    cluster: ground.Cluster | None = None,
) -> Report:
    """Build ``out``. Finished stages with unchanged keys are kept; a case that breaks ``limits`` is refused. The
    bytes do not depend on who works for it: so many processes, or a ``cluster``.

    Raises ``MmrsError`` for what the user can mend: a folder that is not ours, other settings, a locked folder.
    """
    folder.check(out, [choice.root for choice in settings.sources if choice.root])
    if settings.audit:
        fair.check_possible()
    words = only(shipped(settings.language), settings.families)
    phrased = with_bank(words, settings.bank) if settings.bank else words
    language = with_terms(phrased, [*_own_terms(settings), *(_signs(phrased) if settings.twins else ())])
    check_labels(settings.sources, language)
    indexed = plan_only(settings)
    for found in indexed:
        if not found.refs:
            raise MmrsError(
                f"no usable case of {found.choice.name} in {found.choice.root}",
                code=MANUAL,
                hint=f"Run `mmrs inspect {found.choice.root}` to see what lies there.",
            )
    try:
        with (
            FileLock(folder.state(out) / "lock", timeout=0),
            ground.workers(workers, cluster, settings, out) as processes,
        ):
            folder.claim(out, settings.remembered(), overwrite=overwrite)
            return _build(settings, out, indexed, language, processes, limits, stage)
    except Timeout:
        raise MmrsError(
            f"{out} is being built by another process", code=LOCKED, hint="Wait for it, or choose another --out."
        ) from None


def _build(
    settings: Settings,
    out: Path,
    indexed: Sequence[Indexed],
    language: Language,
    workers: Workers,
    limits: Limits,
    stage: Stage,
) -> Report:
    state = out / STATE
    labels = {label.id: label for label, _ in language.terms.labels.values()}
    measured = _measure_all(indexed, labels, state, workers, limits, stage, twins=settings.twins)
    parts = [part for m in measured for part in m.parts]
    keys = [m.key for m in measured]
    drops = tuple(drop for m in measured for drop in (*m.indexed.drops, *m.drops))
    folder.write_rejects(state, drops)
    guessed: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    tried: list[tuple[Asked, str]] = []
    while True:
        spoken = fair.leaving_out(language, guessed)
        asked = ask(
            parts, keys, spoken, labels, settings, state / "ask", workers, lambda total: stage("ask", total), unproven
        )
        fair.check_asked(asked, unproven)
        words = reworded(asked, spoken, settings, out, lambda total: stage("reword", total))
        left_out = {"guessed": list(guessed), **({"unproven": list(unproven)} if settings.gate else {})}
        counts = {**_counts(measured, asked), **words.counts, **left_out}
        _check_published(asked, state, counts["views"])
        facts = cards_facts(settings, counts, write_key(asked, settings, counts, words))
        tried.append((asked, facts.key))
        unchanged = is_published(out, facts.key)
        if not unchanged:
            _write(out, settings, asked, words, spoken, facts.key, workers, stage)
        place = out if unchanged else staging(state, facts.key)
        judged = fair.judge(*tried[-1], place, lambda total: stage("audit", total)) if settings.audit else None
        more = judged.unproven if judged and settings.gate else ()
        if judged is None or not (judged.guessed or more):
            break
        guessed, unproven = (*guessed, *judged.guessed), (*unproven, *more)
    if not unchanged:
        advance = stage("publish", 1)
        publish(out, staging(state, facts.key), settings, facts)
        advance(1)
    _sweep(out, measured, tried)
    return Report(out=out, counts=counts, drops=drops, unchanged=unchanged, judged=judged, stopped=words.stopped)


def _check_published(asked: Asked, state: Path, views: Mapping[str, int]) -> None:
    """Keep the report of what would have leaked, and raise ``MmrsError`` where no view is left."""
    if read_json(state / LEAKS) != asked.leaks:
        write_json(state / LEAKS, asked.leaks)
    if views["measured"] and not views["published"]:
        hint = f"Name fewer sets with --keep-out; {state / LEAKS} shows what was found."
        raise MmrsError("every view was dropped: its picture is kept out, or leaks", code=MANUAL, hint=hint)
    if not views["published"]:
        raise MmrsError("no case could be used", code=MANUAL, hint=f"See {state / 'rejects.jsonl'} for the reasons.")


def _measure_all(
    indexed: Sequence[Indexed],
    labels: dict[str, Label],
    state: Path,
    workers: Workers,
    limits: Limits,
    stage: Stage,
    *,
    twins: bool,
) -> list[Measured]:
    advance = stage("measure", sum(len(found.refs) for found in indexed))
    return [measure(found, labels, state / "measure", workers, limits, advance, twins=twins) for found in indexed]


def _write(
    out: Path,
    settings: Settings,
    asked: Asked,
    words: Words,
    language: Language,
    key: str,
    workers: Workers,
    stage: Stage,
) -> None:
    staged = staging(out / STATE, key)
    if not is_waiting(out, staged):
        write(asked, words, language, settings, out / STATE, key, workers, lambda total: stage("write", total))
        preview.write(staged, settings.seed, key, workers, lambda total: stage("preview", total))


def cards_facts(settings: Settings, counts: dict[str, Any], key: str) -> Facts:
    """What the card says of this build."""
    sources = tuple(source_of(choice) for choice in settings.sources)
    return Facts(key=key, sources=sources, counts=counts, policy=settings.splits, language=settings.language)


def _counts(measured: Sequence[Measured], asked: Asked) -> dict[str, Any]:
    cases, rejected = {}, {}
    for m in measured:
        name = source_of(m.indexed.choice).name
        reasons = Counter(drop.reason for drop in (*m.indexed.drops, *m.drops))
        cases[name] = {
            "found": len(m.indexed.refs) + len(m.indexed.drops),
            "used": m.counts["used"],
            "rejected": reasons.total(),
        }
        rejected[name] = dict(sorted(reasons.items()))
    masks = Counter[str]()
    shown: dict[str, dict[str, int]] = {}
    overlays: dict[str, dict[str, int]] = {}
    for m in measured:
        counted = {name: n for name, n in m.counts.items() if name not in ("used", "views", OVERLAY)}
        masks.update({name: n for name, n in counted.items() if not name.startswith(SHOWN)})
        ways = {name.removeprefix(SHOWN): n for name, n in sorted(counted.items()) if name.startswith(SHOWN)}
        source = source_of(m.indexed.choice)
        shown[source.name] = ways
        if not source.embedded:
            overlays[source.name] = {"views": m.counts["views"], "suspected": m.counts[OVERLAY]}
    kinds = {"masks": dict(sorted(masks.items())), "shown": shown, "overlays": overlays}
    return {"cases": cases, "rejected": rejected, **kinds, **asked.counts}


def _own_terms(settings: Settings) -> list[Any]:
    return [pair for choice in settings.sources for pair in source_of(choice).terms]


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


def _sweep(out: Path, measured: Sequence[Measured], tried: Sequence[tuple[Asked, str]]) -> None:
    """Remove what earlier settings and killed processes left; only in our own stage folders."""
    keep = {*(part for m in measured for part in m.parts), *(asked.table for asked, _ in tried)}
    keep |= {path.with_suffix(".json") for path in keep} | {fair.verdict_of(*each) for each in tried}
    kept = {path.parent for path in keep}
    for stage in ("measure", "ask", "write"):
        for old in sorted((out / STATE / stage).glob("*")):
            if old not in kept:
                discard(old)
    for left in sorted({path for parent in kept for path in parent.glob("*")} - keep):
        if left.is_dir():
            discard(left)
        else:
            left.unlink()
    for half in sorted((out / STATE).glob("*.tmp")):
        half.unlink()
    discard(out / RETIRED)
