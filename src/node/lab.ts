/** The lab in Node: importing it also sets up what models run on. */
import '../node.js';

export * from '../lab/lab.js';
export type { LabFailure } from '../lab/report.js';
export { type LabFolderOptions, runLab, runWholeLab } from './lab-folder.js';
