import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { encodeGraph, type GraphNode } from './encode-graph.js';
import type { ValueHistogram } from './value-histogram.js';

/** An image as PNG. */
export interface EncodedImage {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** 1 for grey values, 3 for colours. */
  readonly channels: number;
  /** The file. */
  readonly png: Uint8Array;
}

/** What an event says of a step, by tag. */
export type SummaryValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly histogram: ValueHistogram }
  | { readonly tag: string; readonly image: EncodedImage };

/** The content of an event. */
export type EventContent =
  | { readonly version: string }
  | { readonly graph: readonly GraphNode[] }
  | { readonly values: readonly SummaryValue[] };

/** The version that every event file of TensorBoard's second format begins with. */
export const EVENT_VERSION = 'brain.Event:2';

/**
 * An event of TensorBoard (`tensorflow.Event`; fields after event.proto and summary.proto).
 * @param wallTime seconds since 1970. @param step what the event stands at.
 */
export function encodeEvent(wallTime: number, step: number, content: EventContent): Uint8Array {
  const event = new ProtobufWriter().double(1, wallTime);
  if (step !== 0) event.integer(2, step);
  if ('version' in content) event.text(3, content.version);
  else if ('graph' in content) event.bytes(4, join(encodeGraph(content.graph)));
  else {
    const summary = new ProtobufWriter();
    for (const value of content.values) summary.message(1, summaryValue(value));
    event.message(5, summary);
  }
  return join(event.finish());
}

function summaryValue(value: SummaryValue): ProtobufWriter {
  const writer = new ProtobufWriter().text(1, value.tag);
  if ('scalar' in value) return writer.float(2, value.scalar);
  if ('image' in value) {
    const { height, width, channels, png } = value.image;
    const image = new ProtobufWriter().integer(1, height).integer(2, width);
    return writer.message(4, image.integer(3, channels).bytes(4, png));
  }
  const { min, max, count, sum, squares, limits, counts } = value.histogram;
  const histogram = new ProtobufWriter()
    .double(1, min)
    .double(2, max)
    .double(3, count)
    .double(4, sum)
    .double(5, squares)
    .doubles(6, limits)
    .doubles(7, counts);
  return writer.message(5, histogram);
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
