"""Runs network data in real PyTorch: its operators in NCHW, its autograd, its SGD.

By hand, because PyTorch defines them otherwise: same padding, batch normalisation's moving
variance (Keras: biased), Adam's epsilon (Keras: outside the bias correction), regularisers.
"""

import torch
import torch.nn.functional as F

from run_result import STEPS, RunResult

TRAINABLE = ("kernel", "bias", "gamma", "beta")


def versions():
    return {"torch": torch.__version__}


def activate(x, kind):
    functions = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    if kind == "softmax":
        return torch.softmax(x, 1)
    return x if kind == "linear" else functions[kind](x)


def same_padding(x, window, strides, dilation=(1, 1)):
    """F.pad's order: left, right, top, bottom; the odd pixel goes to the right and the bottom."""
    pads = []
    for axis in (1, 0):
        size, s = x.shape[2 + axis], strides[axis]
        span = (window[axis] - 1) * dilation[axis] + 1
        total = max((-(-size // s) - 1) * s + span - size, 0)
        pads += [total // 2, total - total // 2]
    return pads


def pool(x, config, average):
    window, strides = config["poolSize"], config["strides"]
    pads = same_padding(x, window, strides) if config["padding"] == "same" else [0] * 4
    if not average:
        return F.max_pool2d(F.pad(x, pads, value=-torch.inf), window, strides)
    inside = F.avg_pool2d(F.pad(torch.ones_like(x[:1, :1]), pads), window, strides)
    return F.avg_pool2d(F.pad(x, pads), window, strides) / inside


class TorchNetwork:
    def __init__(self, description, weights, dtype):
        self.description, self.dtype = description, dtype
        self.layers = {entry["name"]: entry for entry in description["layers"]}
        self.weights = {name: torch.tensor(w, dtype=dtype) for name, w in weights.items()}
        self.trainable = [
            name for name in weights
            if self.layers[name.split("/")[0]].get("trainable", True)
            and name.split("/")[1] in TRAINABLE
        ]  # fmt: skip
        for name in self.trainable:
            self.weights[name].requires_grad_()

    def apply(self, entry, inputs, training):
        """One layer: the output, and for a softmax its logits (Keras takes the loss from them)."""
        config, x = entry["config"], inputs[0]
        w = {
            name.split("/")[1]: value
            for name, value in self.weights.items()
            if name.split("/")[0] == entry["name"]
        }
        match entry["class"]:
            case "Conv2D":
                dilation = config.get("dilationRate", [1, 1])
                if config["padding"] == "same":
                    x = F.pad(x, same_padding(x, config["kernelSize"], config["strides"], dilation))
                x = F.conv2d(
                    x, w["kernel"].permute(3, 2, 0, 1), w.get("bias"), config["strides"], 0, dilation,
                    config.get("groups", 1),
                )
            case "Dense":
                x = F.linear(x, w["kernel"].T, w.get("bias"))
            case "BatchNormalization":
                training = training and entry.get("trainable", True)
                if training:
                    self.update_moving_statistics(entry, x.detach(), w)
                return F.batch_norm(
                    x, None if training else w["movingMean"], None if training else w["movingVariance"],
                    w["gamma"], w["beta"], training, 0.0, config["epsilon"],
                ), None
            case "Add":
                return sum(inputs[1:], x), None
            case "Multiply":
                return x * inputs[1], None
            case "Concatenate":
                return torch.cat(inputs, 1), None
            case "ZeroPadding2D":
                return F.pad(x, [*config["padding"][1], *config["padding"][0]]), None
            case "MaxPooling2D":
                return pool(x, config, False), None
            case "AveragePooling2D":
                return pool(x, config, True), None
            case "GlobalAveragePooling2D":
                return x.mean((2, 3)), None
            case "Flatten":
                return x.permute(0, 2, 3, 1).flatten(1), None
            case "Dropout":
                return F.dropout(x, config["rate"], training), None
        kind = config.get("activation", "linear")
        return activate(x, kind), x if kind == "softmax" else None

    def update_moving_statistics(self, entry, x, w):
        momentum = entry["config"]["momentum"]
        for name, batch in (
            ("movingMean", x.mean((0, 2, 3))),
            ("movingVariance", x.var((0, 2, 3), unbiased=False)),
        ):
            w[name].copy_(w[name] * momentum + batch * (1 - momentum))

    def forward(self, inputs, training):
        values, logits = dict(inputs), {}
        for call in self.description["calls"]:
            arguments = [values[name] for name in call["inputs"]]
            values[call["name"]], logits[call["name"]] = self.apply(
                self.layers[call["layer"]], arguments, training
            )
        names = [o["call"] for o in self.description["outputs"]]
        return [values[n] for n in names], [logits[n] for n in names]

    def loss(self, outputs, logits, targets):
        total = 0
        for spec, output, logit in zip(self.description["outputs"], outputs, logits):
            target = targets[spec["call"]]
            if spec["loss"] == "meanSquaredError":
                loss = F.mse_loss(output, target)
            else:
                if spec["loss"].startswith("sparse"):
                    target = target.long()
                loss = F.cross_entropy(output if spec["fromLogits"] else logit, target)
            total = total + spec["lossWeight"] * loss
        for name, entry in self.layers.items():
            if regularizer := entry["config"].get("kernelRegularizer"):
                kernel = self.weights[f"{name}/kernel"]
                total = total + regularizer["l1"] * kernel.abs().sum()
                total = total + regularizer["l2"] * kernel.square().sum()
        return total


class KerasAdam(torch.optim.Optimizer):
    """Adam as Keras writes it: w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            t = group["t"] = group.get("t", 0) + 1
            alpha = group["lr"] * (1 - group["beta2"] ** t) ** 0.5 / (1 - group["beta1"] ** t)
            for w in group["params"]:
                state = self.state[w]
                m = state.setdefault("m", torch.zeros_like(w))
                v = state.setdefault("v", torch.zeros_like(w))
                m += (w.grad - m) * (1 - group["beta1"])
                v += (w.grad.square() - v) * (1 - group["beta2"])
                w -= alpha * m / (v.sqrt() + group["epsilon"])


def make_optimizer(config, parameters):
    if config["class"] == "Adam":
        names = ("beta1", "beta2", "epsilon")
        return KerasAdam(parameters, {"lr": config["learningRate"], **{n: config[n] for n in names}})
    return torch.optim.SGD(
        parameters, config["learningRate"], momentum=config["momentum"], nesterov=config["nesterov"]
    )


def nchw(x):
    return x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x


def run(description, weights, inputs, targets, dtype):
    dtype = getattr(torch, dtype)
    net = TorchNetwork(description, weights, dtype)
    x = {name: nchw(torch.tensor(value, dtype=dtype)) for name, value in inputs.items()}
    y = {name: torch.tensor(value, dtype=dtype) for name, value in targets.items()}
    names = [o["call"] for o in description["outputs"]]
    result = RunResult()

    with torch.no_grad():
        outputs, logits = net.forward(x, False)
        result.inference_loss = net.loss(outputs, logits, y).item()
        result.store("inference", names, outputs)

    parameters = [net.weights[name] for name in net.trainable]
    optimizer = make_optimizer(description["optimizer"], parameters)
    for step in range(STEPS):
        optimizer.zero_grad()
        outputs, logits = net.forward(x, True)
        loss = net.loss(outputs, logits, y)
        loss.backward()
        if step == 0:
            result.store("training", names, [o.detach() for o in outputs])
            result.store("gradient", net.trainable, [p.grad.clone() for p in parameters])
        result.losses.append(loss.item())
        optimizer.step()
    result.store("step3", net.weights, [w.detach().clone() for w in net.weights.values()])
    return result
