import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPackageJson } from '../node/package-file.js';
import { VERSION } from './version.js';

test('the version is that of the package', () => {
  assert.equal((readPackageJson('package.json') as { version: string }).version, VERSION);
});
