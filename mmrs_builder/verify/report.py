"""What a verification says: how much was derived again, and every disagreement."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Final

CODES: Final[dict[str, str]] = {
    "manifest": "the manifest is missing, broken or of an unknown format",
    "file_missing": "a file of the manifest is not there",
    "file_digest": "a file differs from its size or SHA-256 in the manifest",
    "file_unlisted": "a file lies among the shards and the manifest does not know it",
    "shard_name": "a file name is not <split>-NNNNN-of-NNNNN.parquet",
    "shard_set": "shards of a split are missing",
    "shard_empty": "a shard has no rows or not as many as the manifest says",
    "parquet": "a shard cannot be read or a page checksum fails",
    "schema": "the Arrow schema or its metadata is not the one frozen in the project",
    "schema_version": "the schema version is unknown to this release",
    "language": "the language stored with a shard is broken or differs between shards",
    "logical_hash": "the digest of the rows differs from the manifest",
    "row": "a field that must be filled is empty, or has the wrong length",
    "view_id": "two views share an id",
    "split": "a row lies in a file of another split",
    "group_split": "views that belong together lie in different splits",
    "picture_split": "one picture lies in different splits",
    "image": "the picture cannot be decoded",
    "too_large": "a picture has more pixels than the limit",
    "size": "width and height differ from the picture",
    "image_sha256": "the digest of the stored bytes differs",
    "pixels_sha256": "the digest of the decoded pixels differs",
    "metadata": "the picture carries metadata or trailing bytes",
    "mask": "a mask is not a 1-bit PNG of the picture's size with a pixel set",
    "mask_count": "masks and structures differ in number",
    "bbox": "the box measured on the mask differs",
    "centroid": "the centroid measured on the mask differs",
    "area": "the area measured on the mask differs",
    "border": "the mask touches the picture's border and the row denies it, or the reverse",
    "label": "role or side of a structure differ from its label's",
    "part": "whole, component and instance are used against their rules",
    "components": "the components listed are not the connected components of their whole",
    "absent": "a label is called absent and has a structure",
    "grid": "direction, evidence, plane, spacing or origin are impossible or contradict each other",
    "question_id": "the id does not follow from view, kind and program, or occurs twice",
    "family": "the family is not in the shard's language",
    "kind": "the family does not offer this kind of question",
    "program": "the program is not the family's with its slots filled",
    "bindings": "the bindings do not name the labels, their text and their units",
    "value": "the value derived from the masks differs or does not exist",
    "margin": "the margin derived from the masks differs or is below the minimum",
    "min_margin": "the minimum margin is not the family's",
    "target": "the target derived from the masks differs",
    "template": "no wording of the family has this template id",
    "terms": "the language lacks a term that the text needs",
    "question": "the question rendered from its wording differs",
    "answer": "the answer rendered from its wording differs",
    "choices": "the options are not distinct terms with the right one at its index",
    "options_in_question": "the question gives away its options",
    "unit": "unit or tolerance are not the family's, or a refusal has them",
    "twin": "a twin is not what was done to its original, or is asked without it",
    "marker": "a sign names something else than the structure it is drawn on, or is not drawn there",
    "pair": "questions linked as a pair do not fit each other, or one of them is missing",
    "difficulty": "the difficulty is not the number of relations in the program",
    "frame": "the frame is not the family's and its program's, or the view has none",
    "prior_bound": "a question with one possible answer lies in the test split",
    "provenance": "pair or text source use a word that is not defined",
    "projection": "config qa is not the projection of config default",
    "preview": "a row of config preview is not what its view gives",
}
"""Every fault code and its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One disagreement. ``where`` is a file, a ``view_id`` or ``view_id/question_id``."""

    code: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {CODES[self.code]}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many things were looked at, and how many were derived again and agreed."""

    views: int = 0
    structures: int = 0
    masks: int = 0
    questions: int = 0
    values: int = 0
    targets: int = 0
    question_texts: int = 0
    answer_texts: int = 0
    views_without_picture: int = 0  # of a recipe
    views_without_masks: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """Outcome of ``verify``: counts, and the faults in the order they were met."""

    tally: Tally = field(default_factory=Tally)
    faults: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing disagreed and there was something to agree on."""
        return not self.faults and self.tally.views > 0

    def to_json(self) -> str:
        """The report as a JSON object: ``ok``, the counts by name, ``faults``."""
        body = {"ok": self.ok, **asdict(self.tally), "faults": [asdict(fault) for fault in self.faults]}
        return json.dumps(body, ensure_ascii=False, indent=2)
