"""A picture of 60 x 60 pixels drawn with rectangles, and questions that join, order and filter what it shows."""

from __future__ import annotations

import numpy as np

from tests.verify.drawn import Box, Row, asked, bind, draw, rectangle, view

SIZE = (60, 60)
CLIPS: list[Box] = [
    (4, 4, 14, 12),  # 80 px, centroid (8.5, 7.5)
    (24, 4, 30, 10),  # 36 px, (26.5, 6.5)
    (40, 4, 44, 8),  # 16 px, (41.5, 5.5)
    (56, 4, 58, 8),  # 8 px, (56.5, 5.5)
]
WHOLES: dict[str, Box] = {
    "liver": (4, 26, 12, 34),  # (7.5, 29.5), halfway down
    "spleen": (48, 26, 54, 34),  # (50.5, 29.5), three o'clock
    "kidney": (33, 27, 39, 33),  # (35.5, 29.5)
    "polyp": (28, 14, 32, 18),  # (29.5, 15.5), twelve o'clock
}
LEFT_NEAR = 'side(the({0})) == "left", near_centre(the({0}))'

TRAY_FAMILIES: list[Row] = [
    {
        "id": "tray.clock", "program": "clock(the(A))", "kinds": ["choice", "open", "yes_no"],
        "question": ["At which hour of a clock face lies {A}?"], "claim": ["Does {A} lie at {value}?"],
        "statement": ["{A} lies at {value}."],
    },
    {
        "id": "tray.way", "program": "main_direction(the(A), the(B))", "kinds": ["open"], "target": "the(A)",
        "question": ["Where does {A} lie seen from {B}?"], "statement": ["{A} lies {value} {B}."],
    },
    {
        "id": "tray.row", "program": "aligned(the(A), the(B))", "kinds": ["choice"],
        "question": ["How are {A} and {B} arranged?"],
    },
    {
        "id": "tray.between", "program": "between(the(A), the(B), the(C))", "kinds": ["yes_no"], "target": "the(A)",
        "question": ["Does {A} lie between {B} and {C}?"],
    },
    {
        "id": "tray.only", "program": 'only(the(A), among(A, B, C), "left")', "kinds": ["yes_no"],
        "question": ["Is {A} the only one of them and {B} and {C} in the left half?"],
    },
    {
        "id": "tray.all_upper", "program": 'every(all(A), "upper")', "kinds": ["yes_no"],
        "question": ["Do all {A.plural} lie in the upper half?"],
    },
    {
        "id": "tray.all_lower", "program": 'every(all(A), "lower")', "kinds": ["yes_no"],
        "question": ["Do all {A.plural} lie in the lower half?"],
    },
    {
        "id": "tray.either", "program": f"either({LEFT_NEAR.format('A')})", "kinds": ["yes_no"],
        "question": ["Does {A} lie on the left or near the centre?"],
    },
    {
        "id": "tray.neither", "program": f"neither({LEFT_NEAR.format('A')})", "kinds": ["yes_no"],
        "question": ["Does {A} lie neither on the left nor near the centre?"],
    },
    {
        "id": "tray.far", "program": "no(near_centre(the(A)))", "kinds": ["yes_no"],
        "question": ["Does {A} lie far from the centre?"],
    },
    {
        "id": "tray.near", "program": "near_centre(the(A))", "kinds": ["yes_no"],
        "question": ["Does {A} lie near the centre?"],
    },
    {
        "id": "tray.second", "program": "second_largest(all(A))", "kinds": ["segment"],
        "question": ["Outline the second largest {A.name}."], "statement": ["Here is the second largest {A.name}."],
    },
    {
        "id": "tray.third", "program": "third_largest(all(A))", "kinds": ["segment"],
        "question": ["Outline the third largest {A.name}."], "statement": ["Here is the third largest {A.name}."],
    },
    {
        "id": "tray.smallest", "program": "smallest(all(A))", "kinds": ["segment"],
        "question": ["Outline the smallest {A.name}."], "statement": ["Here is the smallest {A.name}."],
    },
    {
        "id": "tray.first_place", "program": "quadrant(leftmost(all(A)))", "kinds": ["open"],
        "target": "leftmost(all(A))", "question": ["Where is the leftmost {A.name}?"],
        "statement": ["The leftmost {A.name} lies in the {value} quadrant."],
    },
    {
        "id": "tray.second_place", "program": "quadrant(second_leftmost(all(A)))", "kinds": ["open"],
        "target": "second_leftmost(all(A))", "question": ["Where is the {A.name} second from the left?"],
        "statement": ["The {A.name} second from the left lies in the {value} quadrant."],
    },
    {
        "id": "tray.left_of", "program": 'count(toward(all(A), "left", to=the(B)))', "kinds": ["number"],
        "target": 'toward(all(A), "left", to=the(B))', "question": ["How many {A.plural} lie to the left of {B}?"],
    },
    {
        "id": "tray.right_of", "program": 'count(toward(all(A), "right", to=the(B)))', "kinds": ["number"],
        "target": 'toward(all(A), "right", to=the(B))', "question": ["How many {A.plural} lie to the right of {B}?"],
    },
]  # fmt: skip

