from napari_unet.environment import SPARING, VARIABLES, prepare


def test_threads_soon_sleep_unless_the_user_says_otherwise():
    assert prepare({"A": "b"}) == {"A": "b", **VARIABLES}
    assert prepare({"GOMP_SPINCOUNT": "7"})["GOMP_SPINCOUNT"] == "7"


def test_what_segments_gives_memory_back_and_what_trains_does_not():
    assert not SPARING.keys() & prepare({}).keys()
    assert prepare({}, sparing=True) == {**VARIABLES, **SPARING}
