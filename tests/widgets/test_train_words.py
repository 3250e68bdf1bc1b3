from napari_unet.events import EpochEnd, TrainFinished
from napari_unet.widgets.docks.train_words import status_words

CURVE = [
    EpochEnd(1, 0.5, 0.5, 0.71, 1e-3, 60.0, 10.0, True),
    EpochEnd(2, 0.5, 0.5, 0.64, 1e-3, 120.0, 10.0, False),
]
DONE = TrainFinished("m", "", 2, 1, 0.71, 120.0, "2 minutes are over")


def test_what_a_training_reached_and_where_its_model_is():
    assert status_words((), None, running=True) == ""
    assert status_words(CURVE, None, running=True) == "Best validation Dice 0.710 in epoch 1 of 2."
    stopped = status_words(CURVE, None, running=False)
    assert stopped.startswith("Stopped. Best validation Dice 0.710 in epoch 1 of 2.")
    assert stopped.endswith("was kept and is selected under Segment.")
    done = status_words(CURVE, DONE, running=False)
    assert "Done (2 minutes are over): best validation Dice 0.710 in epoch 1 of 2" in done
    assert done.endswith("The model is selected under Segment.")


def test_of_an_improvement_a_person_chooses():
    stopped = status_words(CURVE, None, running=False, improves=True)
    assert stopped.endswith("The best model was kept.")
    done = status_words(CURVE, DONE, running=False, improves=True)
    assert done.endswith("Choose between old and new under Correct.")
