import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelCall } from './kernels.js';
import type { Plan } from './plan.js';
import { printPlan } from './print-plan.js';
import { PlanError, validatePlan } from './validate-plan.js';

function affine(x: number, y: number): KernelCall {
  return {
    kernel: 'affine',
    reads: { x },
    writes: { y },
    attributes: { size: 20, scale: 2, offset: 1 },
    source: 'layer',
    phase: 'forward',
  };
}

const OFFSETS = [0, 32, 64, 96];

/** x → a → b → c, each of 20 elements; buffer 4 lies across a and b. */
function chain(): Plan {
  const names = ['x', 'a', 'b', 'c'];
  const buffer = (name: string, id: number, offset: number) =>
    ({ id, name, shape: [20], size: 20, region: 'scratch', offset }) as const;
  return {
    version: 1,
    name: 'chain',
    share: { replica: 0, shares: [2] },
    stateSize: 16,
    scratchSize: 128,
    buffers: [
      ...names.map((name, id) => buffer(name, id, OFFSETS[id])),
      buffer('across', 4, 48),
      { id: 5, name: 'w', shape: [3], size: 3, region: 'state', offset: 0 },
      { ...buffer('view', 6, 32), shape: [4, 5] },
      buffer('more', 7, 32),
    ],
    inputs: [{ name: 'x', buffer: 0, sampleShape: [10] }],
    outputs: [{ name: 'c', buffer: 3, kind: 'batch' }],
    calls: [affine(0, 1), affine(1, 2), affine(2, 3)],
    fusions: [],
  };
}

/** The message for the chain after a change. */
function faultOf(change: (plan: Plan) => void): string {
  const plan = chain();
  change(plan);
  try {
    validatePlan(plan);
  } catch (error) {
    assert.ok(error instanceof PlanError);
    assert.equal(error.code, 'E_PLAN');
    return error.message;
  }
  return 'none';
}

test('a plan that is well formed passes', () => {
  assert.equal(
    faultOf(() => undefined),
    'none',
  );
});

test('memory may be used again, in place and through views', () => {
  assert.equal(
    faultOf((p) => p.calls.splice(1, 1, affine(6, 2))),
    'none',
  );
  assert.equal(
    faultOf((p) => p.calls.splice(1, 1, affine(1, 1), affine(1, 2))),
    'none',
  );
  assert.equal(
    faultOf((p) => p.calls.push(affine(3, 4), affine(4, 3))),
    'none',
  );
});

const faults: [string, RegExp, (plan: Plan) => void][] = [
  [
    'buffers out of range',
    /call 1 \(affine of 'layer'\), operand 'x' names buffer 99 of 8/,
    (p) => p.calls.splice(1, 1, affine(99, 2)),
  ],
  [
    'unknown kernels',
    /call 0 \(frobnicate of 'layer'\): no kernel/,
    (p) => Object.assign(p.calls[0], { kernel: 'frobnicate' }),
  ],
  [
    'missing operands',
    /operand 'x' is missing from its reads/,
    (p) => Object.assign(p.calls[0], { reads: {} }),
  ],
  [
    'operands too many',
    /it writes 'z', which the kernel does not know/,
    (p) => Object.assign(p.calls[0].writes, { z: 2 }),
  ],
  [
    'wrong sizes',
    /operand 'x' is 'w' .* ask for 20 elements/,
    (p) => p.calls.splice(0, 1, affine(5, 1)),
  ],
  [
    'shapes of another size',
    /'a' .* has the shape \[7\]/,
    (p) => Object.assign(p.buffers[1], { shape: [7] }),
  ],
  [
    'buffers outside the arena',
    /'c' .* outside its arena/,
    (p) => Object.assign(p, { scratchSize: 100 }),
  ],
  ['misalignment', /'c' .* multiple of 16/, (p) => Object.assign(p.buffers[3], { offset: 97 })],
  [
    'inputs of another size',
    /input 'x' has 20 elements/,
    (p) => Object.assign(p.inputs[0], { sampleShape: [9] }),
  ],
  ['writes of inputs', /writes the input 'x'/, (p) => p.calls.push(affine(1, 0))],
  [
    'reads of what was never written',
    /call 0 .* operand 'x' reads 'b' .* never written/,
    (p) => p.calls.splice(0, 2),
  ],
  [
    'reads after a partial overwrite',
    /call 2 .* reads 'a' .* call 1 has overwritten/,
    (p) => p.calls.splice(1, 2, affine(0, 4), affine(1, 3)),
  ],
  [
    'reads of a part',
    /call 1 .* reads 'across' .* overwritten|never|part/,
    (p) => p.calls.splice(1, 2, affine(4, 3)),
  ],
  ['outputs overwritten', /output 'c' .* never written/, (p) => p.calls.splice(2, 1)],
  [
    'scalar outputs of many elements',
    /output 'c' is scalar/,
    (p) => Object.assign(p.outputs[0], { kind: 'scalar' }),
  ],
  [
    'overlap without permission',
    /operand 'y' .* overlaps 'x'/,
    (p) => p.calls.splice(1, 1, affine(1, 4)),
  ],
  [
    'a workspace over an operand',
    /the workspace 'a' .* overlaps operand 'y'/,
    (p) => Object.assign(p.calls[0], { workspace: 1 }),
  ],
  [
    'reads of a workspace',
    /reads 'b' .* the workspace of call 2 has overwritten/,
    (p) => {
      p.calls.splice(2, 0, { ...affine(0, 1), workspace: 4 });
      Object.assign(p.buffers[1], { offset: 96 });
    },
  ],
];

