"""Rows reworded one by one: what is sent says nothing of them, what comes back is believed only if it is read back."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.errors import MmrsError
from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store
from mmrs_builder.paraphrase.options import rewording
from mmrs_builder.paraphrase.readback import reading
from mmrs_builder.paraphrase.rows import Reworded, Rewording, Sentence, reword
from mmrs_builder.templates import shipped
from mmrs_builder.vocab import VALUES
from tests.llm import endpoint as bad
from tests.llm.endpoint import KEY, Server, serving
from tests.llm.test_ask import FAULTS, QUICK
from tests.paraphrase.mutants import INJECTIONS
from tests.paraphrase.wordings import every_template

WORDS = shipped("en")
PATIENT = replace(QUICK, seconds=20, deadline=60)


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


def sentences(pattern: str = r"relate\.(horizontal|vertical)|locate\.quadrant", rows: int = 2) -> list[Sentence]:
    """``rows`` sentences of each template of some families, with a value where one is stated."""
    found = []
    for (family, part, text), template in every_template().items():
        if re.fullmatch(pattern, family):
            value = VALUES[template.wording.value_type][0] if "{value}" in text else None
            found += [Sentence(family=family, part=part, text=text, of=f"row{n}", value=value) for n in range(rows)]
    return found


def by(server: Server, **other: Any) -> Rewording:
    to = Endpoint(base_url=server.url, model="m", key=KEY)
    given: dict[str, Any] = {"limits": PATIENT, "caps": Caps(), "price": Price(prompt=1, completion=1), **other}
    return Rewording(to=to, budget="b", **given)


def run(server: Server, found: list[Sentence] | None = None, **other: Any) -> Reworded:
    return reword(sentences() if found is None else found, WORDS, by(server, **other), "out", lambda _: None)


def readbacks(server: Server) -> list[dict[str, Any]]:
    return [asked for prompt in server.prompts() if "programs" in (asked := json.loads(prompt))]


def reasons(found: Reworded) -> Counter[str]:
    return Counter(why for _, why, _ in found.refused)


def reading_back(choose: Any) -> bad.Fault:
    """Rewords well; reads back whatever ``choose`` makes of the request."""

    def fault(to: bad.Answering, body: dict[str, Any]) -> None:
        asked = json.loads(body["messages"][-1]["content"])
        if "programs" in asked:
            bad.completing(choose(asked))(to, body)
        else:
            to.says(200, bad.rewriter.completion(body))

    return fault


def test_every_sentence_is_reworded_or_refused_with_a_reason(server: Server):
    asked, told = sentences(), [0]
    found = reword(asked, WORDS, by(server), "out", lambda n: told.__setitem__(0, told[0] + n))
    assert found.stopped is None
    assert {*found.texts} | {sentence for sentence, _, _ in found.refused} == {*asked}
    assert len(found.texts) + len(found.refused) == len(asked)
    assert len(found.texts) >= 10
    assert all(text != sentence.text for sentence, text in found.texts.items())
    assert told == [2 * len(asked)]


def test_rows_of_one_template_are_told_apart_by_a_number_only(server: Server):
    run(server, sentences("locate.quadrant", rows=9))
    asked = [json.loads(prompt) for prompt in server.prompts() if "variant" in prompt]
    by_sentence: dict[str, list[dict[str, Any]]] = {}
    for item in asked:
        by_sentence.setdefault(item["sentence"], []).append(item)
    for items in by_sentence.values():
        assert sorted(item["variant"] for item in items) == list(range(9))
        assert len({json.dumps({**item, "variant": 0, "manner": ""}) for item in items}) == 1
    assert "row0" not in json.dumps(server.bodies)


def test_no_label_is_in_any_prompt_and_a_value_in_words_only_where_it_is_read_back(server: Server, desk: Path):
    labels = {
        name: (label, replace(term, name=f"PAYLOAD{n} {INJECTIONS[n % len(INJECTIONS)]}", also=()))
        for n, (name, (label, term)) in enumerate(WORDS.terms.labels.items())
    }
    hostile = replace(WORDS, terms=replace(WORDS.terms, labels=labels))
    found = reword(sentences(), hostile, by(server), str(desk / "PAYLOAD-patient-7"), lambda _: None)
    assert found.texts
    assert "PAYLOAD" not in json.dumps(server.bodies)
    assert readbacks(server)
    for prompt in server.prompts():
        assert "{" not in json.loads(prompt)["sentence"]
        if "programs" not in prompt:
            assert not re.search(r"\b(left|right|above|upper)\b", json.loads(prompt)["sentence"])


@pytest.mark.parametrize("name", ["storm", "storm_long", "hang", "half_json", "html", "refusal", "length", "huge",
                                  "key_in_500", "key_in_401", "unfit", "no_choices", "reset"])  # fmt: skip
def test_whatever_the_server_does_templates_stay_in_time_and_the_key_is_nowhere(server: Server, desk: Path, name: str):
    server.always = FAULTS[name][0]
    start = time.monotonic()
    found = run(server, sentences("locate.quadrant", rows=1), limits=replace(QUICK, deadline=3))
    assert time.monotonic() - start < 5
    assert found.texts == {}
    assert {why.split(":")[0] for why in reasons(found)} == {"no_reply"}
    written = b"".join(path.read_bytes() for path in desk.rglob("*") if path.is_file())
    assert KEY.encode() not in written + repr(found).encode()


@pytest.mark.parametrize("name", ["storm_now", "half_json", "reset", "refusal", "key_in_500"])
def test_failures_that_pass_leave_the_same_words(server: Server, desk: Path, name: str):
    asked = sentences(r"locate\.quadrant", rows=1)
    whole = run(server, asked)
    (desk / "state" / "llm.sqlite").unlink()
    server.faults = [FAULTS[name][0]] * 2
    assert run(server, asked, limits=replace(PATIENT, attempts=5, asks=4)).texts == whole.texts


@pytest.mark.parametrize(
    ("choose", "reason"),
    [
        (lambda asked: '{"program": "none"}', "read_otherwise"),
        (lambda asked: '{"program": "p99"}', "read_otherwise"),
        (lambda asked: json.dumps({"program": f"{KEY}"}), "read_otherwise"),
        (lambda asked: '{"program": 1}', "not_read_back:wrong_form"),
        (lambda asked: '{"answer": "p1"}', "not_read_back:wrong_form"),
        (lambda asked: "p1", "not_read_back:wrong_form"),
        (lambda asked: '{"program": "p1"', "not_read_back:wrong_form"),
    ],
)
def test_what_is_not_read_back_as_its_own_program_is_not_used(server: Server, choose: Any, reason: str):
    server.always = reading_back(choose)
    found = run(server, sentences(rows=1))
    assert found.texts == {}
    assert reasons(found)[reason] == len({item["sentence"] for item in readbacks(server)}) > 0


def test_a_wrong_value_read_back_keeps_the_template_of_that_sentence_alone(server: Server):
    """Whoever takes every "left" for "right" loses the sentences that say so, and no others."""

    def wrong(asked: dict[str, Any]) -> str:
        right = bad.rewriter.read_back(asked["sentence"], asked["programs"])
        other = asked["programs"][right]["program"].replace('"left"', '"right"')
        name = next((name for name, it in asked["programs"].items() if it["program"] == other), right)
        return json.dumps({"program": name})

    asked = sentences(r"locate\.(side|level)", rows=1)
    plain = run(server, asked)
    with serving() as liar:
        liar.always = reading_back(wrong)
        found = run(liar, asked)
    lost = {sentence for sentence in plain.texts if sentence not in found.texts}
    assert {(it.family, it.value) for it in lost} == {("locate.side", "left")}
    assert {*found.texts} == {*plain.texts} - lost
    assert {why for sentence, why, _ in found.refused if sentence in lost} == {"read_otherwise"}


@pytest.mark.parametrize("payload", INJECTIONS[::3])
def test_nothing_that_a_hostile_model_says_is_used_or_sent_again(server: Server, payload: str):
    server.always = bad.wordings(f"Which quadrant of the ⟦S1⟧ holds ⟦S2⟧? {payload}")
    found = run(server, sentences("locate.quadrant", rows=1))
    assert found.texts == {}
    assert readbacks(server) == []


def test_a_run_that_was_stopped_goes_on_without_paying_twice_and_ends_with_the_same_words(server: Server, desk: Path):
    whole, most = run(server), len(server.bodies)
    (desk / "state" / "llm.sqlite").unlink()
    server.bodies.clear()
    for cap in range(5, most, 30):
        found = run(server, caps=Caps(requests=cap))
        assert len(server.bodies) == cap
        assert "--max-requests" in (found.stopped or "")
        assert {*found.texts.items()} <= {*whole.texts.items()}
    assert run(server).texts == whole.texts
    assert len(server.bodies) == most
    server.always = bad.status(500)
    assert run(server, cache_only=True) == whole
    assert len(server.bodies) == most


@pytest.mark.parametrize("caps", [Caps(usd=0.01), Caps(tokens=9000)])
def test_both_rounds_together_keep_within_the_caps(server: Server, desk: Path, caps: Caps):
    found = run(server, caps=caps)
    spent = Store(desk / "state" / "llm.sqlite", "b").spent()
    assert found.stopped is not None
    assert spent.usd <= (caps.usd or 1)
    assert spent.tokens <= (caps.tokens or 10**9)


def test_what_two_rows_have_in_common_is_asked_once(server: Server):
    run(server, sentences(rows=12), limits=replace(PATIENT, concurrency=8))
    assert len({*server.prompts()}) == len(server.prompts())


def test_a_server_that_was_given_up_is_not_asked_to_read_back(server: Server):
    """Every third reply is good, until four failures in a row."""
    server.faults = [lambda to, body: to.says(200, bad.rewriter.completion(body))] * 6
    server.always = bad.status(500)
    found = run(server, limits=replace(PATIENT, failures=4, concurrency=1))
    assert len(server.bodies) == 6 + 4
    assert (found.stopped or "").startswith("4 failures")
    assert found.texts == {}
    assert set(reasons(found)) >= {"no_reply:stopped", "not_read_back:not_cached"}


def test_the_deadline_is_that_of_both_rounds(server: Server):
    server.always = reading_back(lambda _: time.sleep(0.2) or '{"program": "none"}')
    start = time.monotonic()
    found = run(server, limits=Limits(deadline=1.5, concurrency=1))
    assert time.monotonic() - start < 3
    assert "--deadline 1.5 s" in (found.stopped or "")


def test_in_every_list_the_right_program_stands_once_among_others_that_differ():
    for template in list(every_template().values())[::3]:
        value = VALUES[template.wording.value_type][-1] if "{value}" in template.wording.text else None
        asked = reading(template.wording.text, template, value)
        listed = json.loads(asked.request.user)["programs"]
        programs = [item["program"] for item in listed.values()]
        assert len({*programs}) == len(programs) > 1, template.place
        assert asked.right in listed
        schema = json.loads(asked.request.schema)
        assert schema["properties"]["program"]["enum"] == [*listed, "none"]


def test_the_roles_of_two_structures_are_told_apart_where_they_matter():
    def shown(family: str, part: str, value: str | None) -> list[str]:
        template = next(t for t in every_template().values() if t.place == (family, part, 1))
        asked = json.loads(reading(template.wording.text, template, value).request.user)
        return [item["program"] for item in asked["programs"].values()]

    assert 'horizontal(the("B"), the("A")) == "left"' in shown("relate.horizontal", "claim", "left")
    assert 'larger(the("B"), the("A"))' in shown("compare.larger", "question", None)
    assert 'topology(the("B"), the("A")) == "inside"' in shown("topology.relation", "statement", "inside")
    assert 'topology(the("B"), the("A")) == "touches"' not in shown("topology.relation", "statement", "touches")


def test_both_rounds_can_be_handed_in_as_batches(server: Server):
    plain = run(server, sentences("locate.quadrant"))
    with serving(Server(batches=bad.Batches())) as other:
        found = run(other, sentences("locate.quadrant"), batch=True)
        assert other.batches is not None
        assert other.batches.made == 2
        assert other.bodies == []
    assert found.texts == plain.texts


def test_options_become_limits():
    given = (
        "model=m base-url=http://h/v1 price=1:2 max-usd=3 max-requests=4 max-tokens=5 concurrency=6 timeout=7 "
        "deadline=8 max-wait=9 max-failures=10 budget=b"
    )
    told = rewording(given.split())
    assert told.caps == Caps(requests=4, tokens=5, usd=3)
    assert told.limits == Limits(concurrency=6, seconds=7, deadline=8, longest_wait=9, failures=10)
    assert (told.to.model, told.budget, told.cache_only) == ("m", "b", False)
    assert told.price == Price(prompt=1, completion=2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "needs a model"),
        (["model"], "KEY=VALUE"),
        (["model="], "KEY=VALUE"),
        (["mode=m"], "--llm mode"),
        (["model=m", "base-url=nonsense"], "--base-url nonsense"),
        (["model=m"], "OPENAI_API_KEY"),
        (["model=m", "base-url=http://h/v1", "key-env=NOT_SET"], "NOT_SET"),
        (["model=m", "base-url=http://h/v1", "concurrency=0"], "at least 1"),
        (["model=m", "base-url=http://h/v1", "timeout=nan"], "at least 0.1"),
        (["model=m", "base-url=http://h/v1", "cache-only=perhaps"], "yes or no"),
        (["model=m", "base-url=http://h/v1", "max-usd=2"], "--max-usd needs"),
    ],
)
def test_a_slip_in_the_options_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, given: list[str], said: str):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(MmrsError) as slip:
        rewording(given)
    assert said in f"{slip.value} {slip.value.hint}"
    assert slip.value.code == 2
    assert slip.value.hint


def test_without_sending_no_key_is_needed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert rewording(["model=m", "cache-only=yes"]).cache_only
