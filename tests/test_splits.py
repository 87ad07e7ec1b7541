"""Train, validation and test: what belongs together is never torn apart, and official test sets stay clean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.splits import KEPT_OUT, Member, Placement, place
from mmrs_builder.vocab import SPLITS


def member(
    name: str,
    *,
    source: str = "s",
    patient: str | None = None,
    group: str | None = None,
    official: str | None = None,
    pixels: str | None = None,
    case: str | None = None,
    modality: str = "",
    labels: tuple[str, ...] = (),
) -> Member:
    return Member(
        view_id=f"{source}/{name}", source=source, case_id=case or name, patient_id=patient, group=group,
        split_official=official, picture=pixels or f"{source}/{name}",
        modality=modality, labels=labels,
    )  # fmt: skip


def placed(*members: Member, policy: str = "leak-safe", seed: int = 1) -> dict[str, Placement]:
    return {p.view_id.split("/")[1]: p for p in place(members, seed=seed, policy=policy)}  # type: ignore[arg-type]


def splits(*members: Member, policy: str = "leak-safe") -> dict[str, str | None]:
    return {name: p.split for name, p in placed(*members, policy=policy).items()}


NAMES = st.none() | st.sampled_from("abc")
MEMBERS = st.lists(
    st.builds(
        member,
        st.integers(0, 999).map(str),
        source=st.sampled_from("st"),
        patient=NAMES,
        group=NAMES,
        pixels=NAMES,
        case=NAMES,
        official=st.none() | st.sampled_from(SPLITS),
    ),
    max_size=12,
    unique_by=lambda m: m.view_id,
)


def linked(one: Member, other: Member) -> bool:
    """Whether two views share pixels, or within a source their case, patient or group."""
    known = [
        (one.case_id, other.case_id),
        (one.patient_id, other.patient_id),
        (one.group, other.group),
    ]
    near = one.source == other.source and any(a == b is not None for a, b in known)
    return near or one.picture == other.picture


@given(MEMBERS)
def test_linked_views_share_a_group_and_its_split(members: Sequence[Member]):
    found = {p.view_id: p for p in place(members, seed=1, policy="leak-safe")}
    for one in members:
        for other in members:
            if linked(one, other):
                a, b = found[one.view_id], found[other.view_id]
                assert a.group_id == b.group_id
                assert len({a.split, b.split} - {None}) <= 1


@given(MEMBERS)
def test_groups_are_no_larger_than_their_links(members: Sequence[Member]):
    """A group cannot be divided into two parts without a link between them."""
    groups = defaultdict(list)
    for m, p in zip(sorted(members, key=lambda m: m.view_id), place(members, seed=1, policy="leak-safe"), strict=True):
        groups[p.group_id].append(m)
    for together in groups.values():
        reached = [together[0]]
        for m in reached:
            reached += [other for other in together if other not in reached and linked(m, other)]
        assert len(reached) == len(together)


@given(MEMBERS, st.data())
def test_the_order_of_views_does_not_matter(members: Sequence[Member], data: st.DataObject):
    mixed = data.draw(st.permutations(members))
    assert place(mixed, seed=1, policy="leak-safe") == place(members, seed=1, policy="leak-safe")


@given(MEMBERS)
def test_an_official_test_view_is_kept_and_all_it_is_linked_to_is_in_test_or_dropped(members: Sequence[Member]):
    found = {p.view_id: p for p in place(members, seed=1, policy="leak-safe")}
    tested = {found[m.view_id].group_id for m in members if m.split_official == "test"}
    for m in members:
        if found[m.view_id].group_id in tested:
            assert found[m.view_id].split == ("test" if m.split_official == "test" else None)


@given(MEMBERS)
def test_the_official_policy_keeps_every_published_split_and_drops_nothing(members: Sequence[Member]):
    found = {p.view_id: p for p in place(members, seed=1, policy="official")}
    assert all(found[m.view_id].split in ((m.split_official,) if m.split_official else SPLITS) for m in members)


def test_one_patient_with_views_in_train_and_test_is_only_tested():
    train, test = member("a", patient="p", official="train"), member("b", patient="p", official="test")
    assert splits(train, test) == {"a": None, "b": "test"}
    assert splits(train, test, policy="official") == {"a": "train", "b": "test"}


def test_the_same_pixels_in_another_corpus_leak_too():
    test, copy = member("a", pixels="x", official="test"), member("b", source="t", pixels="x")
    assert splits(test, copy) == {"a": "test", "b": None}


def test_validation_is_kept_clean_of_training_views():
    train, validation = member("a", patient="p", official="train"), member("b", patient="p", official="validation")
    assert splits(train, validation) == {"a": None, "b": "validation"}


def test_a_view_without_official_split_joins_the_training_set_of_its_group():
    assert splits(member("a", patient="p", official="train"), member("b", patient="p")) == {"a": "train", "b": "train"}


def test_equal_patient_ids_of_two_corpora_are_two_patients():
    found = placed(member("a", patient="p"), member("b", source="t", patient="p"))
    assert found["a"].group_id != found["b"].group_id


def test_groups_are_divided_8_to_1_to_1_within_their_source_modality_and_rarest_label():
    kinds = [
        ("s", "ct", ("liver",)),
        ("s", "ct", ("liver", "tumour")),
        ("s", "mri", ("liver",)),
        ("t", "ct", ("liver",)),
    ]
    members = [
        member(f"{number}-{i}", source=source, modality=modality, labels=labels)
        for number, (source, modality, labels) in enumerate(kinds)
        for i in range(30 + 10 * number)
    ]
    found = splits(*members)
    for number in range(len(kinds)):
        n, counts = 30 + 10 * number, Counter(split for name, split in found.items() if name.startswith(f"{number}-"))
        assert abs(counts["train"] - 0.8 * n) < 1
        assert abs(counts["validation"] - 0.1 * n) < 1
        assert abs(counts["test"] - 0.1 * n) < 1


def test_many_small_strata_are_divided_8_to_1_to_1_together():
    found = Counter(splits(*(member(f"v{i}", labels=(f"l{i // 2}",)) for i in range(4000))).values())
    # four standard deviations of as many free draws, which are fewer by pairs
    assert abs(found["train"] - 3200) < 4 * 26
    assert abs(found["validation"] - 400) < 4 * 19
    assert abs(found["test"] - 400) < 4 * 19


def test_another_source_moves_no_group():
    old = [member(f"v{i}", patient=f"p{i // 3}", labels=("a", "b")[i % 2 :]) for i in range(60)]
    new = [member(f"new {i}", source="t", labels=("b",)) for i in range(40)]
    before, after = placed(*old), placed(*new, *old)
    assert {name: after[name] for name in before} == before


def test_a_new_case_moves_few_others():
    old = [member(f"v{i}", patient=f"p{i // 3}") for i in range(300)]
    before, after = placed(*old), placed(member("0 first"), *old)
    moved = {name for name in before if before[name] != after[name]}
    assert len(moved) <= 2 * 3  # a patient at each of the two limits
    assert {before[name].group_id for name in before} <= {item.group_id for item in after.values()}


def test_copies_are_one_group_whatever_their_sources():
    members = [member(f"v{i}", source="st"[i % 2]) for i in range(20)]
    copies = [(members[i].view_id, members[i + 1].view_id) for i in range(0, 20, 2)]
    found = place(members, seed=1, policy="leak-safe", copies=copies)
    assert len({p.group_id for p in found}) == 10
    assert len({(p.group_id, p.split) for p in found}) == 10


def test_a_copy_of_an_official_test_view_leaks():
    test, copy = member("a", official="test"), member("b", source="t", official="train")
    found = place([test, copy], seed=1, policy="leak-safe", copies=[("s/a", "t/b")])
    assert [(p.split, p.reason) for p in found] == [("test", None), (None, "leaks_into_test")]


def test_what_is_kept_out_is_in_no_split_and_its_copies_only_in_official_test_sets():
    kept = member("k", source=KEPT_OUT, pixels="x")
    train, test, free = (
        member(name, source=name, pixels="x", official=official)
        for name, official in (("train", "train"), ("test", "test"), ("free", None))
    )
    for policy in ("leak-safe", "official"):
        found = {p.view_id: p for p in place([kept, train, test, free], seed=1, policy=policy)}  # type: ignore[arg-type]
        assert {name: (p.split, p.reason) for name, p in found.items()} == {
            "train/train": (None, "kept_out"),
            "test/test": ("test", None),
            "free/free": (None, "kept_out"),
        }


def test_another_seed_divides_otherwise_and_groups_alike():
    members = [member(f"v{i}", patient=f"p{i // 3}") for i in range(60)]
    one, other = placed(*members), placed(*members, seed=2)
    assert {name: p.group_id for name, p in one.items()} == {name: p.group_id for name, p in other.items()}
    assert one != other


def test_no_view_has_no_place():
    assert place([], seed=1, policy="leak-safe") == ()
