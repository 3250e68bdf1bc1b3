import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

from napari_unet.events import CaseScore
from napari_unet.metrics import paired


def column(values, patients=None, **more):
    names = patients or [str(i) for i in range(len(values))]
    return [
        CaseScore(f"c{i}", p, v, v, v, v, v, empty=False, **more)
        for i, (v, p) in enumerate(zip(values, names, strict=True))
    ]


RNG = np.random.default_rng(3)
OLD = RNG.uniform(0.3, 0.9, 40)
NEW = OLD + RNG.normal(0.03, 0.05, 40)


def test_means_and_p_value_are_those_of_scipy():
    found = paired(column(OLD), column(NEW), name="b", against="a")
    assert (found.name, found.against, found.n, found.patients) == ("b", "a", 40, 40)
    assert found.mean == pytest.approx(np.mean(NEW - OLD))
    assert found.p == pytest.approx(wilcoxon(NEW, OLD).pvalue)
    assert (found.better, found.worse, found.equal) == ((NEW > OLD).sum(), (NEW < OLD).sum(), 0)


def test_the_interval_is_about_that_of_the_mean():
    found = paired(column(OLD), column(NEW))
    error = np.std(NEW - OLD, ddof=1) / math.sqrt(40)
    assert found.low == pytest.approx(found.mean - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(found.mean + 1.96 * error, abs=0.2 * error)
    assert paired(column(OLD), column(NEW)) == found  # chance is the same every time


def test_patients_are_resampled_and_tested_not_images():
    patients = [f"p{i // 10}" for i in range(40)]
    drift = np.repeat([0.1, -0.05, 0.02, 0.04], 10)
    old, new = column(OLD, patients), column(OLD + drift, patients)
    found = paired(old, new)
    assert found.patients == 4
    assert found.mean == pytest.approx(drift.mean())
    assert found.p == pytest.approx(wilcoxon([0.1, -0.05, 0.02, 0.04]).pvalue)
    alone = paired(column(OLD), column(OLD + drift))
    assert found.high - found.low > 2 * (alone.high - alone.low)


def test_patients_with_more_images_weigh_more_in_the_mean():
    patients = ["p", "p", "p", "q"]
    found = paired(column([0.5] * 4, patients), column([0.6, 0.6, 0.6, 0.9], patients))
    assert found.mean == pytest.approx((3 * 0.1 + 0.4) / 4)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.4))


def test_cases_are_matched_by_name_and_failed_ones_left_out():
    old, new = column([0.1, 0.2, 0.3, 0.4]), column([0.5, 0.5, 0.5, 0.5])
    new[1] = column([math.nan] * 2, error="no mask")[1]
    found = paired(old, list(reversed(new[:3])))
    assert (found.n, found.better) == (2, 2)
    assert found.mean == pytest.approx((0.4 + 0.2) / 2)


def test_all_equal():
    found = paired(column(OLD), column(OLD + 1e-15))
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert (found.better, found.worse, found.equal) == (0, 0, 40)


def test_nothing_one_and_two_cases():
    none = paired([], column(NEW))
    assert (none.n, none.p) == (0, 1.0)
    assert math.isnan(none.mean)
    one = paired(column([0.5]), column([0.7]))
    assert (one.mean, one.p) == (pytest.approx(0.2), 1.0)
    assert math.isnan(one.low)
    two = paired(column([0.5, 0.5]), column([0.7, 0.4]))
    assert (two.low, two.high) == (pytest.approx(-0.1), pytest.approx(0.2))


def test_ties_are_taken():
    old = column([0.5] * 12)
    new = column([0.6] * 6 + [0.4] * 2 + [0.5] * 4)
    found = paired(old, new)
    assert (found.better, found.worse, found.equal) == (6, 2, 4)
    assert 0 < found.p < 1


def test_of_distances_less_is_better():
    old = [CaseScore(str(i), "", *[0.5] * 5, empty=False, hd95=5.0) for i in range(4)]
    new = [CaseScore(str(i), "", *[0.5] * 5, empty=False, hd95=h) for i, h in enumerate([3, 4, 6])]
    new.append(CaseScore("3", "", *[0.5] * 5, empty=False))  # no distance
    found = paired(old, new, "hd95")
    assert (found.n, found.better, found.worse) == (3, 2, 1)
    assert found.mean == pytest.approx(-2 / 3)
