"""A whole review: from a build to its cards, and to the next build without what was rejected."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mmrs_builder.questions import same_fact
from mmrs_builder.templates import shipped
from tests.build.command import mmrs, tree
from tests.review.conftest import key_of, saved
from tests.review.test_sample import rows

Row = dict[str, Any]
BAD = 6  # questions that both find wrong


def bad(folder: Path) -> list[Row]:
    """Some that were not planted, the claims among them first."""
    claiming = {family.id for family in shipped().families if family.claim}
    entries = [entry for entry in key_of(folder)["entries"] if entry["planted"] is None]
    is_claim = {entry["id"]: entry["kind"] == "yes_no" and entry["family"] in claiming for entry in entries}
    return sorted(entries, key=lambda entry: (not is_claim[entry["id"]], entry["id"]))[:BAD]


@pytest.fixture(scope="module")
def reviewed(built: Path, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the build with a review in its cards; the folder of the review lies beside it.

    Both find every planted error and every bad question; reader a also rejects two that are right.
    """
    home = tmp_path_factory.mktemp("reviewed")
    for folder in (built, drawn):
        shutil.copytree(folder, home / folder.name)
    folder = home / drawn.name
    wrong = {entry["id"] for entry in bad(folder)}
    slips = {e["id"] for e in [e for e in key_of(folder)["entries"] if not e["planted"] and e["id"] not in wrong][:2]}
    a = saved(folder, "a", lambda e: "wrong_answer" if e["planted"] or e["id"] in wrong | slips else None)
    b = saved(folder, "b", lambda e: "ambiguous" if e["planted"] or e["id"] in wrong else None)
    done = mmrs("review", "merge", a, b)
    assert done.code == 0, done.err
    return home / built.name


def test_the_cards_say_what_the_readers_did(reviewed: Path):
    true = 57
    done = mmrs("card", reviewed)
    assert done.code == 0, done.err
    _, head, text = done.out.split("---\n", 2)
    assert yaml.safe_load(head)["configs"]
    cells = dict(re.findall(r"^\| (accepted by [^|]+|rejected by both) \| (\d+) \|", text, re.MULTILINE))
    assert cells == {
        "accepted by both": str(true - BAD - 2), "accepted by reader A only": "0", "accepted by reader B only": "2",
        "rejected by both": str(BAD),
    }  # fmt: skip
    assert f"| same verdict | {100 * (true - 2) / true:.1f} %" in text
    expected = (true - BAD - 2) * (true - BAD) / true**2 + (BAD + 2) * BAD / true**2
    assert f"| Cohen's kappa | {((true - 2) / true - expected) / (1 - expected):.2f} (" in text
    assert "| reader A | 3 of 3: 100.0 %" in text
    assert f"| wrong answer | {BAD + 2} | 0 |" in text
    assert text.index("## Read by two people") < text.index("## Limits")
    sheet = mmrs("card", reviewed, "--show", "datasheet").out
    machine = json.loads(mmrs("card", reviewed, "--show", "croissant").out)["rai:dataAnnotationAnalysis"]
    assert machine[0] in sheet
    assert f"judged {true} questions" in sheet


def test_the_croissant_file_is_still_valid(reviewed: Path):
    croissant = pytest.importorskip("mlcroissant", reason="needs the extra dev: mlcroissant")
    assert croissant.Dataset(jsonld=reviewed / "croissant.json").metadata.ctx.issues.errors == set()


def test_the_folder_still_verifies_and_a_touched_review_does_not(reviewed: Path, tmp_path: Path):
    assert mmrs("verify", reviewed).code == 0
    shutil.copytree(reviewed, tmp_path / "out")
    path = tmp_path / "out" / "review.json"
    path.write_text(path.read_text().replace('"ambiguous"', '"language"', 1))
    done = mmrs("verify", tmp_path / "out")
    assert (done.code, "review.json" in done.out) == (5, True)


def another_number(text: str) -> str:
    """The text with one more question accepted, or judged."""
    found = re.search(r"(accepted by both \| |judged )(\d+)", text)
    assert found is not None
    return f"{text[: found.start(2)]}{int(found[2]) + 1}{text[found.end(2) :]}"


def fewer_rejections(text: str) -> str:
    found = json.loads(text)
    item = next(item for item in found["items"] if item["planted"] is None and item["a"] != "accept")
    item["a"] = "accept"
    return json.dumps(found)


