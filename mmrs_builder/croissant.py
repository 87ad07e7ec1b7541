"""``croissant.json``: the build for machines, in Croissant 1.1 with the terms of its Responsible AI extension.

Written from the facts of the finished shards and the statements of the card. Columns that are lists of records
(structures, masks, questions in a view) are left to the schema in the Parquet files, which Croissant cannot express
without repeating it. Vocabulary: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, TypeAlias

import pyarrow as pa

from mmrs_builder import statements as say
from mmrs_builder.schema import IMAGE, PREVIEW_FIELDS, QA_FIELDS, SCHEMA_VERSION, VIEW_FIELDS
from mmrs_builder.statements import Facts, Shards
from mmrs_builder.types import Source

CONTEXT: Final[dict[str, object]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "key": "cr:key",
    **{
        name: f"cr:{name}"
        for name in (
            "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject",
            "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "md5",
            "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
            "separator", "source", "subField", "transform",
        )
    },
}  # fmt: skip
"""The context that the specification gives, word for word in meaning."""

CONFORMS: Final = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")

_Config: TypeAlias = tuple[str, str, Sequence[tuple[str, pa.DataType]], str]  # name, folder, fields, what it is

CONFIGS: Final[tuple[_Config, ...]] = (
    ("default", "data", VIEW_FIELDS, "One row per view; structures, masks and questions are nested."),
    ("qa", "qa", QA_FIELDS, "One row per question, no pixels."),
    ("preview", "preview", PREVIEW_FIELDS, "Some views with their masks drawn on the picture."),
)
TYPES: Final = (
    (pa.types.is_string, "sc:Text"),
    (pa.types.is_boolean, "sc:Boolean"),
    (pa.types.is_integer, "sc:Integer"),
    (pa.types.is_floating, "sc:Float"),
)


def croissant(facts: Facts, shards: Shards) -> str:
    """The text of ``croissant.json``. ``shards`` maps a file's path to its facts."""
    body = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS),
        "name": say.TITLE,
        "description": description(shards),
        "version": f"{SCHEMA_VERSION}.0.0+{facts.key[:12]}",
        "license": [_licence(source) for source in facts.sources],
        "citeAs": "; ".join(dict.fromkeys(text for _, text in say.wished_credits(facts))) or None,
        "inLanguage": [facts.language],
        "keywords": sorted({"spatial reasoning", "segmentation", *(s.modality for s in facts.sources if s.modality)}),
        "isLiveDataset": False,
        "distribution": _distribution(shards),
        "recordSet": _record_sets(shards),
        **_responsible(facts, shards),
    }
    known = {key: value for key, value in body.items() if value not in (None, [])}
    return json.dumps(known, indent=1, ensure_ascii=False) + "\n"


def recarded(text: str, shards: Shards, note: str, *, lacking: bool) -> str:
    """The text of ``croissant`` for the same views in other files; ``note`` is a limit if they are ``lacking``."""
    body = json.loads(text)
    limits = [limit for limit in body["rai:dataLimitations"] if limit != note]
    known = {
        "distribution": _distribution(shards),
        "recordSet": _record_sets(shards),
        "rai:dataLimitations": [*limits, note] if lacking else limits,
    }
    return json.dumps({**body, **known}, indent=1, ensure_ascii=False) + "\n"


def _configs(shards: Shards) -> list[_Config]:
    return [it for it in CONFIGS if any(path.startswith(f"{it[1]}/") for path in shards)]


def _distribution(shards: Shards) -> list[dict[str, object]]:
    return [*files_of(shards), *(_set(name, folder) for name, folder, _, _ in _configs(shards))]


def _record_sets(shards: Shards) -> list[dict[str, object]]:
    return [_records(name, fields, said) for name, _, fields, said in _configs(shards)]


def description(shards: Shards) -> str:
    """What it is, and how much of it."""
    views, questions = say.totals(shards)
    return f"{say.ASKS} {say.PROVEN} {views} views, {questions} questions."


def _licence(source: Source) -> dict[str, str]:
    terms = {"@type": "sc:CreativeWork", "name": f"{source.title}: {source.license}"}
    return {**terms, "url": source.url} if source.url else terms


def files_of(shards: Shards) -> list[dict[str, object]]:
    """Every shard as a file with its size and digest."""
    return [
        {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path.split("/")[1],
            "contentUrl": path,
            "contentSize": f"{entry['bytes']} B",
            "encodingFormat": "application/x-parquet",
            "sha256": entry["sha256"],
        }
        for path, entry in sorted(shards.items())
    ]


def _set(name: str, folder: str) -> dict[str, object]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-{name}",
        "name": f"files-{name}",
        "encodingFormat": "application/x-parquet",
        "includes": f"{folder}/*.parquet",
    }


def _records(name: str, fields: Sequence[tuple[str, pa.DataType]], said: str) -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": said,
        "field": [item for field, kind in fields if (item := _field(name, field, kind))],
    }


def _field(config: str, name: str, kind: pa.DataType) -> dict[str, object] | None:
    """A field of a record set; None for lists of records."""
    listed = pa.types.is_list(kind)
    inner = kind.value_type if listed else kind
    extract: dict[str, object] = {"column": name}
    if inner == IMAGE and not listed:
        of, more = "sc:ImageObject", {"transform": {"jsonPath": "bytes"}}
    else:
        of, more = next((term for test, term in TYPES if test(inner)), ""), {}
    if not of:
        return None
    source = {"fileSet": {"@id": f"files-{config}"}, "extract": extract, **more}
    array = {"isArray": True, "arrayShape": "-1"} if listed else {}
    return {"@type": "cr:Field", "@id": f"{config}/{name}", "name": name, "dataType": of, "source": source, **array}


def _responsible(facts: Facts, shards: Shards) -> dict[str, object]:
    """Terms of the Responsible AI extension that something is known for."""
    views, questions = say.totals(shards)
    per_item = f"{questions / views:.1f}" if views else "0"
    limits = [say.RESEARCH, say.OWN_MASKS, say.patients(facts), say.OFFICIAL if facts.policy == "official" else None]
    return {
        "rai:dataCollection": say.TAKEN,
        "rai:dataCollectionRawData": "; ".join(f"{s.title}, {s.version}: {s.url or s.access}" for s in facts.sources),
        "rai:dataCollectionMissingData": say.used(facts),
        "rai:dataImputationProtocol": say.UNIMPUTED,
        "rai:dataPreprocessingProtocol": say.mask_rules(facts),
        "rai:dataAnnotationProtocol": [say.PROVEN, say.FRAMES],
        "rai:annotationsPerItem": f"{per_item} questions per view on average",
        "rai:machineAnnotationTools": [say.LISTED],
        "rai:dataBiases": [say.ANATOMY],
        "rai:dataUseCases": [f"{say.USED_FOR}."],
        "rai:dataLimitations": [text for text in limits if text],
        "rai:personalSensitiveInformation": [say.PERSONAL],
        "rai:dataReleaseMaintenancePlan": say.KEPT_UP,
    }
