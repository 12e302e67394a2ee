"""The networks of the bench in PyTorch, layer for layer those of benchmarks/networks."""

import torch
from torch import nn
from torch.nn import functional

# Width inside, channels out, blocks; the strides differ between the article and the paper.
STAGES = [(64, 256, 3), (128, 512, 4), (256, 1024, 6), (512, 2048, 3)]


def batch_norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Bottleneck(nn.Module):
    def __init__(self, channels, width, out, stride, projection):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels, width, 1, stride), batch_norm(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1), batch_norm(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, out, 1), batch_norm(out),
        )  # fmt: skip
        self.shortcut = nn.Identity()
        if projection:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride), batch_norm(out))

    def forward(self, x):
        return torch.relu(self.branch(x) + self.shortcut(x))


def stages(strides):
    layers, channels = [], 64
    for (width, out, blocks), stride in zip(STAGES, strides):
        for block in range(blocks):
            first = block == 0
            layers.append(Bottleneck(channels, width, out, stride if first else 1, first))
            channels = out
    return layers


def article():
    """The article's ResNet-50: stage 3 does not stride, and the last pooling is 2x2."""
    stem = [nn.Conv2d(1, 64, 7, 2, 3), batch_norm(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)]
    # The last maps are 2x2: there the article's *same* average pool needs no padding.
    end = [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2048, 10)]
    return nn.Sequential(*stem, *stages([1, 1, 2, 2]), *end)


def imagenet():
    """The paper's ResNet-50."""
    stem = [nn.Conv2d(3, 64, 7, 2, 3), batch_norm(64), nn.ReLU(inplace=True)]
    pool = nn.MaxPool2d(3, 2, 1)
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000)]
    return nn.Sequential(*stem, pool, *stages([1, 2, 2, 2]), *end)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; where the shape changes, the shortcut subsamples and pads with zeros."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.stride, self.extra = stride, out - channels
        self.branch = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1, bias=False), batch_norm(out), nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, 1, 1, bias=False), batch_norm(out),
        )  # fmt: skip

    def forward(self, x):
        shortcut = x
        if self.extra:
            half = self.extra // 2
            shortcut = functional.pad(
                x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, self.extra - half)
            )
        return torch.relu(self.branch(x) + shortcut)


def cifar(depth):
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), batch_norm(16), nn.ReLU(inplace=True)]
    channels = 16
    for stage, out in enumerate((16, 32, 64)):
        for block in range((depth - 2) // 6):
            layers.append(BasicBlock(channels, out, 2 if stage and not block else 1))
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


# Network, shape of an image, classes, trainable parameters.
NETWORKS = {
    "article": (article, (1, 28, 28), 10, 23_548_810),
    "cifar20": (lambda: cifar(20), (3, 32, 32), 10, 269_722),
    "cifar56": (lambda: cifar(56), (3, 32, 32), 10, 853_018),
    "imagenet": (imagenet, (3, 224, 224), 1000, 25_583_592),
}


def build(name):
    make, shape, classes, parameters = NETWORKS[name]
    torch.manual_seed(0)
    network = make()
    counted = sum(p.numel() for p in network.parameters())
    if counted != parameters:
        raise ValueError(f"{name} has {counted} trainable parameters, not {parameters}")
    return network, shape, classes
