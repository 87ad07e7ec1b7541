"""Pairs of a twin and its original: what is right of both without looking."""

from __future__ import annotations

import pandas as pd

from mmrs_builder.audit.pairs import twin_pairs
from mmrs_builder.audit.run import judged, tried_out
from tests.blind.questions import fair, table

OTHER = {"left": "right", "right": "left"}


def twinned(**changed: object) -> pd.DataFrame:
    """Fair questions, and of the mirror images the same with the opposite answers."""
    frame = table(90, fair)
    frame["pair"] = [f"p{n}" for n in range(len(frame))]
    mirrored = frame.assign(
        view=frame["view"] + "~mirror", question_id=frame["question_id"] + "t", twin_of=frame["view"],
        answer=frame["answer"].map(OTHER), **changed,
    )  # fmt: skip
    both = pd.concat([frame, mirrored], ignore_index=True)
    both["twin_of"] = both["twin_of"].astype(object).where(both["twin_of"].notna(), None)
    return both


def test_who_reads_words_alone_has_no_pair_right():
    frame = twinned()
    found = twin_pairs(frame, tried_out(frame))
    assert (found.pairs, found.alike, found.text_only, found.same) == (180, 180, 0.0, 0.0)
    assert found.other == 1.0  # of two answers


def test_words_that_tell_a_twin_from_its_original_are_found():
    frame = twinned(text="Now mirrored, where does it lie?")
    frame.loc[frame["twin_of"].isna(), "answer"] = "left"
    frame.loc[frame["twin_of"].notna(), "answer"] = "right"
    found = twin_pairs(frame, tried_out(frame))
    assert found.alike == 0
    assert found.text_only > 0.9


def test_without_twins_nothing_is_said_of_them():
    frame = table(30, fair)
    assert twin_pairs(frame, tried_out(frame)).text_only is None
    assert judged(frame, tried_out(frame)) == judged(frame)
