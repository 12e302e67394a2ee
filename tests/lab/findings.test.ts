import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { degradationExperiment } from '../../src/lab/degradation.js';
import type { Experiment, LabFindings, LabSettings } from '../../src/lab/experiment.js';
import { gradientsExperiment } from '../../src/lab/gradients.js';
import { identityExperiment } from '../../src/lab/identity.js';
import { landscapeExperiment } from '../../src/lab/landscape.js';
import { lesionExperiment } from '../../src/lab/lesion.js';
import { FULL } from '../../src/lab/networks.js';
import { pathsExperiment } from '../../src/lab/paths.js';
import { labReport, labSummary } from '../../src/lab/report.js';
import { responsesExperiment } from '../../src/lab/responses.js';
import { shortcutsExperiment } from '../../src/lab/shortcuts.js';
import { trains, zeroGammaExperiment } from '../../src/lab/zero-gamma.js';
import { type Curve, gradients, type LabResult, runWholeLab } from '../../src/node/lab.js';
import { checkGolden, structure } from '../golden.js';
import { checkFigures, tinyData } from './tiny-data.js';

const SEEDS = [0, 1, 2];

/** A training of two epochs or so, which ended with these losses. */
function curve(loss: number[], diverged = false): Curve {
  const accuracy = loss.map(() => 0.5);
  return {
    loss,
    accuracy,
    testLoss: loss,
    testAccuracy: accuracy,
    seconds: loss.map(() => 1),
    diverged,
  };
}

/** What an experiment concludes of parts that were never computed. */
function conclude<S extends LabSettings, P, T>(
  experiment: Experiment<S, P, T>,
  part: (key: string) => P,
  changes: Partial<S> = {},
): LabFindings<T> {
  const settings = { ...experiment.settings.quick, ...changes };
  const keys = experiment.parts(settings, SEEDS).map(({ key }) => key);
  const parts = new Map(keys.map((key) => [key, part(key)]));
  const findings = experiment.conclude(parts, settings, SEEDS);
  checkFigures(findings.figures);
  return findings;
}

