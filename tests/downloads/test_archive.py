import gzip
import io
import random
import shutil
import struct
import tarfile
import zipfile

import pytest

from napari_unet.downloads import archive
from napari_unet.downloads.archive import Budget, budget_for, is_archive, safe_parts, stem, unpack
from napari_unet.errors import DataError


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "outer" / "new"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def unpacked(tmp_path, into):
    """Unpack bytes as an archive of a name; return what then lies there."""

    def run(name, data, **limits):
        path = tmp_path / name
        path.write_bytes(data)
        budget = budget_for([path], into)
        for field, value in limits.items():
            setattr(budget, field, value)
        list(unpack(path, into, budget))
        return files(into)

    return run


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


GOOD = {"images/1.png": b"one", "masks/ä 1.png": b"two" * 1000, "read.me": b""}


def test_zip(unpacked, zipped):
    assert unpacked("a.zip", zipped({"images/": b"", **GOOD})) == GOOD


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *((".tar", "w"), (".tar.gz", "w:gz"), (".tgz", "w:gz"), (".tar.bz2", "w:bz2")),
        *((".TAR.XZ", "w:xz"),),
    ],
)
def test_tar(unpacked, tarred, suffix, mode):
    assert unpacked(f"a{suffix}", tarred(GOOD, mode)) == GOOD


def test_names():
    assert stem("images.tar.gz") == "images"
    assert stem("a.b.ZIP") == "a.b"
    assert stem("scan.nii.gz") == "scan.nii.gz"


def test_archives_within_archives(unpacked, zipped, tarred):
    inner = zipped({"1.png": b"one"})
    found = unpacked("a.zip", zipped({"images.zip": inner, "m/masks.tgz": tarred({"1.png": b"m"})}))
    assert found == {"images/1.png": b"one", "m/masks/1.png": b"m"}


def test_archives_too_deep(unpacked, zipped):
    data = zipped({"1.png": b"one"})
    for depth in range(4):
        data = zipped({f"{depth}.zip": data})
    with pytest.raises(DataError, match="within archives"):
        unpacked("a.zip", data)


