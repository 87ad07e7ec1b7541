"""The page as a file: what is in it, that it is the same every time, and that data stay data."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from mmrs_builder.vocab import REFUSALS
from tests.build.command import mmrs
from tests.gallery.conftest import blocks
from tests.gallery.hostile import TEXTS

Row = dict[str, Any]


def rows(out: Path, folder: str) -> list[Row]:
    return [row for path in sorted((out / folder).iterdir()) for row in pq.read_table(path).to_pylist()]


def test_every_question_of_a_small_build_is_there_as_it_is_stored(built: Path, gallery: Path):
    stored = {row["question_id"]: row for row in rows(built, "qa")}
    records = blocks(gallery)["records"]
    assert {item["question_id"] for item in records["questions"]} == set(stored)
    for item in records["questions"]:
        told = {name: item[name] for name in ("question", "answer", "program", "margin", "value", "target", "choices")}
        assert told == {name: stored[item["question_id"]][name] for name in told}
        assert records["views"][item["view"]]["id"] == stored[item["question_id"]]["view_id"]


def test_the_last_step_of_each_program_gives_the_stored_value(gallery: Path):
    answered = [item for item in blocks(gallery)["records"]["questions"] if item["value"] not in REFUSALS]
    assert len(answered) > 50
    for item in answered:
        last = item["steps"][-1]
        assert last["program"] == item["program"]
        assert (last["value"] or ",".join(map(str, last["structures"]))) == item["value"]
        assert min(step["margin"] for step in item["steps"] if step["margin"] is not None) == item["margin"]


def test_the_numbers_are_those_of_the_whole_build_whatever_the_sample(built: Path, tmp_path: Path):
    assert mmrs("view", built, "--out", tmp_path / "few.html", "--most", 3).code == 0
    records = blocks(tmp_path / "few.html")["records"]
    questions, views = rows(built, "qa"), rows(built, "data")
    assert len(records["questions"]) == 3
    numbers = records["numbers"]
    assert (numbers["questions"], numbers["views"]) == (len(questions), len(views))
    assert dict(numbers["kind"]) == {k: sum(q["kind"] == k for q in questions) for k in {q["kind"] for q in questions}}
    shown = [s["label"] for view in views for s in view["structures"] if s["part"] != "component"]
    assert {label: sum(cells) for label, cells in numbers["places"]} == {name: shown.count(name) for name in set(shown)}
    assert sum(sum(bins) for _, bins in numbers["margins"]) == len(questions)
    closed = [q for q in questions if q["kind"] != "segment"]
    assert sum(item["questions"] for item in numbers["answers"]) == len(closed)


def test_the_same_build_gives_the_same_page_and_another_seed_another_choice(built: Path, tmp_path: Path):
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        assert mmrs("view", built, "--out", tmp_path / name, "--most", 10, "--seed", seed).code == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    ids = [{q["question_id"] for q in blocks(tmp_path / name)["records"]["questions"]} for name in ("one", "other")]
    assert ids[0] != ids[1]
    assert str(built.parent).encode() not in (tmp_path / "one").read_bytes()


def test_named_views_are_shown_alone(built: Path, tmp_path: Path):
    view = next(row for row in rows(built, "data") if row["qa"])
    assert mmrs("view", built, "--out", tmp_path / "page", "--view", view["view_id"]).code == 0
    records = blocks(tmp_path / "page")["records"]
    assert [item["id"] for item in records["views"]] == [view["view_id"]]
    assert len(records["questions"]) == len(view["qa"])


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "--out FILE.html"),
        (("--out", "page.html", "--view", "nowhere"), 2, "no questions about nowhere"),
        (("--out", "page.html", "--audit", "missing.json"), 2, "cannot read missing.json"),
        (("--out", "page.html", "--audit", __file__), 2, "is no audit"),
        (("--out", "/proc/nowhere/page.html"), 8, "cannot write"),
    ],
)
def test_mistakes_are_told(built: Path, options: tuple[str, ...], code: int, said: str):
    done = mmrs("view", built, *options)
    assert done.code == code
    assert said in done.err


def test_damaged_shards_are_refused(changed: Callable[[Callable[[Row], Row]], Path], tmp_path: Path):
    out = changed(lambda row: {**row, "masks": row["masks"][:-1]})
    done = mmrs("view", out, "--out", tmp_path / "page.html")
    assert (done.code, "do not fit" in done.err) == (5, True)
    (out / "qa" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    assert mmrs("view", out, "--out", tmp_path / "page.html").code == 5
    assert not (tmp_path / "page.html").exists()


def test_a_picture_that_its_metadata_would_turn_is_coded_again(
    changed: Callable[[Callable[[Row], Row]], Path], tmp_path: Path
):
    def turned(row: Row) -> Row:
        exif = Image.Exif()
        exif[0x0112] = 6
        stream = io.BytesIO()
        Image.open(io.BytesIO(row["image"]["bytes"])).convert("L").save(stream, format="JPEG", exif=exif)
        return {**row, "image": {"bytes": stream.getvalue(), "path": None}}

    assert mmrs("view", changed(turned), "--out", tmp_path / "page.html").code == 0
    assert blocks(tmp_path / "page.html")["view-0"]["image"].startswith("data:image/webp;")


def test_nothing_in_the_data_can_leave_its_block(changed: Callable[[Callable[[Row], Row]], Path], tmp_path: Path):
    def edit(row: Row) -> Row:
        qa = [{**item, "question": text, "answer": text} for item, text in zip(row["qa"] * 2, TEXTS, strict=False)]
        return {**row, "qa": [{**item, "question_id": f"{n}{TEXTS[n]}"} for n, item in enumerate(qa)]}

    assert mmrs("view", changed(edit), "--out", tmp_path / "page.html").code == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    found = re.findall(r'<script type="application/json" id="[^"]+">(.*?)</script>', page, re.DOTALL)
    assert [text for text in found if re.search("[<>&\u2028\u2029]", text)] == []
    assert page.count("<script") == len(found) + 1
    assert {item["question"] for item in blocks(tmp_path / "page.html")["records"]["questions"]} <= set(TEXTS)


def test_the_policy_allows_the_one_style_and_the_one_script_and_nothing_else(gallery: Path):
    page = gallery.read_text("utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    for name, pattern in (("style-src", "<style>(.*?)</style>"), ("script-src", "<script>(.*?)</script>")):
        (text,) = re.findall(pattern, page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert parts.pop(name) == f"'sha256-{digest}'"
    assert parts == {
        "default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
        "require-trusted-types-for": "'script'", "trusted-types": "'none'",
    }  # fmt: skip
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page) == []


def test_an_audit_is_shown_as_it_says(gallery: Path, audit: Path):
    told = {pool["name"]: (pool["verdict"], pool["blind"]) for pool in blocks(gallery)["records"]["audit"]}
    pools = json.loads(audit.read_text())["pools"]
    assert told == {p["name"]: (p["verdict"], p["tested"][0]["estimate"]["blind"]) for p in pools}
