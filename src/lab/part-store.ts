/** Keeps bytes by name: finished parts of experiments, trained networks, checkpoints. */
export interface PartStore {
  /** The bytes under a name (letters, digits, dots and hyphens), or undefined. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Keeps bytes under a name, whole or not at all. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** A store that ends with the program. */
export function memoryStore(): PartStore {
  const kept = new Map<string, Uint8Array>();
  return {
    read: async (name) => kept.get(name),
    write: async (name, bytes) => void kept.set(name, bytes),
  };
}

/** A value kept as JSON, or undefined. A file that is no JSON counts as absent: its writer was ended. */
export async function readJson(store: PartStore, name: string): Promise<unknown> {
  const bytes = await store.read(name);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Keeps a value as JSON. */
export async function writeJson(store: PartStore, name: string, value: unknown): Promise<void> {
  await store.write(name, new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

/** A short name for a long description: two descriptions share one only by a chance of 2⁻⁶⁴. */
export function fingerprint(description: string): string {
  let text = '';
  for (const start of [0x811c9dc5, 0x1b873593]) {
    let hash = start;
    for (let i = 0; i < description.length; i++) {
      hash = Math.imul(hash ^ description.charCodeAt(i), 0x01000193);
    }
    text += (hash >>> 0).toString(16).padStart(8, '0');
  }
  return text;
}