HOSTILE = [
    *("../evil.png", "a/../../evil.png", "/etc/evil", "C:/evil.png", "C:evil.png", "..\\evil.png"),
    *("\\\\server\\share\\evil", "a/..", "con", "NUL.png", "images/com1.tif", "aux .png", "lpt¹"),
    *("trailing.", "trailing ", "a\nb.png", "bell\x07.png", "x" * 300, "..", "conin$"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(into, unpacked, zipped, tarred, name):
    with pytest.raises(DataError, match="is not unpacked"):
        unpacked("a.zip", zipped({"good.png": b"", name: b"evil"}))
    shutil.rmtree(into)
    into.mkdir()
    with pytest.raises(DataError, match="is not unpacked"):
        unpacked("a.tar", tarred({"good.png": b"", name: b"evil"}, "w"))
    assert {p.name for p in into.parent.iterdir()} == {"new"}
    assert {p.name for p in into.parent.parent.iterdir()} == {"outer", "a.zip", "a.tar"}


@pytest.mark.parametrize("name", ["console.png", "com10.tif", "..a.png", "a..b.png", "nul_1.png"])
def test_odd_names_that_are_harmless(name):
    assert safe_parts(f"./{name}") == (name,)


@pytest.mark.parametrize(
    "names",
    [("a.png", "A.png"), ("a.b", "a.b/c.png"), ("a.b/c.png", "A.B"), ("ä.png", "a\u0308.png")],
)
def test_names_that_are_one_on_some_systems(into, unpacked, zipped, tarred, names):
    with pytest.raises(DataError, match="twice"):
        unpacked("a.zip", zipped(dict.fromkeys(names, b"x")))
    shutil.rmtree(into)
    into.mkdir()
    with pytest.raises(DataError, match="twice"):
        unpacked("a.tar", tarred(dict.fromkeys(names, b"x"), "w"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice(unpacked):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr("a.png", b"one")
        z.writestr("a.png", b"two")
    with pytest.raises(DataError, match="twice"):
        unpacked("a.zip", buffer.getvalue())


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_tars(into, unpacked, tarred, kind):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match="link or a device"):
        unpacked("a.tar.gz", tarred({"link": link, "link/evil": b"x"}))
    assert not list(into.iterdir())


def test_links_in_zips(into, unpacked):
    buffer = io.BytesIO()
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="link or a device"):
        unpacked("a.zip", buffer.getvalue())
    assert not list(into.iterdir())


def test_zip_bomb(into, unpacked, zipped, monkeypatch):
    monkeypatch.setattr(archive, "HARMLESS", 2**20)
    bomb = zipped({"zeros.png": bytes(2**24)})
    with pytest.raises(DataError, match="made to fill disks"):
        unpacked("a.zip", bomb)
    assert not list(into.iterdir())  # told by the list, before anything was written


def test_tar_bomb(into, unpacked, tarred, monkeypatch):
    monkeypatch.setattr(archive, "HARMLESS", 2**20)
    with pytest.raises(DataError, match="made to fill disks"):
        unpacked("a.tar.gz", tarred({"zeros.png": bytes(2**24)}))
    assert not list(into.iterdir())


def test_nested_bomb(into, unpacked, zipped, monkeypatch):
    """Each of the inner archives is harmless; all together they are not."""
    monkeypatch.setattr(archive, "HARMLESS", 2**20)
    inner = zipped({"zeros.png": bytes(2**19)})
    with pytest.raises(DataError, match="made to fill disks"):
        unpacked("a.zip", zipped({f"{i}.zip": inner for i in range(40)}))
    assert sum(p.stat().st_size for p in into.rglob("*.png")) <= 2**20


def test_what_does_not_fit_on_the_disk(into, unpacked, zipped):
    with pytest.raises(DataError, match="free on the disk"):
        unpacked("a.zip", zipped({"a.png": bytes(1000)}), free=999)
    assert not list(into.iterdir())


def test_too_many_entries(unpacked, zipped, tarred, monkeypatch):
    monkeypatch.setattr(archive, "MOST_ENTRIES", 10)
    many = {f"{i}/": b"" for i in range(11)}
    with pytest.raises(DataError, match="more than 10 entries"):
        unpacked("a.zip", zipped(many))
    with pytest.raises(DataError, match="more than 10 entries"):
        unpacked("a.tar", tarred({f"{i}": b"" for i in range(11)}, "w"))


def test_a_zip_that_lies_about_sizes(into, unpacked, zipped):
    data = bytearray(zipped({"a.png": bytes(5000)}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 50)
    with pytest.raises(DataError, match="damaged"):
        unpacked("a.zip", bytes(data))
    assert sum(p.stat().st_size for p in into.rglob("*.png")) <= 50


def test_a_tar_header_that_asks_for_gigabytes(unpacked):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 2**33
    with pytest.raises(DataError, match="more memory"):
        unpacked("a.tar.gz", gzip.compress(header.tobuf(tarfile.GNU_FORMAT)))


def test_a_zip_directory_that_asks_for_gigabytes(unpacked, zipped, monkeypatch):
    monkeypatch.setattr(archive, "MOST_AT_ONCE", 2**16)
    data = zipped({f"{i:0200}.png": b"" for i in range(500)})
    with pytest.raises(DataError, match="more memory"):
        unpacked("a.zip", data)


def test_a_locked_zip(unpacked, zipped):
    data = bytearray(zipped({"a.png": b"x"}))
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(mark) + place] |= 1
    with pytest.raises(DataError, match="password"):
        unpacked("a.zip", bytes(data))


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_damaged_archives(into, unpacked, zipped, tarred, name):
    modes = {".gz": "w:gz", "bz2": "w:bz2", ".xz": "w:xz", "tar": "w"}
    members = {"a.png": bytes(range(256)) * 99, "b.png": b"b" * 3000}
    good = zipped(members) if name == "a.zip" else tarred(members, modes[name[-3:]])
    for bad in (b"", b"nonsense" * 100, good[: len(good) // 2], good[:200]):
        shutil.rmtree(into)
        into.mkdir()
        with pytest.raises(DataError, match=r"a\..*(damaged|is not unpacked)"):
            unpacked(name, bad)


def test_damage_in_the_middle(unpacked, zipped):
    data = bytearray(zipped({"a.png": bytes(range(256)) * 99}))
    data[60] ^= 0xFF
    with pytest.raises(DataError, match="damaged"):
        unpacked("a.zip", bytes(data))


def test_a_full_disk_is_not_called_damage(into, unpacked, zipped, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_copy", full)
    with pytest.raises(OSError, match="No space"):
        unpacked("a.zip", zipped(GOOD))


def test_one_budget_for_several_archives(tmp_path, into, zipped):
    budget = Budget(into, packed=1000, free=10**9)
    for name in ("one.zip", "two.zip"):
        (tmp_path / name).write_bytes(zipped({"a.png": b"x" * 10}))
    list(unpack(tmp_path / "one.zip", into / "one", budget))
    list(unpack(tmp_path / "two.zip", into / "two", budget))
    assert budget.unpacked == 20
    assert files(into).keys() == {"one/a.png", "two/a.png"}
    with pytest.raises(DataError, match="twice"):
        list(unpack(tmp_path / "two.zip", into / "two", budget))


def test_which_files_are_archives(tmp_path):
    assert is_archive(tmp_path / "A.ZIP") and is_archive(tmp_path / "a.tar.xz")
    assert not is_archive(tmp_path / "scan.nii.gz")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
def test_mutilated_archives_end_in_one_kind_of_error(tmp_path, zipped, tarred, name):
    """A thousand random wounds: nothing but `DataError` leaves, and nothing lies outside."""
    members = {"images/1.png": bytes(range(256)) * 9, "b.zip": zipped({"c.png": b"c" * 500})}
    good = {
        "a.zip": zipped(members),
        "a.tar.gz": tarred(members),
        "a.tar": tarred(members, "w"),
    }[name]
    chance = random.Random(name)
    refused = 0
    for n in range(330):
        data = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.choice((0, 0xFF, chance.randrange(256)))
        folder = tmp_path / "fuzz" / str(n)
        folder.mkdir(parents=True)
        path = tmp_path / name
        path.write_bytes(data)
        try:
            list(unpack(path, folder, budget_for([path], folder)))
        except DataError:
            refused += 1
    assert refused > 20
    assert {p.name for p in tmp_path.iterdir()} == {"fuzz", name}
