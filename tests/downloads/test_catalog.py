from urllib.parse import urlsplit

from napari_unet.downloads.archive import safe_parts
from napari_unet.downloads.catalog import catalog, find


def test_every_entry_says_what_a_person_wants_to_know():
    names = [e.name for e in catalog()]
    assert len(set(names)) == len(names)
    for entry in catalog():
        assert entry.title and entry.holds and entry.licence
        assert urlsplit(entry.page).scheme in ("http", "https")
        for file in entry.files:
            assert safe_parts(file.name) == (file.name,)
            assert urlsplit(file.url).scheme == "https"
            assert file.size and len(file.md5) == 32


def test_names_are_found_in_any_case():
    assert find(" Brain-Tumor ") is catalog()[0]
    assert find("nothing") is None


def test_sizes():
    assert find("brain-tumor").size == 879_499_062
