"""One option of a recipe: its value, why, and what a person may be asked about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mmrs_builder.naming import mapping, named
from mmrs_builder.vocab import MODALITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """``question`` is empty where nobody is asked. ``answer`` is the value as a person would say it, if that differs.

    ``read`` turns an answer into settings; it raises ``ValueError``, saying what is allowed.
    """

    option: str
    value: str
    why: str
    sure: bool = False
    question: str = ""
    answer: str = ""
    read: Callable[[Setting, str], tuple[Setting, ...]] = field(default=lambda setting, answer: setting.said(answer))

    def said(self, value: str) -> tuple[Setting, ...]:
        """The setting with a person's value."""
        told = self.why if value == self.value else "as you said"
        return (replace(self, value=value, why=told, sure=True),)

    def taken(self, answer: str) -> tuple[Setting, ...]:
        """What an answer stands for. Raises ``ValueError`` for one that cannot be meant."""
        return self.read(self, answer)


def modality_setting(value: str, why: str) -> Setting:
    """Which modality the pictures are of."""
    question = f"Modality ({', '.join(MODALITIES)})"
    return Setting(option="modality", value=value, why=why, question=question, read=_one_of(MODALITIES))


def exhaustive_setting() -> Setting:
    """Whether every visible structure has a mask: a promise that only a person can make."""
    why = "yes is your promise that every visible structure has a mask; without it nothing is counted or called absent"
    question = "Does every visible structure of these labels have a mask (yes, no)"
    return Setting(option="exhaustive", value="no", why=why, question=question, read=_one_of(("yes", "no")))


def ids_setting() -> Setting:
    """Whether file names may be stored."""
    return Setting(
        option="ids",
        value="rank",
        why="rank keeps file names out of the shards; path stores them, for public data",
        sure=True,
        question="May file names be stored as case ids (yes for public data, no)",
        answer="no",
        read=_names_stored,
    )


def label_setting(value: str, why: str) -> Setting:
    """What masks of one kind show."""
    return Setting(option="label", value=value, why=why, question="What do the masks show", read=_one_label)


def labels_setting(option: str, value: str, why: str, *, sure: bool = False) -> Setting:
    """What numbers, colours or categories mean: ``1=liver,2=spleen``."""
    question = "What do numbers, colours or categories mean (1=liver,2=left kidney)"
    return Setting(
        option=option, value=value, why=why, sure=sure, question="" if sure else question, read=_several_labels
    )


def renaming_setting(names: tuple[str, ...]) -> Setting:
    """Other names for labels that the corpus itself names, in words that the vocabulary lacks."""
    some = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    why = f"the vocabulary lacks {some}: questions will call them so; rename with NAME=another name"
    question = f"Other names for {some} (NAME=another name; empty: as they are)"
    return Setting(option="labels", value="", why=why, question=question, read=_several_labels)


def _one_of(allowed: tuple[str, ...]) -> Callable[[Setting, str], tuple[Setting, ...]]:
    def read(setting: Setting, answer: str) -> tuple[Setting, ...]:
        matches = [value for value in allowed if value.startswith(answer.casefold())]
        if answer.casefold() not in allowed and (not answer or len(matches) != 1):
            raise ValueError(f"{answer!r} is none of {', '.join(allowed)}")
        return setting.said(answer.casefold() if answer.casefold() in allowed else matches[0])

    return read


def _names_stored(setting: Setting, answer: str) -> tuple[Setting, ...]:
    plain = answer.casefold()
    if plain not in ("y", "yes", "n", "no"):
        raise ValueError(f"{answer!r} is neither yes nor no")
    return setting.said("path" if plain.startswith("y") else "rank")


def _one_label(setting: Setting, answer: str) -> tuple[Setting, ...]:
    """A label of the vocabulary, or one's own with the words that it then needs."""
    label, term = named(answer)
    settings = setting.said(label.id)
    if term is not None:
        why = "the word for a label of your own: correct it if it is wrong"
        settings += tuple(
            Setting(option=option, value=value, why=why)
            for option, value in (("noun", term.name), ("plural", term.plural), ("article", term.article))
        )
    return settings


def _several_labels(setting: Setting, answer: str) -> tuple[Setting, ...]:
    for name in mapping(setting.option, answer).values():
        if name != "-":
            named(name)
    return setting.said(answer)
