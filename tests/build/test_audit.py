"""``mmrs audit`` as a user meets it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmrs_builder.audit.masks import mask_priors
from mmrs_builder.io import extras
from mmrs_builder.vocab import REFUSALS
from tests.build.command import mmrs

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def audited(phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The phantoms with the audit in their card, and what it found."""
    out = tmp_path_factory.mktemp("audited") / "shards"
    shutil.copytree(phantoms, out)
    done = mmrs("audit", out, "--json", "--card")
    assert done.code == 0, done.err
    return out, json.loads(done.out)


def rows(out: Path) -> list[dict[str, Any]]:
    return [row for path in sorted((out / "qa").glob("*")) for row in pq.read_table(path).to_pylist()]


def test_every_question_is_judged_spared_or_asks_for_a_mask(audited: tuple[Path, dict[str, Any]]):
    out, found = audited
    asked = rows(out)
    free = [row for row in asked if row["kind"] != "segment" and row["balanced"]]
    judged = [row for row in free if row["value"] not in REFUSALS]
    answered = [unit for unit in found["families"] if "refusal" not in unit["name"]]
    assert found["questions"] == len(asked)
    assert found["judged"] == sum(unit["questions"] for unit in found["families"])
    assert len(judged) == sum(unit["questions"] for unit in answered)
    pools = {unit["name"] for unit in found["pools"] if "refusal" not in unit["name"]}
    assert pools == {f"{r['family'].split('.')[0]} {r['kind']}" for r in judged}


def test_few_questions_do_not_open_the_gate(phantoms: Path):
    done = mmrs("audit", phantoms, "--gate")
    assert done.code == 5
    assert "UNDECIDED" in done.out
    assert "did not pass" in done.err
    assert mmrs("audit", phantoms).code == 0


def test_the_same_build_gets_the_same_audit(phantoms: Path, audited: tuple[Path, dict[str, Any]]):
    assert json.loads(mmrs("audit", phantoms, "--json").out) == audited[1]


def test_a_card_with_its_audit_verifies_and_names_every_pool(audited: tuple[Path, dict[str, Any]]):
    out, found = audited
    assert mmrs("verify", out).code == 0
    card = (out / "README.md").read_text("utf-8")
    assert card.index("## Answered without the pictures") < card.index("## Limits")
    assert all(f"| {unit['name']} | {unit['questions']} |" in card for unit in found["pools"])
    assert "![Blind accuracy against chance, a dot for each family](audit.png)" in card
    assert Image.open(out / "audit.png").size == (688, 688)


def test_a_second_audit_replaces_the_first_in_the_card(audited: tuple[Path, dict[str, Any]]):
    out, _ = audited
    before = (out / "README.md").read_bytes()
    assert mmrs("audit", out, "--card").code == 0
    assert (out / "README.md").read_bytes() == before


def test_nothing_is_written_unless_asked_for(phantoms: Path):
    assert not (phantoms / "audit.png").exists()
    assert "Answered without" not in (phantoms / "README.md").read_text("utf-8")


def test_a_new_version_of_a_build_does_not_keep_the_old_audit(audited: tuple[Path, dict[str, Any]], tmp_path: Path):
    out = tmp_path / "out"
    shutil.copytree(audited[0], out)
    command = ("build", "--source", "phantom", "--set", "phantom.count=24", "--out", out, "--workers", 1)
    assert mmrs(*command, "--seed", 1, "--overwrite").code == 0
    assert not (out / "audit.png").exists()
    assert "Answered without" not in (out / "README.md").read_text("utf-8")
    assert mmrs("verify", out).code == 0


def test_a_build_without_questions_has_nothing_to_judge_and_does_not_pass(phantoms: Path, tmp_path: Path):
    shutil.copytree(phantoms / "data", tmp_path / "data")
    done = mmrs("audit", tmp_path, "--gate", "--json")
    assert done.code == 5
    assert json.loads(done.out)["questions"] == 0


def test_a_missing_library_is_named_with_what_to_install(phantoms: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    done = mmrs("audit", phantoms)
    assert done.code == 2
    assert "pip install 'mmrs-builder[audit]'" in done.err


def test_a_folder_without_a_build_is_refused(tmp_path: Path):
    assert mmrs("audit", tmp_path).code == 2


@pytest.fixture(scope="module")
def asked(phantoms: Path) -> list[dict[str, Any]]:
    return rows(phantoms)


@given(salt=st.binary(max_size=4))
def test_who_answers_the_same_words_alike_gets_one_of_every_opposite_pair_and_never_both(
    asked: list[dict[str, Any]], salt: bytes
):
    """So of pairs counted only when both are right a text-only solver gets none, and of questions exactly half."""
    right: dict[str, list[bool]] = defaultdict(list)
    for row in asked:
        if row["pair_kind"] == "opposite":
            said = hashlib.sha256(salt + row["question"].encode()).digest()[0] % 2
            right[row["pair_id"]].append(said == (row["answer"] == "Yes"))
    assert len(right) > 5
    assert all(sorted(pair) == [False, True] for pair in right.values())


def test_a_mean_mask_draws_a_brain_and_no_polyp(tmp_path: Path):
    out = tmp_path / "out"
    options = ("--set", "phantom.count=120", "--set", "phantom.size=96")
    assert mmrs("build", "--source", "phantom", *options, "--out", out, "--workers", 1).code == 0
    found = {prior.label: prior.dice for prior in mask_priors(out)}
    assert found["brain"] > 0.6
    assert found["polyp"] < 0.3
