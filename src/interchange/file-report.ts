/** How much a finding matters: whether the file is dangerous, cannot become a model, or only a remark. */
export type FindingKind = 'unsafe' | 'unloadable' | 'note';

/** Something that a reader of a file noticed. */
export interface Finding {
  /** How much it matters. */
  readonly kind: FindingKind;
  /** One sentence that names the place in the file. */
  readonly message: string;
}

/** A layer or operation that a file describes. */
export interface LayerReport {
  /** Its name in the file. */
  readonly name: string;
  /** Its class or operation, in the words of the format. */
  readonly className: string;
  /** What else is worth a look, such as the shape of its output or its inputs. */
  readonly detail?: string;
}

/** An array that a file holds. */
export interface WeightReport {
  /** Its name or path in the file. */
  readonly name: string;
  /** Sizes of all axes, as the file stores them. */
  readonly shape: readonly number[];
  /** Type of its numbers, in the words of the format. */
  readonly dtype: string;
}

/** What is inside a model file, found without executing anything. */
export interface FileReport {
  /** Facts about the whole file, in reading order: who made it, versions, losses. */
  readonly facts: readonly (readonly [title: string, text: string])[];
  /** Layers or operations in the file's order; empty where a file holds arrays only. */
  readonly layers: readonly LayerReport[];
  /** Arrays in the file's order. */
  readonly weights: readonly WeightReport[];
  /** What is dangerous, what stands in the way of loading, and remarks. */
  readonly findings: readonly Finding[];
}
