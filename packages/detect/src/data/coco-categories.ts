import { FieldError, fieldsAt, textAt } from './fields.js';
import type { DataProblem } from './problems.js';

/** An id: a number, also where tools write it as a text, or a text that is none. */
export type Key = number | string;

/** @throws FieldError */
export function idAt(value: unknown, field: string): Key {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value !== '') return String(Number(value)) === value ? Number(value) : value;
  throw new FieldError(field, 'an id is a number or a text', value);
}

/** A category of COCO's files. */
export interface Category {
  readonly key: Key;
  /** None for an id that is no number. */
  readonly number: number | undefined;
  readonly name: string;
  readonly supercategory: unknown;
  readonly at: number;
}

/** In the order of labels. @throws FieldError for a wrong field, ids or names that are there twice */
export function categoriesOf(items: readonly unknown[]): Category[] {
  const keys = new Set<Key>();
  const names = new Set<string>();
  const categories = items.map((item, at): Category => {
    const { id, name, supercategory } = fieldsAt(item, `categories[${at}]`);
    const key = idAt(id, `categories[${at}].id`);
    if (keys.has(key)) throw new FieldError(`categories[${at}].id`, 'ids of categories are different', id);
    keys.add(key);
    const text = textAt(typeof name === 'number' ? String(name) : name, `categories[${at}].name`);
    if (names.has(text)) throw new FieldError(`categories[${at}].name`, 'names of categories are different', text);
    names.add(text);
    const number = typeof id === 'number' ? id : /^(0|[1-9]\d{0,14})$/.test(String(key)) ? Number(key) : undefined;
    return { key, number, name: text, supercategory, at };
  });
  // In order of their ids; where some are texts, in the order of the file.
  if (categories.some(({ number }) => number === undefined)) return categories;
  return categories.sort((a, b) => a.number! - b.number!);
}

/** The category that Roboflow puts above all others: it is the supercategory of each. No class, if no annotation is of it. */
export function rootOf(categories: readonly Category[]): Category | undefined {
  if (categories.length < 2) return undefined;
  const [first, second] = categories as readonly [Category, Category];
  // Of two categories one at least has the root above it.
  const candidates = new Set([first.supercategory, second.supercategory]);
  return categories.find(
    ({ name, supercategory }) =>
      candidates.has(name) &&
      (supercategory === 'none' || supercategory === '' || supercategory === undefined || supercategory === null) &&
      categories.every((other) => other.name === name || other.supercategory === name),
  );
}

/** What is said of it where it is left out. */
export function rootProblem({ at, name }: Category, file: string): DataProblem {
  return {
    kind: 'reference',
    file,
    field: `categories[${at}]`,
    rule: 'a category that no annotation is of and that is the supercategory of all others is no class',
    received: name,
    remedy: 'category dropped',
    severity: 'warning',
  };
}
