// Builds, then runs every unit and conformance test of dist/ in processes of their own, two at a time.
// Arguments select files by a part of their path: `npm test -- conv2d`. `--suite interop` (or another
// folder of tests/ that is too slow for every run) runs that folder instead.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { listFiles, root } from './source-files.mjs';

/** Folders of tests/ that run only when named. */
const SLOW_SUITES = ['interop', 'chaos'];
/** Where the tests of tests/browser/ find a browser. */
const CHROMIUM = process.env.RESIDUUM_CHROMIUM ?? '/usr/bin/chromium';
const FILE_TIMEOUT_MS = 20 * 60_000;
/** Test files that run at the same time. */
const PROCESSES = 2;

const { values, positionals } = parseArgs({
  options: { suite: { type: 'string' } },
  allowPositionals: true,
});

const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
if (build.status !== 0) {
  console.error('The build failed; no test was run.');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const leftOut = values.suite === undefined && !existsSync(CHROMIUM) ? ['browser'] : [];

const inFolder = (path, suite) => path.startsWith(`dist/tests/${suite}/`);
const files = listFiles('dist')
  .filter((path) => path.endsWith('.test.js'))
  .filter((path) =>
    values.suite
      ? inFolder(path, values.suite)
      : ![...SLOW_SUITES, ...leftOut].some((suite) => inFolder(path, suite)),
  )
  .filter((path) => positionals.length === 0 || positionals.some((part) => path.includes(part)))
  .map((path) => join(root, path));

const counts = { passed: 0, failed: 0, skipped: 0 };
/** What failed, told again at the end. */
const failures = [];

/** Runs one file in a process of its own, counts its tests, and gives its report. */
async function runFile(file) {
  /** The runner's own entry for a file that crashes or holds no test. */
  const isFileEntry = (event) => event.nesting === 0 && event.name === file;
  let own = 0;
  const stream = run({ files: [file], concurrency: 1, timeout: FILE_TIMEOUT_MS });
  stream.on('test:pass', (event) => {
    if (isFileEntry(event) || event.details?.type === 'suite') return;
    own += 1;
    if (event.skip !== undefined || event.todo !== undefined) counts.skipped += 1;
    else counts.passed += 1;
  });
  stream.on('test:fail', (event) => {
    own += 1;
    // A parent that fails for its children's sake alone is not one more failure.
    if (event.details?.error?.failureType === 'subtestsFailed') return;
    if (event.todo !== undefined) {
      counts.skipped += 1;
      return;
    }
    counts.failed += 1;
    failures.push(`${relative(root, file)}: ${event.name}`);
  });
  let text = '';
  for await (const part of stream.compose(spec())) text += part;
  if (own > 0) return text;
  counts.failed += 1;
  failures.push(`${relative(root, file)}: no test ran`);
  return `${text}No test ran in ${file}.\n`;
}

const queue = [...files];
async function runQueue() {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const report = await runFile(file);
    process.stdout.write(`${relative(root, file)}\n${report}`);
  }
}
await Promise.all(Array.from({ length: PROCESSES }, runQueue));

if (files.length === 0) console.error('No test file matches.');
for (const failure of failures) console.log(`Failed: ${failure}`);
if (leftOut.length > 0) {
  console.log(
    `Left out: tests/browser, because there is no browser at ${CHROMIUM} (RESIDUUM_CHROMIUM).`,
  );
}
if (counts.skipped > 0) console.log(`${counts.skipped} skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
