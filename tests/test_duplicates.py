"""Copies of pictures are found whatever was done to them, and pictures that only look alike are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import cv2
import numpy as np
import pytest

from mmrs_builder import duplicates
from mmrs_builder.build import copies
from mmrs_builder.duplicates import BLOCK, NEAR, candidates, kind
from mmrs_builder.likeness import Seen, descriptors, familiar, is_plain, likeness, outlooks, thumbnail
from mmrs_builder.sources import phantom
from tests.planted import (
    PLANTED,
    Change,
    Pixels,
    brighter,
    cropped,
    found_among,
    looked,
    mirrored,
    recalled,
    reencoded,
    resized,
    searched,
    turned,
)

COUNT = 300


@pytest.fixture(scope="module")
def pictures() -> Mapping[str, Pixels]:
    """Phantoms of six modalities, small ones for speed."""
    refs = phantom.configure(count=str(COUNT), size="128").index(None)  # type: ignore[arg-type]
    return {f"{ref.patient_id} {ref.case_id}": phantom.load(ref).views[0].picture.pixels for ref in refs}


def seen(pixels: Pixels) -> Seen:
    return Seen(thumbnail=thumbnail(pixels), size=(pixels.shape[1], pixels.shape[0]))


@pytest.mark.parametrize("name", PLANTED)
def test_copies_are_found(pictures: Mapping[str, Pixels], name: str):
    change, least = PLANTED[name]
    assert len(pictures) == COUNT
    assert recalled(pictures, change) >= least


def test_pictures_of_two_patients_are_not_joined(pictures: Mapping[str, Pixels]):
    some = dict(list(pictures.items())[:150])
    outcome = searched(some, mirrored)
    assert outcome.found == outcome.planted == len(some)
    assert not outcome.wrong


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (reencoded, "re-encoded"),
        (resized, "resized"),
        (brighter, "brightness"),
        (mirrored, "mirrored"),
        (turned, "turned"),
        (cropped, "cropped"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_a_copy_is_called_what_was_done_to_it(pictures: Mapping[str, Pixels], change: Change, name: str):
    draw, named = np.random.default_rng(1), 0
    for pixels in list(pictures.values())[:30]:
        one, other = seen(pixels), seen(change(pixels, draw))
        how = likeness(one, other)
        named += how is not None and kind(one, other, how) == name
    assert named >= 27


def test_a_copy_changed_in_several_ways_is_found(pictures: Mapping[str, Pixels]):
    def changed(pixels: Pixels, draw: np.random.Generator) -> Pixels:
        return reencoded(resized(mirrored(brighter(pixels, draw), draw), draw), draw)

    outcome = searched(dict(list(pictures.items())[:60]), changed)
    assert outcome.found >= 0.95 * outcome.planted


def test_pictures_that_share_a_frame_and_a_caption_are_two():
    def framed(number: int) -> Pixels:
        inside = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
        picture = np.zeros((256, 256), np.uint8)
        picture[40:216, 40:216] = cv2.resize(inside, (176, 176), interpolation=cv2.INTER_CUBIC)
        cv2.putText(picture, "ward 7, 12:41", (4, 30), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 2)
        return picture

    assert likeness(seen(framed(1)), seen(framed(1))) is not None
    assert likeness(seen(framed(1)), seen(framed(2))) is None


def test_pictures_of_one_group_are_not_compared(pictures: Mapping[str, Pixels]):
    one = next(iter(pictures.values()))
    found = descriptors([thumbnail(one), thumbnail(mirrored(one, np.random.default_rng(0)))])
    assert candidates(found, ["a", "b"]).tolist() == [[0, 1]]
    assert candidates(found, ["a", "a"]).tolist() == []


def test_a_search_in_parts_finds_what_one_search_finds(pictures: Mapping[str, Pixels]):
    draw = np.random.default_rng(0)
    looks = [looked(name, pixels) for name, pixels in pictures.items()]
    looks += [looked(f"{name} copy", reencoded(pixels, draw)) for name, pixels in pictures.items()]
    whole = found_among(looks)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(copies, "ROWS_PER_JOB", BLOCK)
        changed.setattr(copies, "LOOKS_PER_JOB", 100)
        changed.setattr(copies, "PAIRS_PER_JOB", 50)
        assert found_among(looks, processes=2) == found_among(looks) == whole
    assert len(looks) > BLOCK
    assert len(whole) >= 0.9 * len(pictures)


def test_candidates_are_the_same_sorted_pairs_however_the_table_is_cut(pictures: Mapping[str, Pixels]):
    places = descriptors([thumbnail(pixels) for pixels in pictures.values()])
    groups = [name.split()[0] for name in pictures]
    whole = candidates(places, groups)
    assert len(whole) > 20
    assert whole.tolist() == sorted(whole.tolist())
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(duplicates, "BLOCK", 64)
        changed.setattr(duplicates, "COLUMNS", 50)
        cut = [candidates(places, groups, slice(at, at + 128), duplicates.fold(places)) for at in range(0, COUNT, 128)]
    assert np.concatenate(cut).tolist() == whole.tolist()


def test_the_first_look_at_a_pair_leaves_out_no_copy(pictures: Mapping[str, Pixels]):
    draw, some = np.random.default_rng(0), list(pictures.values())[:40]
    shown = [*some, *(mirrored(pixels, draw) for pixels in some), *(turned(pixels, draw) for pixels in some)]
    seen_as, pairs = [seen(pixels) for pixels in shown], np.array(list(combinations(range(len(shown)), 2)))
    coarse = outlooks([one.thumbnail for one in seen_as])
    kept = familiar(coarse[pairs[:, 0]], coarse[pairs[:, 1]])
    unlike = pairs[~kept][::7].tolist()
    assert len(unlike) > 100
    assert all(likeness(seen_as[i], seen_as[j]) is None for i, j in unlike)
    assert all(kept[(pairs == (i, i + 40 * way)).all(axis=1)].item() for i in range(40) for way in (1, 2))


@pytest.mark.parametrize("turn", range(4))
def test_mirroring_and_turning_move_places_and_change_nothing_else(pictures: Mapping[str, Pixels], turn: int):
    thumbs = [thumbnail(pixels) for pixels in list(pictures.values())[:20]]
    moved = [np.ascontiguousarray(np.rot90(thumb[:, ::-1], turn)) for thumb in thumbs]
    grid = np.rot90(np.arange(9).reshape(3, 3)[:, ::-1], turn).ravel()
    assert np.abs(descriptors(thumbs)[:, grid] - descriptors(moved)).max() < NEAR / 10


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_details_is_compared_with_nothing(level: int):
    flat = np.full((64, 96), level, np.uint8)
    assert is_plain(seen(flat))
    assert likeness(seen(flat), seen(flat)) is None
