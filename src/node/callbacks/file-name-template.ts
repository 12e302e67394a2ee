import { ValueError } from '../../core/errors.js';

const PLACEHOLDER = /\{(\w+)(?::([^{}]*))?\}/g;
const INTEGER = /^(0?)(\d*)d$/;
const DECIMAL = /^\.(\d{1,2})([fe])$/;

/**
 * A path with figures in it, as Keras's `ModelCheckpoint` takes them: `{epoch:02d}`, `{batch}`,
 * `{valLoss:.3f}`.
 */
export class FileNameTemplate {
  readonly #template: string;

  /** @param template the path with placeholders. @throws {ValueError} for a format that there is not. */
  constructor(template: string) {
    this.#template = template;
    for (const [, name, format] of template.matchAll(PLACEHOLDER)) shown(name, format, 0);
  }

  /** The path for some figures. @throws {ValueError} naming a figure that is not among them. */
  path(figures: Readonly<Record<string, number>>): string {
    return this.#template.replace(PLACEHOLDER, (_, name: string, format?: string) => {
      if (Object.hasOwn(figures, name)) return shown(name, format, figures[name]);
      throw new ValueError(
        `'${this.#template}' names the figure '${name}', but there are ${Object.keys(figures).join(', ')}`,
      );
    });
  }

  /** Whether a path may have come of this template. */
  fits(path: string): boolean {
    const literal = this.#template.replace(/[\\^$.*+?()[\]|/-]/g, '\\$&');
    return new RegExp(`^${literal.replace(PLACEHOLDER, '[-+.\\w]+')}$`).test(path);
  }
}

function shown(name: string, format: string | undefined, value: number): string {
  if (format === undefined || format === '') return String(value);
  const integer = INTEGER.exec(format);
  if (integer !== null) {
    const [, zero, width] = integer;
    return String(Math.round(value)).padStart(Number(width), zero === '0' ? '0' : ' ');
  }
  const decimal = DECIMAL.exec(format);
  if (decimal === null) {
    throw new ValueError(
      `{${name}:${format}} has no format that is known; write it like {${name}:02d} or {${name}:.3f}`,
    );
  }
  const digits = Number(decimal[1]);
  return decimal[2] === 'f' ? value.toFixed(digits) : value.toExponential(digits);
}
