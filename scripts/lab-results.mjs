/**
 * Writes results/lab/RESULTS.md from the results that lie beside it, or with --check fails when it is not
 * what they say. `npm run lab-results`; a result is the `result.json` of `residuum lab NAME`, kept with its
 * figures as results/lab/NAME.json and results/lab/NAME-FIGURE.svg. Every claim with which not all seeds
 * agree must have a remark that says in how many they do, and the others none.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { experiments } from '../dist/src/node/lab.js';

const folder = new URL('../results/lab/', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));
const order = experiments.map(({ name }) => name);
const unknown = names.filter((name) => !order.includes(name));
if (unknown.length > 0) throw new Error(`no experiments: ${unknown.join(', ')}`);

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
}

function section(name) {
  const result = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  if (result.format !== 'residuum-lab' || result.experiment !== name) {
    throw new Error(`results/lab/${name}.json is no result of ${name}`);
  }
  checkRemarks(result);
  const remarks = result.checks.flatMap(({ claim, remark }) =>
    remark === undefined ? [] : [`- *${claim}*: ${remark}`],
  );
  const figures = readdirSync(folder).filter(
    (file) => file.startsWith(`${name}-`) && file.endsWith('.svg'),
  );
  return [
    `## ${result.title}`,
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
    ...figures.flatMap((file) => [`![${result.title}](${file})`, '']),
    `\`${result.command}\`; ${result.date}, ${result.machine}, residuum ${result.version}, ${duration(result.seconds)} of computing.`,
    '',
  ].join('\n');
}

const missing = order.filter((name) => !names.includes(name));
const text = [
  '# Measured with the lab',
  '',
  'Made by `npm run lab-results` from the results in this folder, all at quick settings. Agreement is counted by',
  'seed. A claim with which not every seed agrees has a remark below its table: whether the measurement',
  'contradicts it, whoever made it, or the quick settings do not show it.',
  '',
  ...order.filter((name) => names.includes(name)).map(section),
  ...(missing.length === 0 ? [] : [`Not measured yet: ${missing.join(', ')}.`, '']),
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
console.log(`lab results: ${names.length} of ${order.length} experiments`);
