"""The dataset card, generated from the finished shards and never typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from mmrs_builder import statements as say
from mmrs_builder.digests import digest
from mmrs_builder.diversity import Diversity
from mmrs_builder.statements import Facts, Shards
from mmrs_builder.vocab import REASONS, SPLITS


def readme(facts: Facts, shards: Shards, wordings: Sequence[Diversity] = ()) -> str:
    """``README.md`` of a published folder: YAML that ``load_dataset`` and the Hub read, then prose.

    ``shards`` maps a file's path to its facts; only splits that exist are named.
    """
    head = yaml.safe_dump(_metadata(facts, shards), sort_keys=False, allow_unicode=True)
    parts = [
        _INTRO + (f"\n**{say.OFFICIAL}**\n" if facts.policy == "official" else ""),
        f"## Contents\n\n{contents(shards)}",
        _sources(facts),
        _splits(facts),
        _shown(facts),
        _overlays(facts),
        _twins(facts),
        _credits(facts),
        _wordings(wordings),
        _reworded(facts),
        _left_out(facts),
        _LIMITS,
    ]
    return f"---\n{head}---\n\n" + "\n".join(part for part in parts if part)


def _metadata(facts: Facts, shards: Shards) -> dict[str, object]:
    views, _ = say.totals(shards)
    modalities = sorted({source.modality for source in facts.sources if source.modality})
    return {
        "pretty_name": say.TITLE,
        "license": "other",
        "license_name": "per-source",
        "license_link": "README.md#sources",
        "language": [facts.language],
        "task_categories": ["visual-question-answering", "image-segmentation"],
        "annotations_creators": ["machine-generated"],
        "size_categories": [_size(views)],
        "tags": ["medical", "spatial-reasoning", "segmentation", *modalities],
        "configs": _configs(shards),
    }


def _config(name: str, folder: str, shards: Shards) -> dict[str, object]:
    """The entry of a config. Its description names the shards' content: ``datasets`` finds its cache by what the card
    says, and would read a folder that was built anew as it was before."""
    splits = [split for split in SPLITS if any(path.startswith(f"{folder}/{split}-") for path in shards)]
    files = [{"split": split, "path": f"{folder}/{split}-*.parquet"} for split in splits]
    if not files:
        return {}
    content = digest({path: entry["sha256"] for path, entry in shards.items() if path.startswith(f"{folder}/")})
    described = {"config_name": name, "description": f"shards {content[:16]}", "data_files": files}
    return {**described, **({"default": True} if name == "default" else {})}


def recarded(card: str, shards: Shards, note: str = "") -> str:
    """A card of ``readme`` for the same views in other files; ``note`` says what they lack, an earlier one goes."""
    _, head, body = card.split("---\n", 2)
    known = {**yaml.safe_load(head), "configs": _configs(shards)}
    start, title, rest = body.partition(_SOURCES)
    start = start.partition(RECIPE)[0]
    section = f"{RECIPE}\n{note}\n\n{_REHYDRATE}\n" if note else ""
    return f"---\n{yaml.safe_dump(known, sort_keys=False, allow_unicode=True)}---\n{start}{section}{title}{rest}"


def _configs(shards: Shards) -> list[dict[str, object]]:
    return [found for found in (_config(*it, shards) for it in _CONFIGS) if found]


def _size(n: int) -> str:
    for bound, label in ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M")):
        if n < bound:
            return label
    return "n>1M"


RECIPE = "## Recipe\n"
_SOURCES = "## Sources\n"

_REHYDRATE = """```sh
mmrs verify path/to/this/folder
mmrs rehydrate path/to/this/folder --data SOURCE=FOLDER --out full
mmrs verify full
```

Their columns are null here, and config `preview` shows no view without its picture.
"""

_CONFIGS = (("default", "data"), ("qa", "qa"), ("preview", "preview"))

_INTRO = f"""# {say.TITLE}

{say.ASKS} {say.PROVEN}

```python
from datasets import load_dataset

views = load_dataset("path/to/this/folder")            # one row per picture, questions nested
questions = load_dataset("path/to/this/folder", "qa")  # one row per question, no pixels
look = load_dataset("path/to/this/folder", "preview")  # up to 500 pictures with their masks drawn on them
```