TRAY_VALUES: dict[str, dict[str, str]] = {
    "Clock": {str(hour): f"{hour} o'clock" for hour in range(1, 13)},
    "Fourway": {way: way for way in ("left", "right", "above", "below")},
    "Alignment": {"row": "side by side", "column": "one above the other", "neither": "neither of the two"},
}
TRAY_PHRASES = {"Fourway": {"left": "to the left of", "right": "to the right of"}}


def tray() -> Row:
    """Four clips in the upper part, annotated one by one; three organs in a row halfway down; a polyp."""
    name = "tray"
    labels = {label: (f"the {label}", [len(CLIPS) + n]) for n, label in enumerate(WHOLES)}
    clips, half = ("the clip", [0, 1, 2, 3]), LEFT_NEAR.format('"liver"')

    def on(*names: str) -> list[Row]:
        return bind(**{"ABC"[n]: {**labels, "clip": clips}[label] for n, label in enumerate(names)})

    qa = [
        # 21 px to the right of the centre
        asked(name, "tray.clock", "choice", 'clock(the("spleen"))', "3", "At which hour of a clock face lies {A}?", "",
            "At which hour of a clock face lies the spleen?", "3 o'clock", bindings=on("spleen"), answer_index=2,
            choices=["12 o'clock", "9 o'clock", "3 o'clock", "4 o'clock"]),
        asked(name, "tray.clock", "yes_no", 'clock(the("liver")) == "9"', "true", "Does {A} lie at {value}?", "",
            "Does the liver lie at 9 o'clock?", "Yes", bindings=on("liver")),
        # 14 px above the centre: r = 28/60
        asked(name, "tray.clock", "open", 'clock(the("polyp"))', "12", "At which hour of a clock face lies {A}?",
            "{A} lies at {value}.", "At which hour of a clock face lies the polyp?", "The polyp lies at 12 o'clock.",
            margin=(28 / 60 - 0.25) / 0.25, bindings=on("polyp")),
        asked(name, "tray.way", "open", 'main_direction(the("liver"), the("kidney"))', "left",
            "Where does {A} lie seen from {B}?", "{A} lies {value} {B}.",
            "Where does the liver lie seen from the kidney?", "The liver lies to the left of the kidney.",
            bindings=on("liver", "kidney"), target_program='the("liver")', target=[4]),
        # all rows in common, no column
        asked(name, "tray.row", "choice", 'aligned(the("liver"), the("spleen"))', "row",
            "How are {A} and {B} arranged?", "", "How are the liver and the spleen arranged?", "side by side",
            choices=["neither of the two", "side by side", "one above the other"], answer_index=1,
            bindings=on("liver", "spleen")),
        # 180 degrees
        asked(name, "tray.between", "yes_no", 'between(the("kidney"), the("liver"), the("spleen"))', "true",
            "Does {A} lie between {B} and {C}?", "", "Does the kidney lie between the liver and the spleen?", "Yes",
            bindings=on("kidney", "liver", "spleen"), target_program='the("kidney")', target=[6]),
        # the kidney at 36/60 of the width is the least clear
        asked(name, "tray.only", "yes_no", 'only(the("liver"), among("liver", "kidney", "spleen"), "left")', "true",
            "Is {A} the only one of them and {B} and {C} in the left half?", "",
            "Is the liver the only one of them and the kidney and the spleen in the left half?", "Yes", margin=0.2,
            bindings=on("liver", "kidney", "spleen")),
        # the first at 8/60 of the height is the least clear
        asked(name, "tray.all_upper", "yes_no", 'every(all("clip"), "upper")', "true",
            "Do all {A.plural} lie in the upper half?", "", "Do all clips lie in the upper half?", "Yes",
            margin=1 - 16 / 60, bindings=on("clip"), pair_id="clips", pair_kind="opposite"),
        # 22 of 30 px off the centre
        asked(name, "tray.either", "yes_no", f"either({half})", "true",
            "Does {A} lie on the left or near the centre?", "", "Does the liver lie on the left or near the centre?",
            "Yes", margin=(22 / 30 - 0.4) / (2**0.5 - 0.4), difficulty=2, bindings=on("liver")),
        asked(name, "tray.far", "yes_no", 'no(near_centre(the("liver")))', "true",
            "Does {A} lie far from the centre?", "", "Does the liver lie far from the centre?", "Yes",
            margin=(22 / 30 - 0.4) / (2**0.5 - 0.4), bindings=on("liver")),
        # 44 of 80 px more, 20 of 36
        asked(name, "tray.second", "segment", 'second_largest(all("clip"))', "1",
            "Outline the second largest {A.name}.", "Here is the second largest {A.name}.",
            "Outline the second largest clip.", "Here is the second largest clip.", margin=44 / 80, bindings=on("clip"),
            target_program='second_largest(all("clip"))', target=[1]),
        asked(name, "tray.smallest", "segment", 'smallest(all("clip"))', "3", "Outline the smallest {A.name}.",
            "Here is the smallest {A.name}.", "Outline the smallest clip.", "Here is the smallest clip.", margin=0.5,
            bindings=on("clip"), target_program='smallest(all("clip"))', target=[3]),
        # 9/60 and 8/60: the first clip and the second lie in one quadrant
        asked(name, "tray.first_place", "open", 'quadrant(leftmost(all("clip")))', "upper_left",
            "Where is the leftmost {A.name}?", "The leftmost {A.name} lies in the {value} quadrant.",
            "Where is the leftmost clip?", "The leftmost clip lies in the upper left quadrant.", margin=0.7,
            difficulty=2, bindings=on("clip"), target_program='leftmost(all("clip"))', target=[0]),
        # 6 px, mean width 4
        asked(name, "tray.left_of", "number", 'count(toward(all("clip"), "left", to=the("spleen")))', "3",
            "How many {A.plural} lie to the left of {B}?", "", "How many clips lie to the left of the spleen?", "3",
            difficulty=2, bindings=on("clip", "spleen"), target=[0, 1, 2],
            target_program='toward(all("clip"), "left", to=the("spleen"))'),
    ]  # fmt: skip
    boxes = [*CLIPS, *WHOLES.values()]
    return view(
        name, "train", np.arange(3600, dtype=np.uint32).reshape(60, 60).astype(np.uint8), qa=qa,
        masks=[draw(SIZE, box) for box in boxes],
        structures=[
            *(rectangle("clip", "instance", box, SIZE, None) for box in CLIPS),
            *(rectangle(label, "whole", box, SIZE, None) for label, box in WHOLES.items()),
        ],
    )  # fmt: skip


def other_tray() -> Row:
    """30 x 30: two clips of which one lies low, the other half of the pair of the tray."""
    size, name, boxes = (30, 30), "other_tray", ((2, 2, 5, 5), (20, 20, 25, 25))
    # 22.5/30 of the height is the least clear
    question = asked(
        name, "tray.all_upper", "yes_no", 'every(all("clip"), "upper")', "false",
        "Do all {A.plural} lie in the upper half?", "", "Do all clips lie in the upper half?", "No",
        margin=0.5, bindings=bind(A=("the clip", [0, 1])), pair_id="clips", pair_kind="opposite",
    )  # fmt: skip
    colour = np.arange(900, dtype=np.uint32).reshape(30, 30).astype(np.uint8)
    structures = [rectangle("clip", "instance", box, size, None) for box in boxes]
    return view(name, "train", colour, structures=structures, masks=[draw(size, box) for box in boxes], qa=[question])
