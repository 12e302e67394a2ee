/** How often each class was found, found wrongly, and missed. */
export class PositiveCounts {
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  readonly falseNegatives: Float64Array;

  /** @param classes number of classes. */
  constructor(classes: number) {
    this.truePositives = new Float64Array(classes);
    this.falsePositives = new Float64Array(classes);
    this.falseNegatives = new Float64Array(classes);
  }

  /**
   * Takes a batch in.
   * @param targets `[count, classes]`, or class indices `[count]`.
   * @param isPositive whether a sample, whose predictions begin at `from`, is taken for a class.
   */
  add(
    targets: Float32Array,
    count: number,
    isPositive: (from: number, category: number) => boolean,
  ): void {
    const classes = this.truePositives.length;
    const isSparse = targets.length === count && classes > 1;
    for (let sample = 0; sample < count; sample++) {
      const from = sample * classes;
      for (let c = 0; c < classes; c++) {
        const isTrue = isSparse ? targets[sample] === c : targets[from + c] !== 0;
        const isFound = isPositive(from, c);
        if (isTrue && isFound) this.truePositives[c]++;
        else if (isFound) this.falsePositives[c]++;
        else if (isTrue) this.falseNegatives[c]++;
      }
    }
  }
}
