import { FormatError, UnknownNameError, ValueError } from '../core/errors.js';
import { decodeSafetensors } from '../formats/safetensors.js';
import type { Model } from '../models/model.js';
import type { FileReport, Finding, LayerReport } from './file-report.js';
import { type ModelFormat, type PythonRecheck, requireArchitecture } from './model-format.js';
import { safetensorsKind } from './safetensors-header.js';
import { readDescriptions } from './torch/describe-module.js';
import { decodeTorch, encodeTorch, withoutPrefix } from './torch/torch-state.js';
import { torchvisionStyle } from './torch/torchvision-style.js';
import { torchvisionVariant, torchvisionVariantOf } from './torch/torchvision-variant.js';

/** Height and width of the images of a network that is made after a file, which does not tell. */
const IMAGE_SIZE = [224, 224] as const;

/** The modules that our own writer describes. */
function describedModules(json: string | undefined): LayerReport[] {
  return readDescriptions(json ?? '[]').map(({ module, torch, layer }) => {
    return { name: module, className: torch, detail: `layer ${layer}` };
  });
}

function networkFrom(build: () => Model, source: string): Model {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ValueError || error instanceof UnknownNameError)) throw error;
    throw new FormatError(`${source}: its tensors describe no network: ${error.message}`);
  }
}

/** Weights as PyTorch saves them with `safetensors.torch.save_file(model.state_dict(), …)`. */
export const torchFormat: ModelFormat = {
  name: 'torch',
  title: 'weights for PyTorch (safetensors)',
  extensions: ['.torch.safetensors'],
  weightsOnly: true,
  detect: (bytes) => safetensorsKind(bytes) === 'foreign',
  async inspect(bytes, source): Promise<FileReport> {
    const { tensors, metadata } = decodeSafetensors(bytes, { source });
    const variant = torchvisionVariant(withoutPrefix(tensors));
    const weights = [...tensors].map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
    const { description, keys } = metadata;
    const message =
      variant === undefined
        ? 'it holds weights only: name the network that they belong to (--model NAME)'
        : `names and shapes are those of torchvision's ${variant.name}; strides are not in the file, and torchvision's (on the 3×3 convolution) are assumed`;
    const findings: Finding[] = [{ kind: 'note', message }];
    return {
      facts: [
        [
          'Network',
          variant === undefined
            ? 'not told'
            : `${variant.name} of torchvision, ${variant.channels} channels, ${variant.classes} classes`,
        ],
        ...(keys === undefined ? [] : [['Keys', keys] as const]),
        ...(description === undefined ? [] : [['Conventions', description] as const]),
      ],
      layers: describedModules(metadata.modules),
      weights,
      findings,
    };
  },
  async importModel(bytes, options) {
    const { source = 'the file' } = options;
    const file = decodeSafetensors(bytes, { source });
    const tensors = withoutPrefix(file.tensors);
    const variant = torchvisionVariant(tensors);
    const model =
      options.architecture === undefined && variant !== undefined
        ? networkFrom(() => variant.build(IMAGE_SIZE), source)
        : requireArchitecture(options);
    const described = file.metadata.modules;
    decodeTorch(tensors, model, { source, torchvision: variant !== undefined, described });
    return model;
  },
  exportModel: (model) => encodeTorch(model),
  recheck(file, model): PythonRecheck | undefined {
    const name = torchvisionVariantOf(model);
    const style = torchvisionStyle(model);
    if (name === undefined || style === undefined || style.problems.length > 0) return undefined;
    const [channels] = model.inputShapes[0].slice(-1);
    const classes = model.outputShapes[0][0];
    const stem =
      channels === 3
        ? ''
        : `setattr(m, 'conv1', torch.nn.Conv2d(${channels}, 64, 7, 2, 3, bias=False)), `;
    const { activation } = model.getLayer('predictions').getConfig() as { activation: string };
    const head = activation === 'softmax' ? '.softmax(1)' : '';
    return {
      imports: 'torch, torchvision, safetensors.torch as st',
      outputs: `(lambda m: (${stem}m.load_state_dict(st.load_file(${file})), m.eval(), [m(torch.tensor(f(i)).movedim(3, 1))${head}.detach().numpy() for i in r['inputs']])[-1])(torchvision.models.${name}(num_classes=${classes}))`,
    };
  },
};
