/**
 * Puts the examples into README.md where a comment names them, or with --check fails when a block is not
 * the file. `npm run readme`
 */
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../README.md', import.meta.url);
const before = readFileSync(path, 'utf8');
let blocks = 0;
const after = before.replace(
  /(<!-- example: (\S+) -->\n```ts\n)[\s\S]*?(```)/g,
  (_, head, file, end) => {
    blocks++;
    return head + readFileSync(new URL(`../${file}`, import.meta.url), 'utf8') + end;
  },
);
if (blocks === 0) throw new Error('README.md names no examples');
if (process.argv.includes('--check')) {
  if (before !== after) {
    console.error('README.md does not show the examples as they are; run npm run readme');
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, after);
}
console.log(`readme: ${blocks} examples`);
