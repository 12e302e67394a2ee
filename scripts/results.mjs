/**
 * Writes RESULTS.md and its curves from the logs of the runs in results/, or with --check fails when they
 * are not what the logs give. `npm run results`; a run is committed by `npm run results -- --add runs/NAME`.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lineChart } from '../dist/src/figures/line-chart.js';
import { withTheme } from '../dist/src/figures/theme.js';
import { decodeRecord } from '../dist/src/node/runs/decode-record.js';
import { logDigest } from '../dist/src/node/runs/log-digest.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    check: { type: 'boolean' },
    add: { type: 'string' },
    in: { type: 'string' },
    note: { type: 'string' },
  },
});
/** What a reader has to know of a run, in words, beside its log. */
const NOTE = 'note.txt';
/** The same of all runs of a recipe: `results/<recipe>.txt`. */
const GROUP_NOTE = '.txt';
const home = values.in ?? root;
const folder = join(home, 'results');

if (values.add !== undefined) {
  const target = join(folder, basename(values.add));
  mkdirSync(target, { recursive: true });
  for (const name of ['run.json', 'log.jsonl', 'config.json']) {
    copyFileSync(join(values.add, name), join(target, name));
  }
  if (values.note !== undefined) writeFileSync(join(target, NOTE), `${values.note}\n`);
}

const runs = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((name) => existsSync(join(folder, name, 'run.json')))
  .sort()
  .map(readRun);

/** A committed run whose checksums are right. */
function readRun(name) {
  const read = (file) => readFileSync(join(folder, name, file), 'utf8');
  const { record } = decodeRecord(read('run.json'), join('results', name, 'run.json'));
  const log = read('log.jsonl');
  if (record.status !== 'done') throw new Error(`results/${name} is ${record.status}, not done`);
  if (record.logSha256 !== logDigest(log)) {
    throw new Error(`results/${name}/log.jsonl is not the log of results/${name}/run.json`);
  }
  const events = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const epochs = events.filter(({ event }) => event === 'epoch');
  const end = events.find(({ event }) => event === 'end');
  const note = existsSync(join(folder, name, NOTE)) ? read(NOTE).trim() : undefined;
  return { name, record, epochs, end, note };
}

/** Runs of recipes in other frameworks, as benchmarks/peers/torch_recipe.py records them. */
const peersFolder = join(folder, 'peers');
const peers = (existsSync(peersFolder) ? readdirSync(peersFolder) : [])
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => ({ file, ...JSON.parse(readFileSync(join(peersFolder, file), 'utf8')) }));

const percent = (share) => `${(100 * share).toFixed(2)}%`;
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

function duration(seconds) {
  const minutes = seconds / 60;
  return minutes < 1 ? `${seconds.toFixed(0)} s` : `${minutes.toFixed(1)} min`;
}

const secondsOf = ({ epochs }) => epochs.reduce((sum, { seconds }) => sum + seconds, 0);

