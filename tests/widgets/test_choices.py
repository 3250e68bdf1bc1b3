from napari_unet import workspace
from napari_unet.widgets import choices


def test_what_was_chosen_is_kept_beside_other_choices():
    assert choices.load("a", [1]) == [1]
    choices.save("a", ["dice"])
    choices.save("b", 3)
    assert choices.load("a", []) == ["dice"]
    assert choices.load("b", 0) == 3
    assert choices.load("b", "words") == "words"  # not what is understood under that name now


def test_a_damaged_file_is_as_none():
    choices.save("a", ["dice"])
    file = workspace.home() / "choices.json"
    for text in ("", "[1]", '{"a": '):
        file.write_text(text, encoding="utf-8")
        assert choices.load("a", ["iou"]) == ["iou"]
    choices.save("a", ["dice"])
    assert choices.load("a", []) == ["dice"]
