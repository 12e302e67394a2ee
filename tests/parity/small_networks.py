"""The small networks: each covers a few layers and options, and stays below some 4,000 weights."""

from network import ADAM, Network

SGD = {"class": "SGD", "learningRate": 0.05, "momentum": 0.0, "nesterov": False}
MOMENTUM = {**SGD, "learningRate": 0.02, "momentum": 0.9}
NESTEROV = {**MOMENTUM, "nesterov": True}
MAX, AVERAGE, GLOBAL = "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D"


def bottleneck(net, x, prefix, filters, stride=1, projection=False, **config):
    shortcut = x
    x = net.conv(x, f"{prefix}_2a", filters[0], 1, stride, **config)
    x = net.activation(net.bn(x, f"{prefix}_bn2a"), f"{prefix}_relu2a")
    x = net.conv(x, f"{prefix}_2b", filters[1], 3, padding="same", **config)
    x = net.activation(net.bn(x, f"{prefix}_bn2b"), f"{prefix}_relu2b")
    x = net.bn(net.conv(x, f"{prefix}_2c", filters[2], 1, **config), f"{prefix}_bn2c")
    if projection:
        shortcut = net.conv(shortcut, f"{prefix}_1", filters[2], 1, stride, **config)
        shortcut = net.bn(shortcut, f"{prefix}_bn1")
    x = net.add("Add", f"{prefix}_add", [x, shortcut])
    return net.activation(x, f"{prefix}_out")


def identity_block():
    """The article's identity block; global average pool; batch 5."""
    net = Network("identity-block", 5)
    x = bottleneck(net, net.input([8, 8, 10]), "block", [6, 7, 10])
    x = net.add(GLOBAL, "pool", x)
    net.output(net.dense(x, "fc", 4, "softmax"), "categoricalCrossentropy")
    return net


def convolutional_block():
    """The article's convolutional block at stride 2 on an odd, oblong map; average pool same."""
    net = Network("convolutional-block", 5)
    x = bottleneck(net, net.input([9, 6, 3]), "block", [5, 5, 14], 2, True)
    x = net.pool(x, AVERAGE, "pool", 2, 2, "same")
    x = net.add("Flatten", "flatten", x)
    net.output(net.dense(x, "fc", 3, "softmax"), "categoricalCrossentropy")
    return net


def mini_resnet():
    """The article's network in small, end to end, batch 4.

    Not with Adam: behind a max-pool some channels are positive everywhere, the next BN then cancels
    their beta, and Adam would make a step of the rounding noise. (The whole ResNet-50 has Adam.)
    """
    net = Network("mini-resnet", 4, MOMENTUM)
    x = net.add("ZeroPadding2D", "pad", net.input([22, 22, 1]), padding=[[3, 3], [3, 3]])
    x = net.conv(x, "conv", 6, 7, 2)
    x = net.activation(net.bn(x, "bn"), "relu")
    x = net.pool(x, MAX, "max_pool", 3, 2, "valid")
    x = bottleneck(net, x, "res2a", [4, 4, 12], 1, True)
    x = bottleneck(net, x, "res2b", [4, 4, 12])
    x = bottleneck(net, x, "res3a", [5, 5, 18], 2, True)
    x = net.pool(x, AVERAGE, "average_pool", 2, 2, "same")
    x = net.add("Flatten", "flatten", x)
    net.output(net.dense(x, "fc10", 10, "softmax"), "categoricalCrossentropy")
    return net


def padding():
    """Asymmetric same padding (even kernels, stride 2), oblong kernels, tanh and sigmoid, momentum."""
    net = Network("padding", 5, MOMENTUM)
    x = net.add("ZeroPadding2D", "pad", net.input([12, 11, 3]), padding=[[0, 1], [2, 1]])
    x = net.conv(x, "even", 6, [4, 2], 2, "same", activation="tanh")
    x = net.conv(x, "oblong", 7, [2, 3], 1, "same")
    x = net.activation(net.bn(x, "bn"), "sigmoid", "sigmoid")
    x = net.conv(x, "valid", 5, [3, 1], 2, "valid", activation="relu")
    x = net.conv(x, "stride3", 6, 2, 3, "same", activation="linear")
    x = net.add("Flatten", "flatten", x)
    net.output(net.dense(x, "fc", 3, "softmax"), "categoricalCrossentropy")
    return net


