import pytest

from napari_unet.data.folders import check_target, new_folder
from napari_unet.errors import DataError


def test_a_folder_appears_whole(tmp_path):
    target = tmp_path / "far" / "made"
    with new_folder(target, tmp_path / "data") as temporary:
        (temporary / "a").write_text("x")
        assert not target.exists()
    assert (target / "a").read_text() == "x"
    assert [p.name for p in target.parent.iterdir()] == ["made"]
    assert target.stat().st_mode & 0o777 == (tmp_path / "far").stat().st_mode & 0o777


@pytest.mark.parametrize("error", [OSError("full"), ValueError("other"), KeyboardInterrupt()])
def test_or_not_at_all(tmp_path, error):
    kind = DataError if isinstance(error, OSError) else type(error)
    with pytest.raises(kind), new_folder(tmp_path / "made", tmp_path / "data") as temporary:
        (temporary / "a").touch()
        raise error
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_used_and_a_full_one_left_alone(tmp_path):
    made, root = tmp_path / "made", tmp_path / "data"
    made.mkdir()
    with new_folder(made, root) as temporary:
        (temporary / "a").touch()
    for target, words in ((made, "not empty"), (made / "a", "not empty"), (root / "x", "own")):
        with pytest.raises(DataError, match=words):
            check_target(target, root)
