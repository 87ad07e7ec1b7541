"""The grammar of programs: what parses, what it is, how it is spelled, and what is refused with a place."""

from __future__ import annotations

import ast

import pytest

from mmrs_builder import programs
from mmrs_builder.programs import MAX_DEPTH, MAX_LENGTH, ProgramError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("quadrant(the(A))", "Quadrant"),
        ("exists(A)", "Bool"),
        ("lateral(the(A), the(B))", "Lateral"),
        ("body_side(largest(all(A)))", "Lateral"),
        ("anteroposterior(the(A), the(B))", "Depth"),
        ("craniocaudal(the(A), the(B))", "Height"),
        ("laterality(the(A), the(B))", "Laterality"),
        ("gap_mm(the(A), the(B))", "Number"),
        ('laterality(the(A), the(B)) == "ipsilateral"', "Bool"),
        ("count(all(A))", "Count"),
        ("count(all(A)) == 2", "Bool"),
        ("share(largest(all(A)))", "Number"),
        ("nearest(all(A), to=the(B))", "One"),
        ('within(all(A), "upper")', "Set"),
        ("largest(among(A, B, C))", "One"),
        ('direction(the(A), the(B)) == "upper_left"', "Bool"),
        ("clock(the(A))", "Clock"),
        ('clock(the(A)) == "12"', "Bool"),
        ("main_direction(the(A), the(B))", "Fourway"),
        ("aligned(the(A), the(B))", "Alignment"),
        ("between(the(A), the(B), the(C))", "Bool"),
        ("third_largest(all(A))", "One"),
        ('toward(all(A), "above", to=the(B))', "Set"),
        ('every(all(A), "upper")', "Bool"),
        ('only(the(A), among(A, B, C), "left")', "Bool"),
        ("both(exists(A), no(larger(the(B), the(C))))", "Bool"),
        ('neither(side(the(A)) == "left", exists(B))', "Bool"),
        ('count(within(toward(all(A), "left", to=the(B)), "upper"))', "Count"),
        ('count(toward(all(A), "left", to=largest(among(B, C))))', "Count"),
    ],
)
def test_a_program_has_the_type_of_its_outermost_word(text: str, kind: str):
    assert programs.value_type(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quadrant(the(A)",
        "quadrant(the(A)); exists(A)",
        "A",
        '"polyp"',
        "1",
        "unknown(A)",
        "quadrant(A)",  # a label is not a structure
        "quadrant(all(A))",  # a set is not a structure
        "count(the(A))",
        "quadrant(the(A), the(B))",
        "direction(the(A))",
        "nearest(all(A), the(B))",
        "nearest(all(A))",
        "nearest(all(A), to=all(B))",
        "nearest(all(A), to=the(B), to=the(B))",
        "quadrant(the(A), to=the(B))",
        "among(A)",
        "among(*A)",
        "the(**A)",
        "count(among(A, B))",
        'count(toward(among(A, B), "left", to=the(C)))',
        'toward(all(A), "left")',
        'toward(all(A), "left", the(B))',
        'toward(all(A), "left", to=all(B))',
        'toward(all(A), "upper", to=the(B))',  # a half of the picture is no way from a structure
        'within(all(A), "above")',
        'every(the(A), "left")',
        "every(all(A))",
        'only(all(A), all(A), "left")',
        'only(the(A), "left")',
        "between(the(A), the(B))",
        "both(exists(A))",
        "either(the(A), exists(B))",
        "either(exists(A), exists(B), exists(C))",
        "no(side(the(A)))",
        "no(exists(A), exists(B))",
        "clock(the(A)) == 3",
        'clock(the(A)) == "13"',
        'main_direction(the(A), the(B)) == "upper_left"',
        'both(exists(A), exists(B)) == "true"',
        'within(all(A), "middle")',
        "within(all(A), left)",
        "the(AB)",
        "the(a)",
        'the("two words")',
        'the("Größe")',
        "the(b'polyp')",
        'the(f"polyp")',
        'quadrant(the(A)) == "left"',
        'quadrant(the(A)) != "upper_left"',
        'quadrant(the(A)) == "upper_left" == "upper_left"',
        '"upper_left" == quadrant(the(A))',
        'exists(A) == "true"',
        'lateral(the(A), the(B)) == "anterior"',
        "body_side(all(A))",
        "laterality(the(A))",
        "distance_mm(the(A), the(B)) == 1.0",
        "largest(all(A)) == 1",
        'count(all(A)) == "2"',
        "count(all(A)) == 2.0",
        "count(all(A)) == True",
        "count(all(A)) == -1",
        "share(the(A)) == 1.0",
        "exists(A) and exists(B)",
        "not exists(A)",
        "lambda: exists(A)",
        "exists(A) if exists(B) else exists(C)",
        "[exists(A)]",
        "__import__('os').system('true')",
        "exists.__class__(A)",
        "exists(A)(B)",
        "(x := exists(A))",
        "exists(A)\x00",
    ],
)
def test_nothing_else_parses(text: str):
    with pytest.raises(ProgramError):
        programs.parse(text)


def test_an_error_names_the_column():
    with pytest.raises(ProgramError, match="nonsense") as refused:
        programs.parse("direction(the(A), nonsense(B))")
    assert refused.value.column == len("direction(the(A), ")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ('toward(all(A), "upper", to=the(B))', 15, "toward takes one of left, right, above, below"),
        ('count(within(all(A), "above"))', 21, "within takes one of left, right, upper, lower"),
        ("both(exists(A), side(the(A)))", 16, "both takes a Bool, not a Side"),
        ("no(exists(A), exists(B))", 0, "no takes 1 arguments, not 2"),
        ("no(between(the(A), the(B)))", 3, "between takes 3 arguments, not 2"),
        ("either(largest(all(A)), exists(A))", 7, "either takes a Bool, not a One"),
        ('toward(all(A), "left", to=all(B))', 26, "toward takes a One, not a Set"),
        ("share(second_largest(the(A)))", 21, "second_largest takes a Set, not a One"),
    ],
)
def test_an_ill_typed_argument_is_told_with_its_column(text: str, column: int, message: str):
    with pytest.raises(ProgramError, match=message) as refused:
        programs.parse(text)
    assert refused.value.column == column


