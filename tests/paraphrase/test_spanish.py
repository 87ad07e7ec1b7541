"""Spanish paraphrases: good ones pass the gates, and what changes a fact or breaks the grammar of names does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from mmrs_builder.digests import keyed
from mmrs_builder.paraphrase.bank import read, with_bank
from mmrs_builder.paraphrase.gates import Template, novel, refused, templates
from mmrs_builder.paraphrase.lexicon import lexicon
from mmrs_builder.templates import shipped
from tests.build.command import mmrs
from tests.llm import endpoint as bad
from tests.llm.endpoint import Server, serving
from tests.paraphrase.spanish import MUTATIONS

DRAWN = 80

GOOD = (
    ("locate.quadrant", "question", "¿En cuál de los cuatro cuadrantes de la {image} se localiza {A}?"),
    ("locate.quadrant", "question", "¿En qué cuadrante de la {image} está situado {A}?"),
    ("locate.quadrant", "question", "Señale en qué cuadrante de la {image} está {A}."),
    ("locate.quadrant", "claim", "¿Está {A} en el cuadrante {value} de la {image}?"),
    ("locate.quadrant", "statement", "{A} está situado en el cuadrante {value} de la {image}."),
    ("locate.side", "question", "¿En cuál de las dos mitades, según una línea vertical, de la {image} está {A}?"),
    ("locate.side", "statement", "En la {image}, {A} está en la mitad {value}."),
    ("relate.horizontal", "question", "En horizontal, ¿dónde está {A} respecto {B.of} en la {image}?"),
    ("relate.horizontal", "claim", "En sentido horizontal, ¿está {A} {value} {B.of} en la {image}?"),
    ("relate.horizontal", "statement", "En sentido horizontal, {A} está {value} {B.of} en la {image}."),
    ("relate.direction", "question", "¿Dónde está {A} respecto {B.of} en la {image}?"),
    ("relate.direction", "statement", "En la {image}, {A} está {value} {B.of}."),
    ("compare.larger", "question", "En la {image}, ¿es {A} mayor que {B}?"),
    ("compare.larger", "question", "En la {image}, ¿ocupa {A} más superficie que {B}?"),
    ("presence.lesion", "question", "¿Se observa {A.a} en la {image}?"),
    ("presence.organ", "question", "¿Puede verse {A} en la {image}?"),
    ("count.lesions", "question", "Indique el número de {A.plural} visibles en la {image}."),
    ("count.lesions", "question", "¿Cuál es el número de {A.plural} que aparecen en la {image}?"),
)


@lru_cache(maxsize=1)
def spanish() -> tuple[Template, ...]:
    return templates(shipped("es"))


def mutants(kind: str) -> Iterator[tuple[Template, str]]:
    drawn = sorted(spanish(), key=lambda t: keyed("spanish", t.place))[:DRAWN]
    for t in drawn if kind not in ("swap_entities", "swap_body_directions", "drop_denial") else spanish():
        own = {novel(sibling.text) for sibling in t.siblings}
        changed = sorted(MUTATIONS[kind](t.wording.text, t), key=lambda it: keyed("mutant", it))
        yield from ((t, it) for it in changed[:1] if novel(it) not in own)


def test_almost_no_mutant_of_a_spanish_wording_gets_through():
    tried, missed = Counter[str](), Counter[str]()
    through = []
    for kind in MUTATIONS:
        for t, text in mutants(kind):
            tried[kind] += 1
            if refused(text, t, frozenset()) is None:
                missed[kind] += 1
                through.append((kind, t.family.id, text))
    assert len(tried) == len(MUTATIONS) >= 12
    assert missed.total() <= 0.005 * tried.total(), through
    assert {kind: n for kind, n in missed.items() if n > 0.02 * tried[kind]} == {}, through


def test_what_people_wrote_in_spanish_passes_but_for_being_known():
    drawn = sorted(spanish(), key=lambda t: keyed("own", t.place))[:DRAWN]
    assert Counter(refused(t.wording.text, t, frozenset()) for t in drawn) == {None: DRAWN}
    assert {refused(t.wording.text, t, frozenset({novel(t.wording.text)})) for t in drawn} == {"novelty"}


@pytest.mark.parametrize(("family", "part", "text"), GOOD)
def test_a_good_spanish_paraphrase_passes(family: str, part: str, text: str):
    known = frozenset(novel(t.wording.text) for t in spanish())
    found = [t for t in spanish() if t.place[:2] == (family, part)]
    assert any(refused(text, t, known) is None for t in found), [refused(text, t, known) for t in found]


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        ("slots", "¿En qué cuadrante de la {image} se encuentra la estructura?"),
        ("direction", "¿En qué cuadrante superior de la {image} se encuentra {A}?"),
        ("facts", "¿En qué mitad de la {image} se encuentra {A}?"),
        ("laterality", "¿En qué cuadrante de la {image}, según el observador, se encuentra {A}?"),
        ("act", "¿Se encuentra {A} en qué cuadrante de la {image}"),
        ("act", "¿Es posible decir en qué cuadrante de la {image} se encuentra {A}?"),
        ("choices", "¿En qué cuadrante de los siguientes de la {image} se encuentra {A}?"),
        ("hygiene", "¿En qué cuadrante de la {image} se encuentra el {A}?"),
        ("hygiene", "¿En qué cuadrante de la {image} se encuentra a {A}?"),
        ("hygiene", "¿En qué cuadrante de la {image} se encuentra {A} ☺?"),
        ("words", "¿En qué cuadrante de la {image} radica {A}?"),
    ],
)
def test_each_gate_refuses_in_spanish_what_it_is_for(gate: str, text: str):
    template = next(t for t in spanish() if t.place == ("locate.quadrant", "question", 1))
    assert refused(text, template, frozenset()) == gate


def test_every_language_with_a_lexicon_has_the_same_tables():
    english, other = lexicon("en"), lexicon("es")
    assert english.lists.keys() == other.lists.keys()
    for tongue in (english, other):
        known = {name for _, name in tongue.meanings.values()}
        named = ("role.picks", "role.after", "role.ordering", "role.holding", "once")
        assert {name for key in named for name in tongue.lists[key]} - known == set()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


def test_a_spanish_bank_is_made_and_taken(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    server.always = bad.wordings("¿En qué cuadrante de la ⟦S1⟧ está ⟦S2⟧?", "¿Dónde está ⟦S2⟧ en la ⟦S1⟧?")
    told = ("--model", "m", "--base-url", server.url, "--families", "locate.quadrant", "--language", "es")
    done = mmrs("paraphrase", *told)
    assert done.code == 0, done.err
    made = read(Path("paraphrases.toml"))
    assert made.language == "es"
    assert [wording.text for wording in made.entries] == ["¿En qué cuadrante de la {image} está {A}?"]
    family = next(it for it in with_bank(shipped("es"), made).families if it.id == "locate.quadrant")
    assert family.bank == ("¿En qué cuadrante de la {image} está {A}?",)
