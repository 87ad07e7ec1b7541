"""The ask stage: one pass over all scenes decides splits and questions. It reads no pixels and no source file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from mmrs_builder.build.settings import Settings
from mmrs_builder.build.stage import ASKED, read_json, scene_from_json, write_json, write_table
from mmrs_builder.build.versions import versions
from mmrs_builder.digests import digest
from mmrs_builder.evaluate import measured
from mmrs_builder.questions import Candidate, Refusal, candidates
from mmrs_builder.select import Selected, select
from mmrs_builder.splits import Member, Placement, place
from mmrs_builder.templates import Language
from mmrs_builder.types import Label, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A measured view: its scene, where its row lies, and what grouping needs to know."""

    scene: Scene
    part: str
    row: int
    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The outcome of the ask stage: the table of views to publish, and what was counted on the way."""

    table: Path
    key: str
    counts: dict[str, dict[str, int]]
    families: tuple[str, ...]
    labels: tuple[str, ...]


def ask(
    parts: Sequence[Path],
    keys: Sequence[str],
    language: Language,
    labels: dict[str, Label],
    settings: Settings,
    stage: Path,
) -> Asked:
    """Decide splits and questions, or read the decision made under the same key."""
    key = digest([versions(), list(keys), settings.public(), asdict(language)])
    table, sidecar = stage / key[:12] / "asked.parquet", stage / key[:12] / "asked.json"
    if (read_json(sidecar) or {}).get("key") != key or not table.exists():
        _decide(list(_found(parts, stage.parent)), language, labels, settings, table, sidecar, key)
    done = json.loads(sidecar.read_text(encoding="utf-8"))
    return Asked(
        table=table, key=key, counts=done["counts"], families=tuple(done["families"]), labels=tuple(done["labels"])
    )


def _found(parts: Sequence[Path], state: Path) -> Iterator[Found]:
    columns = ["scene", "source", "case_id", "view_id", "patient_id", "group", "split_official", "picture"]
    for part in parts:
        for number, row in enumerate(pq.read_table(part, columns=columns).to_pylist()):
            scene = scene_from_json(row.pop("scene"))
            yield Found(scene=scene, part=part.relative_to(state).as_posix(), row=number, member=Member(**row))


def _decide(
    found: list[Found],
    language: Language,
    labels: dict[str, Label],
    settings: Settings,
    table: Path,
    sidecar: Path,
    key: str,
) -> None:
    places = {p.view_id: p for p in place([f.member for f in found], seed=settings.seed, policy=settings.splits)}
    refused: Counter[str] = Counter()
    placed = list(_placed(found, places, language, labels, refused))
    asked, dropped = select(
        [item for item in placed if item.split],
        language.families,
        seed=settings.seed,
        per_view=settings.questions_per_view,
        max_rows=settings.max_rows,
    )
    dropped["split_dropped"] = sum(not item.split for item in placed)
    by_view: dict[str, list[Selected]] = {}
    for item in asked:
        by_view.setdefault(item.candidate.view_id, []).append(item)
    rows = [_row(f, places[f.scene.view_id], by_view.get(f.scene.view_id, [])) for f in found]
    kept = sorted((row for row in rows if row["split"]), key=lambda row: (str(row["split"]), str(row["view_id"])))
    write_table(table, kept, ASKED)
    counts = {
        "views": {
            "measured": len(found),
            "published": len(kept),
            "leaks_into_test": len(found) - len(kept),
            "without_questions": sum(not row["questions"] for row in kept),
        },
        "candidates": {"evaluated": len(placed) + refused.total(), "decided": len(placed), "asked": len(asked)},
        "refused": dict(sorted(refused.items())),
        "dropped": {reason: n for reason, n in sorted(dropped.items()) if n},
    }
    named = {label for f in found for label in (*f.scene.absent, *(s.label for s in f.scene.structures))}
    families = sorted({item.candidate.family for item in asked})
    write_json(sidecar, {"key": key, "counts": counts, "families": families, "labels": sorted(named)})


def _placed(
    found: list[Found],
    places: dict[str, Placement],
    language: Language,
    labels: dict[str, Label],
    refused: Counter[str],
) -> Iterator[Selected]:
    for view in found:
        split = places[view.scene.view_id].split
        for item in candidates(measured(view.scene), language.families, labels):
            if isinstance(item, Refusal):
                refused[item.reason] += 1
            else:
                yield Selected(candidate=item, source=view.scene.source, split=split or "")


def _row(view: Found, where: Placement, selected: list[Selected]) -> dict[str, object]:
    return {
        "view_id": view.scene.view_id,
        "source": view.scene.source,
        "part": view.part,
        "row": view.row,
        "split": where.split,
        "group_id": where.group_id,
        "questions": len(selected),
        "selected": json.dumps([asdict(item) for item in selected]),
    }


def selected_from_json(text: str) -> tuple[Selected, ...]:
    """The questions chosen for a view, as ``ASKED.selected`` holds them."""
    return tuple(_selected(item) for item in json.loads(text))


def _selected(raw: dict[str, object]) -> Selected:
    candidate = raw.pop("candidate")
    assert isinstance(candidate, dict)
    for name in ("labels", "target"):
        if candidate[name] is not None:
            candidate[name] = tuple(candidate[name])
    if isinstance(raw["choices"], list):
        raw["choices"] = tuple(raw["choices"])
    return Selected(candidate=Candidate(**candidate), **raw)  # type: ignore[arg-type]
