import { malformed, type NatsError } from '@nats/graph';

/** Fields of an object of a JSON or XML file. */
export type Fields = Readonly<Record<string, unknown>>;

/** A missing or wrong field, found while one annotation is read. */
export class FieldError extends Error {
  constructor(
    readonly field: string,
    readonly rule: string,
    readonly value: unknown,
  ) {
    super(`${rule} (${field})`);
  }
}

/** A value of a file, short enough for a message. */
export function shown(value: unknown): string {
  const text = jsonOf(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'nothing';
  } catch (error) {
    // JSON.stringify recurses where JSON.parse did not.
    if (!(error instanceof RangeError)) throw error;
    return 'a value that is nested too deep';
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsAt(value: unknown, field: string): Fields {
  if (!isFields(value)) throw new FieldError(field, 'an object with fields is expected here', value);
  return value;
}

export function listAt(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new FieldError(field, 'a list is expected here', value);
  return value;
}

export function numberAt(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new FieldError(field, 'a finite number is expected here', value);
  }
  return value;
}

/** A number that a file has as text. */
export function numberInText(value: unknown, field: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) throw new FieldError(field, 'a finite number is expected here', value);
  return number;
}

export function sideAt(value: number, field: string): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new FieldError(field, 'a side of an image is a positive whole number of pixels', value);
  }
  return value;
}

export function textAt(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw new FieldError(field, 'a text is expected here', value);
  return value;
}

/** The error of a whole file, where nothing can be left out. */
function fileError(file: string, { field, rule, value }: FieldError): NatsError {
  return malformed(file, field, { rule, received: shown(value) });
}

/** Runs `read`; a wrong field becomes an error that names the file. */
export function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof FieldError ? fileError(file, error) : error;
  }
}
