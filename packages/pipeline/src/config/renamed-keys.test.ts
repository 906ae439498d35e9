import { expect, test } from 'vitest';
import { UsageError } from '../usage-error.js';
import { parseConfig } from './load-config.js';
import { withOverrides } from './overrides.js';
import { RENAMED_KEYS } from './renamed-keys.js';
import { configJsonSchema } from './schema.js';

interface KeySchema {
  readonly properties?: Readonly<Record<string, KeySchema>>;
  /** The kinds of a union. */
  readonly oneOf?: readonly KeySchema[];
  readonly anyOf?: readonly KeySchema[];
}

function keyOf(schema: KeySchema | undefined, key: string): KeySchema | undefined {
  const kinds = [...(schema?.oneOf ?? []), ...(schema?.anyOf ?? [])];
  return schema?.properties?.[key] ?? kinds.map((kind) => keyOf(kind, key)).find((found) => found !== undefined);
}

test.each(RENAMED_KEYS)('%s is refused with its new name, which there is', (before, now) => {
  const parse = () => parseConfig(withOverrides({ detector: { kind: 'faster-rcnn' } }, { [before]: 1 }), 'my.json');
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(`my.json: '${before}' is now '${now}'`);
  const place = now.split('.').reduce<KeySchema | undefined>(keyOf, configJsonSchema() as KeySchema);
  expect(place).toBeDefined();
});
