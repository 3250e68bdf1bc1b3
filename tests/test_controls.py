import threading
import time

from napari_unet.controls import Continue, Controls, Pause, Watch


def test_rests_until_told_to_go_on():
    controls = Controls()
    controls.tell(Pause())
    threading.Timer(0.2, controls.tell, [Continue()]).start()
    start, cpu = time.monotonic(), time.process_time()
    controls.rest()
    assert time.monotonic() - start > 0.15
    assert time.process_time() - cpu < 0.1
    assert not controls.paused


def test_a_stop_wakes_it():
    controls = Controls()
    controls.tell(Pause())
    threading.Timer(0.1, controls.stop).start()
    controls.rest()
    assert controls.paused
    assert controls.stopping


def test_watching_wakes_it_and_is_asked_once():
    controls = Controls()
    assert not controls.asked()
    controls.tell(Pause())
    controls.tell(Watch("a"))
    controls.rest()
    assert controls.watched == "a"
    assert controls.asked()
    assert not controls.asked()