for (const [title, pattern, change] of faults) {
  test(`${title} are refused`, () => {
    assert.match(faultOf(change), pattern);
  });
}

test('in-place kernels must be given one and the same memory', () => {
  const message = faultOf((plan) => {
    plan.calls.splice(1, 1, {
      kernel: 'sgd',
      reads: { w: 1, g: 0 },
      writes: { newW: 2 },
      attributes: { start: 0, count: 20, momentum: 0, nesterov: false },
      source: 'optimizer',
      phase: 'update',
    });
  });
  assert.match(message, /call 1 \(sgd of 'optimizer'\): operand 'newW' must be the memory of 'w'/);
});

test('groups of rates must cover the range, and parts must lie in it', () => {
  const update = (attributes: object) =>
    faultOf((plan) => {
      const reads = { w: 1, g: 0 };
      const call = { kernel: 'sgd', reads, writes: { newW: 1 }, source: 'o', phase: 'update' };
      plan.calls.splice(1, 0, { ...call, attributes } as unknown as KernelCall);
    });
  const plain = { start: 0, count: 20, momentum: 0, nesterov: false };
  const groups = [{ count: 15, rateScale: 1, decay: 0 }];
  assert.equal(update(plain), 'none');
  assert.match(
    update({ ...plain, groups }),
    /call 1 \(sgd of 'o'\): the groups cover 15 of 20 elements/,
  );
});

test('places and sizes are counts: no others lead a kernel out of its operands', () => {
  const call = (kernel: string, reads: object, writes: object, attributes: object) =>
    faultOf((plan) => {
      const made = { kernel, reads, writes, attributes, source: 'o', phase: 'update' };
      plan.calls.splice(1, 0, made as unknown as KernelCall);
    });
  const sgd = (changes: object) => {
    const attributes = { start: 0, count: 20, momentum: 0, nesterov: false, ...changes };
    return call('sgd', { w: 1, g: 0 }, { newW: 1 }, attributes);
  };
  const group = (count: number) => ({ count, rateScale: 1, decay: 0 });
  assert.match(sgd({ groups: [group(1020), group(-1000)] }), /the size of a group is -1000/);
  assert.match(sgd({ start: -4, count: 20 }), /the start or size of an update is -4/);
  const clip = { start: -4, count: 20, limit: 1 };
  assert.match(call('clipByValue', { g: 1 }, { newG: 1 }, clip), /an update is -4/);
  const box = {
    shape: [1, 1, 1, 20],
    sourceOffset: 0,
    sourceStrides: [20, 20, 20, 1],
    targetOffset: 0,
    targetStrides: [20, 20, 20, 1],
    targetSize: 20,
    clear: true,
  };
  const copy = (changes: object) => call('stridedCopy', { x: 0 }, { y: 1 }, { ...box, ...changes });
  assert.equal(copy({}), 'none');
  assert.match(copy({ targetOffset: -16 }), /an offset or size is -16/);
  assert.match(copy({ sourceOffset: -16 }), /an offset or size is -16/);
  assert.match(copy({ targetStrides: [20, 20, 20, -1] }), /a size or stride is -1/);
  const parts = { starts: [-8], counts: [20] };
  assert.match(call('reduceScatter', { x: 1 }, { y: 1 }, parts), /a start or size of a part is -8/);
});

test('a call runs every so many steps, an integer of at least 1', () => {
  const every = (steps: number) =>
    faultOf((plan) => Object.assign(plan.calls[0], { every: steps }));
  assert.equal(every(3), 'none');
  for (const steps of [0, 1.5, Number.NaN]) assert.match(every(steps), /call 0 .*it runs every/);
});

