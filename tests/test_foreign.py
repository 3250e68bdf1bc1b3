import pytest

from napari_unet.foreign import harmless, plain_name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Glioma, T1", "Glioma, T1"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\con", "_con"),
        (".hidden", "hidden"),
        ("...", "model"),
        ("a\nb", "a b"),
    ],
)
def test_names_lead_nowhere(name, plain):
    assert plain_name(name) == plain


def test_records_keep_what_is_of_its_kind():
    card = {
        "training": {"seconds": 3, "history": [{"epoch": 1, "class_dice": {"a": 0.5}}], "x": [1]},
        "data": {"cases": "many", "patients": True, "folder": "f", "note": 3},
        "scores": {"val_dice": None, "epoch": 10**30},
    }
    assert harmless(card) == {
        "training": card["training"],
        "data": {"folder": "f", "note": 3},
        "scores": {},
    }


@pytest.mark.parametrize("history", [[3], [{"epoch": "1"}], [{"class_dice": {"a": []}}]])
def test_a_history_is_a_table_of_numbers(history):
    assert harmless({"training": {"history": history}}) == {"training": {}}


def test_texts_are_cleaned_wherever_they_are():
    found = harmless({"about": {"a\x1b": ["\x1b", {"b": "c\x00"}]}, "training": 3})
    assert found == {"about": {"a\ufffd": ["\ufffd", {"b": "c\ufffd"}]}, "training": 3}


def test_scores_are_summed_up_by_tables_of_numbers():
    good = {"images": 3, "mean": {"dice": 0.5}}
    subsets = {"test": good, "a": 3, "b": {"mean": 3}, "c": {"std": {"dice": "x"}}}
    assert harmless({"scores": {"subsets": subsets}}) == {"scores": {"subsets": {"test": good}}}
