/** A kernel call with its addresses and sizes fixed: runs without arguments and allocates nothing. */
export type BoundCall = () => void | Promise<void>;
