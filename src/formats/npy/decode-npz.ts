import { ZipArchive } from '../zip.js';
import { decodeNpy, type NpyArray } from './decode-npy.js';

/**
 * The arrays of a `.npz` file (`numpy.savez`, compressed or not) by name; each is read when it is asked for.
 */
export class NpzArchive {
  readonly #zip: ZipArchive;
  readonly #source: string;
  readonly #most: number;

  /**
   * @param source the file's name. @param most bytes that one array may have.
   * @throws FormatError when it is no archive.
   */
  constructor(bytes: Uint8Array, source: string, most = 2 ** 30) {
    this.#zip = new ZipArchive(bytes, source);
    this.#source = source;
    this.#most = most;
  }

  /** Names of the arrays. */
  get names(): readonly string[] {
    return this.#zip.names.flatMap((name) => (name.endsWith('.npy') ? name.slice(0, -4) : []));
  }

  /** An array. @throws FormatError when it is missing, damaged, too large, or not of numbers. */
  read(name: string): NpyArray {
    return decodeNpy(this.#zip.read(`${name}.npy`, this.#most), `${this.#source}, array ${name},`);
  }
}
