"""What two readers' files come to: known error rates are found again, and what does not fit is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrs_builder.review import key as keys
from mmrs_builder.review.decisions import REASONS, Decision, Decisions
from mmrs_builder.review.key import Entry, Key
from mmrs_builder.review.merge import left_out, merged, record
from mmrs_builder.review.section import section, sentence
from tests.build.command import mmrs
from tests.review.conftest import key_of, saved, verdict

Row = dict[str, Any]


def entry(n: int, planted: str | None = None) -> Entry:
    return Entry(
        id=f"i{n}", view_id=f"v{n // 3}", question_id=f"{n:016x}", source="s", kind="open", family="f",
        question=f"question {n}", answer="answer", planted=planted,
    )  # fmt: skip


def decided(reader: str, key: Key, rejected: Callable[[Entry], bool]) -> Decisions:
    found = {
        it.id: Decision(accepted=not rejected(it), reason="wrong_answer" if rejected(it) else None)
        for it in key.entries
    }
    return Decisions(reader=reader, sample=key.sample, by_id=found)


def test_two_readers_of_known_error_rates_are_found_out():
    """One question of 25 is bad. A finds 95 % of errors and rejects 2 % of what is right, B 80 % and 6 %."""
    rng = np.random.default_rng(5)
    key = Key(
        build=".", rows={}, seed=0, entries=tuple(entry(n, "swap_sides" if n % 20 == 0 else None) for n in range(6000))
    )
    bad = {it.id for it in key.entries if it.planted is None and rng.random() < 0.04}
    said: dict[str, set[str]] = {}
    for reader, hit, slip in (("a", 0.95, 0.02), ("b", 0.80, 0.06)):
        said[reader] = {it.id for it in key.entries if rng.random() < (hit if it.planted or it.id in bad else slip)}
    judged = merged(key, *(decided(r, key, lambda it, r=r: it.id in said[r]) for r in "ab"), partial=False)
    found = record(key, judged)["results"]
    for reader, hit, slip in (("a", 0.95, 0.02), ("b", 0.80, 0.06)):
        for name, rate in (("detected", hit), ("rejected", 0.04 * hit + 0.96 * slip)):
            counted, (value, low, high) = found[name][reader]["of"], found[name][reader]["part"]
            error = math.sqrt(rate * (1 - rate) / counted)
            assert value == pytest.approx(rate, abs=3 * error)
            assert high - low == pytest.approx(2 * 1.96 * error, rel=0.25)
    same = 0.04 * (0.95 * 0.80 + 0.05 * 0.20) + 0.96 * (0.02 * 0.06 + 0.98 * 0.94)
    assert found["percent"][1] < same < found["percent"][2]
    true = {it.id for it in key.entries if it.planted is None}
    rejected, disputed = left_out(judged, either=False)
    assert {it.entry.id for it in rejected} == said["a"] & said["b"] & true
    assert {it.entry.id for it in disputed} == (said["a"] ^ said["b"]) & true
    assert {it.entry.id for it in left_out(judged, either=True)[0]} == (said["a"] | said["b"]) & true


def test_numbers_are_those_of_a_count_by_hand():
    key = Key(build=".", rows={}, seed=0, entries=tuple(entry(n, "change_value" if n < 4 else None) for n in range(24)))
    a = decided("a", key, lambda it: it.id in ("i0", "i1", "i2", "i5", "i6"))
    b = decided("b", key, lambda it: it.id in ("i0", "i5", "i7"))
    found = record(key, merged(key, b, a, partial=False))["results"]
    assert found["questions"] == 20
    assert found["accepted"] == {"both": 17, "a": 1, "b": 1, "neither": 1}
    assert found["percent"][0] == 0.9
    assert found["kappa"][0] == pytest.approx((0.9 - 0.82) / 0.18, abs=1e-4)
    assert found["ac1"][0] == pytest.approx((0.9 - 0.18) / 0.82, abs=1e-4)
    assert [found["detected"][name]["n"] for name in "ab"] == [3, 1]
    assert (found["detected"]["both"], found["detected"]["either"]) == (1, 3)
    assert found["reasons"] == {"a": {"wrong_answer": 2}, "b": {"wrong_answer": 2}}


def test_agreement_that_is_not_defined_is_called_so():
    key = Key(build=".", rows={}, seed=0, entries=tuple(entry(n, "change_value" if n < 2 else None) for n in range(30)))
    numbers = record(key, merged(key, *(decided(r, key, lambda it: False) for r in "ab"), partial=False))["results"]
    assert "| Cohen's kappa | not defined |" in section(numbers)
    assert "Cohen's kappa not defined" in sentence(numbers)


def everything(_: Row) -> str | None:
    return None


def test_files_that_do_not_belong_together_are_refused(desk: Path):
    a, b = saved(desk, "a", everything), saved(desk, "b", everything)
    again = desk / "again.json"
    again.write_text(a.read_text())
    done = mmrs("review", "merge", a, again)
    assert (done.code, "both files are of reader a" in done.err) == (2, True)
    b.write_text(json.dumps({**json.loads(b.read_text()), "sample": "another"}))
    done = mmrs("review", "merge", a, b)
    assert (done.code, "reader b are of sample another" in done.err) == (2, True)
    assert not (desk / "exclude.txt").exists()
    done = mmrs("review", "merge", a)
    assert (done.code, "1 files named" in done.err) == (2, True)


def test_what_is_missing_is_counted_and_may_be_left_aside(desk: Path):
    entries = key_of(desk)["entries"]
    a, b = saved(desk, "a", everything, entries[:-3]), saved(desk, "b", everything, entries[:-7])
    done = mmrs("review", "merge", a, b)
    assert (done.code, "reader a 3, reader b 7" in done.err) == (2, True)
    done = mmrs("review", "merge", a, b, "--partial", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["unread"] == 7
    assert found["questions"] + found["detected"]["a"]["of"] == len(entries) - 7
    assert "7 sampled ones were not read by both" in (desk.parent / "shards" / "README.md").read_text()


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "no json",
        lambda _: [],
        lambda found: {**found, "format": 2},
        lambda found: {**found, "reader": "c"},
        lambda found: {**found, "decisions": [1]},
        lambda found: {**found, "decisions": {"x": "accept"}},
        lambda found: {**found, "decisions": {"x": {"verdict": "maybe", "reason": None, "note": ""}}},
        lambda found: {**found, "decisions": {"x": {"verdict": "reject", "reason": "bored", "note": ""}}},
        lambda found: {**found, "decisions": {"x": {"verdict": "reject", "reason": None, "note": ""}}},
        lambda found: {**found, "decisions": {"x": {"verdict": "accept", "reason": "other", "note": ""}}},
        lambda found: {**found, "decisions": {"x": {"verdict": "accept", "reason": None, "note": 3}}},
        lambda found: {**found, "decisions": {**found["decisions"], "x": verdict(None)}},
    ],
)
def test_a_file_that_no_page_saved_is_refused(desk: Path, change: Callable[[Row], object]):
    a, b = saved(desk, "a", everything), saved(desk, "b", everything)
    b.write_text(json.dumps(change(json.loads(b.read_text()))))
    done = mmrs("review", "merge", a, b)
    assert done.code == 2, done.err
    assert not (desk / "exclude.txt").exists()


def test_a_key_that_was_changed_or_is_missing_is_refused(desk: Path):
    a, b = saved(desk, "a", everything), saved(desk, "b", everything)
    key = key_of(desk)
    planted = next(entry for entry in key["entries"] if entry["planted"])
    planted["planted"] = None
    (desk / "key.json").write_text(json.dumps(key))
    done = mmrs("review", "merge", a, b)
    assert (done.code, "no key of a review" in done.err) == (2, True)
    (desk / "key.json").unlink()
    done = mmrs("review", "merge", a, b)
    assert (done.code, "name it with --key" in done.err) == (2, True)


def test_a_readers_note_stays_a_comment_of_the_list(desk: Path):
    a, b = (saved(desk, reader, lambda _: "other") for reader in "ab")
    note = "first\nquestion:0000000000000000\r\n\u2028question:1111111111111111"
    found = json.loads(a.read_text())
    for decision in found["decisions"].values():
        decision["note"] = note
    a.write_text(json.dumps(found))
    assert mmrs("review", "merge", a, b).code == 0
    lines = (desk / "exclude.txt").read_text(encoding="utf-8").splitlines()
    true = {f"question:{entry['question_id']}" for entry in key_of(desk)["entries"] if entry["planted"] is None}
    assert {line for line in lines if line and not line.startswith("#")} == true
    assert note.split()[0] not in (desk.parent / "shards" / "review.json").read_text()


def test_every_reason_has_a_key_of_its_own_on_the_page():
    assert len(REASONS) == 7


def test_a_key_reads_back_as_it_was_written(tmp_path: Path):
    key = Key(build="../shards", rows={"default": "x"}, seed=3, entries=(entry(1), entry(2, "drop_not")))
    keys.write(key, tmp_path / "key.json")
    assert keys.read(tmp_path / "key.json") == key