/** Runs of one recipe, or of one network on one data set, in the order of their names. */
function groups() {
  const byName = new Map();
  for (const run of runs) {
    const { recipe, settings } = run.record;
    const name = recipe ?? `${settings.model}-${settings.dataset}`;
    byName.set(name, [...(byName.get(name) ?? []), run]);
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
}

function curve(name, members) {
  const svg = lineChart({
    title: name,
    x: { label: 'epoch', integer: true },
    y: { label: 'accuracy', format: 'percent' },
    series: members.flatMap(({ record, epochs }, i) => {
      const x = epochs.map(({ epoch }) => epoch);
      const line = (field) => epochs.map((epoch) => epoch[field]);
      const seed = `seed ${record.settings.seed}`;
      return [
        { name: `training, ${seed}`, x, y: line('accuracy'), color: i, weight: 'thin' },
        { name: `validation, ${seed}`, x, y: line('valAccuracy'), color: i, weight: 'bold' },
      ];
    }),
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${withTheme(svg, 'light')}\n`;
}

/** The same recipe elsewhere, beside the mean time of ours on the same processor. */
function peerTable(name, members) {
  const list = peers.filter(({ recipe }) => recipe === name);
  if (list.length === 0) return [];
  const rows = list.map((peer) => {
    const seconds = peer.history.reduce((sum, epoch) => sum + epoch.seconds, 0);
    const beside = members.filter(
      ({ record: { machine } }) =>
        machine?.processor === peer.processor && machine.cores === peer.cores,
    );
    const cells = [
      `[${peer.framework}](results/peers/${peer.file}), ${peer.way}`,
      peer.seed,
      percent(peer.testAccuracy),
      duration(seconds),
      beside.length === 0 ? '' : `${(mean(beside.map(secondsOf)) / seconds).toFixed(2)}×`,
      peer.date,
      `${peer.processor}, ${peer.cores} cores`,
      `\`${peer.command}\``,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    "The same recipe elsewhere; ratios are our mean time over the peer's, on the same processor:",
    '',
    '| Framework | Seed | Test accuracy | Time | Our time | Date | Machine | Command |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

/** What a reader has to know of all runs of a recipe. */
function groupNote(name) {
  const path = join(folder, `${name}${GROUP_NOTE}`);
  return existsSync(path) ? [readFileSync(path, 'utf8').trim(), ''] : [];
}

function section(name, members) {
  const [{ record }] = members;
  const { data, settings } = record;
  const rows = members.map((run) => {
    const { machine, command, created } = run.record;
    const cells = [
      `[${run.name}](results/${run.name}/run.json)`,
      run.record.settings.seed,
      percent(run.end.testAccuracy),
      run.end.testLoss.toFixed(4),
      duration(secondsOf(run)),
      created.slice(0, 10),
      machine === undefined ? '' : `${machine.processor}, ${machine.cores} cores`,
      command === undefined ? '' : `\`${command}\``,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const accuracies = members.map(({ end }) => end.testAccuracy);
  const last = Math.max(...members.map(({ epochs }) => epochs.length));
  const epochs = Array.from({ length: last }, (_, i) => {
    const cells = members.map((run) => {
      const epoch = run.epochs[i];
      if (epoch === undefined) return '';
      const seconds = run.epochs.slice(0, i + 1).reduce((sum, one) => sum + one.seconds, 0);
      return `${percent(epoch.valAccuracy)} after ${duration(seconds)}`;
    });
    return `| ${i + 1} | ${cells.join(' | ')} |`;
  });
  return [
    `## ${name}`,
    '',
    `${settings.model} on ${data.title}: ${data.train} training, ${data.validation} validation and ${data.test} test images; ${settings.epochs} epochs, batches of ${settings.batchSize}, ${settings.optimizer}. Test accuracy, mean of ${members.length}: **${percent(mean(accuracies))}** (${percent(Math.min(...accuracies))} to ${percent(Math.max(...accuracies))}), in ${duration(mean(members.map(secondsOf)))}.`,
    '',
    '| Run | Seed | Test accuracy | Test loss | Time | Date | Machine | Command |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...members.flatMap((run) => (run.note === undefined ? [] : [`${run.name}: ${run.note}`, ''])),
    ...groupNote(name),
    ...peerTable(name, members),
    `![Accuracy by epoch](results/${name}.svg)`,
    '',
    '<details><summary>Validation accuracy by epoch</summary>',
    '',
    `| Epoch | ${members.map((run) => run.name).join(' | ')} |`,
    `| --- | ${members.map(() => '---').join(' | ')} |`,
    ...epochs,
    '',
    '</details>',
    '',
  ];
}

const head = [
  '# Results',
  '',
  'Made by `npm run results` from the logs in `results/`, whose checksums it verifies; do not edit. The weights that',
  'are tested are those after the last epoch, and each run looks at the test images once, at its end; where tests of',
  'earlier runs had a say in a recipe, its section tells. Times are of training and validation.',
  '',
];
const none = ['No run is committed yet.', ''];
const files = new Map([
  [
    'RESULTS.md',
    [
      ...head,
      ...(runs.length === 0 ? none : groups().flatMap(([name, list]) => section(name, list))),
    ].join('\n'),
  ],
  ...groups().map(([name, members]) => [`results/${name}.svg`, curve(name, members)]),
]);

for (const [name, content] of files) {
  const path = join(home, name);
  if (values.check !== true) writeFileSync(path, content);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== content) {
    console.error(`${name} is not what the logs in results/ give; run npm run results`);
    process.exitCode = 1;
  }
}
console.log(`results: ${runs.length} runs`);