const GATE = { stream: 9, rate: 0.25 };

test('what is written only while a gate is open is read only then', () => {
  const open = [{ ...GATE, open: true }];
  const closed = [{ ...GATE, open: false }];
  const another = [{ ...GATE, stream: 10, open: true }];
  const chainOf = (...gates: KernelCall['gates'][]) =>
    faultOf((plan) => {
      for (const [i, states] of gates.entries()) Object.assign(plan.calls[i], { gates: states });
    });
  assert.match(
    chainOf(undefined, open),
    /call 2 .*'x' reads 'b' .*, which call 1 writes only while gate 9 is open/,
  );
  assert.match(chainOf(open, closed, closed), /call 1 .*writes only while gate 9 is open/);
  assert.match(chainOf(another, open, open), /call 1 .*writes only while gate 10 is open/);
  // The plan's result is read at every step.
  assert.match(chainOf(undefined, open, open), /output 'c' .*writes only while gate 9 is open/);
  const alternatives = (first: KernelCall['gates'], second: KernelCall['gates']) =>
    faultOf((plan) => {
      const fill = { ...affine(0, 1), gates: first };
      plan.calls.splice(0, 1, fill, { ...affine(0, 1), gates: second });
    });
  assert.equal(alternatives(open, closed), 'none');
  assert.match(alternatives(open, open), /only while gate 9 is open/);
  assert.match(alternatives([...open, ...another], closed), /only while gate/);
  assert.match(alternatives([...open, ...another], [...closed, ...another]), /gate 10 is open/);
});

test('gates have a stream and a rate, and a call asks for each once', () => {
  const gates = (...states: object[]) =>
    faultOf((plan) => Object.assign(plan.calls[0], { gates: states }));
  for (const stream of [-1, 0.5, 2 ** 32]) {
    assert.match(gates({ ...GATE, stream, open: true }), /call 0 .*draws from the stream/);
  }
  for (const rate of [-0.1, 1, Number.NaN]) {
    assert.match(gates({ ...GATE, rate, open: true }), /call 0 .*is closed with probability/);
  }
  const twice = gates({ ...GATE, open: true }, { ...GATE, open: false });
  assert.match(twice, /call 0 .*asks for gate 9 twice/);
});

test('convolutions need their workspace', () => {
  const message = faultOf((plan) => {
    plan.buffers[5].size = 9;
    Object.assign(plan.buffers[5], { shape: [3, 3, 1, 1] });
    plan.calls.splice(0, 1, {
      kernel: 'conv2d',
      reads: { x: 0, w: 5 },
      writes: { y: 1 },
      attributes: {
        batch: 1,
        height: 4,
        width: 5,
        channels: 1,
        filters: 1,
        kernelHeight: 3,
        kernelWidth: 3,
        strideHeight: 1,
        strideWidth: 1,
        padTop: 1,
        padLeft: 1,
        dilationHeight: 1,
        dilationWidth: 1,
        groups: 1,
        outHeight: 4,
        outWidth: 5,
        algorithm: 'im2col',
        imagesPerChunk: 1,
      },
      source: 'conv',
      phase: 'forward',
    });
  });
  assert.match(message, /call 0 \(conv2d of 'conv'\): it has no workspace/);
});

test('plans print one line a call', () => {
  const plan = chain();
  plan.buffers.splice(4);
  const gates = [{ stream: 9, rate: 0.25, open: false }];
  plan.calls.splice(2, 1, { ...affine(2, 3), phase: 'backward', source: 'other', gates });
  assert.equal(
    printPlan(plan, { buffers: true }),
    [
      "plan 'chain', replica 0 of 1, shares [2]",
      'state 0.00 MB, scratch 0.00 MB, 4 buffers, 3 calls',
      'input x: x@0 2 × [10]',
      'output c: c@96 batch',
      'forward:',
      '0  affine  {size: 20, scale: 2, offset: 1}  x=x@0 -> y=a@32  # layer',
      '1  affine  {size: 20, scale: 2, offset: 1}  x=a@32 -> y=b@64  # layer',
      'backward:',
      '2  affine  {size: 20, scale: 2, offset: 1}  x=b@64 -> y=c@96  # other, while gate 9 (0.25) is closed',
      'buffers:',
      '0  x@0+20 [20]',
      '1  a@32+20 [20]',
      '2  b@64+20 [20]',
      '3  c@96+20 [20]',
      '',
    ].join('\n'),
  );
});
