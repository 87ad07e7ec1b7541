"""What every source promises, whatever its corpus."""

from __future__ import annotations

import importlib
import multiprocessing
import tomllib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from mmrs_builder import resources, sources
from mmrs_builder.io.listing import pictures
from mmrs_builder.types import Case, CaseRef, Drop, Source
from mmrs_builder.vocab import MODALITIES, REASONS, Rejected
from tests.corpora import Corpus

Item: TypeAlias = CaseRef | Drop
ALL = tuple(sources.catalogue())
ON_FILES = tuple(source for source in ALL if not source.embedded)
NAMED = tuple(source for source in ON_FILES if source.access != "own")
"""Corpora: what the user's own files are like is not ours to say."""

SECTIONS = ("Getting it", "What is in it", "How it is read", "What it cannot tell")
LATERALITY = {"none", "header", "convention", "annotation"}
FEW = 4


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A source and a folder for it."""

    source: Source
    root: Path

    def items(self) -> list[Item]:
        return list(self.source.index(self.root))

    def refs(self) -> list[CaseRef]:
        return [item for item in self.items() if isinstance(item, CaseRef)]


@dataclass(frozen=True, kw_only=True)
class Written(Subject):
    """A source on the tiny corpus written for it."""

    corpus: Corpus


def written_for(source: Source, root: Path) -> Written:
    corpus: Corpus = importlib.import_module(f"tests.corpora.{source.name}").write(root)
    return Written(source=sources.find(source.name, corpus.options, root), root=root, corpus=corpus)


@pytest.fixture(scope="module", params=ALL, ids=lambda source: source.name)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    root = tmp_path_factory.mktemp(request.param.name)
    return Subject(source=request.param, root=root) if request.param.embedded else written_for(request.param, root)


@pytest.fixture(scope="module", params=ON_FILES, ids=lambda source: source.name)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written_for(request.param, tmp_path_factory.mktemp(request.param.name))


@pytest.fixture(scope="module", params=NAMED, ids=lambda source: source.name)
def named(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written_for(request.param, tmp_path_factory.mktemp(request.param.name))


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


def test_every_case_is_found_once_as_a_reference_or_a_drop(written: Written):
    drops = [(item.what, item.reason) for item in written.items() if isinstance(item, Drop)]
    assert {ref.case_id for ref in written.refs()} == {*written.corpus.areas, *written.corpus.rejected}
    assert dict(drops) == dict(written.corpus.drops)
    assert len(set(drops)) == len(drops)


def test_the_index_opens_no_pixels(written: Written, tmp_path: Path):
    written_for(written.source, tmp_path)
    for path in pictures(str(path) for path in tmp_path.rglob("*")):
        Path(path).write_bytes(b"no picture")
    assert [what(item) for item in written.source.index(tmp_path)] == [what(item) for item in written.items()]


def what(item: Item) -> tuple[str, ...]:
    if isinstance(item, Drop):
        return item.what, item.reason
    return item.case_id, item.image, *(mask.path for mask in item.masks)


def test_every_case_loads_or_is_rejected_for_the_known_reason(written: Written):
    outcomes = {ref.case_id: load(written.source, ref) for ref in written.refs()}
    assert {i: reason for i, reason in outcomes.items() if isinstance(reason, str)} == dict(written.corpus.rejected)
    assert set(written.corpus.rejected.values()) <= REASONS.keys()


def test_masks_have_the_size_of_their_picture(subject: Subject):
    for case in (load(subject.source, ref) for ref in subject.refs()[:FEW]):
        for view in () if isinstance(case, str) else case.views:
            shapes = {view.picture.pixels.shape[:2], (view.grid.height, view.grid.width)}
            assert {annotation.mask.shape for annotation in view.annotations} | shapes == shapes
            assert len(shapes) == 1


def test_areas_are_the_known_ones(written: Written):
    cases = {ref.case_id: load(written.source, ref) for ref in written.refs()}
    areas = {
        i: [int(a.mask.sum()) for view in case.views for a in view.annotations]
        for i, case in cases.items()
        if isinstance(case, Case)
    }
    assert areas.keys() == written.corpus.areas.keys()
    assert all(areas[i] == pytest.approx(known, rel=0.02) for i, known in written.corpus.areas.items())


def test_labels_are_canonical_or_come_with_their_terms(subject: Subject):
    with (resources.path("templates") / "labels.toml").open("rb") as stream:
        known = {label["id"] for label in tomllib.load(stream)["label"]}
    known |= {label.id for label, _ in subject.source.terms}
    assert {mask.label for ref in subject.refs() for mask in ref.masks} <= set(subject.source.labels) <= known


def test_facts_are_stated(subject: Subject):
    source = subject.source
    assert {ref.modality for ref in subject.refs()} <= set(MODALITIES)
    assert source.title
    assert source.license
    assert source.mask_rule
    assert 0 <= source.minimum_area < 0.01
    assert source.patient_ids == any(ref.patient_id for ref in subject.refs())


def test_groups_splits_and_absent_labels_are_the_known_ones(named: Written):
    refs = named.refs()
    assert {ref.case_id: found for ref in refs if (found := ref.group or ref.patient_id)} == dict(named.corpus.groups)
    assert {ref.case_id: ref.split_official for ref in refs if ref.split_official} == dict(named.corpus.splits)
    cases = {ref.case_id: load(named.source, ref) for ref in refs}
    absent = {i: case.views[0].absent for i, case in cases.items() if isinstance(case, Case) and case.views[0].absent}
    assert absent == dict(named.corpus.absent)


def test_the_card_agrees_with_the_source(subject: Subject):
    default = next(source for source in ALL if source.name == subject.source.name)
    facts, _ = card(default)
    shared = {"name", "title", "version", "modality", "license", "license_class", "access", "url", "patient_ids"}
    shared &= facts.keys()
    assert {fact: facts[fact] for fact in shared} == {fact: getattr(default, fact) for fact in shared}
    assert "name" in shared


def card(source: Source) -> tuple[dict[str, object], str]:
    text = (resources.path("data_cards") / f"{source.name}.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", maxsplit=2)
    return yaml.safe_load(head), body


def test_the_card_of_a_corpus_says_what_a_user_must_know(named: Written):
    source, (facts, body) = named.source, card(named.source)
    assert {"name", "title", "version", "modality", "license", "license_class", "access", "url", "size", "cite",
            "attribution", "patient_ids", "exhaustive", "laterality"} <= facts.keys()  # fmt: skip
    assert facts["exhaustive"] == source.exhaustive
    assert [line[3:] for line in body.splitlines() if line.startswith("## ")] == list(SECTIONS)
    assert facts["size"] == source.size
    assert source.url.startswith("http")
    assert source.steps
    assert (source.access == "auto") == bool(source.downloads)


def test_a_corpus_places_pictures_in_the_patient_only_as_its_card_says(named: Written):
    laterality = card(named.source)[0]["laterality"]
    cases = [case for ref in named.refs() if isinstance(case := load(named.source, ref), Case)]
    evidence = {view.grid.evidence or "none" for case in cases for view in case.views}
    assert laterality in LATERALITY
    assert evidence <= {"none", laterality}
    assert laterality in evidence


def test_a_fresh_process_loads_the_same_case(subject: Subject, worker: ProcessPoolExecutor):
    ref = next(ref for ref in subject.refs() if not isinstance(load(subject.source, ref), str))
    here, there = load(subject.source, ref), worker.submit(load, subject.source, ref).result()
    assert isinstance(here, Case)
    assert isinstance(there, Case)
    assert there.views[0].picture.data == here.views[0].picture.data
