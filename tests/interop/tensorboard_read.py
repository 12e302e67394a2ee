"""Prints, as JSON, what the real TensorBoard finds in a folder of events.

usage: tensorboard_read.py FOLDER
"""

import io
import json
import sys

import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

folder = sys.argv[1]
# Zero keeps everything.
sizes = {"scalars": 0, "histograms": 0, "images": 0}
events = event_accumulator.EventAccumulator(folder, size_guidance=sizes)
events.Reload()
tags = events.Tags()


def image(event):
    height, width, _ = tf.io.decode_png(event.encoded_image_string).shape
    return {"step": event.step, "declared": [event.height, event.width], "decoded": [height, width]}


def histogram(event):
    value = event.histogram_value
    fields = {"min": value.min, "max": value.max, "num": value.num, "sum": value.sum}
    return {"step": event.step, **fields, "counted": sum(value.bucket), "top": value.bucket_limit[-1]}


result = {
    "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: [histogram(e) for e in events.Histograms(tag)] for tag in tags["histograms"]},
    "images": {tag: [image(e) for e in events.Images(tag)] for tag in tags["images"]},
    "graph": None,
}
if tags["graph"]:
    shape = lambda node: [d.size for d in node.attr["_output_shapes"].list.shape[0].dim]
    nodes = events.Graph().node
    result["graph"] = [[n.name, n.op, list(n.input), shape(n)] for n in nodes]

# What the web page itself reads through.
plugins = EventAccumulator(folder, size_guidance={"tensors": 0})
plugins.Reload()
result["plugins"] = {
    name: sorted(plugins.PluginTagToContent(name)) for name in ("scalars", "histograms", "images") if name in
    {plugins.SummaryMetadata(tag).plugin_data.plugin_name for tag in plugins.Tags()["tensors"]}
}
json.dump(result, sys.stdout)
