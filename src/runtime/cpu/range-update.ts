/** Updates so many weights from a place on, counted within the range of the call. */
export type RangeUpdate = (from: number, count: number) => void;
