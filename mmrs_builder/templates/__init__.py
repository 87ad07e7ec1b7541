"""Families of questions, their wordings and terms: read from ``templates/``, checked, rendered."""

from mmrs_builder.templates.checks import check, check_folder
from mmrs_builder.templates.files import load
from mmrs_builder.templates.language import (
    Family,
    Language,
    PlaceholderError,
    Problem,
    TemplateError,
    Terms,
    label_text,
    phrase_text,
    render,
    template_id,
    to_json,
    value_text,
    with_terms,
)

__all__ = [
    "Family",
    "Language",
    "PlaceholderError",
    "Problem",
    "TemplateError",
    "Terms",
    "check",
    "check_folder",
    "label_text",
    "load",
    "phrase_text",
    "render",
    "template_id",
    "to_json",
    "value_text",
    "with_terms",
]
