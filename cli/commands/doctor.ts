import type { Command } from 'commander';
import { ResiduumError } from '../../src/core/errors.js';
import { describeMachine, graphEngine, measureGemm } from '../../src/node/machine.js';
import { type FoundDataset, findDatasets } from '../../src/node.js';
import { addJsonOption } from '../option-values.js';
import { plural, print, printFacts, printJson } from '../print.js';

const GEMMS = ['onnxruntime', 'wasm'] as const;
const GIGABYTE = 2 ** 30;
const MEGABYTE = 1e6;

/** What became of a provider of matrix products. */
type GemmReport =
  | { readonly name: string; readonly gflops: number; readonly replicas: number }
  | { readonly name: string; readonly problem: string };

/** Adds `residuum doctor`. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('Shows what this machine has for training, and measures its matrix products.');
  addJsonOption(command).addHelpText('after', '\nExample:\n  residuum doctor').action(doctor);
}

async function doctor(options: { json?: boolean }): Promise<void> {
  const machine = describeMachine();
  const gemm: GemmReport[] = [];
  for (const name of GEMMS) gemm.push(await tryGemm(name));
  const graphs = await graphEngine();
  const datasets = await findDatasets();
  if (options.json === true) {
    printJson({ ...machine, gemm, graphs: graphs ?? null, datasets });
    return;
  }
  const yes = (there: boolean) => (there ? 'yes' : 'no');
  const { simd, relaxedSimd } = machine.webAssembly;
  printFacts([
    ['Processor', `${machine.processor}, ${plural(machine.cores, 'core')}`],
    ['Memory', `${(machine.memory / GIGABYTE).toFixed(1)} GiB`],
    ['Node', `${machine.node} on ${machine.platform}`],
    ['WebAssembly', `SIMD ${yes(simd)}, relaxed SIMD ${yes(relaxedSimd)}`],
    ['Shared memory', yes(machine.sharedMemory)],
  ]);
  print();
  print('Matrix products (1024 × 1024, float32):');
  const chosen = gemm.find((one) => 'gflops' in one);
  printFacts(gemm.map((one) => [`  ${one.name}`, describeGemm(one, one === chosen)]));
  print();
  printFacts([['Predictions', describeGraphs(graphs)]]);
  print();
  print('Data sets:');
  printFacts(datasets.map((one) => [`  ${one.name}`, describeDataset(one)]));
  print(`  Downloads are kept in ${machine.cacheFolder}`);
}

async function tryGemm(name: (typeof GEMMS)[number]): Promise<GemmReport> {
  try {
    const { gflops, replicas } = await measureGemm(name);
    return { name, gflops, replicas };
  } catch (error) {
    if (error instanceof ResiduumError) return { name, problem: error.message };
    throw error;
  }
}

function describeGemm(report: GemmReport, chosen: boolean): string {
  if ('problem' in report) return `not available: ${report.problem}`;
  const speed = `${report.gflops.toFixed(0)} GFLOP/s with ${plural(report.replicas, 'replica')}`;
  return chosen ? `${speed}  ← used for training` : speed;
}

function describeGraphs(graphs: string | undefined): string {
  if (graphs === undefined) return 'kernel by kernel';
  return `from the second batch on as one graph of ${graphs}, with the weights built in`;
}

function describeDataset({ found, where, downloadBytes }: FoundDataset): string {
  if (found) return `found in ${where}`;
  if (downloadBytes === undefined) return `not here; it comes from ${where}, then give --data`;
  return `not here; ${(downloadBytes / MEGABYTE).toFixed(0)} MB would come from ${where}`;
}
