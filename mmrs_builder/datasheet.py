"""``DATASHEET.md``: the questions of Gebru et al., Datasheets for Datasets (2021), where a build can answer them."""

from __future__ import annotations

from mmrs_builder import statements as say
from mmrs_builder.cards import contents, table
from mmrs_builder.statements import Facts, Shards

_DISTRIBUTION = "## Distribution\n\n"


def datasheet(facts: Facts, shards: Shards) -> str:
    """The text of ``DATASHEET.md``. ``shards`` maps a file's path to its facts."""
    views, questions = say.totals(shards)
    masks = facts.counts["masks"]
    parts = [
        ("Motivation", [f"{say.USED_FOR}.", say.RESEARCH]),
        (
            "Composition",
            [
                f"{say.ASKS} {views} views with {questions} questions.",
                contents(shards),
                f"{facts.counts['views']['without_questions']} views have no question.",
                _counted({name: n for name, n in masks.items() if isinstance(n, int)}),
                say.UNIMPUTED,
                say.PERSONAL,
            ],
        ),
        ("Collection", [say.TAKEN, _sources(facts), say.used(facts)]),
        ("Preprocessing and labelling", [*say.mask_rules(facts), say.PROVEN, say.FRAMES, say.OWN_MASKS]),
        ("Uses", [say.ANATOMY, say.patients(facts) or "", say.OFFICIAL if facts.policy == "official" else ""]),
        ("Distribution", [_terms(facts)]),
        ("Maintenance", [say.KEPT_UP, say.LISTED]),
    ]
    sections = [f"## {title}\n\n" + "\n\n".join(text.strip() for text in texts if text) for title, texts in parts]
    return f"# Datasheet: {say.TITLE}\n\n" + "\n\n".join(sections) + "\n"


def recarded(text: str, note: str, *, lacking: bool) -> str:
    """The text of ``datasheet`` of a copy that lacks what ``note`` says, or lacks it no longer."""
    section = f"{_DISTRIBUTION}{note}\n\n"
    whole = text.replace(section, _DISTRIBUTION)
    return whole.replace(_DISTRIBUTION, section) if lacking else whole


def _counted(masks: dict[str, int]) -> str:
    return table(["counted in masks", "number"], [[name.replace("_", " "), n] for name, n in masks.items()])


def _sources(facts: Facts) -> str:
    rows = [[s.name, s.title, s.version, s.url] for s in facts.sources]
    return table(["source", "corpus", "version", "address"], rows)


def _terms(facts: Facts) -> str:
    """Whose terms hold for what."""
    rows = [[s.name, s.license, s.license_class] for s in facts.sources]
    wished = "\n".join(f"- {name}: {text}" for name, text in say.wished_credits(facts))
    return f"{table(['source', 'licence', 'class'], rows)}\n{wished}"
