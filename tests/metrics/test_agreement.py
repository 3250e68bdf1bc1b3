import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from napari_unet.metrics import agreement
from napari_unet.metrics.agreement import Agreement

RNG = np.random.default_rng(0)


def test_agreement_is_the_mean_dice_of_every_two():
    readers = [[RNG.integers(0, 2, (8, 9)) for _ in range(4)] for _ in range(3)]
    found = agreement(readers)
    for i, a in enumerate(readers):
        for j, b in enumerate(readers):
            each = [f1_score(x.ravel(), y.ravel()) for x, y in zip(a, b, strict=True)]
            assert found[i][j] == pytest.approx(1.0 if i == j else np.mean(each))
    assert np.allclose(found, np.transpose(found))


def test_several_classes_are_averaged_within_a_case():
    a, b = (RNG.integers(0, 3, (9, 9)) for _ in range(2))
    each = f1_score(a.ravel(), b.ravel(), labels=[1, 2], average=None)
    assert agreement([[a], [b]], classes=2)[0][1] == pytest.approx(each.mean())


def test_missing_masks_are_left_out():
    a, b = np.eye(4, dtype=int), np.ones((4, 4), int)
    found = agreement([[a, a], [a, b], [None, None]])
    assert found[0][1] == pytest.approx((1 + 2 * 4 / 20) / 2)
    assert math.isnan(found[0][2])
    assert found[2][2] == 1.0
    found = agreement([[a, a], [a, None]])
    assert found[0][1] == 1.0


def test_unknown_pixels_are_not_looked_at():
    a, b = np.eye(4, dtype=int), np.eye(4, dtype=int)
    b[0, 3] = 1
    unknown = np.zeros((4, 4), bool)
    unknown[0] = True
    found = Agreement(2)
    found.add([a, b], unknown)
    assert found.matrix()[0][1] == 1.0
