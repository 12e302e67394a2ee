/** Numbers of a dataset, row-major. */
export type Hdf5Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array;

/** A value of an attribute: a text, a list of texts, or an array of float64 of length 0. */
export type Hdf5AttributeInput =
  | string
  | {
      /** Texts, each of its own length, or all padded to the longest (`fixed`). */
      readonly texts: readonly string[];
      readonly fixed: boolean;
    };

/** An array to be written. */
export interface Hdf5DatasetInput {
  /** Sizes of all axes; none for a single number. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: Hdf5Numbers;
}

/** A group to be written: attributes, and groups and arrays by name. */
export class Hdf5GroupInput {
  readonly attributes = new Map<string, Hdf5AttributeInput>();
  readonly children = new Map<string, Hdf5GroupInput | Hdf5DatasetInput>();

  /** The group at a path such as `layers/conv2d/vars`, made where it does not exist. */
  group(path: string): Hdf5GroupInput {
    return path.split('/').reduce<Hdf5GroupInput>((parent, name) => {
      const known = parent.children.get(name);
      if (known instanceof Hdf5GroupInput) return known;
      const made = new Hdf5GroupInput();
      parent.children.set(name, made);
      return made;
    }, this);
  }

  /** Adds an array at a path, with the groups above it. */
  dataset(path: string, dataset: Hdf5DatasetInput): void {
    const cut = path.lastIndexOf('/');
    const parent = cut < 0 ? this : this.group(path.slice(0, cut));
    parent.children.set(path.slice(cut + 1), dataset);
  }
}
