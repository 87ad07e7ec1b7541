"""The language stored with a shard: what is no language of this version is refused in words, whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder.verify import verify
from mmrs_builder.verify.language import BadLanguage, allowed, read_language
from mmrs_builder.verify.wording import check_language

Row = dict[str, Any]


def rewritten(folder: Path, language: Row) -> Path:
    """The folder with another language in every shard; the manifest stays."""
    for path in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(path)
        metadata = {**table.schema.metadata, b"mmrs.language": json.dumps(language).encode()}
        pq.write_table(table.replace_schema_metadata(metadata), path, write_page_checksum=True)
    return folder


def test_a_shard_of_an_older_version_says_that_it_must_be_built_again(folder: Path, language_json: Row) -> None:
    report = verify(rewritten(folder, {**language_json, "version": 1}))
    (fault,) = [fault for fault in report.faults if fault.code == "language"]
    assert "older version" in fault.detail
    assert "build again" in fault.detail


@pytest.mark.parametrize("version", [0, 3, "2", None, [[]], {"a": 1}, "9" * 5000])
def test_another_version_is_named(version: object, language_json: Row) -> None:
    with pytest.raises(BadLanguage, match="known is 2") as raised:
        read_language(json.dumps({**language_json, "version": version}))
    assert len(str(raised.value)) < 100


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", {"liver": {"name": "liver", "plural": "livers", "article": "a", "role": "organ", "also": [1]}}),
        ("labels", {"liver": {"name": "liver", "plural": "livers", "article": "a", "role": "organ", "also": 3}}),
        ("labels", {"liver": {"name": "l" * 1001, "plural": "livers", "article": "a", "role": "organ", "also": []}}),
        ("labels", {"liver": {"name": "\ud800", "plural": "livers", "article": "a", "role": "organ", "also": []}}),
        ("forms", {"a": ["the {name}"]}),
        ("forms", {"a": {"the": "{name}" * 1000}}),
        ("forms", None),
        ("images", {"ct": "CT image"}),
        ("images", ["CT image"]),
        ("refusals", {"absent": "There is none."}),
        ("refusals", {"absent": ["{A}" * 1000]}),
    ],
)
def test_terms_of_another_shape_are_no_language(key: str, value: object, language_json: Row) -> None:
    with pytest.raises(BadLanguage):
        read_language(json.dumps({**language_json, key: value}))


@pytest.mark.parametrize("key", ["forms", "images", "refusals"])
def test_a_language_without_its_new_parts_is_refused(key: str, language_json: Row) -> None:
    del language_json[key]
    with pytest.raises(BadLanguage, match=key):
        read_language(json.dumps(language_json))


def test_a_drawn_language_keeps_its_own_rules(language_json: Row) -> None:
    assert list(check_language(read_language(json.dumps(language_json)))) == []


def with_name(label: str, **changes: str) -> Callable[[Row], object]:
    name = {"name": "thing", "plural": "things", "article": "a", "register": "lay"}
    return lambda language: language["labels"][label]["also"].append({**name, **changes})


def with_family(identity: str, **changes: object) -> Callable[[Row], object]:
    def change(language: Row) -> None:
        next(family for family in language["families"] if family["id"] == identity).update(changes)

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (with_name("spleen", name="liver"), "spleen and liver are both called liver"),
        (with_name("liver", name="liver"), "liver and liver are both called liver"),
        (with_name("spleen", article="une"), "no forms for the article une"),
        (lambda language: language["forms"].update(la={"the": "la {name}"}), "form.la lacks a"),
        (lambda language: language["forms"]["a"].update(of="of the {name}"), "the forms of a, an are not the same"),
        (lambda language: language["forms"]["a"].update(name="{name}"), "calls a form name"),
        (with_family("patient.lateral", other_frame=["relate.horizontal"]), "patient.lateral has no counterparts"),
        (with_family("patient.lateral", other_frame=["gone", "relate.vertical"]), "gone, the counterpart of"),
        (with_family("patient.lateral", frame="viewer"), "patient.lateral has no counterparts"),
        (with_family("size.share", other_frame=["relate.horizontal", "relate.vertical"]), "has no counterparts"),
        (with_family("relate.vertical", program="vertical(the(B), the(A))"), "relate.vertical asks"),
        (with_family("relate.vertical", program="vertical("), "patient.lateral: does not parse"),
    ],
)
def test_what_breaks_the_rules_of_a_language_is_told(
    change: Callable[[Row], object], text: str, language_json: Row
) -> None:
    change(language_json)
    found = list(check_language(read_language(json.dumps(language_json))))
    assert any(text in finding for finding in found), found


def test_a_broken_rule_of_the_language_is_a_fault_and_the_rows_are_still_derived(
    folder: Path, language_json: Row
) -> None:
    with_name("spleen", name="kidney")(language_json)
    report = verify(rewritten(folder, language_json))
    assert {fault.code for fault in report.faults} == {"language", "file_digest"}
    assert report.tally.values == 12


def test_a_value_that_is_no_number_has_no_tolerance(language_json: Row) -> None:
    family = read_language(json.dumps(language_json)).families["size.share"]
    assert allowed(family, "6.0") == pytest.approx(0.6)
    assert allowed(family, "much") is None