{say.FRAMES}
"""


def contents(shards: Shards) -> str:
    """The table of splits with their views and questions."""
    rows = [[split, *counts] for split, counts in say.sizes(shards).items()]
    return table(["split", "views", "questions"], rows)


def _sources(facts: Facts) -> str:
    rows = [
        [s.name, s.title, s.version, s.modality, s.license, s.license_class, "yes" if s.patient_ids else "no"]
        for s in facts.sources
    ]
    unknown = say.patients(facts)
    note = f"\n{unknown}\n" if unknown else ""
    rules = "".join(f"\n- {rule}" for rule in say.mask_rules(facts))
    head = ["source", "corpus", "version", "modality", "licence", "class", "patient ids"]
    return f"{_SOURCES}\n{table(head, rows)}{note}\nHow masks were read:\n{rules}\n"


def _splits(facts: Facts) -> str:
    """How many views were found to show one picture, and what of the published splits leaks."""
    found, views = facts.counts["duplicates"], facts.counts["views"]
    rows = [[kind, n] for kind, n in found["pairs"].items() if n]
    torn = found["in_several_official_splits"]
    told = (
        f"{found['clusters']['count']} clusters of views show one picture each; the largest holds "
        f"{found['clusters']['largest']}. In the published splits {torn['patients']} patients and {torn['groups']} "
        f"other groups lie on several sides. Dropped: {views['leaks_into_test']} views whose group touches a published "
        f"test or validation set, {views['kept_out']} whose group holds a picture that is kept out.\n"
    )
    return f"## Duplicates and splits\n\n{table(['copies', 'pairs'], rows) + chr(10) if rows else ''}{told}"


def _shown(facts: Facts) -> str:
    """Which way up pictures lie, and how their greys were made."""
    ways: Mapping[str, Mapping[str, int]] = facts.counts["shown"]
    rows = [[source, *way.split(" | "), n] for source, found in ways.items() for way, n in found.items()]
    head = ["source", "modality", "plane", "down, right of the picture", "known by", "greys", "views"]
    return f"## How pictures are shown\n\n{table(head, rows)}{_SIDES}"


def _overlays(facts: Facts) -> str:
    """How many pictures seem to carry marks that are not part of what was photographed."""
    found: Mapping[str, Mapping[str, int]] = facts.counts["overlays"]
    rows = [[source, entry["views"], entry["suspected"]] for source, entry in found.items()]
    if not rows:
        return ""
    return f"## Marks in the pictures\n\n{table(['source', 'views measured', 'marks suspected'], rows)}{_MARKS}"


def _twins(facts: Facts) -> str:
    """How many counterfactual twins there are, by what was done."""
    found: Mapping[str, Mapping[str, int]] = facts.counts.get("twins", {})
    rows = [[op, entry["made"], entry["asked"]] for op, entry in found.items()]
    return f"## Twins\n\n{table(['operation', 'made', 'published'], rows)}{_MADE}" if rows else ""


def _wordings(found: Sequence[Diversity]) -> str:
    """How differently questions are put, and by whom."""
    rows = [
        [it.text_source, it.questions, it.wordings, *(f"{n:.3f}" for n in (it.leading, it.distinct_1, it.distinct_2))]
        + [f"{it.self_bleu:.3f}"]
        for it in found
    ]
    head = ["words from", "questions", "wordings", "leading wording", "distinct-1", "distinct-2", "self-BLEU"]
    return f"## Wordings\n\n{table(head, rows)}{_FIGURES}" if rows else ""


def _reworded(facts: Facts) -> str:
    """What became of the sentences that a model was asked to reword one by one."""
    told: Mapping[str, Any] | None = facts.counts.get("reworded")
    if told is None:
        return ""
    rows = [[code.replace("_", " "), n] for code, n in told["kept"].items()]
    why = f"\n{table(['kept as they were', 'sentences'], rows)}" if rows else ""
    return f"Of {told['sentences']} sentences a model reworded {told['reworded']}.\n{why}"


def _credits(facts: Facts) -> str:
    lines = [f"- {name}: {text}" for name, text in say.wished_credits(facts)]
    return "## Credits\n\n" + "\n".join(lines) + "\n" if lines else ""


def _left_out(facts: Facts) -> str:
    rejected: Mapping[str, Mapping[str, int]] = facts.counts["rejected"]
    rows = [[source, code, REASONS[code], n] for source, codes in rejected.items() for code, n in sorted(codes.items())]
    head = ["source", "code", "reason", "files"]
    guessed = ", ".join(f"`{family}`" for family in facts.counts["guessed"])
    why = f"\nNot asked, as they were answered without the pictures too often: {guessed}.\n" if guessed else ""
    if unproven := ", ".join(facts.counts.get("unproven", ())):
        why += f"\nNot asked, as there were too few to prove that pictures are needed to answer them: {unproven}.\n"
    return "## Left out\n\n" + (table(head, rows) if rows else "Nothing was rejected.\n") + why


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; a cell is one line, and a bar in it is no border."""
    cells = [[" ".join(str(cell).split()).replace("|", r"\|") for cell in row] for row in [head, *rows]]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]]) + "\n"


_SIDES = """
Down and right are given as places in the patient: "back, left" is an axial slice in the radiological convention.
Questions of the frame `patient` are asked only of views in which that is known; of the others nothing is said about the
patient's sides.
"""

_MADE = """
A twin is a view made from another one (`twin_of`, `transform`): mirrored, turned, cut, or with signs for the names of
structures (`markers`) on its picture and on a white canvas. It is published only if it is asked about. Questions of
`mirror`, `turn` and `crop` are asked of the original in the same words, with another answer; those of `canvas` of the
picture with signs, with the same answer.
"""

_FIGURES = """
A wording from `bank` was made by a language model from a template and passed checks that keep its facts; one from `row`
was made for its row, and the model also read the row's own program back out of it. *Leading
wording*: the part of a family's questions that its most frequent wording has, on average; *distinct-n*: different
n-grams by all; *self-BLEU*: 1 if all questions are alike (100 questions compared).
"""

_MARKS = """
Text, calipers, coloured marks and boxes that somebody burnt into a picture can tell an answer, or a person. They are
searched for by rule; faint and dark ones are missed, and the pictures are kept as they are.
"""

_LIMITS = f"""## Limits

- {say.RESEARCH}
- {say.OWN_MASKS}
- {say.LISTED}
"""
