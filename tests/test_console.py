import pytest

from napari_unet.console import Console, epoch_line, left
from napari_unet.events import CaseDone, EpochEnd, Note, Progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(float("nan"), ""), (0, "0:00 left"), (65.4, "1:05 left"), (3725, "1:02:05 left")],
)
def test_time_left(seconds, text):
    assert left(seconds) == text


def test_everything_goes_to_standard_error(capsys):
    end = EpochEnd(3, 0.5, 0.6, 0.7, 1e-3, 9.0, 50.0, best=True)
    with Console() as console:
        for event in (
            Note("hello"),
            Note("careful", warning=True),
            Progress(1, 4, "reading"),
            Progress(0.5, 2, "training, epoch 1", 30.0),
            end,
            CaseDone("a", error="no good"),
            CaseDone("b"),
        ):
            console(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    for text in ("hello", "warning: careful", "val Dice 0.7000", "warning: a: no good", "saved"):
        assert text in captured.err
    assert "b" not in captured.err.split("no good")[1].replace("\b", "")


def test_several_classes_are_told_one_by_one():
    end = EpochEnd(3, 0.5, 0.6, 0.7, 1e-3, 9.0, 50.0, True, {"anterior": 0.8, "posterior": 0.6})
    assert "0.7000 (anterior 0.8000, posterior 0.6000)" in epoch_line(end)


def test_the_line_of_an_epoch_marks_only_the_best():
    assert "saved" not in epoch_line(EpochEnd(3, 0.5, 0.6, 0.7, 1e-3, 9.0, 50.0, best=False))
