import * as library from '../../src/browser.js';
import { runResidual } from './residual-run.js';

// The test waits for this promise on the page.
Object.assign(globalThis, { residuumRun: runResidual(library) });
