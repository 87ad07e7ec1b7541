"""The page of a reader, in a real browser: keys, what is kept and saved, and what it makes of hostile data."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.verify.reseal import write_manifest, write_shard
from mmrs_builder.verify.rows import project
from mmrs_builder.verify.shards import open_shards, rows_of
from tests.build.command import mmrs
from tests.gallery.conftest import Opened, blocks
from tests.gallery.hostile import TEXTS
from tests.gallery.test_browser import contrast, hostile
from tests.review.conftest import NUMBER, key_of, verdict

Row = dict[str, Any]
Browse = Callable[..., Opened]

NO_STORE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } });"


@pytest.fixture
def page(drawn: Path) -> Path:
    return drawn / "reader-a.html"


@pytest.fixture
def items(page: Path) -> list[Row]:
    found: list[Row] = blocks(page)["records"]["items"]
    return found


@pytest.fixture
def opened(browse: Browse, page: Path) -> Opened:
    found: Opened = browse(page)
    return found


def at(opened: Opened, item: Row) -> None:
    """Wait until an item is on the screen, masks and all."""
    opened.until("id => document.body.dataset.drawn === id", item["id"])
    assert opened.text("#question") == item["question"]


def written(opened: Opened, path: Path) -> Row:
    """What the page saves."""
    with opened.page.expect_download() as download:
        opened.press("s")
    download.value.save_as(path)
    assert download.value.suggested_filename == f"reader-{json.loads(path.read_text())['reader']}.json"
    found: Row = json.loads(path.read_text(encoding="utf-8"))
    return found


def quiet(opened: Opened, page: Path) -> None:
    """Nothing complained, and nothing but the page was asked for."""
    assert opened.complaints == []
    assert {url for url in opened.asked if not url.startswith(("data:", "blob:"))} == {page.as_uri()}


def test_keys_lead_through_a_review(opened: Opened, page: Path, items: list[Row], tmp_path: Path):
    at(opened, items[0])
    opened.press("a")
    at(opened, items[1])
    opened.press("3")
    at(opened, items[2])
    opened.press("r")
    assert opened.page.locator("#why").is_visible()
    assert opened.page.locator("#reject").get_attribute("aria-pressed") == "true"
    opened.press("2")
    at(opened, items[3])
    opened.press("7")  # wants a word first
    at(opened, items[3])
    assert opened.page.evaluate("document.activeElement.id") == "note"
    opened.page.keyboard.type("half of it: a s x 1")
    opened.press("Enter")
    at(opened, items[4])
    opened.press("r", "n")
    opened.page.keyboard.type("no reason yet")
    opened.press("Enter")
    at(opened, items[4])
    assert opened.page.locator("#prompt").get_attribute("data-missing") == "yes"
    opened.press("Escape", "4")
    at(opened, items[5])
    opened.press("a", "ArrowLeft")
    assert opened.page.locator("#accept").get_attribute("aria-pressed") == "true"
    opened.press("x", "k", "k", "k", "k")
    at(opened, items[1])
    opened.press("u")
    at(opened, items[5])
    assert opened.text("#count") == f"6 of {NUMBER} · 5 read, 4 rejected · not saved"
    assert written(opened, tmp_path / "saved.json")["decisions"] == {
        items[0]["id"]: verdict(None), items[1]["id"]: verdict("wrong_side"), items[2]["id"]: verdict("wrong_mask"),
        items[3]["id"]: verdict("other", "half of it: a s x 1"), items[4]["id"]: verdict("ambiguous", "no reason yet"),
    }  # fmt: skip
    assert opened.text("#count") == f"6 of {NUMBER} · 5 read, 4 rejected"
    quiet(opened, page)


def test_a_note_stays_with_its_question(opened: Opened, items: list[Row], tmp_path: Path):
    opened.press("1", "1", "k", "k")
    at(opened, items[0])
    opened.press("n")
    opened.page.keyboard.type("first")
    opened.page.locator("#next").click()
    at(opened, items[1])
    assert opened.page.locator("#note").input_value() == ""
    opened.press("n")
    opened.page.keyboard.type("second")
    opened.page.locator("#strip button").nth(9).click()
    at(opened, items[9])
    notes = {name: item["note"] for name, item in written(opened, tmp_path / "saved.json")["decisions"].items()}
    assert notes == {items[0]["id"]: "first", items[1]["id"]: "second"}


def test_what_was_decided_is_there_after_the_page_was_closed(browse: Browse, page: Path, items: list[Row]):
    opened = browse(page)
    opened.press("a", "5", "a")
    at(opened, items[3])
    opened.page.reload()
    opened.until("() => document.body.dataset.drawn")
    at(opened, items[3])
    assert opened.text("#count").startswith(f"4 of {NUMBER} · 3 read, 1 rejected")
    quiet(opened, page)


def test_where_the_browser_keeps_nothing_a_saved_file_goes_on(
    browse: Browse, page: Path, items: list[Row], tmp_path: Path
):
    opened = browse(page)
    opened.press("a", "5", "a")
    written(opened, tmp_path / "saved.json")
    other = browse(page)
    other.page.add_init_script(NO_STORE)
    other.page.reload()
    other.until("() => document.body.dataset.drawn")
    assert "keeps nothing for this page" in other.text("#notice")
    at(other, items[0])
    other.page.locator("#file").set_input_files(tmp_path / "saved.json")
    at(other, items[3])
    assert "3 decisions loaded" in other.text("#notice")
    other.press("a")
    assert len(written(other, tmp_path / "more.json")["decisions"]) == 4
    quiet(other, page)


def test_files_that_do_not_fit_change_nothing(opened: Opened, page: Path, items: list[Row], tmp_path: Path):
    mine = written(opened, tmp_path / "saved.json")
    cases: dict[str, object] = {
        "other reader's": {**mine, "reader": "b"},
        "another sample": {**mine, "sample": TEXTS[0]},
        "holds no decisions": {**mine, "format": 2},
        "holds no decisions of": None,
        "0 decisions loaded": {
            **mine,
            "decisions": {
                TEXTS[0]: verdict(None), "__proto__": verdict(None), items[0]["id"]: {"verdict": TEXTS[1]},
                items[1]["id"]: {"verdict": "reject", "reason": "constructor", "note": ""}, items[2]["id"]: None,
                items[3]["id"]: {"verdict": "accept", "reason": None, "note": {"a": 1}},
            },
        },
    }  # fmt: skip
    for said, content in cases.items():
        path = tmp_path / "case.json"
        path.write_text("{" if content is None else json.dumps(content))
        opened.page.locator("#file").set_input_files(path)
        opened.until("said => document.getElementById('notice').textContent.includes(said)", said)
        assert "0 read, 0 rejected" in opened.text("#count")
    path.write_text(json.dumps({**mine, "decisions": {items[0]["id"]: verdict("other", TEXTS[2])}}))
    opened.page.locator("#file").set_input_files(path)
    at(opened, items[1])
    opened.press("k")
    assert opened.page.locator("#note").input_value() == TEXTS[2]
    quiet(opened, page)


def test_two_people_read_all_and_their_files_are_merged(browse: Browse, desk: Path):
    """Both judge by the keys alone; a rejects what was planted, b the first three as well."""
    planted = {entry["id"] for entry in key_of(desk)["entries"] if entry["planted"]}
    for reader in "ab":
        page = desk / f"reader-{reader}.html"
        opened = browse(page)
        for n, item in enumerate(blocks(page)["records"]["items"]):
            wrong = item["id"] in planted or (reader == "b" and n < 3)
            opened.page.keyboard.press("1" if wrong else "a")
        opened.until("() => document.getElementById('notice').textContent.startsWith('All ')")
        found = written(opened, desk / f"{reader}.json")
        assert len(found["decisions"]) == NUMBER
        assert opened.page.locator("#unread").is_disabled()
        quiet(opened, page)
    done = mmrs("review", "merge", desk / "a.json", desk / "b.json", "--json")
    assert done.code == 0, done.err
    numbers = json.loads(done.out)
    assert [numbers["detected"][reader]["n"] for reader in "ab"] == [len(planted)] * 2
    assert numbers["accepted"]["a"] <= 3
    assert numbers["accepted"]["neither"] == numbers["accepted"]["b"] == 0


def test_the_mask_of_a_question_is_drawn_to_the_pixel(opened: Opened, page: Path, items: list[Row]):
    """What is tinted or outlined is the union of the stored masks, at the place of the picture."""
    n, item = next((n, it) for n, it in enumerate(items) if it["kind"] == "segment" and it["fill"])
    opened.page.locator("#strip button").nth(n).click()
    at(opened, item)
    files = blocks(page)[f"view-{item['view']}"]["masks"]
    masks = [np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",", 1)[1])))) for data in files]
    shown = {*item["fill"], *item["named"]}
    drawn = opened.page.evaluate(
        """() => {
          const canvas = document.getElementById("masks"), context = canvas.getContext("2d");
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          return { width: canvas.width, alpha: Array.from({ length: data.length / 4 }, (_, p) => data[4 * p + 3]) };
        }"""
    )
    alpha = np.array(drawn["alpha"]).reshape(-1, drawn["width"])
    filled = np.logical_or.reduce([masks[index] for index in item["fill"]])
    assert (alpha[filled] > 0).all()
    assert not alpha[~np.logical_or.reduce([masks[index] for index in shown])].any()
    assert opened.page.locator("#masks").bounding_box() == opened.page.locator("#marked .picture").bounding_box()
    opened.press("m")
    assert not opened.page.locator("#masks").is_visible()
    opened.press("m", "z")
    assert opened.page.locator("#masks").bounding_box() == opened.page.locator("#marked .picture").bounding_box()
    assert opened.text("#zoom") == "zoom 2×"


@pytest.fixture
def hostile_review(built: Path, tmp_path: Path) -> Path:
    """A review of sound views and one with hostile texts wherever a text can stand."""
    shards, _ = open_shards(built)
    views = [row for shard in shards if shard.config == "default" for row in rows_of(shard, [])]
    views.sort(key=lambda view: (len(view["qa"]), view["view_id"]))
    changed = [hostile(views[-1]), *views[:-1]]
    language = json.loads(shards[0].language)
    for config, folder, rows in (
        ("default", "data", changed),
        ("qa", "qa", [row for view in changed for row in project(view)]),
    ):
        write_shard(tmp_path / "out" / folder / "train-00000-of-00001.parquet", config, language, rows)
    write_manifest(tmp_path / "out", json.loads((built / MANIFEST).read_text()))
    asked = sum(len(view["qa"]) for view in changed)
    done = mmrs("review", "sample", tmp_path / "out", "--n", asked - 20, "--to", tmp_path / "review")
    assert done.code == 0, done.err
    return tmp_path / "review"


def test_hostile_shards_are_shown_as_text(browse: Browse, hostile_review: Path):
    page = hostile_review / "reader-b.html"
    opened = browse(page)
    seen = 0
    for n, item in enumerate(blocks(page)["records"]["items"]):
        if item["question"] not in TEXTS:
            continue
        seen += 1
        opened.page.locator("#strip button").nth(n).evaluate("button => button.click()")
        at(opened, item)
        assert opened.text("#answer") == item["answer"]
        assert opened.page.locator("#choices li").first.text_content() == item["choices"][0]
        opened.press("o", "o", "m", "m")
    assert seen > 8
    assert opened.page.locator("iframe, object, embed, a, #review script, body > img").count() == 0
    assert opened.page.locator("[onerror], [onload]").count() == 0
    quiet(opened, page)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_both_themes_can_be_read(browse: Browse, page: Path, scheme: str):
    opened = browse(page, color_scheme=scheme)
    assert opened.page.locator("html").get_attribute("data-theme") == scheme
    opened.press("1", "a", "k", "k")
    seen = (
        "#question",
        "#facts span",
        "#count",
        "#accept",
        "#reject",
        "#reasons button",
        "#terms",
        ".note",
        "figcaption",
    )
    chosen = '#reasons [aria-pressed="true"]'
    for _ in range(2):
        opened.page.mouse.move(1, 1)
        assert {
            name: round(contrast(opened, name), 1) for name in (*seen, chosen) if contrast(opened, name) < 4.5
        } == {}
        opened.press("t")


@pytest.mark.parametrize("width", [320, 768])
def test_a_small_screen_needs_no_scrolling_to_the_side(browse: Browse, page: Path, items: list[Row], width: int):
    opened = browse(page, viewport={"width": width, "height": 740}, is_mobile=width < 700, has_touch=True)
    wide = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth"
    assert opened.page.evaluate(wide) <= 0
    opened.page.locator("#accept").tap()
    at(opened, items[1])
    opened.page.locator("#reject").tap()
    assert opened.page.evaluate(wide) <= 0
    opened.page.locator("#reasons button").nth(1).tap()
    at(opened, items[2])
    assert opened.text("#count").startswith(f"3 of {NUMBER} · 2 read, 1 rejected")
