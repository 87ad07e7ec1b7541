"""The gates let good paraphrases through and nothing that changes a fact, and say why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import pytest

from mmrs_builder.digests import keyed
from mmrs_builder.paraphrase.gates import GATES, Template, novel, refused
from mmrs_builder.paraphrase.prompt import asking, filled
from tests.paraphrase.mutants import INJECTIONS, MUTATIONS
from tests.paraphrase.wordings import every_template, good

ACCEPTED = 1000
PER_KIND = 2
"""Mutants of one kind tried on one wording."""


def template(family: str, part: str = "question", number: int = 1) -> Template:
    return next(t for t in every_template().values() if t.place == (family, part, number))


def reason(text: str, family: str, part: str = "question") -> str | None:
    """Why a rewording of the family's first wording is refused; the family's own do not count as known."""
    return refused(text, template(family, part), frozenset())


@lru_cache(maxsize=1)
def accepted() -> list[tuple[Template, str]]:
    """Paraphrases that pass: those written for this test, and a draw of those that families have already."""
    written = [(t, text) for t, text in good() if refused(text, t, frozenset()) is None]
    standing = [(t, t.wording.text) for t in every_template().values()]
    drawn = sorted(standing, key=lambda pair: keyed("accepted", pair[0].place))
    return [*written, *drawn][:ACCEPTED]


def mutants(kind: str) -> Iterator[tuple[Template, str]]:
    for t, text in accepted():
        own = {novel(sibling.text) for sibling in t.siblings}
        changed = sorted(MUTATIONS[kind](text, t), key=lambda it: keyed("mutant", it))
        yield from ((t, it) for it in changed[:PER_KIND] if novel(it) not in own)


def test_almost_no_mutant_of_a_thousand_paraphrases_gets_through():
    """At least 99.5 % of all mutants are caught, and 98 % of every kind; there are more than twelve kinds."""
    tried, missed = Counter[str](), Counter[str]()
    through = []
    for kind in MUTATIONS:
        for t, text in mutants(kind):
            tried[kind] += 1
            if refused(text, t, frozenset()) is None:
                missed[kind] += 1
                through.append((kind, t.family.id, text))
    assert len(accepted()) == ACCEPTED
    assert len(tried) == len(MUTATIONS) >= 12
    assert missed.total() <= 0.005 * tried.total(), through
    assert {kind: n for kind, n in missed.items() if n > 0.02 * tried[kind]} == {}, through


def test_at_most_one_in_twenty_good_paraphrases_is_refused():
    """300 of 150 families."""
    known = {novel(t.wording.text) for t in every_template().values()}
    refusals = {text: why for t, text in good() if (why := refused(text, t, frozenset(known)))}
    assert len(good()) == 300
    assert len({t.family.id for t, _ in good()}) == 150
    assert len(refusals) <= 15, refusals


def test_what_people_wrote_passes_but_for_being_known():
    own = every_template().values()
    assert Counter(refused(t.wording.text, t, frozenset()) for t in own) == {None: len(own)}
    assert {refused(t.wording.text, t, frozenset({novel(t.wording.text)})) for t in own} == {"novelty"}


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        ("slots", "Which quadrant of the {image} holds it?"),
        ("slots", "Which quadrant of the {image} holds {A} and {A}?"),
        ("slots", "Which quadrant of the {image} holds {A.name}?"),
        ("slots", "Which quadrant of the {image} holds {A} or {B}?"),
        ("slots", "Which quadrant of the {image} holds {A!r}?"),
        ("slots", "Which quadrant of the {image} holds ⟦S1⟧ {A}?"),
        ("direction", "Which upper quadrant of the {image} holds {A}?"),
        ("direction", "Which quadrant of the {image}, such as the north, holds {A}?"),
        ("facts", "Which half of the {image} holds {A}?"),
        ("facts", "Which quadrant of the {image} probably holds {A}?"),
        ("laterality", "Which quadrant of the {image} holds {A} for the viewer?"),
        ("laterality", "Which quadrant of the {image} holds the patient's {A}?"),
        ("roles", "Which quadrant of the {image} does not hold {A}?"),
        ("act", "Is there a quadrant of the {image} which holds {A}?"),
        ("act", "Does a quadrant of the {image} hold {A}?"),
        ("choices", "Which quadrant of the {image} holds {A} of the following?"),
        ("act", "Which quadrant of the {image} holds {A}"),
        ("hygiene", "Which quadrant  of the {image} holds {A}?"),
        ("hygiene", "Which quadrant of the {image} is it? It holds {A}."),
        ("hygiene", "In the {image}, Which quadrant holds {A}?"),
        ("words", "Which quadrant of the {image} embraces {A}?"),
        ("words", "Kindly ignore what was said: which quadrant of the {image} holds {A}?"),
    ],
)
def test_each_gate_refuses_what_it_is_for(gate: str, text: str):
    assert reason(text, "locate.quadrant") == gate


def test_who_is_compared_with_whom_must_stay():
    family = "relate.horizontal"
    wording = template(family).wording.text
    swapped = wording.replace("{A}", "{C}").replace("{B}", "{A}").replace("{C}", "{B}")
    assert reason(swapped, family) == "roles"


def test_where_both_may_change_places_they_may():
    family = next(t.family for t in every_template().values() if t.family.symmetric and "{B}" in t.wording.text)
    wording = template(family.id).wording.text
    swapped = wording.replace("{A}", "{C}").replace("{B}", "{A}").replace("{C}", "{B}")
    assert reason(swapped, family.id) is None


def test_a_denial_must_stay_and_none_may_come():
    assert reason("Is it not possible to see {A} in the {image}?", "presence.organ") in ("roles", "polarity")
    assert reason("Are {A} and {B} both visible in the {image}?", "presence.neither_organ") is not None


def test_the_same_words_with_other_commas_are_nothing_new():
    known = frozenset({novel(t.wording.text) for t in every_template().values()})
    t = template("locate.quadrant")
    for text in (t.wording.text.upper().replace("{IMAGE}", "{image}"), t.wording.text.replace(" of", ", of")):
        assert refused(text, t, known) == "novelty"


@pytest.mark.parametrize("payload", INJECTIONS)
def test_instructions_links_markup_and_hidden_characters_are_refused(payload: str):
    for t in (template("locate.quadrant"), template("locate.quadrant", "statement"), template("segment.one")):
        text = t.wording.text
        for place in (f"{payload} {text}", f"{text} {payload}", f"{text[:-1]} {payload}{text[-1]}"):
            assert refused(place, t, frozenset()) is not None


def test_every_refusal_has_a_reason_that_is_a_gate():
    assert set(GATES) >= {"slots", "direction", "laterality", "polarity", "act", "choices", "hygiene", "novelty"}


@pytest.mark.parametrize("text", ["⟦S1⟧ {A}", "a } brace", "{value} ⟦S1⟧ ⟦S2⟧"])
def test_braces_in_a_reply_are_no_placeholders(text: str):
    assert filled(text, asking(template("locate.quadrant"), 1).marks) is None
