import { lineChart, summarizeValues } from '../library.js';
import { denseStack, normalSamples, randomProjection, stateNames } from './dense-stack.js';
import type { LabCheck, LabFigure, LabTable, PartContext } from './experiment.js';
import { labFigure } from './lab-figure.js';
import { bandOf, linearFit } from './statistics.js';
import { range } from './words.js';

/** The four networks whose gradients have a law. */
export const LAWS = {
  'plain, Glorot, no BN': { initializer: 'glorotNormal', normalized: false, kind: 'plain' },
  'plain, He, no BN': { initializer: 'heNormal', normalized: false, kind: 'plain' },
  'plain, He, BN': { initializer: 'heNormal', normalized: true, kind: 'plain' },
  'residual, He, BN': { initializer: 'heNormal', normalized: true, kind: 'block' },
} as const;

/** Name of one of the four networks. */
export type LawName = keyof typeof LAWS;

/** How gradients change with depth in one network. */
export interface GradientLaw {
  /** Root mean square of the gradient with respect to the state before each layer, the input's first. */
  readonly profile: readonly number[];
  /** By what the gradient is multiplied at each layer on its way back: from the slope of its logarithm. */
  readonly factor: number;
  /** Exponent of the depth in the growth from the last layer to the input, over three depths. */
  readonly exponent: number;
}

/** Sizes of the dense networks. */
export interface LawSizes {
  /** Layers or blocks. */
  readonly depth: number;
  /** Units of a layer. */
  readonly width: number;
  /** Samples. */
  readonly batch: number;
}

async function profileOf(name: LawName, sizes: LawSizes, seed: number, { engine }: PartContext) {
  const { depth, width, batch } = sizes;
  const model = denseStack({ inputs: width, width, depth, seed, ...LAWS[name] });
  model.compile({ loss: randomProjection, ...engine });
  try {
    const layers = stateNames(depth);
    const probe = await model.probe(normalSamples(batch, width, width, seed), { layers });
    return layers.map((layer) => {
      return summarizeValues(probe.layers.get(layer)?.gradient ?? new Float32Array()).rms;
    });
  } finally {
    await model.dispose();
  }
}

/** Cost of `gradientLaw` in multiplications, for comparison with other parts. */
export function lawCost(name: LawName, { depth, width, batch }: LawSizes): number {
  // Depths of a quarter, a half and the whole; forward, and backward twice as much.
  return (LAWS[name].kind === 'block' ? 2 : 1) * 1.75 * 3 * depth * width ** 2 * batch;
}

/** Measures how the gradient changes with depth at initialisation. */
export async function gradientLaw(
  name: LawName,
  sizes: LawSizes,
  seed: number,
  context: PartContext,
): Promise<GradientLaw> {
  const depths = [sizes.depth / 4, sizes.depth / 2, sizes.depth].map((d) =>
    Math.max(2, Math.round(d)),
  );
  const profiles: number[][] = [];
  for (const depth of depths) {
    profiles.push(await profileOf(name, { ...sizes, depth }, seed, context));
    context.advance(profiles.length / depths.length);
  }
  const profile = profiles[profiles.length - 1];
  const growths = profiles.map((one) => Math.log(one[0] / one[one.length - 1]));
  const exponent = linearFit(depths.map(Math.log), growths).slope;
  // The ends are left out: the input is not rectified, and the last layers feel the loss.
  const edge = Math.max(1, Math.floor(profile.length / 10));
  const passed = profile.map((_, i) => -i).slice(edge, -edge);
  const { slope } = linearFit(passed, profile.slice(edge, -edge).map(Math.log));
  return { profile, factor: Math.exp(slope), exponent };
}

/** All laws, one entry a seed. */
export type GradientLaws = Readonly<Record<LawName, readonly GradientLaw[]>>;

/** The laws against what theory and the article say. */
export function lawChecks(laws: GradientLaws): LabCheck[] {
  const factors = (name: LawName) => laws[name].map(({ factor }) => factor);
  const band = (name: LawName, claim: string, low: number, high: number): LabCheck => {
    const measured = `the gradient is multiplied by ${range(factors(name))} at each layer on its way back`;
    const holds = factors(name).filter((one) => one >= low && one <= high).length;
    return {
      claim: `${name}: ${claim}`,
      measured,
      holds,
      seeds: laws[name].length,
      source: 'paper',
    };
  };
  const residual = laws['residual, He, BN'].map(({ exponent }) => exponent);
  const plain = factors('plain, He, BN');
  return [
    band('plain, Glorot, no BN', 'gradients vanish by × 0.707 a layer (within 0.02)', 0.687, 0.727),
    band('plain, He, no BN', 'gradients keep their size, × 1.00 a layer (within 0.03)', 0.97, 1.03),
    band('plain, He, BN', 'gradients explode by × 1.15 to 1.23 a layer', 1.15, 1.23),
    {
      claim:
        'residual, He, BN: gradients grow about in proportion to the number of blocks (as the depth to a power of 0.75 to 1.25), not exponentially',
      measured: `they grow as the depth to the power of ${range(residual)}`,
      holds: residual.filter((one) => one >= 0.75 && one <= 1.25).length,
      seeds: residual.length,
      source: 'paper',
      remark:
        'At the quick settings 0 of 3 seeds lie within the band, all just above it (1.26 to 1.29), while the plain network with normalisation has a power of 5.0 to 5.2 over the same depths: not the exact law, but no exponential growth either.',
    },
    {
      claim: 'in a plain network with normalisation many small factors make the gradient vanish',
      measured: `at initialisation it grows instead, × ${range(plain)} a layer; it vanishes only with Glorot's weights and without normalisation, × ${range(factors('plain, Glorot, no BN'))}`,
      holds: plain.filter((one) => one < 1).length,
      seeds: plain.length,
      source: 'article',
      remark:
        'At the quick settings 0 of 3 seeds agree, and the measurement contradicts the claim: the gradient grows by a fifth at each layer in every seed.',
    },
  ];
}

/** The profiles on a logarithmic axis, and a table of the laws. */
export function lawFigures(laws: GradientLaws): { figures: LabFigure[]; tables: LabTable[] } {
  const names = Object.keys(LAWS) as LawName[];
  const series = names.map((name) => {
    const relative = laws[name].map(({ profile }) =>
      profile.map((g) => g / profile[profile.length - 1]),
    );
    const { middle, lower, upper } = bandOf(relative);
    return { name, x: middle.map((_, i) => i), y: middle, band: { lower, upper }, markers: false };
  });
  const factors = names.map(
    (name) => `${name}: × ${range(laws[name].map(({ factor }) => factor))}`,
  );
  return {
    figures: [
      labFigure(
        'gradient-laws',
        `Root mean square of ∂loss/∂state before each layer of dense networks at their initialisation, relative to the last layer; bands span the seeds. The way back goes from right to left. Mean factor a layer: ${factors.join('; ')}.`,
        (described) =>
          lineChart({
            ...described,
            title: 'Gradient at initialisation, by layer',
            series,
            x: { label: 'layer or block (0 = input)', integer: true },
            y: { label: 'gradient / gradient at the last layer', scale: 'log' },
          }),
      ),
    ],
    tables: [
      {
        name: 'gradient-laws',
        caption:
          'Factor of the gradient a layer on its way back, and exponent of the depth in its growth.',
        columns: ['network', 'seed', 'factor a layer', 'exponent of depth'],
        rows: names.flatMap((name) =>
          laws[name].map(({ factor, exponent }, seed) => [name, seed, factor, exponent]),
        ),
      },
    ],
  };
}
