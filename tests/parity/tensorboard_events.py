"""Prints, as JSON, events and a record as TensorBoard's own protocol buffers and TensorFlow write them, in hex."""

import json
import tempfile

import tensorflow as tf
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

png = bytes([1, 2, 3, 4])
histogram = HistogramProto(
    min=-1.5, max=2, num=4, sum=0.5, sum_squares=7.25, bucket_limit=[-0.25, 2], bucket=[1, 3]
)
image = Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=png)

graph = tf.compat.v1.GraphDef()
for name, op, inputs, shape in (("x", "Placeholder", [], [-1, 4]), ("d", "Dense", ["x"], [-1, 300])):
    node = graph.node.add(name=name, op=op, input=inputs)
    dimensions = node.attr["_output_shapes"].list.shape.add()
    for size in shape:
        dimensions.dim.add(size=size)
graph.versions.producer = 22

Value = Summary.Value
events = {
    "version": Event(wall_time=1.5, file_version="brain.Event:2"),
    "scalars": Event(
        wall_time=2.5,
        step=300,
        summary=Summary(value=[Value(tag="a/b", simple_value=0.1), Value(tag="ü", simple_value=-2)]),
    ),
    "histogram": Event(wall_time=0.25, step=1, summary=Summary(value=[Value(tag="h", histo=histogram)])),
    "image": Event(wall_time=0.25, step=1, summary=Summary(value=[Value(tag="i", image=image)])),
    "graph": Event(wall_time=1, graph_def=graph.SerializeToString(deterministic=True)),
}
with tempfile.NamedTemporaryFile() as file:
    with tf.io.TFRecordWriter(file.name) as writer:
        writer.write(b"some bytes")
    record = open(file.name, "rb").read()

hexes = {name: event.SerializeToString(deterministic=True).hex() for name, event in events.items()}
print(json.dumps({"record": record.hex(), **hexes}, indent=1))
