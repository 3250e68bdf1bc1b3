import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.config import SplitConfig
from napari_unet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "shares"),
    [("80:10:10", (80, 10, 10)), ("8/1/1", (8, 1, 1)), ("70:30", (61.25, 8.75, 30))],
)
def test_split_is_parsed(text, shares):
    split = SplitConfig.parse(text, seed=7)
    assert (split.train, split.val, split.test) == shares
    assert split.seed == 7


@given(st.text(max_size=8))
def test_split_never_crashes(text):
    try:
        split = SplitConfig.parse(text)
    except ConfigError:
        return
    assert split.train > 0


@pytest.mark.parametrize(("folds", "fold"), [(1, 1), (3, 4), (0, 2)])
def test_a_fold_is_one_of_at_least_two(folds, fold):
    with pytest.raises(ConfigError, match=f"fold {fold} of {folds}"):
        SplitConfig(folds=folds, fold=fold)
