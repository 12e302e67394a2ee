const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const DEEPEST_NESTING = 200;

/** Names that no key of untrusted JSON may have. */
export const isForbiddenKey = (key: string): boolean => FORBIDDEN_KEYS.has(key);

/**
 * Parses JSON that nobody has vouched for. `JSON.parse` keeps the last of repeated keys silently; here
 * they are refused, as are keys that name an object's prototype, and nesting that could exhaust the stack.
 * @param fail makes the error of a problem.
 */
export function parseUntrustedJson(text: string, fail: (problem: string) => Error): unknown {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
    } else if (character === '{' || character === '[') {
      if (++depth > DEEPEST_NESTING) throw fail(`is nested more than ${DEEPEST_NESTING} deep`);
    } else if (character === '}' || character === ']') depth--;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail(`is no JSON: ${reasonOf(error, text)}`);
  }
  checkJsonKeys(text, fail);
  return value;
}

/** What `JSON.parse` said, on one line, and where in the text, if it said so. */
function reasonOf(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/ in JSON at position (\d+).*$/, (_, position) => {
      const lines = text.slice(0, Number(position)).split('\n');
      return ` at line ${lines.length}, column ${lines[lines.length - 1].length + 1}`;
    });
}

/** Refuses repeated and forbidden keys in valid JSON. */
export function checkJsonKeys(text: string, fail: (problem: string) => Error): void {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '{') open.push(new Set());
    else if (text[i] === '}') open.pop();
    else if (text[i] === '"') {
      const start = i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      if (!isFollowedByColon(text, i + 1)) continue;
      const key = JSON.parse(text.slice(start, i + 1)) as string;
      const keys = open[open.length - 1];
      if (keys.has(key)) throw fail(`holds '${key}' twice`);
      if (isForbiddenKey(key)) throw fail(`uses the forbidden name '${key}'`);
      keys.add(key);
    }
  }
}

function isFollowedByColon(text: string, position: number): boolean {
  let i = position;
  while (' \t\r\n'.includes(text[i])) i++;
  return text[i] === ':';
}
