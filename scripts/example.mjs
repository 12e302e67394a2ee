/** Runs an example: npm run example -- NAME [arguments] */
import { readdirSync } from 'node:fs';
import './build.mjs';

const [name] = process.argv.splice(2, 1);
const folder = new URL('../examples/', import.meta.url);
const known = readdirSync(folder).map((file) => file.replace('.ts', ''));
if (!known.includes(name)) {
  console.error(`there is no example '${name ?? ''}'; there are: ${known.join(', ')}`);
  process.exit(1);
}
await import(new URL(`../dist/examples/${name}.js`, import.meta.url).href);
