import { ResiduumError } from '../core/errors.js';
import { formatShape, sizeOf } from '../core/shape.js';
import { type GateState, sameGate } from './gate.js';
import { type KernelSpec, kernelSpec, type OperandSize } from './kernel-spec.js';
import type { BufferId, KernelCall, KernelName } from './kernels.js';
import { BUFFER_ALIGNMENT, type Plan, type PlanBuffer } from './plan.js';
import { WriteHistory } from './write-history.js';

/** A plan that no executor could run rightly: a bug of the compiler, or a damaged plan. */
export class PlanError extends ResiduumError {
  /** @param message names the plan, the call, its kernel and the operand at fault. */
  constructor(message: string) {
    super(message, 'E_PLAN');
  }
}

/** An operand of a call with its buffer. */
interface Operand {
  name: string;
  buffer: PlanBuffer;
}

/**
 * Checks that a plan is well formed: buffers inside their arenas and aligned, calls with the operands
 * and sizes that their kernels demand, memory shared only where a kernel permits it, no writes to
 * inputs, and every read of scratch seeing what was last written to the whole of it: each element's
 * last writer must have written through the same range, in every step in which the read takes place.
 * @throws PlanError for the first fault.
 */
export function validatePlan(plan: Plan): void {
  const fail = (what: string): never => {
    throw new PlanError(`Plan '${plan.name}': ${what}.`);
  };
  checkBuffers(plan, fail);
  const bufferOf = (id: BufferId, where: string): PlanBuffer =>
    plan.buffers[id] ?? fail(`${where} names buffer ${id} of ${plan.buffers.length}`);
  const history = new WriteHistory();
  const inputs = checkInputs(plan, bufferOf, history, fail);

  plan.calls.forEach((call, index) => {
    const where = `call ${index} (${call.kernel} of '${call.source}')`;
    const failCall = (what: string): never => fail(`${where}: ${what}`);
    const lookUp = (ids: Readonly<Record<string, BufferId | undefined>>): Operand[] =>
      Object.entries(ids).flatMap(([name, id]) =>
        id === undefined ? [] : [{ name, buffer: bufferOf(id, `${where}, operand '${name}'`) }],
      );
    const { every = 1, gates = [] } = call;
    if (!Number.isSafeInteger(every) || every < 1) failCall(`it runs every ${every} steps`);
    checkGates(gates, failCall);
    const reads = lookUp(call.reads);
    const writes = lookUp(call.writes);
    const spec = kernelSpec(call.kernel) ?? failCall('no kernel of this name exists');
    checkOperands(call, spec, reads, writes, plan.share.shares.length, failCall);
    checkSharing(spec, reads, writes, failCall);
    for (const { name, buffer } of reads) {
      const fault = buffer.region === 'scratch' && history.readFault(buffer, gates);
      if (fault) failCall(`operand '${name}' reads ${label(buffer)}, ${fault}`);
    }
    const needed = spec.workspace(call.attributes);
    if (call.workspace === undefined) {
      if (needed > 0) failCall(`it has no workspace, but needs ${needed} elements`);
    } else {
      const buffer = bufferOf(call.workspace, `${where}, workspace`);
      checkWorkspace(buffer, needed, [...reads, ...writes], failCall);
      history.clobber(buffer, `the workspace of call ${index}`);
    }
    for (const { name, buffer } of writes) {
      if (inputs.has(buffer.id)) failCall(`operand '${name}' writes the input ${label(buffer)}`);
      if (buffer.region === 'scratch') history.write(buffer, `call ${index}`, gates);
    }
  });
  checkOutputs(plan, bufferOf, history, fail);
}

type Fail = (what: string) => never;

function label(buffer: PlanBuffer): string {
  return `'${buffer.name}' (buffer ${buffer.id}, ${buffer.region} ${buffer.offset}+${buffer.size})`;
}

