import type { z } from 'zod';
import { nearest } from './nearest.js';
import { renamedKey } from './renamed-keys.js';

/** A JSON schema as far as keys are concerned. */
interface KeySchema {
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly oneOf?: readonly KeySchema[];
  readonly anyOf?: readonly KeySchema[];
  readonly items?: KeySchema;
  /** Of a record: all its values. */
  readonly additionalProperties?: KeySchema | boolean;
  readonly const?: unknown;
}

/** Something that is wrong with a config, and where. */
export interface ConfigProblem {
  /** `train.steps` */
  readonly path: string;
  readonly text: string;
}

/** What is wrong with a config, one for each thing, each with its place; unknown keys with the nearest valid one. */
export function explainIssues(error: z.ZodError, schema: unknown, input: unknown): ConfigProblem[] {
  return error.issues.flatMap((issue) => {
    const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
    const place = issue.path.join('.');
    if (issue.code === 'invalid_value')
      return [{ path: place, text: `${where}${sentence(issue)}${nearestValue(issue, input)}` }];
    if (issue.code !== 'unrecognized_keys') return [{ path: place, text: `${where}${sentence(issue)}` }];
    const valid = keysAt(schema as KeySchema, input, issue.path);
    return issue.keys.map((key) => {
      const path = [...issue.path, key].join('.');
      const renamed = renamedKey(path);
      if (renamed !== undefined) return { path, text: `'${path}' is now '${renamed}'` };
      const meant = nearest(key, valid);
      const advice = meant === undefined ? `there is ${valid.join(', ')}` : `did you mean '${meant}'?`;
      return { path, text: `unknown key '${path}'; ${advice}` };
    });
  });
}

function sentence(issue: z.core.$ZodIssue): string {
  // Of the name of a record's entry: what is wrong with it.
  const { message } = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function nearestValue({ values, path }: z.core.$ZodIssueInvalidValue, input: unknown): string {
  const given = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);
  const meant = typeof given === 'string' ? nearest(given, values.map(String)) : undefined;
  return meant === undefined ? '' : `; did you mean '${meant}'?`;
}

/** The keys that an object at a path of the input may have. */
function keysAt(schema: KeySchema, input: unknown, path: readonly PropertyKey[]): string[] {
  let [place, value] = [choose(schema, input), input];
  for (const key of path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
    const next = typeof key === 'number' ? place.items : (place.properties?.[String(key)] ?? valuesOf(place));
    place = choose(next ?? {}, value);
  }
  return Object.keys(place.properties ?? {});
}

function valuesOf({ additionalProperties }: KeySchema): KeySchema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** Of several alternatives the one whose constants (kind, format) are the value's. */
function choose(schema: KeySchema, value: unknown): KeySchema {
  const options = schema.oneOf ?? schema.anyOf;
  if (!options) return schema;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const fits = ({ properties }: KeySchema) =>
    (properties !== undefined || !isObject) &&
    Object.entries(properties ?? {}).every(
      ([key, property]) => property.const === undefined || property.const === (value as Record<string, unknown>)?.[key],
    );
  return options.find(fits) ?? options[0] ?? {};
}