def test_a_program_has_a_longest_length():
    label = "x" * (MAX_LENGTH - len('exists("")'))
    assert programs.value_type(f'exists("{label}")') == "Bool"
    with pytest.raises(ProgramError, match="longer"):
        programs.parse(f'exists("{label}x")')


@pytest.mark.parametrize("opening", ["within(", "(", "-", "exists(", "["])
def test_deep_nesting_is_refused_and_not_followed(opening: str):
    with pytest.raises(ProgramError):
        programs.parse(opening * (MAX_LENGTH // len(opening)))


def test_nesting_is_limited():
    def nested(levels: int) -> str:
        return "within(" * levels + "all(A)" + ', "left")' * levels

    assert programs.value_type(nested(MAX_DEPTH - 2)) == "Set"
    with pytest.raises(ProgramError, match="deeper"):
        programs.parse(nested(MAX_DEPTH - 1))


def test_slots_are_the_capital_letters_in_order():
    assert programs.slots("direction(the(B), nearest(all(A), to=the(B)))") == ("A", "B")
    assert programs.slots('quadrant(the("polyp"))') == ()


def test_closing_puts_labels_in_place_of_slots_in_double_quotes():
    closed = programs.close("horizontal( the(A),the(B) ) == 'left'", {"A": "liver", "B": "spleen"})
    assert closed == 'horizontal(the("liver"), the("spleen")) == "left"'


def test_closing_again_with_other_labels_starts_from_the_family_s_program():
    assert programs.close("exists(A)", {"A": "liver"}) == 'exists("liver")'
    assert programs.close("exists(A)", {"A": "polyp"}) == 'exists("polyp")'
    assert programs.slots("exists(A)") == ("A",)


def test_a_claim_compares_the_program_with_a_token():
    assert programs.claim('side( the("liver"))', "left") == 'side(the("liver")) == "left"'


def test_spelling_is_a_fixed_point():
    text = 'nearest(within(all("clip"), "left"), to=largest(among("liver", "spleen")))'
    assert programs.text_of(programs.parse(text)) == text
    assert isinstance(programs.parse(text), ast.Call)


def test_labels_of_a_closed_program_come_in_order_of_appearance_once_each():
    text = 'direction(the("spleen"), nearest(all("clip"), to=the("spleen")))'
    assert programs.labels(text) == ("spleen", "clip")


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("the(A)", 0),
        ("exists(A)", 1),
        ("quadrant(the(A))", 1),
        ('count(within(all(A), "left"))', 2),
        ("larger(nearest(all(A), to=the(B)), farthest(all(A), to=the(B)))", 3),
        ('topology(the(A), the(B)) == "inside"', 1),
        ("both(exists(A), no(exists(B)))", 2),
        ('second_largest(toward(all(A), "left", to=the(B)))', 2),
    ],
)
def test_difficulty_counts_the_words_that_relate_something(text: str, hops: int):
    assert programs.hops(text) == hops


def test_the_words_of_a_program_are_the_functions_it_calls():
    used = programs.words('lateral(nearest(all(A), to=the(B)), the(C)) == "left"')
    assert used == {"lateral", "nearest", "all", "the"}


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("lateral(the(A), the(B))", (("lateral", ("A", "B")),)),
        ('body_side(nearest(all(A), to=the(B))) == "left"', (("body_side", ("A",)),)),
        ('laterality(largest(all("tumour")), the("kidney_left"))', (("laterality", ("tumour", "kidney_left")),)),
        ("horizontal(the(A), the(B))", ()),
        (
            'either(lateral(the(A), the(B)) == "left", no(craniocaudal(the(C), the(A)) == "inferior"))',
            (("lateral", ("A", "B")), ("craniocaudal", ("C", "A"))),
        ),
    ],
)
def test_what_a_call_of_the_patient_s_frame_compares(text: str, compared: tuple[tuple[str, tuple[str, ...]], ...]):
    assert programs.compared(text) == compared


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("largest(all(A))", []),
        ('largest(within(all(A), "left"))', ['within(all(A), "left")']),
        ('every(toward(all(A), "left", to=the(B)), "upper")', ['toward(all(A), "left", to=the(B))']),
        (
            'within(toward(all(A), "left", to=the(B)), "upper")',
            ['within(toward(all(A), "left", to=the(B)), "upper")', 'toward(all(A), "left", to=the(B))'],
        ),
        # what is counted may be all, what it is counted from may not
        ('count(within(toward(all(A), "left", to=the(B)), "upper"))', []),
        ('count(toward(all(A), "left", to=largest(within(all(A), "right"))))', ['within(all(A), "right")']),
        ('both(count(within(all(A), "left")) == 1, exists(B))', []),
    ],
)
def test_the_filters_of_a_program_are_its_choosing_words_but_for_what_it_counts(text: str, parts: list[str]):
    assert [programs.text_of(call) for call in programs.filters(text)] == parts


def test_the_viewer_s_words_and_the_patient_s_are_apart_and_all_known():
    groups = (programs.PATIENT, programs.VIEWER, programs.MILLIMETRES, programs.REFERENCES, programs.JOINS)
    assert len(frozenset().union(*groups)) == sum(map(len, groups))
    assert frozenset().union(*groups) <= programs.FUNCTIONS.keys()
