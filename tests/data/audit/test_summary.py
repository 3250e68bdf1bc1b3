import json

from napari_unet.data.audit.facts import CaseFacts
from napari_unet.data.audit.findings import Survey
from napari_unet.data.audit.summary import describe, statistics
from napari_unet.events import AuditFinished, Finding

FACTS = (
    CaseFacts(
        *("a", "p"),
        shape=(10, 20),
        mask_shape=(10, 20),
        dtype="uint8",
        high=200.0,
        mean=20.0,
        spread=5.0,
        classes=(150, 50),
        spacing=(0.5, 0.25),
        units="mm",
    ),
    CaseFacts(
        "b", dtype="uint16", shape=(10, 20), low=1.0, high=300.0, mean=40.0, classes=(200, 0)
    ),
    CaseFacts("c", image_error="broken", mask_error="broken"),
)


def done(*findings, facts=FACTS):
    return AuditFinished("/d", len(facts), findings, statistics(Survey(facts)), 1.25)


def test_the_numbers():
    found = statistics(Survey(FACTS))
    assert found["images"] == 2
    assert found["sizes"] == {"10 × 20": 2}
    assert found["types"] == {"uint8": 1, "uint16": 1}
    assert (found["intensity"]["lowest"], found["intensity"]["highest"]) == (0, 300)
    assert found["intensity"]["mean"] == {"lowest": 20, "median": 30, "highest": 40}
    assert [along["median"] for along in found["spacing"]] == [0.5, 0.25]
    assert found["classes"]["foreground"] == {"pixels": 50 / 400, "images": 0.5}
    assert found["classes"]["background"]["images"] == 1
    assert found["blank_masks"] == 1
    json.dumps(found, allow_nan=False)


def test_nothing_could_be_read():
    only = (FACTS[2],)
    text = describe(done(facts=only))
    assert "1 case in" in text
    json.dumps(statistics(Survey(only)), allow_nan=False)


def test_the_words():
    findings = (
        Finding("k", "error", "Two leaks.", "Mend them.", tuple("abcdefg"), tuple("1234567")),
        Finding("l", "info", "Three are blank.", "", ("a", "b", "c")),
    )
    lines = describe(done(*findings)).splitlines()
    assert lines[0] == "Audit of /d: 3 cases in 1.2 s, 1 finding to look into"
    assert lines[1] == "  ERROR: Two leaks. Mend them."
    assert lines[2] == "    a: 1"
    assert lines[7] == "    and 2 more"
    assert lines[8] == "  INFO: Three are blank."
    assert lines[9].startswith("  Sizes: 2 × (10 × 20)")
    assert "  Pixel sizes: 0.5 × 0.25" in lines
    assert "nothing to worry about" in describe(done())
