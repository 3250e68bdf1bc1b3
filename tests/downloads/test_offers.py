import json

import pytest

from napari_unet.downloads import catalog, offers
from napari_unet.downloads.catalog import Entry
from napari_unet.downloads.offers import make_offer
from napari_unet.errors import DataError
from napari_unet.events import RemoteFile

ARTICLE = {
    "title": "brain tumor dataset",
    "license": {"name": "CC BY 4.0"},
    "url_public_html": "https://figshare.com/articles/dataset/x/1512427",
    "files": [
        {"name": "1-766.zip", "download_url": "http://x/1", "size": 70, "computed_md5": "aa"},
        {"name": "cvind.mat", "download_url": "http://x/2", "size": 30, "supplied_md5": "bb"},
        {"name": "README 2024.txt", "download_url": "http://x/3", "size": 5, "computed_md5": ""},
    ],
}


@pytest.fixture
def figshare(server, monkeypatch):
    """Serve something as figshare's description of article 1512427."""
    monkeypatch.setattr(offers, "FIGSHARE", f"{server.base}/v2/articles")

    def serve(found=ARTICLE, **more):
        data = found if isinstance(found, bytes) else json.dumps(found).encode()
        server.serve("/v2/articles/1512427", data, **more)

    return serve


def test_a_name_gives_what_figshare_says_today(figshare, own_workspace):
    figshare()
    offer = make_offer("brain-tumor")
    assert offer.files == (
        RemoteFile("1-766.zip", "http://x/1", 70, "aa"),
        RemoteFile("cvind.mat", "http://x/2", 30, "bb"),
    )
    assert (offer.size, offer.licence, offer.note) == (100, "CC BY 4.0", "")
    assert "Cheng" in offer.title
    assert offer.folder == str(own_workspace / "data" / "brain-tumor")
    assert make_offer(" Brain-Tumor ", "out").folder.endswith("/out")


def test_the_known_list_serves_when_figshare_does_not_answer(figshare):
    figshare(statuses=[403, 403])
    offer = make_offer("brain-tumor")
    assert "403" in offer.note
    assert offer.size == 879_499_062
    assert len(offer.files) == 5
    assert all(f.md5 and f.size for f in offer.files)


@pytest.mark.parametrize(
    "url",
    [
        "https://figshare.com/articles/dataset/brain_tumor_dataset/1512427",
        "https://figshare.com/articles/brain_tumor_dataset/1512427/5",
        "https://springernature.figshare.com/articles/x/1512427?file=7#a",
    ],
)
def test_an_article_on_figshare(figshare, url):
    figshare()
    offer = make_offer(url)
    assert (offer.title, offer.source, offer.size) == ("brain tumor dataset", url, 100)
    assert offer.folder.endswith("figshare-1512427")


@pytest.mark.parametrize(
    "answer",
    [
        *(b"no JSON", b"[]", b"{}", b'{"files": []}'),
        json.dumps({**ARTICLE, "files": [{"name": "x"}]}).encode(),
        json.dumps({**ARTICLE, "files": [{**ARTICLE["files"][0], "name": "../x"}]}).encode(),
    ],
)
def test_nonsense_from_figshare_is_refused(figshare, answer):
    figshare(answer)
    with pytest.raises(DataError, match=r"figshare|article|which is no name"):
        make_offer("https://figshare.com/articles/dataset/x/1512427")


def test_an_address_of_a_file(server):
    url = server.serve("/data/my%20scans.zip?x=1", b"x" * 50)
    offer = make_offer(url)
    assert offer.files == (RemoteFile("my scans.zip", url, 50),)
    assert (offer.title, offer.size, offer.licence) == ("my scans.zip", 50, "")
    other = make_offer(server.serve("/other/my%20scans.zip", b""))
    assert other.folder != offer.folder
    assert server.paths["/data/my%20scans.zip?x=1"].sent <= 50


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a b.zip"', "a b.zip"),
        ("attachment; filename*=UTF-8''%C3%A4.zip", "ä.zip"),
        ('attachment; filename="../../evil.zip"', "evil.zip"),
        ('attachment; filename="C:\\\\x\\\\evil.zip"', "evil.zip"),
        ("attachment", "7"),
    ],
)
def test_the_server_names_the_file(server, header, name):
    url = server.serve("/files/7", b"x", headers={"Content-Disposition": header})
    assert make_offer(url).files[0].name == name


def test_hostile_names_of_files(server):
    url = server.serve("/f", b"", headers={"Content-Disposition": 'attachment; filename="NUL"'})
    with pytest.raises(DataError, match="no name"):
        make_offer(url)


def test_a_page_is_no_file(server):
    url = server.serve("/page", b"<html>", headers={"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(DataError, match="is a page"):
        make_offer(url)


def test_archives_of_other_kinds_are_said_to_be_so(server):
    with pytest.raises(DataError, match="by hand"):
        make_offer(server.serve("/a.7z", b"x"))


def test_unknown_names():
    with pytest.raises(DataError, match="Did you mean brain-tumor"):
        make_offer("brain_tumour")
    with pytest.raises(DataError, match="Known are brain-tumor, pratheepan"):
        make_offer("zzz")


def test_a_server_that_cannot_be_reached():
    with pytest.raises(DataError, match="cannot be reached"):
        make_offer("http://127.0.0.1:9/a.zip")


# --- a page with a link ---------------------------------------------------------------------


@pytest.fixture
def page(server, monkeypatch):
    """Make a catalog of one entry, whose page is this HTML."""

    def make(html):
        url = server.serve("/set/page.html", html.encode(), headers={"Content-Type": "text/html"})
        entry = Entry("pictures", "Pictures", "some", "none", url)
        monkeypatch.setattr(catalog, "_ENTRIES", (entry,))

    return make


def test_the_link_on_a_page_is_followed(server, page):
    page('<a href="/">home</a> <a name=x>x</a> <A HREF="files/skin.zip">Download Here</A>')
    server.serve("/set/files/skin.zip", b"x" * 9)
    offer = make_offer("pictures")
    assert offer.files == (RemoteFile("skin.zip", f"{server.base}/set/files/skin.zip", 9),)
    assert (offer.licence, offer.folder.rpartition("/")[2]) == ("none", "pictures")


def test_a_link_to_google_drive_is_found(page):
    pytest.importorskip("gdown")
    page('<a href="https://drive.google.com/file/d/1abc/view?usp=sharing">here</a>')
    assert make_offer("pictures").files[0].url.startswith("https://drive.google.com/file/d/1abc")


def test_a_page_without_a_link(page):
    page('<a href="https://drive.google.com/drive/folders/1">here</a> moved')
    with pytest.raises(DataError, match="no link to an archive"):
        make_offer("pictures")