def pooling():
    """Max and average pools, valid and same, on odd sizes; joined by Concatenate; plain SGD."""
    net = Network("pooling", 3, SGD)
    x = net.conv(net.input([11, 9, 2]), "conv", 5, 3, padding="same")
    x = net.activation(net.bn(x, "bn"), "relu")
    pools = [
        net.pool(x, MAX, "max_same", 3, 2, "same"),
        net.pool(x, AVERAGE, "average_same", 3, 2, "same"),
        net.pool(x, AVERAGE, "average_even", 2, 2, "same"),
    ]
    x = net.add("Concatenate", "join", pools, axis=3)
    x = net.conv(x, "mix", 6, 1)
    parts = [
        net.pool(x, MAX, "max_valid", 2, 2, "valid"),
        net.pool(x, AVERAGE, "average_valid", 2, 2, "valid"),
        net.pool(x, MAX, "max_overlap", 3, 2, "valid"),
    ]
    parts = [net.add("Flatten", f"flatten_{part}", part) for part in parts]
    x = net.add("Concatenate", "features", parts, axis=1)
    net.output(net.dense(x, "fc", 4, "softmax"), "categoricalCrossentropy")
    return net


def dilation_and_groups():
    """Dilated and grouped convolutions, with and without bias, in a residual block."""
    net = Network("dilation-and-groups", 5)
    x = net.conv(net.input([10, 9, 4]), "stem", 6, 3, padding="same", useBias=False)
    x = net.activation(net.bn(x, "bn_stem"), "relu")
    y = net.conv(x, "dilated", 9, 3, padding="same", dilationRate=[2, 2], useBias=False)
    y = net.activation(net.bn(y, "bn_dilated"), "relu_dilated")
    y = net.conv(y, "grouped", 6, 3, padding="same", groups=3)
    x = net.activation(net.add("Add", "add", [x, y]), "relu_add")
    x = net.conv(x, "grouped_stride", 8, 3, 2, "same", groups=2, activation="tanh")
    x = net.conv(x, "dilated_valid", 5, 2, dilationRate=[3, 3])
    x = net.add(GLOBAL, "pool", x)
    net.output(net.dense(x, "fc", 4, "softmax"), "categoricalCrossentropy")
    return net


def gated():
    """Multiply by a sigmoid gate, Concatenate, Dropout at rate 0, softmax on maps, Nesterov."""
    net = Network("gated", 5, NESTEROV)
    x = net.conv(net.input([7, 7, 3]), "conv", 7, 3, padding="same", activation="relu")
    gate = net.conv(x, "gate", 7, 1, activation="sigmoid")
    values = net.activation(net.bn(net.conv(x, "values", 7, 3, padding="same"), "bn"), "tanh", "tanh")
    gated_values = net.add("Multiply", "multiply", [gate, values])
    attention = net.activation(net.conv(x, "scores", 3, 1), "attention", "softmax")
    x = net.add("Concatenate", "join", [x, gated_values, attention], axis=3)
    x = net.add("Dropout", "dropout", x, rate=0.0)
    x = net.pool(x, AVERAGE, "pool", 3, 3, "same")
    x = net.add("Flatten", "flatten", x)
    x = net.dense(x, "hidden", 9, "sigmoid")
    net.output(net.dense(x, "fc", 3, "softmax"), "categoricalCrossentropy")
    return net


