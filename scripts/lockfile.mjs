// Keeps package-lock.json fit for every machine. npm runs the install script of a locked dependency
// only where the lock says that it has one: no dependency of ours needs its script (onnxruntime-node's
// downloads CUDA libraries and fails without a network), so the mark is removed. npm 11 reads
// `allowScripts` in package.json besides. Addresses of tarballs would tie the lock to one registry.
//
//   node scripts/lockfile.mjs           mends the lock
//   node scripts/lockfile.mjs --check   reports, exit code 1 when the lock needs mending
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.mjs';

const path = join(root, 'package-lock.json');
const text = readFileSync(path, 'utf8');
const lock = JSON.parse(text);
for (const entry of Object.values(lock.packages)) {
  delete entry.hasInstallScript;
  if (!entry.link) delete entry.resolved;
}
const mended = `${JSON.stringify(lock, null, 2)}\n`;

if (mended !== text) {
  if (process.argv.includes('--check')) {
    console.error('package-lock.json names install scripts or a registry: run `npm run lockfile`.');
    process.exitCode = 1;
  } else {
    writeFileSync(path, mended);
    console.log('package-lock.json mended');
  }
}
