"""A network as readable data: layers, and the calls that connect them (see README.md)."""

ADAM = {"class": "Adam", "learningRate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}


class Network:
    """Collects the description of one network; every method returns the name of a call."""

    def __init__(self, name, batch, optimizer=ADAM):
        self.name, self.batch, self.optimizer = name, batch, optimizer
        self.inputs, self.layers, self.calls, self.outputs = [], [], [], []

    def input(self, shape, name="input"):
        self.inputs.append({"name": name, "shape": list(shape)})
        return name

    def layer(self, class_name, name, trainable=True, **config):
        entry = {"name": name, "class": class_name, "config": config}
        if not trainable:
            entry["trainable"] = False
        self.layers.append(entry)
        return name

    def call(self, layer, inputs, name=None):
        inputs = [inputs] if isinstance(inputs, str) else list(inputs)
        self.calls.append({"name": name or layer, "layer": layer, "inputs": inputs})
        return name or layer

    def add(self, class_name, name, inputs, trainable=True, **config):
        return self.call(self.layer(class_name, name, trainable, **config), inputs)

    def output(self, call, loss, from_logits=False, loss_weight=1.0):
        self.outputs.append(
            {"call": call, "loss": loss, "fromLogits": from_logits, "lossWeight": loss_weight}
        )

    def describe(self):
        return {
            "name": self.name,
            "batch": self.batch,
            "inputs": self.inputs,
            "layers": self.layers,
            "calls": self.calls,
            "outputs": self.outputs,
            "optimizer": self.optimizer,
        }

    # The most frequent layers, with the article's settings as defaults.

    def conv(self, x, name, filters, kernel, strides=1, padding="valid", **config):
        kernel = [kernel, kernel] if isinstance(kernel, int) else list(kernel)
        return self.add(
            "Conv2D", name, x, filters=filters, kernelSize=kernel, strides=[strides, strides],
            padding=padding, **config,
        )

    def bn(self, x, name, **config):
        return self.add(
            "BatchNormalization", name, x, **{"axis": 3, "epsilon": 1e-3, "momentum": 0.99, **config}
        )

    def activation(self, x, name, activation="relu"):
        return self.add("Activation", name, x, activation=activation)

    def pool(self, x, class_name, name, size, strides, padding):
        return self.add(
            class_name, name, x, poolSize=[size, size], strides=[strides, strides], padding=padding
        )

    def dense(self, x, name, units, activation="linear", **config):
        return self.add("Dense", name, x, units=units, activation=activation, **config)
