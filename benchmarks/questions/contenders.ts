import { NPM_PEERS } from '../runner/launcher.js';
import type { Contender, Variant } from '../runner/question.js';

/** What a step trains or predicts. */
export interface Task {
  /** Starts the ids of the task's contenders, which are measured together. */
  group: string;
  /** Begins the labels of its contenders, where a question has several tasks. */
  title?: string;
  work: 'train' | 'predict';
  network: string;
  optimizer: 'adam' | 'sgd';
  batch: number;
  /** A new process for each step. */
  cold?: boolean;
}

/** Cores that figures are taken for: what a task gets, ours as replicas, the peers' as threads. */
export type Cores = 1 | 2;

const coresText = (cores: Cores) => (cores === 1 ? '1 core' : '2 cores');

function contender(
  task: Task,
  rest: Pick<Contender, 'id' | 'label' | 'side' | 'cores' | 'variants'>,
): Contender {
  const { group, title, batch, cold } = task;
  const label = title === undefined ? rest.label : `${title}: ${rest.label}`;
  return { group, mode: cold ? 'cold' : 'steps', work: batch, unit: 'images/s', ...rest, label };
}

const single = (command: readonly string[]): Variant[] => [{ name: '', command }];

const taskArguments = ({ work, network, optimizer, batch }: Task) => [
  ...[work, '--network', network, '--batch', `${batch}`],
  ...(work === 'train' ? ['--optimizer', optimizer] : []),
];

/** Id of ours in a task. */
export const oursId = ({ group }: Task, cores: Cores, gemm = '') =>
  `${group} residuum ${gemm}${cores}`;

/** Ours; products by WebAssembly if asked for, else by what it chooses itself. */
export function ours(task: Task, cores: Cores, gemm?: 'wasm'): Contender {
  const command = [
    ...['node', 'dist/benchmarks/contenders/residuum-step.js', ...taskArguments(task)],
    ...(gemm === undefined ? [] : ['--gemm', gemm]),
  ];
  // A single image cannot be shared out.
  const counts = task.work === 'predict' && cores > 1 ? [cores, 1] : [cores];
  return contender(task, {
    id: oursId(task, cores, gemm),
    label: `residuum${gemm === undefined ? '' : ` --gemm ${gemm}`}, ${coresText(cores)}`,
    side: 'ours',
    cores,
    variants: counts.map((replicas) => ({
      name: counts.length > 1 ? `${replicas} replica${replicas > 1 ? 's' : ''}` : '',
      command: [...command, '--replicas', `${replicas}`],
    })),
  });
}

/** Id of PyTorch in a task. */
export const torchId = ({ group }: Task, cores: Cores) => `${group} torch ${cores}`;

/** PyTorch in its best layout; TorchScript too where nothing is trained. */
export function torch(task: Task, cores: Cores): Contender {
  const command = [
    ...['python', 'benchmarks/peers/torch_contender.py', ...taskArguments(task)],
    ...['--cores', `${cores}`],
  ];
  const variants = [
    { name: 'contiguous', command },
    { name: 'channels last', command: [...command, '--channels-last'] },
  ];
  if (task.work === 'predict') {
    variants.push({ name: 'TorchScript, frozen', command: [...command, '--frozen'] });
    const last = [...command, '--frozen', '--channels-last'];
    variants.push({ name: 'TorchScript, frozen, channels last', command: last });
  }
  return contender(task, {
    id: torchId(task, cores),
    label: `PyTorch, ${coresText(cores)}`,
    side: 'peer',
    cores,
    variants,
  });
}

/** Id of Keras in a task. */
export const kerasId = ({ group }: Task, cores: Cores) => `${group} keras ${cores}`;

/** Keras 3 on TensorFlow, as a graph or compiled by XLA; the article's network only. */
export function keras(task: Task, cores: Cores): Contender {
  const command = [
    ...['python', 'benchmarks/peers/keras_contender.py', task.work],
    ...['--batch', `${task.batch}`, '--cores', `${cores}`],
  ];
  const keras = contender(task, {
    id: kerasId(task, cores),
    label: `Keras on TensorFlow, ${coresText(cores)}`,
    side: 'peer',
    cores,
    variants: [
      { name: 'graph', command },
      { name: 'XLA', command: [...command, '--jit-compile'] },
    ],
  });
  return { ...keras, slow: true };
}

/** The article's network exported by PyTorch, in ONNX Runtime for Python. */
export function onnxRuntime(task: Task, cores: Cores): Contender {
  const command = ['python', 'benchmarks/peers/onnxruntime_contender.py'];
  return contender(task, {
    id: `${task.group} onnxruntime ${cores}`,
    label: `ONNX Runtime, ${coresText(cores)}`,
    side: 'beside',
    cores,
    variants: single([...command, '--batch', `${task.batch}`, '--cores', `${cores}`]),
  });
}

/** Id of TensorFlow.js in a task. */
export const tensorFlowJsId = ({ group }: Task) => `${group} tensorflow.js`;

/** TensorFlow.js on its wasm backend, in Node; that has one thread there. The article's network only. */
export function tensorFlowJs(task: Task): Contender {
  const script = 'dist/benchmarks/contenders/tfjs-step.js';
  return contender(task, {
    id: tensorFlowJsId(task),
    label: 'TensorFlow.js wasm',
    side: 'peer',
    cores: 2,
    variants: single(['node', script, NPM_PEERS, task.work, '--batch', `${task.batch}`]),
  });
}

const PRODUCT_SIZE = 2048;

/** Ids of the products that show the machine's practical peak. */
export const productIds = (group: string, cores: Cores) => [
  `${group} product torch ${cores}`,
  `${group} product residuum ${cores}`,
];

/** Products of 2048 × 2048 matrices, by PyTorch and by our provider: the machine's practical peak. */
export function products(group: string, cores: Cores): Contender[] {
  const size = ['--size', `${PRODUCT_SIZE}`];
  const [byTorch, byOurs] = productIds(group, cores);
  const common = {
    group,
    side: 'beside',
    cores,
    mode: 'steps',
    work: 2e-9 * PRODUCT_SIZE ** 3,
    unit: 'GFLOP/s',
  } as const;
  const torchCommand = ['python', 'benchmarks/peers/torch_contender.py', 'gemm', ...size];
  const oursCommand = ['node', 'dist/benchmarks/contenders/residuum-step.js', 'gemm', ...size];
  return [
    {
      ...common,
      id: byTorch,
      label: `torch.mm, ${coresText(cores)}`,
      variants: single([...torchCommand, '--cores', `${cores}`]),
    },
    {
      ...common,
      id: byOurs,
      label: `residuum's product, ${coresText(cores)}`,
      variants: single([...oursCommand, '--replicas', `${cores}`]),
    },
  ];
}

/** Something of ours or a peer's that runs in a page of Chromium, or TensorFlow.js in Node. */
export function web(
  group: string,
  rest: Pick<Contender, 'id' | 'label' | 'side' | 'work' | 'unit'> &
    Partial<Pick<Contender, 'warmSteps' | 'rounds' | 'slow'>> & { command: readonly string[] },
): Contender {
  const { command, ...others } = rest;
  const variants = single(['node', ...command]);
  return { group, cores: 2, mode: 'steps', variants, wraps: true, ...others };
}
