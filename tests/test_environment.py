from napari_unet.environment import VARIABLES, prepare


def test_threads_soon_sleep_unless_the_user_says_otherwise():
    assert prepare({"A": "b"}) == {"A": "b", **VARIABLES}
    assert prepare({"GOMP_SPINCOUNT": "7"})["GOMP_SPINCOUNT"] == "7"
