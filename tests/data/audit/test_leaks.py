import numpy as np
import pytest

from napari_unet.data.audit import leaks
from napari_unet.data.audit.duplicates import look
from napari_unet.data.audit.facts import CaseFacts
from napari_unet.data.audit.findings import Survey


def facts(name, picture, patient="", subset="", mask=b"m", noise=0.0):
    """Return facts of a picture made from a number; with noise it is a near copy."""
    image = np.random.default_rng(picture).normal(size=(8, 8)).repeat(8, 0).repeat(8, 1)
    image = image + noise * np.random.default_rng(99).normal(size=image.shape)
    return CaseFacts(
        name,
        patient or name,
        subset,
        shape=(64, 64),
        high=1.0,
        pixels=f"{picture} {noise}".encode(),
        labels=mask,
        look=look(image),
        classes=(5, 5 if mask else 0),
    )


def kinds(rule, *cases, known=True):
    return {f.kind: f for f in rule(Survey(cases, known_patients=known))}


def test_a_copy_across_subsets_is_a_leak_by_name():
    cases = [facts("a", 1, "P", "train"), facts("b", 1, "Q", "test"), facts("c", 2, "Q", "test")]
    finding = kinds(leaks.copies, *cases)["copy across subsets"]
    assert finding.severity == "error"
    assert "a (train) = b (test)" in finding.text
    assert finding.cases == ("a", "b")
    assert finding.notes == ("equal to b (test)", "equal to a (train)")


def test_a_copy_across_patients_is_a_warning():
    found = kinds(leaks.copies, facts("a", 1, "P"), facts("b", 1, "Q"), facts("c", 1, "Q"))
    assert found.keys() == {"copy across patients"}
    finding = found["copy across patients"]
    assert finding.severity == "warning"
    assert "1 picture under several patients" in finding.text
    assert finding.notes[0] == "equal to b; equal to c"


def test_unknown_patients_are_not_called_patients():
    found = kinds(leaks.copies, facts("a", 1), facts("b", 1), known=False)
    assert "more than once" in found["copy across patients"].text


def test_a_copy_within_a_patient_counts_double_and_no_more():
    found = kinds(leaks.copies, facts("a", 1, "P"), facts("b", 1, "P"))
    assert found.keys() == {"copy"}
    assert found["copy"].severity == "info"


def test_one_picture_with_two_masks():
    found = kinds(leaks.copies, facts("a", 1, "P", mask=b"x"), facts("b", 1, "P", mask=b""))
    assert found.keys() == {"copy", "two masks for one image"}


def test_near_copies():
    pair = [facts("a", 1, "P"), facts("b", 1, "Q", noise=0.05), facts("c", 2, "R")]
    finding = kinds(leaks.near_copies, *pair)["near copy across patients"]
    assert (finding.severity, finding.cases) == ("warning", ("a", "b"))
    assert "a ≈ b" in finding.text
    assert "% like b" in finding.notes[0]
    across = [facts("a", 1, "P", "train"), facts("b", 1, "Q", "test", noise=0.05)]
    assert kinds(leaks.near_copies, *across).keys() == {"near copy across subsets"}


@pytest.mark.parametrize("subset", ["train", "test"])
def test_slices_of_one_patient_that_look_alike_are_no_finding(subset):
    pair = [facts("a", 1, "P", "train"), facts("b", 1, "P", subset, noise=0.05)]
    assert kinds(leaks.near_copies, *pair) == {}


def test_exact_copies_are_not_near_copies():
    assert kinds(leaks.near_copies, facts("a", 1), facts("b", 1)) == {}


def test_patients_in_two_subsets():
    cases = [facts("a", 1, "P", "train"), facts("b", 2, "P", "test"), facts("c", 3, "Q", "test")]
    finding = kinds(leaks.patients, *cases)["patient across subsets"]
    assert finding.severity == "error"
    assert "P in test and train" in finding.text
    assert finding.cases == ("a", "b")
    assert kinds(leaks.patients, facts("a", 1, "P", "train"), facts("b", 2, "P")) == {}


def test_one_mask_at_two_images():
    cases = [facts("a", 1, mask=b"x"), facts("b", 2, mask=b"x"), facts("c", 3, mask=b"")]
    finding = kinds(leaks.masks, *cases, facts("d", 4, mask=b""))["mask twice"]
    assert finding.cases == ("a", "b")
    assert kinds(leaks.masks, facts("a", 1, mask=b"x"), facts("b", 1, mask=b"x")) == {}


def test_long_lists_are_cut():
    cases = [facts(f"{side}{i}", i, side) for i in range(9) for side in "ab"]
    finding = kinds(leaks.copies, *cases)["copy across patients"]
    assert "and 4 more" in finding.text
    assert len(finding.cases) == 18
