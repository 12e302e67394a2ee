"""The article's ResNet-50 as network data, with the article's names and Keras's automatic ones."""

from network import Network

STAGES = [
    (2, "abc", [64, 64, 256]),
    (3, "abcd", [128, 128, 512]),
    (4, "abcdef", [256, 256, 1024]),
    (5, "abc", [512, 512, 2048]),
]


class AutoNames:
    """Keras's names of unnamed layers: activation, activation_1, …"""

    def __init__(self):
        self.counts = {}

    def __call__(self, stem):
        n = self.counts.get(stem, 0)
        self.counts[stem] = n + 1
        return f"{stem}_{n}" if n else stem


def residual_block(net, auto, x, stage, block, filters, stride, projection):
    conv, bn = f"res{stage}{block}_branch", f"bn{stage}{block}_branch"
    shortcut = x
    for part, size, padding in (("2a", 1, "valid"), ("2b", 3, "same"), ("2c", 1, "valid")):
        x = net.conv(
            x, conv + part, filters["abc".index(part[1])], size, stride if part == "2a" else 1, padding
        )
        x = net.bn(x, bn + part)
        if part != "2c":
            x = net.activation(x, auto("activation"))
    if projection:
        shortcut = net.bn(net.conv(shortcut, conv + "1", filters[2], 1, stride), bn + "1")
    x = net.add("Add", auto("add"), [x, shortcut])
    return net.activation(x, auto("activation"))


def resnet50(input_shape=(28, 28, 1), classes=10, strides=(1, 1, 2, 2), batch=4):
    net, auto = Network("resnet50", batch), AutoNames()
    x = net.input(input_shape)
    x = net.add("ZeroPadding2D", auto("zero_padding2d"), x, padding=[[3, 3], [3, 3]])
    x = net.conv(x, "conv", 64, 7, 2)
    x = net.activation(net.bn(x, "bn"), auto("activation"))
    x = net.pool(x, "MaxPooling2D", auto("max_pooling2d"), 3, 2, "valid")
    for (stage, blocks, filters), stride in zip(STAGES, strides):
        for block in blocks:
            first = block == "a"
            x = residual_block(net, auto, x, stage, block, filters, stride if first else 1, first)
    x = net.pool(x, "AveragePooling2D", auto("average_pooling2d"), 2, 2, "same")
    x = net.add("Flatten", auto("flatten"), x)
    x = net.dense(x, f"fc{classes}", classes, "softmax")
    net.output(x, "categoricalCrossentropy")
    return net
