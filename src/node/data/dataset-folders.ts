import { homedir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../package-file.js';

/**
 * The folder that downloads are kept in, one folder in it for each data set: `RESIDUUM_CACHE`, else
 * `%LOCALAPPDATA%\residuum` on Windows, else `$XDG_CACHE_HOME/residuum`, else `~/.cache/residuum`.
 */
export function defaultCacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { RESIDUUM_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = environment;
  if (RESIDUUM_CACHE) return RESIDUUM_CACHE;
  if (platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'residuum');
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'residuum');
  return join(homedir(), '.cache', 'residuum');
}

/** Where Debian's package `dataset-<name>` puts its files. */
export function systemFolder(name: string): string {
  return join('/usr/share/datasets', name);
}

/** Where a data set that ships with residuum lies. */
export function packageFolder(name: string): string {
  return packagePath(`datasets/${name}`);
}
