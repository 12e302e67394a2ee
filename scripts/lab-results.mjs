/**
 * Writes results/lab/RESULTS.md from the results that lie beside it, or with --check fails when it is not
 * what they say. `npm run lab-results`; a result is the `result.json` of `residuum lab NAME`, kept with its
 * figures as results/lab/NAME.json and results/lab/NAME-FIGURE.svg.
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

const minutes = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
const cell = (text) => text.replaceAll('|', '\\|');

function section(name) {
  const result = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  if (result.format !== 'residuum-lab' || result.experiment !== name) {
    throw new Error(`results/lab/${name}.json is no result of ${name}`);
  }
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
    ...figures.flatMap((file) => [`![${result.title}](${file})`, '']),
    `\`${result.command}\`; ${result.date}, ${result.machine}, residuum ${result.version}, ${minutes(result.seconds)} min.`,
    '',
  ].join('\n');
}

const missing = order.filter((name) => !names.includes(name));
const text = [
  '# Measured with the lab',
  '',
  'Made by `npm run lab-results` from the results in this folder. "Agrees" is counted by seed; a claim with',
  'no seed that agrees is one that the measurement contradicts, whoever made it.',
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
