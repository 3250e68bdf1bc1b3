from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from napari_unet.data.dataset import open_dataset
from napari_unet.data.splits.imported import read_split
from napari_unet.downloads.fetch import fetch
from napari_unet.downloads.folds import write_folds
from napari_unet.errors import DataError
from napari_unet.events import FetchFinished
from napari_unet.jobs import FetchJob

FOLDS = np.array([[5.0], [1.0], [3.0]])


def new_mat(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["cvind"] = FOLDS.T


def old_mat(path):
    savemat(path, {"cvind": FOLDS}, do_compression=True)


@pytest.mark.parametrize("write", [new_mat, old_mat])
def test_the_folds_become_a_table(tmp_path, write):
    for name in ("a/1.mat", "a/3.mat", "b/2.mat"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    write(tmp_path / "cvind.mat")
    table = write_folds(tmp_path)
    assert table == tmp_path / "folds.csv"
    assert table.read_text().split() == ["image,fold", "a/1.mat,5", "b/2.mat,1", "a/3.mat,3"]


def test_folders_without_folds(tmp_path):
    assert write_folds(tmp_path) is None
    new_mat(tmp_path / "cvind.mat")
    assert write_folds(tmp_path) is None
    (tmp_path / "4.mat").touch()  # more images than folds: some other data set
    assert write_folds(tmp_path) is None
    assert not (tmp_path / "folds.csv").exists()


def test_damaged_folds_are_said_to_be_so(tmp_path):
    (tmp_path / "1.mat").touch()
    (tmp_path / "cvind.mat").write_bytes(b"nonsense" * 30)
    with pytest.raises(DataError, match=r"cvind\.mat"):
        write_folds(tmp_path)


def test_the_layout_of_the_brain_tumour_set(server, zipped, real_data, tmp_path, monkeypatch):
    """Four archives of numbered MATLAB files and the folds, as figshare has them."""
    from napari_unet.downloads import catalog
    from napari_unet.downloads.catalog import Entry
    from napari_unet.events import RemoteFile

    sources = sorted(real_data("brain_tumor_mat").glob("*.mat"))[:4]
    files = []
    for n, pair in enumerate((sources[:2], sources[2:])):
        data = zipped({f"{2 * n + i + 1}.mat": p.read_bytes() for i, p in enumerate(pair)})
        files.append(RemoteFile(f"part{n}.zip", server.serve(f"/part{n}.zip", data), len(data)))
    savemat(tmp_path / "cvind.mat", {"cvind": np.array([[1], [2], [3], [4]])})
    data = (tmp_path / "cvind.mat").read_bytes()
    files.append(RemoteFile("cvind.mat", server.serve("/cvind.mat", data), len(data)))
    entry = Entry("brains", "Brains", "MRI", "CC BY 4.0", "http://x", tuple(files))
    monkeypatch.setattr(catalog, "_ENTRIES", (entry,))
    *_, done = fetch(FetchJob("brains", agreed=True))
    assert isinstance(done, FetchFinished)
    assert done.cases == 4
    assert done.problem == ""
    folds = read_split(Path(done.folder) / "folds.csv", open_dataset(done.folder), fold=2)
    assert [n for n, subset in folds.split.subsets.items() if subset == "test"] == ["part0/2"]
    assert len(folds.split.subsets) == 4