function checkGates(gates: readonly GateState[], fail: Fail): void {
  gates.forEach(({ stream, rate }, place) => {
    if (!isCount(stream) || stream >= 2 ** 32) fail(`a gate draws from the stream ${stream}`);
    if (!(rate >= 0 && rate < 1)) fail(`gate ${stream} is closed with probability ${rate}`);
    const again = gates.findIndex((other) => sameGate(other, gates[place])) !== place;
    if (again) fail(`it asks for gate ${stream} twice`);
  });
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function checkBuffers(plan: Plan, fail: Fail): void {
  plan.buffers.forEach((buffer, index) => {
    if (buffer.id !== index) fail(`buffer ${index} calls itself ${buffer.id}`);
    if (!isCount(buffer.offset) || !isCount(buffer.size)) {
      fail(`${label(buffer)} has an offset or size that is not a count`);
    }
    if (buffer.size !== sizeOf(buffer.shape)) {
      fail(`${label(buffer)} has the shape ${formatShape(buffer.shape)}, which is another size`);
    }
    const arena = buffer.region === 'state' ? plan.stateSize : plan.scratchSize;
    if (buffer.offset + buffer.size > arena) {
      fail(`${label(buffer)} ends outside its arena of ${arena} elements`);
    }
    if (buffer.offset % BUFFER_ALIGNMENT !== 0) {
      fail(`${label(buffer)} does not start at a multiple of ${BUFFER_ALIGNMENT} elements`);
    }
  });
}

function checkInputs(
  plan: Plan,
  bufferOf: (id: BufferId, where: string) => PlanBuffer,
  history: WriteHistory,
  fail: Fail,
): Set<BufferId> {
  const { replica, shares } = plan.share;
  if (!isCount(replica) || replica >= shares.length || !shares.every(isCount)) {
    fail(`replica ${replica} with shares [${shares.join(', ')}] is not a share of the work`);
  }
  const filled: PlanBuffer[] = [];
  for (const input of plan.inputs) {
    const buffer = bufferOf(input.buffer, `input '${input.name}'`);
    const expected = shares[replica] * sizeOf(input.sampleShape);
    if (buffer.size !== expected) {
      fail(
        `input '${input.name}' has ${buffer.size} elements in ${label(buffer)}, but ` +
          `${shares[replica]} samples of ${formatShape(input.sampleShape)} are ${expected}`,
      );
    }
    const other = filled.find((earlier) => overlap(earlier, buffer));
    if (other) fail(`input ${label(buffer)} overlaps input ${label(other)}`);
    filled.push(buffer);
    if (buffer.region === 'scratch') history.write(buffer, 'the input');
  }
  return new Set(filled.map((buffer) => buffer.id));
}

function checkOperands(
  call: KernelCall,
  spec: KernelSpec<KernelName>,
  reads: readonly Operand[],
  writes: readonly Operand[],
  replicas: number,
  fail: Fail,
): void {
  const sizes = spec.sizes(call.attributes, replicas);
  checkSide('reads', sizes.reads, spec.optional, reads, fail);
  checkSide('writes', sizes.writes, spec.optional, writes, fail);
  const present = new Set([...reads, ...writes].map(({ name }) => name));
  const problem = spec.problem(call.attributes, present);
  if (problem !== undefined) fail(problem);
}

function checkSide(
  side: 'reads' | 'writes',
  sizes: Readonly<Record<string, OperandSize>>,
  optional: readonly string[],
  operands: readonly Operand[],
  fail: Fail,
): void {
  const present = new Set(operands.map(({ name }) => name));
  for (const name of Object.keys(sizes)) {
    if (!present.has(name) && !optional.includes(name)) {
      fail(`operand '${name}' is missing from its ${side}`);
    }
  }
  for (const { name, buffer } of operands) {
    if (!Object.hasOwn(sizes, name)) {
      fail(`it ${side} '${name}', which the kernel does not know`);
    }
    const size = sizes[name];
    const fits = typeof size === 'number' ? buffer.size === size : buffer.size >= size.atLeast;
    if (!fits) {
      const expected = typeof size === 'number' ? `${size}` : `at least ${size.atLeast}`;
      fail(
        `operand '${name}' is ${label(buffer)}, but the attributes ask for ${expected} elements`,
      );
    }
  }
}

/** Checks that writes share memory with reads only as permitted, and never with each other. */
function checkSharing(
  spec: KernelSpec<KernelName>,
  reads: readonly Operand[],
  writes: readonly Operand[],
  fail: Fail,
): void {
  const mayAlias: Readonly<Record<string, readonly string[] | undefined>> = spec.mayAlias;
  const inPlace: Readonly<Record<string, string | undefined>> = spec.inPlace;
  writes.forEach(({ name, buffer }, index) => {
    const source = reads.find((read) => read.name === inPlace[name]);
    if (source && !sameRange(source.buffer, buffer)) {
      fail(`operand '${name}' must be the memory of '${source.name}', which the call updates`);
    }
    for (const read of reads) {
      if (!overlap(read.buffer, buffer)) continue;
      const permitted = read === source || mayAlias[name]?.includes(read.name);
      if (!permitted || !sameRange(read.buffer, buffer)) {
        fail(
          `operand '${name}' in ${label(buffer)} overlaps '${read.name}' in ${label(read.buffer)}`,
        );
      }
    }
    const other = writes.slice(0, index).find((write) => overlap(write.buffer, buffer));
    if (other) fail(`operands '${other.name}' and '${name}' write to overlapping memory`);
  });
}

function checkWorkspace(
  buffer: PlanBuffer,
  needed: number,
  operands: readonly Operand[],
  fail: Fail,
): void {
  if (buffer.size < needed)
    fail(`the workspace ${label(buffer)} is smaller than ${needed} elements`);
  if (buffer.region !== 'scratch') fail(`the workspace ${label(buffer)} is not scratch`);
  const other = operands.find((operand) => overlap(operand.buffer, buffer));
  if (other) fail(`the workspace ${label(buffer)} overlaps operand '${other.name}'`);
}

function checkOutputs(
  plan: Plan,
  bufferOf: (id: BufferId, where: string) => PlanBuffer,
  history: WriteHistory,
  fail: Fail,
): void {
  for (const output of plan.outputs) {
    const buffer = bufferOf(output.buffer, `output '${output.name}'`);
    if (output.kind === 'scalar' && buffer.size !== 1) {
      fail(`output '${output.name}' is scalar, but ${label(buffer)} has ${buffer.size} elements`);
    }
    const fault = buffer.region === 'scratch' && history.readFault(buffer);
    if (fault) fail(`output '${output.name}' is ${label(buffer)}, ${fault}`);
  }
}

function sameRange(a: PlanBuffer, b: PlanBuffer): boolean {
  return a.region === b.region && a.offset === b.offset && a.size === b.size;
}

function overlap(a: PlanBuffer, b: PlanBuffer): boolean {
  return (
    a.region === b.region &&
    Math.max(a.offset, b.offset) < Math.min(a.offset + a.size, b.offset + b.size)
  );
}
