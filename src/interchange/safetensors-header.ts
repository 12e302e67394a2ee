const LENGTH_BYTES = 8;
/** How far the search for our own mark goes. */
const LONGEST_SEARCH = 2 ** 24;
const OPENING_BRACE = 0x7b;

/**
 * Which kind of safetensors file the bytes are, by their beginning: one that residuum wrote, one of
 * somebody else's, or none (undefined).
 */
export function safetensorsKind(bytes: Uint8Array): 'residuum' | 'foreign' | undefined {
  if (bytes.length < LENGTH_BYTES + 2 || bytes[LENGTH_BYTES] !== OPENING_BRACE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(bytes.length - LENGTH_BYTES)) return undefined;
  const end = LENGTH_BYTES + Math.min(Number(length), LONGEST_SEARCH);
  const header = new TextDecoder().decode(bytes.slice(LENGTH_BYTES, end));
  return /"format"\s*:\s*"residuum"/.test(header) ? 'residuum' : 'foreign';
}
