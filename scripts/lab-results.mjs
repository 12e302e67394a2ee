/**
 * Writes results/lab/RESULTS.md from the results that lie beside it, or with --check fails when it is not
 * what they say. `npm run lab-results`; a result is the `result.json` of `residuum lab NAME`, kept with its
 * figures as results/lab/NAME.json and results/lab/NAME-FIGURE.svg, that of `--full` in results/lab/full, with
 * words of ours in NAME.txt beside it. Every claim with which not all seeds agree at quick settings must have a
 * remark that says in how many they do and a line in the list of `residuum lab`, and the others none.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { experiments } from '../dist/src/node/lab.js';

const folder = new URL('../results/lab/', import.meta.url);
const fullFolder = new URL('full/', folder);
const order = experiments.map(({ name }) => name);

function namesIn(place) {
  const names = readdirSync(place)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
  const unknown = names.filter((name) => !order.includes(name));
  if (unknown.length > 0) throw new Error(`no experiments: ${unknown.join(', ')}`);
  return names;
}
const names = namesIn(folder);
const fullNames = namesIn(fullFolder);

function duration(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
const cell = (text) => text.replaceAll('|', '\\|');

function checkRemarks({ experiment, checks }) {
  for (const { claim, holds, seeds, remark } of checks) {
    const needed = holds < seeds;
    const fits = needed ? remark?.includes(`${holds} of ${seeds} seeds`) : remark === undefined;
    if (fits) continue;
    throw new Error(
      `results/lab/${experiment}.json: ${holds} of ${seeds} seeds agree with '${claim}', but its remark is '${remark}'`,
    );
  }
  const open = checks
    .filter(({ holds, seeds }) => holds < seeds)
    .map(({ holds, seeds }) => `${holds} of ${seeds} seeds`);
  const { reservations } = experiments.find(({ name }) => name === experiment);
  const told = reservations.map((line) => /\d+ of \d+ seeds/.exec(line)?.[0]);
  if (open.join() !== told.join()) {
    throw new Error(
      `results/lab/${experiment}.json: not every seed agrees with ${open.length} claims (${open.join(', ')}), but the list of 'residuum lab' tells of ${told.length} (${told.join(', ')})`,
    );
  }
}

function read(place, name, scale) {
  const result = JSON.parse(readFileSync(new URL(`${name}.json`, place), 'utf8'));
  if (result.format === 'residuum-lab' && result.experiment === name && result.scale === scale) {
    return result;
  }
  throw new Error(`${new URL(`${name}.json`, place).pathname} is no ${scale} result of ${name}`);
}

function quickSection(name) {
  const result = read(folder, name, 'quick');
  checkRemarks(result);
  const remarks = result.checks.flatMap(({ claim, remark }) =>
    remark === undefined ? [] : [`- *${claim}*: ${remark}`],
  );
  return section(result, folder, '', remarks);
}

/** Remarks are about the quick settings; what is to be said of the full ones stands in a file of its own. */
function fullSection(name) {
  const notes = new URL(`${name}.txt`, fullFolder);
  const words = existsSync(notes) ? [readFileSync(notes, 'utf8').trim()] : [];
  return section(read(fullFolder, name, 'full'), fullFolder, 'full/', words);
}

function section(result, place, path, remarks) {
  const name = result.experiment;
  const figures = readdirSync(place).filter(
    (file) => file.startsWith(`${name}-`) && file.endsWith('.svg'),
  );
  return [
    `${path === '' ? '##' : '###'} ${result.title}`,
    '',
    ...result.measured.map((line) => `- ${line}`),
    '',
    '| Claim | Of | Seeds that agree |',
    '| --- | --- | --- |',
    ...result.checks.map(
      ({ claim, source, holds, seeds }) => `| ${cell(claim)} | ${source} | ${holds} of ${seeds} |`,
    ),
    '',
    ...(remarks.length === 0 ? [] : [...remarks, '']),
    ...figures.flatMap((file) => [`![${result.title}](${path}${file})`, '']),
    `\`${result.command}\`; ${result.date}, ${result.machine}, residuum ${result.version}, ${duration(result.seconds)} of computing.`,
    '',
  ].join('\n');
}

const missing = order.filter((name) => !names.includes(name));
const notRun = experiments
  .filter(({ name }) => !fullNames.includes(name))
  .map(({ name, cost }) => `- \`${name}\`: about ${cost.full}`);
const text = [
  '# Measured with the lab',
  '',
  'Made by `npm run lab-results` from the results in this folder, at quick settings; those of `--full` follow at',
  'the end. Agreement is counted by seed. A claim with which not every seed agrees has a remark below its table:',
  'whether the measurement contradicts it, whoever made it, or the quick settings do not show it. The experiments',
  'ran one after another in one folder: networks that several of them need were trained by the first.',
  '',
  ...order.filter((name) => names.includes(name)).map(quickSection),
  ...(missing.length === 0 ? [] : [`Not measured yet: ${missing.join(', ')}.`, '']),
  '## At the settings of `--full`',
  '',
  ...order.filter((name) => fullNames.includes(name)).map(fullSection),
  ...(notRun.length === 0
    ? []
    : [
        'Not run to the end, with what they would take on two cores, going by the time of their first steps:',
        '',
        ...notRun,
        '',
      ]),
].join('\n');

const file = new URL('RESULTS.md', folder);
if (process.argv.includes('--check')) {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error('results/lab/RESULTS.md is not what the results say; run npm run lab-results');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
console.log(
  `lab results: ${names.length} of ${order.length} experiments, ${fullNames.length} at full settings`,
);
