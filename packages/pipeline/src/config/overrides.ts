import { UsageError } from '../usage-error.js';

/** Settings by path: `train.steps` to 100. */
export type Overrides = Readonly<Record<string, unknown>>;

/** Reads `train.steps=100`; the value is JSON where it can be read as that, else a text. @throws UsageError */
export function parseAssignment(text: string): readonly [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`a setting is KEY=VALUE, such as train.steps=100; received '${text}'`);
  const [key, value] = [text.slice(0, at).trim(), text.slice(at + 1)];
  try {
    return [key, JSON.parse(value)];
  } catch {
    return [key, value];
  }
}

/** A copy of `base` with settings put over it; those that are undefined are left alone. */
export function withOverrides(base: unknown, overrides: Overrides): unknown {
  let result = base;
  for (const [path, value] of Object.entries(overrides)) {
    if (value !== undefined) result = withValue(result, path.split('.'), value);
  }
  return result;
}

function withValue(base: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(base)) {
    const copy = [...base];
    copy[Number(key)] = withValue(copy[Number(key)], rest, value);
    return copy;
  }
  const object = typeof base === 'object' && base !== null ? (base as Record<string, unknown>) : {};
  return { ...object, [key]: withValue(object[key], rest, value) };
}
