import torch

from napari_unet.exchange.bioimageio.network import Standardised, unet
from napari_unet.schema import to_json
from napari_unet.unet.model import UNet
from packages import CARDS


def test_it_is_the_program_s_network_or_one_that_standardises() -> None:
    network = CARDS["classes"].network
    plain, other = (unet(s, **to_json(network)).eval() for s in (False, True))
    assert (type(plain), type(other)) == (UNet, Standardised)
    assert plain.config == other.config == network
    other.load_state_dict(plain.state_dict())
    image = torch.rand(1, 2, 8, 8)
    torch.testing.assert_close(other(image), other(5 * image - 3))
    assert not torch.allclose(plain(image), plain(5 * image - 3))