def better_kappa(text: str) -> str:
    found = json.loads(text)
    found["results"]["kappa"][0] = 0.99
    return json.dumps(found)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("README.md", another_number),
        ("DATASHEET.md", another_number),
        ("croissant.json", another_number),
        ("review.json", fewer_rejections),
        ("review.json", better_kappa),
        ("review.json", lambda text: text.replace('"rows": {', '"rows": {"more": "", ')),
        ("review.json", lambda _: "{}"),
        ("review.json", lambda _: None),
    ],
)
def test_a_wrong_number_does_not_pass(reviewed: Path, tmp_path: Path, name: str, change: Callable[[str], str | None]):
    shutil.copytree(reviewed, tmp_path / "out")
    path = tmp_path / "out" / name
    text = change(path.read_text(encoding="utf-8"))
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")
    done = mmrs("card", tmp_path / "out")
    assert (done.code, name in done.err, done.out) == (5, True, ""), done.err


def test_a_second_review_takes_the_place_of_the_first(reviewed: Path, tmp_path: Path):
    shutil.copytree(reviewed.parent, tmp_path / "home")
    folder = tmp_path / "home" / "review"
    a, b = (saved(folder, reader, lambda entry: "other" if entry["planted"] else None) for reader in "ab")
    done = mmrs("review", "merge", a, b)
    assert (done.code, "exclude.txt is there and says something else" in done.err) == (2, True)  # it may be worked on
    assert mmrs("review", "merge", a, b, "--overwrite").code == 0
    for name in ("README.md", "DATASHEET.md"):
        assert (tmp_path / "home" / "shards" / name).read_text().count("## Read by two people") == 1
    card = mmrs("card", tmp_path / "home" / "shards")
    assert "| accepted by both | 57 |" in card.out
    assert "100.0 %" in card.out


def test_another_build_does_not_get_the_review(reviewed: Path, tmp_path: Path):
    shutil.copytree(reviewed, tmp_path / "other")
    manifest = tmp_path / "other" / ".mmrs" / "manifest.json"
    other = json.loads(manifest.read_text())
    other["logical_rows_sha256"]["qa"] = "0" * 64
    manifest.write_text(json.dumps(other))
    before = tree(tmp_path / "other")
    files = [reviewed.parent / "review" / f"{reader}.json" for reader in "ab"]
    words = ("--list", tmp_path / "list.txt")
    done = mmrs("review", "merge", *files, "--card", tmp_path / "other", *words)
    assert (done.code, "is not the build that was reviewed" in done.err) == (5, True)
    assert tree(tmp_path / "other") == before
    done = mmrs("review", "merge", *files, "--card", tmp_path / "nowhere", *words)
    assert (done.code, "or add --no-card" in done.err) == (2, True)
    assert not (tmp_path / "list.txt").exists()
    assert mmrs("review", "merge", *files, "--no-card", *words).code == 0
    assert (tmp_path / "list.txt").read_text() == (reviewed.parent / "review" / "exclude.txt").read_text()


def test_what_was_rejected_does_not_come_back_in_any_words(built: Path, reviewed: Path, tmp_path: Path):
    """The next build asks the rejected facts in no kind and as no claim; of the review nothing is left in it."""
    folder, out = reviewed.parent / "review", tmp_path / "home" / "shards"
    shutil.copytree(reviewed, out)
    words = ("--source", "phantom", "--set", "phantom.count=12", "--out", out, "--workers", 1)
    done = mmrs("build", *words, "--exclude", folder / "exclude.txt", "--overwrite", "--json")
    assert done.code == 0, done.err
    dropped = json.loads(done.out)["dropped"]["excluded"]
    rejected = bad(folder)
    stored = {row["question_id"]: row for row in rows(built, "qa")}
    facts = [(stored[entry["question_id"]]["program"].split(" == ")[0], entry["view_id"]) for entry in rejected]
    asked = {row["question_id"] for row in rows(out, "qa")}
    assert any(" == " in stored[entry["question_id"]]["program"] for entry in rejected)
    assert all(entry["question_id"] in same_fact(*fact) for entry, fact in zip(rejected, facts, strict=True))
    assert [fact for fact in facts if same_fact(*fact) & asked] == []
    again = {(row["program"].split(" == ")[0], row["view_id"]) for row in rows(out, "qa")}
    assert again & {*facts} == set()
    assert dropped > len(rejected)
    assert len(asked) > 80
    assert not (out / "review.json").exists()
    assert "Read by two people" not in (out / "README.md").read_text()
    assert mmrs("card", out).code == 0
