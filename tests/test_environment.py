from napari_unet.environment import prepare


def test_waiting_is_passive_unless_the_user_says_otherwise():
    assert prepare({"A": "b"}) == {"A": "b", "OMP_WAIT_POLICY": "PASSIVE"}
    assert prepare({"OMP_WAIT_POLICY": "ACTIVE"})["OMP_WAIT_POLICY"] == "ACTIVE"
