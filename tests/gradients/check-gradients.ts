import assert from 'node:assert/strict';
import { compileReplica, type StepRecipe } from '../../src/compiler/compile.js';
import { gradientEntry, layOutState } from '../../src/compiler/state-layout.js';
import type { Shape } from '../../src/core/shape.js';
import { multiply } from '../../src/ops/binary.js';
import { IrGraph, type Value } from '../../src/ops/ir.js';
import { totalSum } from '../../src/ops/total-sum.js';
import type { Plan } from '../../src/plan/plan.js';
import type { StateLayout } from '../../src/plan/state-layout.js';
import { createReferenceExecutor } from '../../src/runtime/reference/reference-executor.js';
import { normals } from '../conformance/test-data.js';
import { type GradientRow, type Operand, STEP } from './gradient-row.js';

/** Largest ‖gradient − difference‖₂ / max(‖difference‖₂, 1e-6) of an operand. */
export const TOLERANCE = 1e-6;
const TINY = 1e-6;
/** Source of the operations of the row itself, to tell them from those of the loss. */
const SOURCE = 'row';
/** Weights of the loss, so that every element of the result counts in its own way. */
const FACTORS = 'factors';

/** A row made ready to run, and the names of all operations on the way. */
interface Compiled {
  plan: Plan;
  layout: StateLayout;
  state: Map<string, Float32Array>;
  operations: Set<string>;
}

function compileRow(row: GradientRow): Compiled {
  const trained = Object.entries(row.operands);
  const fixed = Object.entries(row.constants ?? {});
  const resultShape = shapeOfResult(row);
  const factors: Operand = {
    shape: resultShape,
    values: normals(
      `${row.title} factors`,
      resultShape.reduce((a, b) => a * b, 1),
    ),
  };
  const constants: [string, Operand][] = [...fixed, [FACTORS, factors]];
  const variable = (isTrained: boolean) => (pair: [string, Operand]) => {
    return { entry: pair[0], shape: pair[1].shape, trained: isTrained };
  };
  const variables = [...trained.map(variable(true)), ...constants.map(variable(false))];
  const layout = layOutState(variables, [], 1);
  const operations = new Set<string>();
  const graphs: IrGraph[] = [];
  const recipe: StepRecipe = {
    name: row.title,
    trace(share) {
      const graph = new IrGraph(share);
      graphs.push(graph);
      const values: Record<string, Value> = {};
      for (const { entry, shape } of variables) values[entry] = graph.variable(entry, shape);
      graph.source = SOURCE;
      const result = row.build(values);
      graph.source = 'loss';
      const loss = totalSum(multiply(result, values[FACTORS]), 1);
      graph.results.push({ value: loss, name: 'loss', kind: 'scalar' });
      for (const { definition } of graph.operations) operations.add(definition.name);
      const weights = new Map(trained.map(([entry]) => [entry, values[entry]]));
      return { graph, training: { loss, weights, update: () => undefined } };
    },
  };
  const plan = compileReplica(recipe, layout, { replica: 0, shares: [row.batch ?? 1] });
  for (const { definition } of graphs[0].operations) operations.add(definition.name);
  const state = new Map([...trained, ...constants].map(([name, { values }]) => [name, values]));
  return { plan, layout, state, operations };
}

function shapeOfResult(row: GradientRow): Shape {
  const graph = new IrGraph({ replica: 0, shares: [row.batch ?? 1] });
  const values: Record<string, Value> = {};
  for (const [name, { shape }] of Object.entries({ ...row.operands, ...row.constants })) {
    values[name] = graph.variable(name, shape);
  }
  return row.build(values).shape;
}

/**
 * Holds the compiled gradient of every operand of a row to central differences of fourth order:
 * (8 (f(x + h) − f(x − h)) − (f(x + 2h) − f(x − 2h))) / 12h, all in float64.
 * @returns names of the operations that took part.
 */
export async function checkGradients(row: GradientRow): Promise<ReadonlySet<string>> {
  const { plan, layout, state, operations } = compileRow(row);
  if (row.forward !== undefined) {
    const kernels = plan.calls
      .filter((call) => call.source === SOURCE && call.phase === 'forward')
      .map((call) => call.kernel);
    assert.deepEqual(kernels, row.forward, 'kernels of the forward part');
  }
  const executor = createReferenceExecutor({ precision: 'float64' });
  await executor.allocateState(layout);
  await executor.writeState(state);
  const prepared = await executor.prepare([plan]);
  const lossNow = async (): Promise<number> => {
    const results = await executor.run(prepared, 0, { step: 1, learningRate: 0, seed: 5 });
    return results.loss[0];
  };
  await lossNow();
  const names = Object.keys(row.operands);
  const gradients = await executor.readState(names.map(gradientEntry));
  for (const name of names) {
    const { values } = row.operands[name];
    const gradient = gradients.get(gradientEntry(name)) as Float32Array;
    if (row.zero?.includes(name)) {
      assert.ok(
        gradient.every((value) => value === 0),
        `the gradient of ${name} is exactly zero`,
      );
    }
    const moved = values.slice();
    let distance = 0;
    let norm = 0;
    for (let i = 0; i < values.length; i++) {
      const lossAt = async (steps: number): Promise<number> => {
        moved[i] = values[i] + steps * STEP;
        await executor.writeState(new Map([[name, moved]]));
        return lossNow();
      };
      const near = (await lossAt(1)) - (await lossAt(-1));
      const far = (await lossAt(2)) - (await lossAt(-2));
      const difference = (8 * near - far) / (12 * STEP);
      moved[i] = values[i];
      distance += (gradient[i] - difference) ** 2;
      norm += difference ** 2;
    }
    await executor.writeState(new Map([[name, values]]));
    const relative = Math.sqrt(distance) / Math.max(Math.sqrt(norm), TINY);
    assert.ok(relative <= TOLERANCE, `gradient of ${name}: relative distance ${relative}`);
    if (row.zero?.includes(name)) continue;
    assert.ok(norm > 0, `gradient of ${name}: the row tells nothing, all differences are zero`);
  }
  await executor.dispose();
  return operations;
}
