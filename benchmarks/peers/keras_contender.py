"""Keras 3 on TensorFlow's CPU backend: training steps and inference of the article's ResNet-50."""

import argparse
import os
import sys
from pathlib import Path

from serve import add_options, serve


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=("train", "predict"))
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--jit-compile", action="store_true", help="by XLA")
    add_options(parser)
    options = parser.parse_args()

    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.cores)
    tf.config.threading.set_inter_op_parallelism_threads(options.cores)
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "parity"))
    import keras_run
    from resnet50 import resnet50

    model = keras_run.build(resnet50().describe())
    assert model.count_params() == 23_601_930
    images = tf.random.uniform((options.batch, 28, 28, 1))
    labels = tf.one_hot(tf.range(options.batch) % 10, 10)
    if options.work == "train":
        model.compile("adam", "categorical_crossentropy", jit_compile=options.jit_compile)

        def step():
            return model.train_on_batch(images, labels)

    else:
        forward = tf.function(lambda x: model(x, training=False), jit_compile=options.jit_compile)

        def step():
            return forward(images).numpy()

    serve(step, options, options.batch, "images/s", keras_run.versions())


if __name__ == "__main__":
    main()
