"""The network, and the discriminator that it is trained against."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

CHANNELS = 8
"""R, G, B, u, v, mask, last matte, and one that is zero: see the input contract in MODEL_CARD.md."""


def conv(inside: int, outside: int, size: int, stride: int = 1) -> nn.Sequential:
    """Convolution, normalisation, ReLU; the normalisation is folded away at export."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, stride, size // 2, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


class Res(nn.Module):
    """Two convolutions and what came in."""

    def __init__(self, width: int):
        super().__init__()
        self.first = conv(width, width, 3)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return torch.relu(x + self.second(self.first(x)))


class Veil(nn.Module):
    """Crop to matte: n x 8 x 128 x 128 to n x 1 x 128 x 128 logits. A U of five levels, 0.68 M parameters."""

    def __init__(self, widths=(16, 32, 64, 96)):
        super().__init__()
        a, b, c, d = widths
        self.enter = nn.Sequential(conv(CHANNELS, a, 5, 2), Res(a))
        self.down1 = nn.Sequential(conv(a, b, 3, 2), Res(b))
        self.down2 = nn.Sequential(conv(b, c, 3, 2), Res(c), Res(c))
        self.down3 = nn.Sequential(conv(c, d, 3, 2), Res(d), Res(d))
        self.up3, self.join3 = nn.Conv2d(d, c, 1), Res(c)
        self.up2, self.join2 = nn.Conv2d(c, b, 1), Res(b)
        self.up1, self.join1 = nn.Conv2d(b, a, 1), conv(a, a, 3)
        # The picture once more, two by two pixels, beside what was found: edges as fine as the input has them. All at half
        # size: 16 channels there cost a processor less than 8 at full size.
        self.look = nn.Conv2d(CHANNELS, a, 4, 2, 1)
        self.meet = nn.Conv2d(a, a, 3, 1, 1)
        self.head = nn.Conv2d(a, 4, 3, 1, 1)

    def forward(self, x):
        half = self.enter(x)
        quarter = self.down1(half)
        eighth = self.down2(quarter)
        low = self.down3(eighth)
        twice = lambda t: nn.functional.interpolate(t, scale_factor=2, mode="nearest")
        y = self.join3(twice(self.up3(low)) + eighth)
        y = self.join2(twice(self.up2(y)) + quarter)
        y = self.join1(twice(self.up1(y)) + half)
        y = torch.relu(self.meet(y) + self.look(x))
        return nn.functional.pixel_shuffle(self.head(y), 2)


class Discriminator(nn.Module):
    """Looks at patches of crop, matte, mask and u, and says whether the matte was drawn. Gives its features too."""

    def __init__(self):
        super().__init__()
        layer = lambda i, o, k, s: spectral_norm(nn.Conv2d(i, o, k, s, k // 2))
        self.layers = nn.ModuleList([layer(6, 24, 4, 2), layer(24, 48, 4, 2), layer(48, 96, 3, 1)])
        self.last = layer(96, 1, 3, 1)

    def forward(self, x):
        features = []
        for one in self.layers:
            x = nn.functional.leaky_relu(one(x), 0.2)
            features.append(x)
        return self.last(x), features


def loss_of(logits, matte, mask):
    """Cross entropy inside the mask + 0.5 soft intersection over union + 0.5 of the matte's gradients."""
    inside = mask > 0.5
    weight = inside.float()
    total = weight.sum().clamp_min(1)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, matte, reduction="none")
    entropy = (entropy * weight).sum() / total
    guess = torch.sigmoid(logits) * weight
    wanted = matte * weight
    both = (guess * wanted).sum((1, 2, 3))
    either = (guess + wanted - guess * wanted).sum((1, 2, 3))
    has = wanted.sum((1, 2, 3)) > 8
    union = (1 - (both + 1) / (either + 1))[has].mean() if has.any() else logits.sum() * 0
    slope = 0.0
    for dim in (2, 3):
        guess_step, wanted_step = guess.diff(dim=dim), wanted.diff(dim=dim)
        slope = slope + (guess_step - wanted_step).abs().sum() / total
    return entropy + 0.5 * union + 0.5 * slope
