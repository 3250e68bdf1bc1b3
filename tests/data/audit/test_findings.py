import pytest

from napari_unet.data.audit import findings
from napari_unet.data.audit.facts import CaseFacts
from napari_unet.data.audit.findings import RULES, Survey


def facts(name, **more):
    usual = {"shape": (256, 256), "mask_shape": (256, 256), "dtype": "uint8", "high": 255.0}
    usual |= {"mean": 40.0, "classes": (60000, 5536)}
    return CaseFacts(name, **(usual | more))


def found(rule, *odd, plain=20, classes=("foreground",)):
    """Apply a rule to plain cases and some others; return its findings."""
    cases = [facts(f"plain{i}") for i in range(plain)]
    return list(rule(Survey([*cases, *odd], classes)))


def test_plain_cases_give_no_finding():
    for rule in RULES:
        assert found(rule) == []


@pytest.mark.parametrize(
    ("rule", "odd", "kind", "severity", "note"),
    [
        (
            "unreadable",
            {"image_error": "x.png is broken"},
            "unreadable",
            "error",
            "x.png is broken",
        ),
        ("unreadable", {"mask_error": "m.png is broken"}, "unreadable", "error", "m.png is broken"),
        ("shapes", {"mask_shape": (128, 256)}, "shape", "error", "256 × 256, mask 128 × 256"),
        ("not_finite", {"not_finite": 0.25}, "not finite", "warning", "25.00%"),
        ("not_finite", {"not_finite": 1.0}, "not finite", "error", "100.00%"),
        ("constant", {"high": 0.0}, "constant", "warning", "0 everywhere"),
        ("blank", {"classes": (65536, 0)}, "blank mask", "info", ""),
        ("full", {"classes": (0, 65536)}, "full mask", "warning", "0 pixels"),
        ("full", {"classes": (9, 65527)}, "full mask", "warning", "9 pixels"),
        ("sizes", {"shape": (512, 512)}, "other size", "warning", "512 × 512"),
        ("intensity", {"mean": 4000.0, "high": 1e6}, "intensity", "info", "mean 4000, up to 1e+06"),
        ("intensity", {"channels": 3}, "channels", "info", "3"),
    ],
)
def test_one_odd_case_is_named(rule, odd, kind, severity, note):
    [finding] = found(getattr(findings, rule), facts("odd", **odd))
    assert (finding.kind, finding.severity, finding.cases) == (kind, severity, ("odd",))
    assert note in "".join(finding.notes)
    assert len(finding.notes) in (0, 1)
    assert "1 of 21 cases" in finding.text
    assert finding.advice


def test_small_images_are_named_too():
    cases = [facts("tiny", shape=(40, 300)), facts("small", shape=(5, 90, 95))]
    kinds = {f.kind: f.cases for f in found(findings.sizes, *cases)}
    assert kinds["small image"] == ("tiny", "small")


def test_mixed_sizes_are_no_finding():
    """Photographs come in seventy sizes; none of them is odd."""
    cases = [facts(f"p{i}", shape=(300 + i, 400)) for i in range(70)]
    assert found(findings.sizes, *cases) == []


def test_blank_masks_are_never_errors_unless_nothing_else_is_there():
    blank = [facts(f"b{i}", classes=(65536, 0)) for i in range(60)]
    [finding] = found(findings.blank, *blank)
    assert finding.severity == "info"
    assert len(finding.cases) == 60
    [finding] = found(findings.blank, *blank, plain=0)
    assert finding.severity == "error"
    full = [facts("f", classes=(0, 65536))]
    assert found(findings.full, *full, plain=0)[0].severity == "error"


def test_spacing():
    usual = [facts(f"s{i}", spacing=(3.0, 1.0 + i / 100, 1.0), units="mm") for i in range(9)]
    odd = facts("odd", spacing=(3.0, 10.0, 10.0), units="mm")
    [finding] = found(findings.spacing, *usual, odd, plain=0)
    assert (finding.kind, finding.cases) == ("spacing", ("odd",))
    assert finding.notes == ("3 × 10 × 10 mm",)
    assert "3 × 1.045 × 1 mm" in finding.text
    [finding] = found(findings.spacing, *usual, plain=2)
    assert (finding.kind, finding.severity) == ("no spacing", "info")
    assert finding.cases == ("plain0", "plain1")
    assert found(findings.spacing, *usual, plain=0) == []
    zero = facts("zero", spacing=(3.0, 0.0, 1.0))
    assert found(findings.spacing, *usual, zero, plain=0)[0].cases == ("zero",)


def test_rare_and_small_classes():
    names = ("liver", "cyst")
    plain = [facts(f"c{i}", classes=(60000, 5500, 0)) for i in range(30)]
    few = [facts(f"few{i}", classes=(60000, 5500, 36)) for i in range(2)]
    [finding] = found(findings.classes, *plain, *few, plain=0, classes=names)
    assert (finding.kind, finding.cases) == ("rare class", ("few0", "few1"))
    assert "cyst" in finding.text
    many = [facts(f"m{i}", classes=(65500, 0, 36)) for i in range(30)]
    [finding] = found(findings.classes, *plain, *many, plain=0, classes=names)
    assert (finding.kind, finding.severity) == ("small class", "info")
    assert "0.027%" in finding.text


def test_cases_that_cannot_be_read_break_no_rule():
    broken = CaseFacts("broken", image_error="x", mask_error="y")
    kinds = [f.kind for rule in RULES for f in found(rule, broken)]
    assert kinds == ["unreadable"]
    kinds = [f.kind for rule in RULES for f in found(rule, broken, plain=0)]
    assert kinds == ["unreadable"]
