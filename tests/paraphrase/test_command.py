"""``mmrs paraphrase`` and ``mmrs build --paraphrase bank`` as a user meets them."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store
from mmrs_builder.paraphrase import run
from mmrs_builder.templates import shipped
from tests.build import corpus as frames
from tests.build.command import Result, mmrs, published
from tests.llm import endpoint as bad
from tests.llm.endpoint import KEY, Server, serving
from tests.llm.test_ask import FAULTS
from tests.paraphrase.mutants import INJECTIONS

FEW = "locate.[lq]*"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a state folder and a key of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MMRS_LLM_KEY", KEY)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return tmp_path


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


def paraphrase(server: Server, *more: object, families: str = FEW) -> Result:
    given = ("--model", "rule-based-rewriter", "--base-url", server.url, "--families", families)
    return mmrs("paraphrase", *given, *more)


def bank(path: Path = Path("paraphrases.toml")) -> dict[str, list[dict[str, object]]]:
    return tomllib.loads(path.read_text("utf-8"))


def test_a_bank_says_where_each_wording_comes_from(server: Server):
    done = paraphrase(server, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    wordings = bank()["wording"]
    assert told["wordings"] == len(wordings) > 3
    assert {w["model"] for w in wordings} == {"rule-based-rewriter"}
    assert {w["endpoint"] for w in wordings} == {server.url}
    assert {w["date"] for w in wordings} == {"2023-11-14"}
    assert {w["mode"] for w in wordings} == {"json_schema"}
    assert all(len(str(w["prompt"])) == 64 and w["of"] != w["text"] for w in wordings)
    assert server.url in done.err


def test_every_refusal_is_counted_and_can_be_read(server: Server):
    server.always = bad.wordings("Where is it?", "Which upper quadrant of the ⟦S1⟧ holds ⟦S2⟧?")
    done = paraphrase(server, "--json", "--rejects", "rejects.jsonl", families="locate.quadrant")
    rejects = [json.loads(line) for line in Path("rejects.jsonl").read_text("utf-8").splitlines()]
    counted = json.loads(done.out)["refused"]
    assert sum(counted.values()) == len(rejects) == 2 * len(server.bodies)
    assert counted == bank()["refused"]
    assert {reject["reason"] for reject in rejects} == set(counted)


def test_the_same_command_again_sends_nothing_and_changes_nothing(server: Server):
    paraphrase(server)
    before, asked = Path("paraphrases.toml").read_bytes(), len(server.bodies)
    assert paraphrase(server).code == 0
    assert paraphrase(server, "--cache-only").code == 0
    assert Path("paraphrases.toml").read_bytes() == before
    assert len(server.bodies) == asked


def test_what_a_reviewer_switched_off_stays_off(server: Server):
    paraphrase(server)
    path = Path("paraphrases.toml")
    path.write_text(path.read_text("utf-8").replace("use = true", "use = false", 1), encoding="utf-8")
    paraphrase(server)
    assert [w["use"] for w in bank()["wording"]].count(False) == 1


def test_wordings_of_another_model_stay(server: Server):
    paraphrase(server)
    before = bank()["wording"]
    with serving() as other:
        other.always = bad.wordings("In what quadrant of the ⟦S1⟧ can ⟦S2⟧ be found?")
        paraphrase(other, families="locate.quadrant")
    after = bank()["wording"]
    assert [w for w in before if w not in after] == []
    assert len(after) == len(before) + 1


def judging(to: bad.Answering, body: dict[str, Any]) -> None:
    """Rewords as ever; as a judge it is against every "located"."""
    if body["model"] == "judge":
        same = "located" not in json.loads(body["messages"][-1]["content"])["second"]
        bad.completing(json.dumps({"same": same}))(to, body)
    else:
        to.says(200, bad.rewriter.completion(body))


def test_a_judge_has_the_last_word_and_sees_marks_only(server: Server):
    server.always = judging
    paraphrase(server, families="locate.quadrant")
    without = bank()["wording"]
    done = paraphrase(server, "--judge", "judge", "--json", families="locate.quadrant")
    told = json.loads(done.out)
    kept = bank()["wording"]
    against = [w for w in without if "located" in str(w["text"])]
    assert told["refused"]["judge"] == len(against) > 0
    assert [w["text"] for w in kept] == [w["text"] for w in without if w not in against]
    assert all(str(w["verdicts"]).endswith(" judge:judge") for w in kept)
    assert all("{" not in json.loads(prompt)["first"] for prompt in server.prompts() if "first" in json.loads(prompt))


def test_without_a_verdict_a_wording_is_left_out_until_there_is_one(server: Server):
    server.always = judging
    paraphrase(server, families="locate.quadrant")
    server.always = bad.completing('{"same": "perhaps"}')
    done = paraphrase(server, "--judge", "judge", "--json", families="locate.quadrant")
    assert "wording" not in bank()
    assert json.loads(done.out)["refused"]["unjudged"] > 0


def test_a_dry_run_names_the_price_and_sends_nothing(server: Server):
    done = paraphrase(server, "--dry-run", "--price", "2:10", "--json", families="*")
    told = json.loads(done.out)
    assert told["requests"] == told["templates"] > 1000
    assert told["usd"] == pytest.approx((2 * told["prompt_tokens"] + 10 * told["completion_tokens"]) / 1e6)
    assert server.bodies == []
    assert not Path("paraphrases.toml").exists()


def test_what_is_really_used_is_below_the_estimate(server: Server):
    told = json.loads(paraphrase(server, "--dry-run", "--json").out)
    spent = json.loads(paraphrase(server, "--json").out)["spent"]
    assert spent["requests"] == told["requests"]
    assert spent["tokens"] <= told["prompt_tokens"] + told["completion_tokens"]


def test_a_cap_in_dollars_needs_prices(server: Server):
    done = paraphrase(server, "--max-usd", "1")
    assert done.code == 2
    assert "--price" in done.err
    assert server.bodies == []


def test_a_spent_budget_ends_with_6_also_after_a_restart_and_the_bank_goes_on_later(server: Server):
    families = "segment.*"
    first = paraphrase(server, "--max-requests", "4", families=families)
    assert (first.code, len(server.bodies)) == (6, 4)
    assert "--max-requests 4" in first.err
    some = len(bank()["wording"])
    Path("paraphrases.toml").unlink()
    assert paraphrase(server, "--max-requests", "4", families=families).code == 6
    assert len(server.bodies) == 4
    assert len(bank()["wording"]) == some
    assert paraphrase(server, families=families).code == 0
    whole = Path("paraphrases.toml").read_bytes()
    Path("paraphrases.toml").unlink()
    assert paraphrase(server, "--cache-only", families=families).code == 0
    assert Path("paraphrases.toml").read_bytes() == whole


@pytest.mark.parametrize("name", ["quota", "no_model", "key_in_401", "storm_long", "unfit"])
def test_a_hopeless_server_ends_with_6_and_an_empty_bank_on_which_a_build_goes_through(server: Server, name: str):
    server.always = FAULTS[name][0]
    done = paraphrase(server)
    assert done.code == 6
    assert "Traceback" not in done.err
    assert "wording" not in bank()


@pytest.mark.parametrize("payload", INJECTIONS)
def test_nothing_that_a_hostile_model_says_gets_into_the_bank(server: Server, payload: str):
    server.always = bad.wordings(f"Which quadrant of the ⟦S1⟧ holds ⟦S2⟧? {payload}", payload)
    done = paraphrase(server, "--rejects", "r.jsonl", families="locate.quadrant")
    assert done.code == 0
    assert "wording" not in bank()
    assert Path("r.jsonl").read_text("utf-8").isascii()


def test_the_key_is_in_nothing_that_is_written_or_said(server: Server, desk: Path):
    server.faults = [bad.echo_in_500, bad.echo_in_reply]
    said = paraphrase(server, "--rejects", "r.jsonl")
    server.always = bad.echo
    told = paraphrase(server, families="segment.*")
    assert server.keys == {f"Bearer {KEY}"}
    assert told.code == 6
    written = b"".join(path.read_bytes() for path in desk.rglob("*") if path.is_file())
    assert KEY not in said.out + said.err + told.out + told.err
    assert KEY.encode() not in written


def test_the_key_of_openai_is_not_shown_to_another_server(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MMRS_LLM_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-mine")
    paraphrase(server)
    assert server.keys == {"Bearer none"}
    assert not {"openai-organization", "openai-project"} & server.headers


@pytest.mark.parametrize("url", ["ftp://x/v1", "nonsense", "http://user:pass@127.0.0.1/v1", "http://h/v1?key=1"])
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str):
    done = mmrs("paraphrase", "--model", "m", "--base-url", url)
    assert done.code == 2
    assert "pass" not in done.err.replace("password", "")


def test_openai_needs_a_key():
    done = mmrs("paraphrase", "--model", "m")
    assert done.code == 2
    assert "OPENAI_API_KEY" in done.err


def test_no_label_and_no_value_is_in_a_prompt(server: Server, desk: Path):
    """Whatever a source calls its labels: here each is called by a payload of its own."""
    words = shipped("en")
    labels = {
        name: (label, replace(term, name=f"PAYLOAD{n} {INJECTIONS[n % len(INJECTIONS)]}", also=()))
        for n, (name, (label, term)) in enumerate(words.terms.labels.items())
    }
    values = {kind: dict.fromkeys(table, "PAYLOAD") for kind, table in words.terms.values.items()}
    hostile = replace(words, terms=replace(words.terms, labels=labels, values=values))
    run.paraphrase(
        hostile, Endpoint(base_url=server.url, model="m"), Store(desk / "llm.sqlite", "b"), count=2, pattern="lo*",
        limits=Limits(), caps=Caps(), price=Price(prompt=0, completion=0),
    )  # fmt: skip
    assert len(labels) > 150
    assert len(server.bodies) > 80
    assert "PAYLOAD" not in json.dumps(server.bodies)
    assert all("{" not in json.loads(prompt)["sentence"] for prompt in server.prompts())


def build(folder: Path, *more: object) -> Result:
    given = ("build", "--source", "kvasir", "--data", folder / "Kvasir-SEG", "--out", folder / "shards", "--workers", 1)
    return mmrs(*given, *more)


def test_a_build_says_its_questions_in_the_words_of_the_bank_and_opens_no_source_file(server: Server, desk: Path):
    frames.write(desk / "Kvasir-SEG", 12)
    with opened() as first:
        assert build(desk).code == 0
    plain, decided = questions(desk), decisions(desk)
    assert paraphrase(server, "--per-template", 6, families="[ls]*").code == 0
    with opened() as again:
        done = build(desk, "--paraphrase", "bank", "--overwrite")
    assert done.code == 0, done.err
    assert pictures(first, desk)
    assert pictures(again, desk) == []
    assert decisions(desk) == decided  # nothing was asked anew either
    phrased = questions(desk)
    for field in ("question_id", "value", "target", "program"):
        assert [row[field] for row in phrased] == [row[field] for row in plain]
    assert {row["text_source"] for row in plain} == {"template"}
    assert sum(row["text_source"] == "bank" for row in phrased) > len(phrased) / 10
    verified = mmrs("verify", desk / "shards")
    assert verified.code == 0, verified.out
    before = published(desk / "shards")
    shutil.rmtree(desk / "shards")
    assert build(desk, "--paraphrase", "bank").code == 0
    assert published(desk / "shards") == before


def questions(desk: Path) -> list[dict[str, object]]:
    rows = [row for path in sorted((desk / "shards" / "qa").glob("*")) for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: str(row["question_id"]))


def decisions(desk: Path) -> dict[str, int]:
    """What was decided to be asked, and when."""
    return {path.name: path.stat().st_mtime_ns for path in (desk / "shards" / ".mmrs" / "ask").iterdir()}


_LISTENING: list[list[str]] = []


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("open", "subprocess.Popen", "os.posix_spawn") and _LISTENING:
        _LISTENING[-1].append(str(arguments[0]))


sys.addaudithook(_heard)


@contextmanager
def opened() -> Iterator[list[str]]:
    """Every file opened and every program started meanwhile."""
    _LISTENING.append([])
    yield _LISTENING[-1]
    _LISTENING.pop()


def pictures(files: list[str], desk: Path) -> list[str]:
    """Those that lie in the corpus, and programs, which could open some."""
    return [file for file in files if file.startswith(str(desk / "Kvasir-SEG" / "")) or "python" in Path(file).name]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('text = "', 'text = "Really, ', "words"),
        ('of = "', 'of = "Once ', "its template is gone"),
        ("use = true", 'use = "yes"', "use = 'yes'"),
        ("version = 1", "version = 9", "version 9"),
        ('language = "en"', 'language = "es"', "'es'"),
        ("[[wording]]", "[[wording", "TOMLDecodeError"),
        ("mode = ", "moods = ", "unknown keys moods"),
    ],
)
def test_a_build_refuses_a_bank_that_somebody_spoilt(server: Server, desk: Path, old: str, new: str, said: str):
    frames.write(desk / "Kvasir-SEG", 2)
    paraphrase(server)
    path = Path("paraphrases.toml")
    path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")
    done = build(desk, "--paraphrase", "bank")
    assert done.code == 2
    assert said in done.err
    assert not (desk / "shards" / "data").exists()


@pytest.mark.parametrize("given", [("--paraphrase", "bank"), ("--paraphrase", "loud"), ("--bank", "x.toml")])
def test_a_build_without_the_bank_that_it_needs_says_what_to_do(desk: Path, given: tuple[str, str]):
    frames.write(desk / "Kvasir-SEG", 2)
    done = build(desk, *given)
    assert done.code == 2
    assert "paraphrase" in done.err
