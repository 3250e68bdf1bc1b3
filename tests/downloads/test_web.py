from types import SimpleNamespace

import pytest

from napari_unet.downloads import web
from napari_unet.downloads.web import BrokenError, answer, length_of, name_of, page
from napari_unet.errors import DataError


def response(url="https://x.org/a/b%20c.zip?d=e.zip", status=200, **headers):
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return SimpleNamespace(url=url, status_code=status, reason="", headers=named)


def test_a_page(server):
    url = server.serve("/p", "ä<b>".encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    assert page(url) == "ä<b>"


def test_a_page_that_is_no_page(server, monkeypatch):
    monkeypatch.setattr(web, "MOST_PAGE", 1000)
    with pytest.raises(DataError, match="larger than a page"):
        page(server.serve("/p", b"x" * 1001))


def test_what_is_asked(server):
    with answer(server.serve("/f", b"x"), {"Range": "bytes=0-"}):
        asked = server.paths["/f"].asked[0]
    assert asked["Accept-Encoding"] == "identity"
    assert asked["User-Agent"].startswith("napari-unet/")
    assert asked["Range"] == "bytes=0-"


def test_names():
    assert name_of(response()) == "b c.zip"
    assert name_of(response("https://x.org/")) == ""
    named = response(Content_Disposition='inline; filename="../x/y.zip"')
    assert name_of(named) == "y.zip"


def test_lengths():
    assert length_of(response(Content_Length="12")) == 12
    assert length_of(response(Content_Length="-1")) == 0
    assert length_of(response()) == 0


def test_encryption_is_never_given_up():
    with pytest.raises(DataError, match="without encryption"):
        web._check("https://x.org/a", response("http://x.org/a"))
    web._check("http://x.org/a", response("https://x.org/a"))


@pytest.mark.parametrize(("said", "wait"), [("7", 7), ("86400", 60), ("Fri, 1 Jan 2027", 0)])
def test_how_long_to_wait(said, wait):
    with pytest.raises(BrokenError) as e:
        web._check("https://x.org", response(status=503, Retry_After=said))
    assert e.value.wait == wait


def test_errors_of_many_layers_are_said_in_one():
    with pytest.raises(BrokenError, match=r"^127\.0\.0\.1:9: Connection refused$"):
        page("http://127.0.0.1:9/x")
