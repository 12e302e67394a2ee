import { ValueError } from '../core/errors.js';
import { formatShape } from '../core/shape.js';
import { Softmax } from '../layers/softmax.js';
import { Model } from '../models/model.js';
import { openModel } from './model-interchange.js';

/**
 * The model of a file, for training on classes, as `trainableModel` makes it.
 * @throws {DataError}, {FormatError} when the file cannot be read. @throws {ValueError} when the model is
 * not of one image in and one list of classes out.
 */
export async function openTrainableModel(path: string): Promise<Model> {
  return trainableModel(await openModel(path), path);
}

/**
 * A model for training on classes: networks of PyTorch's end in logits, which a softmax turns into
 * probabilities. An optimizer that the model was compiled with stays, with its state.
 * @param path of its file, for messages.
 * @throws {ValueError} when the model is not of one image in and one list of classes out.
 */
export async function trainableModel(model: Model, path: string): Promise<Model> {
  const { inputs, outputs } = model.network;
  const [output] = outputs;
  if (inputs.length !== 1 || outputs.length !== 1 || output.sampleShape.length !== 1) {
    const shapes = outputs.map(({ shape }) => formatShape(shape)).join(', ');
    throw new ValueError(
      `the model of ${path} has ${inputs.length} input(s) and gives ${shapes}; to be trained here, it must take one image and give one number a class`,
    );
  }
  const last = model.getLayer(output.name);
  const { activation } = last.getConfig();
  if (last.className === 'Softmax' || activation === 'softmax') return model;
  const extended = new Model({ inputs, outputs: new Softmax()(output), name: model.name });
  if (model.compiled) {
    extended.compile({ optimizer: model.optimizer, loss: 'categoricalCrossentropy' });
    await extended.setOptimizerState(await model.optimizerState());
  }
  return extended;
}
