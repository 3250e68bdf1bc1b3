"""A split in words."""

from pathlib import Path

from tests.data.splits.test_split import cases

from napari_unet.config import SplitConfig
from napari_unet.data.cases import Dataset, LabelRule
from napari_unet.data.splits.imported import Imported
from napari_unet.data.splits.report import describe, describe_text
from napari_unet.data.splits.split import make_split


def test_numbers_and_kinds_and_what_is_wrong() -> None:
    made = tuple(cases([1, 2, 3, 4], ["a", "b", "a", "b"]))
    data = Dataset(Path("/data"), made, (), "", "names", LabelRule(), 1)
    checked = Imported(make_split(made, SplitConfig(50, 0, 50)), ("nobody",), (), ("patient x",))
    facts = describe(checked, data)
    parts = facts["subsets"]
    assert sum(p["cases"] for p in parts.values()) == 10
    assert sum(p["patients"] for p in parts.values()) == 4
    assert sum(p["tags"].get("kind", {}).get("a", 0) for p in parts.values()) == 4
    assert facts["leaks"] == ["patient x"]
    text = describe_text(checked, data)
    assert "kind: " in text
    assert "A leak: patient x." in text
    assert "nobody" in text
