"""What every source promises, whatever its corpus."""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
import tomllib

from mmrs_builder import resources, sources
from mmrs_builder.types import Case, CaseRef, Drop, Source
from mmrs_builder.vocab import MODALITIES, REASONS, Rejected
from tests.corpora import Corpus

Item: TypeAlias = CaseRef | Drop
FEW = 4


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A source on its tiny corpus; a generated one has none."""

    source: Source
    root: Path
    corpus: Corpus | None

    def items(self) -> list[Item]:
        return list(self.source.index(self.root))

    def refs(self) -> list[CaseRef]:
        return [item for item in self.items() if isinstance(item, CaseRef)]


@pytest.fixture(scope="module", params=sources.names())
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    root = tmp_path_factory.mktemp(request.param)
    if any(source.embedded for source in sources.catalogue() if source.name == request.param):
        return Subject(source=sources.find(request.param), root=root, corpus=None)
    corpus = importlib.import_module(f"tests.corpora.{request.param}").write(root)
    return Subject(source=sources.find(request.param, corpus.options), root=root, corpus=corpus)


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def load(source: Source, ref: CaseRef) -> Case | str:
    try:
        return source.load(ref)
    except Rejected as refusal:
        return refusal.reason


def test_the_index_is_sorted_and_repeatable(subject: Subject):
    assert [ref.case_id for ref in subject.refs()] == sorted(ref.case_id for ref in subject.refs())
    assert subject.items() == subject.items()


def test_case_ids_are_unique_and_carry_the_sources_name(subject: Subject):
    refs = subject.refs()
    assert len({ref.case_id for ref in refs}) == len(refs) > 0
    assert {ref.source for ref in refs} == {subject.source.name}


def test_every_case_is_found_once_as_a_reference_or_a_drop(subject: Subject):
    if subject.corpus is None:
        pytest.skip("a generated corpus loses nothing")
    drops = {item.what: item.reason for item in subject.items() if isinstance(item, Drop)}
    assert {ref.case_id for ref in subject.refs()} == {*subject.corpus.areas, *subject.corpus.rejected}
    assert drops == dict(subject.corpus.drops)


def test_the_index_opens_no_pixels(subject: Subject, tmp_path: Path):
    if subject.corpus is None:
        pytest.skip("a generated corpus has no files")
    importlib.import_module(f"tests.corpora.{subject.source.name}").write(tmp_path)
    for path in [path for path in tmp_path.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".tif"}]:
        path.write_bytes(b"no picture")
    assert [what(item) for item in subject.source.index(tmp_path)] == [what(item) for item in subject.items()]


def what(item: Item) -> tuple[str, ...]:
    if isinstance(item, Drop):
        return item.what, item.reason
    return item.case_id, item.image, *(mask.path for mask in item.masks)


def test_every_case_loads_or_is_rejected_with_a_known_reason(subject: Subject):
    refs = subject.refs() if subject.corpus else subject.refs()[:FEW]
    loaded = {ref.case_id: load(subject.source, ref) for ref in refs}
    assert {case for case in loaded.values() if isinstance(case, str)} <= REASONS.keys()
    if subject.corpus is not None:
        assert {i: case for i, case in loaded.items() if isinstance(case, str)} == dict(subject.corpus.rejected)


def test_masks_have_the_size_of_their_picture(subject: Subject):
    for case in (load(subject.source, ref) for ref in subject.refs()[:FEW]):
        for view in () if isinstance(case, str) else case.views:
            shapes = {view.picture.pixels.shape[:2], (view.grid.height, view.grid.width)}
            assert {annotation.mask.shape for annotation in view.annotations} | shapes == shapes
            assert len(shapes) == 1


def test_areas_are_the_known_ones(subject: Subject):
    if subject.corpus is None:
        pytest.skip("a generated corpus is compared with its parameters elsewhere")
    for ref in subject.refs():
        case = load(subject.source, ref)
        if not isinstance(case, str):
            areas = tuple(int(a.mask.sum()) for view in case.views for a in view.annotations)
            assert areas == pytest.approx(subject.corpus.areas[ref.case_id], rel=0.02)


def test_labels_are_canonical_or_come_with_their_terms(subject: Subject):
    with (resources.path("templates") / "labels.toml").open("rb") as stream:
        known = {label["id"] for label in tomllib.load(stream)["label"]}
    known |= {label.id for label, _ in subject.source.terms}
    assert {mask.label for ref in subject.refs() for mask in ref.masks} <= set(subject.source.labels) <= known


def test_facts_are_stated(subject: Subject):
    source = subject.source
    assert source.modality in MODALITIES
    assert source.title
    assert source.license
    assert source.mask_rule
    assert 0 <= source.minimum_area < 0.01
    assert source.patient_ids == any(ref.patient_id for ref in subject.refs())


def test_the_source_has_a_card(subject: Subject):
    assert (resources.path("data_cards") / f"{subject.source.name}.md").is_file()


def test_a_fresh_process_loads_the_same_case(subject: Subject, worker: ProcessPoolExecutor):
    ref = next(ref for ref in subject.refs() if not isinstance(load(subject.source, ref), str))
    here, there = load(subject.source, ref), worker.submit(load, subject.source, ref).result()
    assert isinstance(here, Case)
    assert isinstance(there, Case)
    assert there.views[0].picture.data == here.views[0].picture.data
