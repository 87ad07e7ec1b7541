"""``mmrs score`` as a user meets it: contenders whose skill is known, files that are wrong, questions left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.build.command import mmrs
from tests.scoring.predictions import write

Scored = Callable[..., dict[str, Any]]
Lines = list[dict[str, Any]]


def mean(found: dict[str, Any], name: str) -> float:
    return float(found["rows"]["model"][name]["mean"])


def test_who_is_always_right_scores_one_everywhere(oracle: Lines, scored: Scored):
    found = scored(oracle)
    row = found["rows"]["model"]
    means = {name: value["mean"] for name, value in row.items() if isinstance(value, dict)}
    assert means.pop("hd95_px") == 0
    assert set(means.values()) == {1.0}
    assert set(means) >= {"dice", "iou", "nsd_2px", "accuracy", "position_accuracy", "say_show_agreement"}
    assert found["opposite_pairs"]["mean"] == found["twins"]["mean"] == 1
    assert {value["mean"] for name, value in found["stress"].items() if value and "lost" not in name} >= {1.0}
    assert (found["missing"], found["unanswered"], found["unread_masks"]) == (0, {}, 0)


def test_a_question_without_a_line_is_wrong_unless_only_what_was_asked_counts(oracle: Lines, scored: Scored):
    half = oracle[::2]
    found, asked = scored(half), scored(half, "--only-asked")
    assert mean(found, "accuracy") < 0.7
    assert mean(found, "dice") < 0.9
    assert mean(asked, "accuracy") == mean(asked, "dice") == 1
    assert found["missing"] == asked["missing"] == len(oracle) - len(half)
    assert asked["questions"] == len(half)


def test_who_only_draws_is_not_asked_for_words_and_who_only_talks_for_no_mask(oracle: Lines, scored: Scored):
    drawn = scored([{k: v for k, v in line.items() if k != "said"} for line in oracle])
    told = scored([{k: v for k, v in line.items() if k != "levels"} for line in oracle])
    assert "accuracy" not in drawn["rows"]["model"]
    assert "dice" not in told["rows"]["model"]
    assert mean(drawn, "dice") == mean(told, "accuracy") == 1


def test_no_reply_is_wrong_and_counted_by_its_reason(told: Lines, scored: Scored):
    lines = [line if i else {"question_id": line["question_id"], "said": None, "faults": ["timeout"]}
             for i, line in enumerate(told)]  # fmt: skip
    assert scored(lines)["unanswered"] == {"timeout": 1}


def test_an_answer_that_was_never_a_sentence_counts_by_its_token(rows: Lines, scored: Scored):
    lines = [
        {
            "question_id": q["question_id"],
            "parsed": str(q["answer_index"]) if q["kind"] == "choice" else q["value"],
        }
        for row in rows
        for q in row["qa"]
    ]
    assert mean(scored(lines), "accuracy") == 1


def test_the_order_of_lines_does_not_matter(told: Lines, scored: Scored):
    one, other = scored(told[5:]), scored(told[:4:-1])
    assert one.pop("predictions") != other.pop("predictions")
    assert one == other


def test_a_mask_that_is_none_costs_its_question(oracle: Lines, scored: Scored, tmp_path: Path):
    place = next(i for i, line in enumerate(oracle) if "levels" in line and line["levels"].any())
    for name in ("nowhere.png", "../../etc/passwd", "/etc/hostname", "text.png"):
        (tmp_path / "text.png").write_text("no picture")
        bad = {"question_id": oracle[place]["question_id"], "said": oracle[place]["said"], "mask": name}
        found = scored([*oracle[:place], bad, *oracle[place + 1 :]])
        assert found["unread_masks"] == 1
        assert 0.9 < mean(found, "dice") < 1


def test_a_mask_of_another_size_is_laid_over_the_picture(oracle: Lines, scored: Scored):
    small = [line | ({"levels": line["levels"][::2, ::2]} if "levels" in line else {}) for line in oracle]
    assert mean(scored(small), "dice") > 0.9


def test_levels_are_cut_at_one_half(oracle: Lines, scored: Scored):
    grey = [line | ({"levels": np.where(line["levels"] > 0, np.uint8(128), np.uint8(127))} if "levels" in line else {})
            for line in oracle]  # fmt: skip
    assert mean(scored(grey), "dice") == 1


def test_several_runs_are_pooled_and_their_spread_is_told(told: Lines, shards: Path, tmp_path: Path):
    wrong = [line | {"said": "I do not know."} for line in told]
    files = [write(tmp_path / str(i), lines) for i, lines in enumerate([told, wrong, told])]
    done = mmrs("score", *files, "--shards", shards, "--split", "train", "--json")
    found = json.loads(done.out)
    assert mean(found, "accuracy") == pytest.approx(2 / 3, abs=1e-4)
    assert found["runs"]["accuracy"]["means"] == [1.0, 0.0, 1.0]
    assert found["runs"]["accuracy"]["sd"] == pytest.approx(0.5774, abs=1e-4)
    assert found["opposite_pairs"]["mean"] == pytest.approx(
        2 / 3, abs=1e-4
    )  # pairs of one run are not mixed with another's
    assert len(found["predictions"]) == 3


def test_the_gain_over_other_predictions_is_told_question_by_question(told: Lines, scored: Scored, tmp_path: Path):
    dumb = write(tmp_path / "dumb", [{"question_id": line["question_id"], "said": "yes"} for line in told])
    found = scored(told, "--against", dumb)
    assert 0.5 < found["gain"]["mean"] < 1


def test_a_gain_is_one_of_answers_whatever_the_others_drew(oracle: Lines, scored: Scored, tmp_path: Path):
    drawn = write(tmp_path / "drawn", [line | {"said": "yes"} for line in oracle])
    plain = write(tmp_path / "plain", [{"question_id": line["question_id"], "said": "yes"} for line in oracle])
    one, other = (scored(oracle[:9], "--against", path)["gain"] for path in (drawn, plain))
    assert one == other


def test_the_blind_gap_is_what_a_grey_picture_takes_away(told: Lines, scored: Scored):
    blank = [{"question_id": line["question_id"], "said": "upper left", "blank": True} for line in told]
    found = scored([*told, *blank])
    assert found["blind_gap"]["mean"] == pytest.approx(
        1 - found["rows"]["without the picture"]["accuracy"]["mean"], abs=1e-3
    )


def test_who_remembers_the_original_is_wrong_of_its_twin_and_found_out(rows: Lines, scored: Scored):
    originals = {q["pair_id"]: q["answer"] for row in rows if not row["twin_of"] for q in row["qa"] if q["pair_id"]}
    lines = [{"question_id": q["question_id"], "said": originals.get(q["pair_id"], q["answer"])}
             for row in rows for q in row["qa"]]  # fmt: skip
    found = scored(lines)
    assert found["twins"]["mean"] == 0
    assert found["stress"]["plain, as it was"]["mean"] == 1
    assert found["stress"]["plain, mirrored"]["mean"] == 0
    assert found["stress"]["mirrored_lost"]["mean"] == found["stress"]["from_memory"]["mean"] == 1


def test_a_letter_is_the_option_that_was_shown_beside_it(rows: Lines, scored: Scored):
    lines = []
    for q in (q for row in rows for q in row["qa"] if q["kind"] == "choice"):
        count = len(q["choices"])
        for turn in range(count):
            letter = "ABCDEFGHI"[(q["answer_index"] - turn) % count]
            lines.append({"question_id": q["question_id"], "said": json.dumps({"answer": letter}), "turned": turn})
    found = scored(lines, "--only-asked")
    assert found["circular_choice_accuracy"]["mean"] == mean(found, "choice_accuracy") == 1


def test_the_published_numbers_stand_beside_the_right_ones(oracle: Lines, scored: Scored):
    drawn = [line["levels"] for line in oracle if "levels" in line]
    something = sum(levels.any() for levels in drawn) / len(drawn)
    found = scored(oracle, "--protocol", "prs-med")["published"]["all"]
    # all masks are right: but of empty ones the published rule gives 0, and one threshold takes the whole picture
    assert found["max_dice"] == pytest.approx(something)
    assert 0.99 * something < found["mean_dice"] < something
    assert scored(oracle)["published"] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{no json\n", "line 1: no JSON"),
        ("[]\n", "line 1: no object with a question_id"),
        ('{"question_id": "{id}", "said": 3}\n', "said is 3"),
        ('{"question_id": "{id}", "turned": true}\n', "turned is True"),
        ('{"question_id": "{id}"}\n{"question_id": "{id}"}\n', "line 2: {id} is answered a second time"),
        ('{"question_id": "other"}\n', "1 questions are not in train"),
        ("\n", "holds no prediction"),
        ("\udcff", "cannot be read as text"),
    ],
)
def test_what_is_no_file_of_predictions_is_refused_with_its_line(
    text: str, why: str, told: Lines, shards: Path, tmp_path: Path
):
    known = told[0]["question_id"]
    path = tmp_path / "p.jsonl"
    path.write_bytes(text.replace("{id}", known).encode("utf-8", "surrogateescape"))
    done = mmrs("score", path, "--shards", shards, "--split", "train")
    assert done.code == 2
    assert why.replace("{id}", known) in done.err


@pytest.mark.parametrize(
    ("split", "folder", "why"), [("tset", "", "has no split 'tset'"), ("test", "no", "no finished build")]
)
def test_what_is_not_there_is_said(split: str, folder: str, why: str, told: Lines, shards: Path, tmp_path: Path):
    done = mmrs("score", write(tmp_path, told[:1]), "--shards", shards / folder, "--split", split)
    assert done.code == 2
    assert why in done.err


def test_tables_are_printed_for_people_and_rows_written_for_others(oracle: Lines, shards: Path, tmp_path: Path):
    rows = tmp_path / "rows.jsonl"
    done = mmrs("score", write(tmp_path, oracle), "--shards", shards, "--split", "train", "--rows", rows)
    assert done.code == 0
    assert "| model | 1.000" in done.out
    assert "not for clinical use" in done.out
    assert len(rows.read_text("utf-8").splitlines()) == len(oracle)
