import pytest

from napari_unet.events import CaseScore, Improved
from napari_unet.metrics import paired
from napari_unet.report.paired import differences, improved_lines, mean_dice, paired_words


def scores(*dices, patients=True):
    return tuple(
        CaseScore(f"c{i}", f"p{i}" if patients else "p", d, d, d, d, d, False)
        for i, d in enumerate(dices)
    )


def test_a_clear_gain():
    before, after = scores(*[0.5] * 12), scores(*[0.6 + i / 100 for i in range(12)])
    words = paired_words(paired(before, after))
    assert words.startswith("On average +0.155 Dice on 12 images; with 95 % confidence between +0.")
    assert "12 better, 0 worse, 0 equal" in words
    assert "hardly chance (p < 0.001" in words


def test_what_may_be_chance():
    words = paired_words(paired(scores(0.5, 0.5, 0.5), scores(0.6, 0.4, 0.55)))
    assert "2 better, 1 worse, 0 equal" in words
    assert "may well be chance (p = " in words


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((), (), "no images to compare"),
        (scores(0.5, 0.6), scores(0.5, 0.6), "No image changed"),
        (scores(0.5), scores(0.6), "one image of one patient: too few patients"),
        (scores(0.5, 0.6, patients=False), scores(0.6, 0.6, patients=False), "of one patient"),
    ],
    ids=["none", "equal", "one", "one patient"],
)
def test_what_tells_nothing(before, after, words):
    assert words in paired_words(paired(before, after))


def improved(before, after, subset="test"):
    return Improved("old", "new", subset, before, after, paired(before, after), ("a", "b"))


def test_lines_have_means_and_extremes():
    lines = improved_lines(improved(scores(*[0.5] * 9), scores(*[i / 10 for i in range(9)])), 2)
    assert lines[0] == "Learned from 2 corrected cases."
    assert lines[1] == "Mean Dice on the test cases: 0.5000 before, 0.4000 now."
    assert lines[3:] == ["  c8  +0.3000", "  c7  +0.2000", "  c1  -0.4000", "  c0  -0.5000"]


def test_cases_with_an_error_are_left_out():
    nan = float("nan")
    broken = CaseScore("c1", "p", nan, nan, nan, nan, nan, False, error="damaged")
    done = improved(scores(0.5, 0.5), (scores(0.7)[0], broken))
    assert differences(done) == [("c0", pytest.approx(0.2))]
    assert mean_dice(done.after) == 0.7


def test_nothing_to_compare_on():
    lines = improved_lines(improved((), (), ""))
    assert lines == ["Learned from 2 corrected cases.", "There are no images to compare on."]
