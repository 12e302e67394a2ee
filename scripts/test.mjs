// Builds, then runs every unit and conformance test of dist/ in processes of their own, two at a time.
// Arguments select files by a part of their path: `npm test -- conv2d`. `--suite interop` (or another
// folder of tests/ that is too slow for every run) runs that folder instead.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { listFiles, root } from './source-files.mjs';

/** Folders of tests/ that run only when named. */
const SLOW_SUITES = ['interop', 'chaos'];
/** Where the tests of tests/browser/ find a browser. */
const CHROMIUM = process.env.RESIDUUM_CHROMIUM ?? '/usr/bin/chromium';
const FILE_TIMEOUT_MS = 20 * 60_000;

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
/** Files in which a test has reported. */
const reported = new Set();

/** A file's own entry, which the runner adds when the file crashes or holds no test. */
const isFileEntry = (event) => event.nesting === 0 && files.includes(event.name);

function onPass(event) {
  if (isFileEntry(event) || event.details?.type === 'suite') return;
  reported.add(event.file);
  if (event.skip !== undefined || event.todo !== undefined) counts.skipped += 1;
  else counts.passed += 1;
}

function onFail(event) {
  reported.add(isFileEntry(event) ? event.name : event.file);
  // A parent that fails for its children's sake alone is not one more failure.
  if (event.details?.error?.failureType === 'subtestsFailed') return;
  if (event.todo !== undefined) counts.skipped += 1;
  else counts.failed += 1;
}

const stream = run({ files, concurrency: 2, timeout: FILE_TIMEOUT_MS });
stream.on('test:pass', onPass);
stream.on('test:fail', onFail);
const report = stream.compose(spec());
for await (const text of report) process.stdout.write(text);

if (files.length === 0) console.error('No test file matches.');
for (const file of files) {
  if (reported.has(file)) continue;
  counts.failed += 1;
  console.error(`No test ran in ${file}.`);
}
if (leftOut.length > 0) {
  console.log(
    `Left out: tests/browser, because there is no browser at ${CHROMIUM} (RESIDUUM_CHROMIUM).`,
  );
}
if (counts.skipped > 0) console.log(`${counts.skipped} skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