def shared_layers():
    """Two inputs, two outputs with loss weights; a convolution, a BN and a dense layer called twice.

    The two calls of the BN follow one another, so that the order of their updates is certain.
    """
    net = Network("shared-layers", 5)
    left, right = net.input([6, 6, 3], "left"), net.input([6, 7, 6], "right")
    net.layer(
        "Conv2D", "conv", filters=6, kernelSize=[3, 3], strides=[1, 1], padding="same",
        activation="linear",
    )
    net.layer("BatchNormalization", "bn", axis=3, epsilon=1e-3, momentum=0.99)
    net.layer("Dense", "project", units=5, activation="tanh")
    x = net.conv(left, "left_conv", 6, 1, activation="tanh")
    for turn in ("first", "second"):
        x = net.call("conv", x, f"conv_{turn}")
        x = net.activation(net.call("bn", x, f"bn_{turn}"), f"relu_{turn}")
    features = []
    for side, maps in (("left", x), ("right", right)):
        pooled = net.add(GLOBAL, f"pool_{side}", maps)
        features.append(net.call("project", pooled, f"project_{side}"))
    product = net.add("Multiply", "product", features)
    joined = net.add("Concatenate", "join", [*features, product], axis=1)
    net.output(net.dense(joined, "kind", 4, "softmax"), "categoricalCrossentropy", loss_weight=0.7)
    net.output(net.dense(joined, "value", 2), "meanSquaredError", loss_weight=0.3)
    return net


def regularized():
    """L1, L2 and both on kernels; mean squared error of a tanh regression; plain SGD."""
    net = Network("regularized", 5, SGD)
    x = net.input([6, 5, 3])
    x = net.conv(x, "l2", 6, 3, padding="same", kernelRegularizer={"l1": 0.0, "l2": 0.0078125})
    x = net.activation(net.bn(x, "bn"), "relu")
    y = net.conv(x, "l1", 6, 1, kernelRegularizer={"l1": 0.00390625, "l2": 0.0})
    x = net.add("Add", "add", [x, y])
    x = net.add("Flatten", "flatten", x)
    x = net.dense(x, "l1l2", 3, "tanh", kernelRegularizer={"l1": 0.001953125, "l2": 0.00390625})
    net.output(x, "meanSquaredError")
    return net


def sparse_logits():
    """A pre-activation block without biases; sparse categorical cross-entropy from logits."""
    net = Network("sparse-logits", 5)
    x = net.conv(net.input([7, 6, 2]), "stem", 7, 3, padding="same", useBias=False)
    y = net.activation(net.bn(x, "bn1", epsilon=1e-5, momentum=0.9), "relu1")
    y = net.conv(y, "conv1", 7, 3, padding="same", useBias=False)
    y = net.activation(net.bn(y, "bn2", epsilon=1e-5, momentum=0.9), "relu2")
    y = net.conv(y, "conv2", 7, 3, padding="same", useBias=False)
    x = net.add("Add", "add", [x, y])
    x = net.add(GLOBAL, "pool", x)
    net.output(net.dense(x, "fc", 6, useBias=False), "sparseCategoricalCrossentropy", True)
    return net


def batch_of_one():
    """Batch 1; categorical cross-entropy from logits beside a sparse one from probabilities."""
    net = Network("batch-of-one", 1, {**ADAM, "beta1": 0.8, "beta2": 0.99})
    x = bottleneck(net, net.input([5, 7, 3]), "block", [4, 4, 7], 1, True, useBias=False)
    x = net.add("Flatten", "flatten", x)
    net.output(net.dense(x, "logits", 5), "categoricalCrossentropy", True)
    net.output(
        net.dense(x, "probabilities", 3, "softmax"), "sparseCategoricalCrossentropy", False, 0.5
    )
    return net


def frozen():
    """Frozen layers: no gradient, and a frozen BN normalises with its moving statistics."""
    net = Network("frozen", 5, MOMENTUM)
    x = net.conv(net.input([6, 6, 3]), "conv", 6, 3, padding="same")
    x = net.activation(net.bn(x, "bn"), "relu")
    y = net.add(
        "Conv2D", "frozen_conv", x, False, filters=6, kernelSize=[3, 3], strides=[1, 1],
        padding="same",
    )
    y = net.add("BatchNormalization", "frozen_bn", y, False, axis=3, epsilon=1e-3, momentum=0.99)
    x = net.activation(net.add("Add", "add", [x, y]), "relu_add")
    x = net.add(GLOBAL, "pool", x)
    net.output(net.dense(x, "fc", 4, "softmax"), "categoricalCrossentropy")
    return net


SMALL_NETWORKS = [
    identity_block, convolutional_block, mini_resnet, padding, pooling, dilation_and_groups, gated,
    shared_layers, regularized, sparse_logits, batch_of_one, frozen,
]
