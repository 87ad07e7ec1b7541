"""The embedded corpus as a user of the source sees it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.digests import sha256
from mmrs_builder.sources.phantom import SOURCE, configure, load, truth
from mmrs_builder.types import CaseRef, View
from mmrs_builder.vocab import MODALITIES, Rejected


def references(count: int = 12, seed: int = 0, size: int = 96) -> list[CaseRef]:
    source = configure(count=str(count), seed=str(seed), size=str(size))
    return [ref for ref in source.index(Path("nowhere")) if isinstance(ref, CaseRef)]


@pytest.fixture(scope="module")
def views() -> list[View]:
    return [load(ref).views[0] for ref in references(36)]


def test_modalities_take_turns_and_references_are_sorted():
    refs = references(60)
    assert Counter(ref.modality for ref in refs) == dict.fromkeys(MODALITIES, 10)
    assert all(a.case_id < b.case_id for a, b in pairwise(refs))


def test_a_longer_corpus_begins_with_the_shorter_one():
    assert set(references(12)) < set(references(24))


def test_some_patients_own_several_views_and_views_of_a_patient_share_the_group():
    owners = Counter(ref.patient_id for ref in references(96))
    assert set(owners.values()) == {1, 2, 3}
    assert all(ref.group == ref.patient_id for ref in references(24))


def test_views_of_a_patient_differ_but_show_the_same_anatomy():
    by_patient: dict[str | None, list[CaseRef]] = {}
    for ref in references(96):
        by_patient.setdefault(ref.patient_id, []).append(ref)
    for a, b in (refs[:2] for refs in by_patient.values() if len(refs) > 1 and refs[0].modality == "ct"):
        assert load(a).views[0].picture.data != load(b).views[0].picture.data
        units_a, units_b = ([u.label for u in truth(ref).units] for ref in (a, b))
        assert units_a == units_b


def test_pixels_are_what_the_png_decodes_to(views: list[View]):
    for view in views:
        decoded = np.asarray(Image.open(io.BytesIO(view.picture.data)))
        assert np.array_equal(decoded, view.picture.pixels)
        assert view.picture.source_sha256 == sha256(view.picture.data)
        assert decoded.shape[:2] == (view.grid.height, view.grid.width)


def test_every_annotation_has_pixels_and_a_known_label(views: list[View]):
    for view in views:
        for annotation in view.annotations:
            assert annotation.label in SOURCE.labels
            assert annotation.mask.shape == view.picture.pixels.shape[:2]
            assert annotation.mask.any()


def test_absent_labels_are_not_annotated(views: list[View]):
    for view in views:
        assert not set(view.absent) & {annotation.label for annotation in view.annotations}
    assert any(view.absent for view in views)


def test_only_radiological_pictures_have_a_patient_frame(views: list[View]):
    for view in views:
        radiological = view.case_id.split("-")[0] in ("ct", "mri", "xray")
        assert (view.grid.direction is not None) == radiological == (view.grid.evidence == "header")
        assert (view.grid.spacing is not None) == radiological


def test_a_mirrored_picture_says_so_in_its_header():
    for ref in references(120):
        facts = truth(ref)
        if facts.patient_left() is None:
            continue
        direction = load(ref).views[0].grid.direction
        assert direction is not None
        assert direction[1] == ((-1.0, 0.0, 0.0) if facts.mirrored else (1.0, 0.0, 0.0))


def test_left_lungs_lie_where_the_header_says_the_patients_left_is():
    found = 0
    for ref in references(180):
        facts = truth(ref)
        for left, right in zip(facts.of("lung_left"), facts.of("lung_right"), strict=False):
            assert (left.x > right.x) == (facts.patient_left() == "right")
            found += 1
    assert found > 20


def test_the_same_bytes_in_another_process_with_another_hash_seed():
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path; from mmrs_builder.sources.phantom import configure as c;"
        "s = c(count='6', seed='5', size='96');"
        "print(*(v.picture.source_sha256 for r in s.index(Path('.')) for v in s.load(r).views))"
    )
    package = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    done = subprocess.run(
        [sys.executable, "-c", script, package], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == [load(ref).views[0].picture.source_sha256 for ref in references(6, seed=5)]


def test_another_seed_gives_other_pictures():
    first, second = references(6), references(6, seed=1)
    for a, b in zip(first, second, strict=True):
        assert load(a).views[0].picture.data != load(b).views[0].picture.data


@pytest.mark.parametrize("option", [{"count": "0"}, {"size": "64"}, {"seed": "-1"}, {"count": "many"}, {"size": "1e3"}])
def test_a_bad_option_is_refused_with_what_is_allowed(option: dict[str, str]):
    with pytest.raises(ValueError, match="whole number from"):
        configure(**option)


@pytest.mark.parametrize("change", [{"root": "elsewhere"}, {"root": "seed=0;size=8"}, {"case_id": "mri-00000"}])
def test_a_reference_that_the_index_cannot_have_made_is_rejected(change: dict[str, str]):
    with pytest.raises(Rejected, match="metadata"):
        load(replace(references(1)[0], **change))