suite('what the lab concludes', () => {
  test('a seed that diverges is told, counts as worst and leaves the curves of the others', () => {
    const { checks, figures } = conclude(degradationExperiment, (key) => {
      if (key === 'plain-56 seed 0' || key === 'residual-56 seed 1') return curve([0.1], true);
      return curve([2, 1.5, key.startsWith('plain-56') ? 1.4 : 1]);
    });
    assert.deepEqual(
      checks.map(({ holds }) => holds),
      [3, 2, 2, 3],
    );
    assert.match(
      figures[0].caption,
      /Diverged.*: plain-56 with seed 0 in epoch 2 and residual-56 with seed 1 in epoch 2/,
    );
    // The line of plain-56 goes on through all three epochs.
    const lines = [...figures[1].svg.matchAll(/<path d="(M[^"Z]+)" fill="none"/g)];
    assert.deepEqual(
      lines.map(([, d]) => d.split('L').length),
      [3, 3, 3, 3],
    );
  });

  test('a network trains when its loss is well below that of guessing', () => {
    assert.equal(trains(curve([2.32, 2.30200498])), false);
    assert.equal(trains(curve([2.3, 1.85])), false);
    assert.equal(trains(curve([2.3, 1.5])), true);
    assert.equal(trains(curve([2.3, 1.5], true)), false);
    assert.equal(trains(curve([])), false);
    const { checks, figures } = conclude(zeroGammaExperiment, (key) => {
      if (key === 'blocks') return { compared: 52, exact: 52 };
      return key.startsWith('He') ? curve([], true) : curve([2.3, 2.27]);
    });
    assert.deepEqual(
      checks.map(({ holds }) => holds),
      [1, 0, 3, 0],
    );
    // A dash for each seed, in the legend as in the figure.
    const dashes = [...figures[0].svg.matchAll(/stroke-dasharray="(7 4|2 3)"/g)].map(([, d]) => d);
    assert.deepEqual(dashes.sort(), ['2 3', '2 3', '7 4', '7 4']);
  });

  test('losses at the cap are counted in the caption and marked in the table', () => {
    const loss = [
      [1e6, 3, 1e6],
      [2, 1, 2],
      [2, 2, 5e5],
    ];
    const { figures, tables, measured } = conclude(
      landscapeExperiment,
      () => ({ places: [-1, 0, 1], loss }),
      { grid: 3 },
    );
    assert.match(figures[0].caption, /to more than 1\.0 · 10⁶.* 2 of 9 points have a larger loss/);
    assert.match(measured[1], /plain-56 2, 2 and 2/);
    const { columns, rows } = tables[0];
    assert.equal(columns[5], 'capped');
    assert.deepEqual(
      rows.slice(0, 9).map((row) => row[5] === 'yes'),
      loss.flat().map((value) => value >= 1e6),
    );
  });

  test('a curve that leaves for many powers of ten does not press the others together', () => {
    const { figures } = conclude(shortcutsExperiment, (key) =>
      curve(key.startsWith('dropout') ? [15, 1e11] : [2, 1]),
    );
    assert.match(
      figures[1].caption,
      /Beyond the figure, which has no losses above 10: dropout 0\.5, whose/,
    );
    assert.ok(!figures[1].svg.includes('>10¹¹<') && !figures[1].svg.includes('>10¹⁰<'));
    const { figures: profiles } = conclude(responsesExperiment, (key) =>
      key.startsWith('plain') ? [1, 50] : [1, 1.02],
    );
    assert.ok(profiles[0].svg.includes('>50<') && profiles[0].svg.includes('>5<'), 'logarithmic');
  });

  test('a seed with dead units is told and leaves the lines of the others', () => {
    const kernels = ['a', 'b', 'c', 'end'];
    const norms = (seed: number) => [[1, 2, 3, 1], seed === 2 ? [0, 0, 2, 1] : [0.3, 0.2, 2, 1]];
    const { figures, checks, measured } = conclude(gradientsExperiment, (key) => {
      if (!key.startsWith('training')) return { profile: [2, 1.5, 1], factor: 1.2, exponent: 1 };
      const seed = Number(key.slice(-1));
      if (key.startsWith('residual, no BN', 9) && seed === 0) {
        return { kernels, steps: [0], norms: norms(0).slice(0, 1), losses: [9], diverged: true };
      }
      return { kernels, steps: [0, 30], norms: norms(seed), losses: [2, 1], diverged: false };
    });
    const [, plain, , , none] = figures;
    assert.match(plain.caption, /In 1 of 3 seed\(s\) units are dead/);
    // Two lines through all four kernels: the median of the second look has no gap.
    const lines = [...plain.svg.matchAll(/<path d="(M[^"Z]+)" fill="none"/g)];
    assert.deepEqual(
      lines.map(([, d]) => d.match(/[ML]/g)?.join('')),
      ['MLLL', 'MLLL'],
    );
    assert.match(none.caption, /loss 2 → 1; 1 of 3 diverged/);
    assert.match(
      measured[4],
      /^While training, norm of the gradient of plain, BN: first kernel 0\.2/,
    );
    const trained = checks.filter(({ claim }) => claim.includes('while training'));
    assert.deepEqual(
      trained.map(({ holds, seeds }) => [holds, seeds]),
      [
        [2, 3],
        [1, 3],
        [2, 3],
      ],
    );
  });

  test('golden: what the figures of papers are made of, and every label', () => {
    const rate = (key: string) =>
      key.startsWith('plain-56') ? 1.8 : key.startsWith('residual') ? 0.6 : 0.9;
    const { figures: curves } = conclude(degradationExperiment, (key) =>
      curve([2.3, 1.5, rate(key)]),
    );
    checkGolden('lab/golden/degradation.txt', curves.map(({ svg }) => structure(svg)).join('\n'));
    const { figures: bars } = conclude(shortcutsExperiment, (key) =>
      curve(key.startsWith('dropout') ? [15, 1e11] : [2, 1]),
    );
    checkGolden('lab/golden/shortcuts.txt', bars.map(({ svg }) => structure(svg)).join('\n'));
    const { figures: strips } = conclude(lesionExperiment, (key) => {
      const without = key.startsWith('plain') ? [0.1, 0.12] : [0.7, 0.75, 0.72];
      return { whole: 0.76, blocks: without.map(String), without };
    });
    checkGolden('lab/golden/lesion.txt', strips.map(({ svg }) => structure(svg)).join('\n'));
    const bowl = [-1, 0, 1].map((y) => [-1, 0, 1].map((x) => 1 + 20 * (x * x + y * y)));
    const { figures: planes } = conclude(
      landscapeExperiment,
      () => ({ places: [-1, 0, 1], loss: bowl }),
      { grid: 3 },
    );
    checkGolden('lab/golden/landscape.txt', planes.map(({ svg }) => structure(svg)).join('\n'));
  });

  test('remarks are about the quick settings and left out of full ones', async () => {
    const settings = { depth: 4, width: 8, batch: 8, trainedDepth: 8, trainedWidth: 4, steps: 2 };
    const sizes = { ...settings, batchSize: 20, images: 40, shrink: 1 };
    const options = { data: tinyData(), engine: { replicas: 1 }, seeds: 1, settings: sizes };
    const remarks = async (scale: 'quick' | 'full') =>
      (await gradients({ ...options, scale })).checks.filter(({ remark }) => remark !== undefined);
    assert.equal((await remarks('quick')).length, gradientsExperiment.reservations.length);
    assert.equal((await remarks('full')).length, 0);
  });

  test('most gradient along short paths is their share, not the mean length', () => {
    // Nearly all paths weigh the same: the mean is 1.99 of 4 blocks, but 0 and 1 blocks have 5 of 16 paths.
    const norms = [[1], [0.995], [0.99]];
    const { checks } = conclude(pathsExperiment, () => ({ blocks: 4, lengths: [1, 2, 3], norms }));
    assert.equal(checks[1].holds, 0);
  });

  test("a lesion's caption has the medians of the dots", () => {
    const { figures } = conclude(lesionExperiment, (key) => {
      const without = key.endsWith('0') ? [0.1, 0.2, 0.3] : [0.8];
      return { whole: 0.8, blocks: without.map(String), without };
    });
    assert.match(figures[0].caption, /medians of the dots: residual-56 30\.0 %/);
  });

  test('identity: who says what, and with which penalty the accuracy still keeps', () => {
    const { checks } = conclude(identityExperiment, (key) => {
      if (key === 'L2 0.03 on kernels only seed 1') return { ratios: [], accuracy: 0 };
      const penalty = Number(key.split(' ')[1]);
      return { ratios: [0.8 - 10 * penalty, 0.7], accuracy: penalty < 0.02 ? 0.75 : 0.4 };
    });
    assert.match(checks[1].measured, /every seed keeps it is λ = 0\.01, with/);
    assert.match(checks[2].claim, /^van Laarhoven: /);
    assert.match(checks[2].measured, /\(1 of 3 diverged\) with kernels only/);
    const [, paper, normalised] = identityExperiment.background;
    assert.ok(!/normalis/.test(paper) && /^Van Laarhoven \(2017\)/.test(normalised));
  });

  test('full settings decay weights as the paper does', () => {
    assert.equal(FULL.weightDecay, 1e-4);
    assert.equal(degradationExperiment.settings.full.weightDecay, 1e-4);
  });

  test('reports have remarks beside the verdict, headings, and nothing folded', () => {
    const { title, question, background } = degradationExperiment;
    const findings = conclude(degradationExperiment, () => curve([2, 1]));
    const result: LabResult<unknown> = {
      ...findings,
      ...{ experiment: 'degradation', title, question, background, settings: {} },
      ...{ scale: 'quick', seeds: SEEDS, dataset: undefined, seconds: 1 },
      engine: { executor: 'cpu', replicas: 2, gemm: 'wasm' },
      parts: { all: 12, kept: 3 },
    };
    const facts = { command: 'residuum lab all --seeds 3', version: '', date: '', machine: '' };
    const remark = findings.checks[2].remark ?? assert.fail('no remark');
    assert.ok(labReport(result, facts).includes(remark));
    assert.match(labReport(result, facts), /3 of 12 parts were computed by earlier calls/);
    const page = labSummary([result], facts, [{ experiment: 'lesion', reason: 'a <reason>.' }]);
    assert.ok(page.includes(remark));
    assert.match(
      page,
      /The experiment lesion failed and is not in this report: a &lt;reason&gt;\./,
    );
    assert.match(page, /<h3>What was measured<\/h3>/);
    assert.match(page, /<h3>What the papers and the article say<\/h3>/);
    assert.match(page, /cpu, 2 replica\(s\), matrix products by wasm/);
    assert.match(page, /<code>residuum lab degradation --seeds 3<\/code>/);
    assert.ok(!page.includes('<details'));
  });

  test('one experiment that fails costs no other its report', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'residuum-lab-'));
    try {
      // Of all experiments, shattering alone has these settings.
      const options = {
        ...{ folder, command: 'residuum lab all', data: tinyData(), seeds: 1, depth: 8, width: 8 },
        settings: { points: 32, networks: 1 },
      };
      const { results, failures, report } = await runWholeLab(options);
      assert.deepEqual(
        results.map(({ experiment }) => experiment),
        ['shattering'],
      );
      assert.equal(failures.length, 11);
      assert.match(failures[0].reason, /degradation has no setting 'points'/);
      const page = readFileSync(report, 'utf8');
      assert.ok(page.includes('The experiment degradation failed') && page.includes('Shattered'));
      await assert.rejects(
        runWholeLab({ ...options, settings: { nothing: 1 } }),
        /degradation has no setting 'nothing'/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
