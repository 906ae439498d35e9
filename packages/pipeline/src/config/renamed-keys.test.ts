import { expect, test } from 'vitest';
import { UsageError } from '../usage-error.js';
import { parseConfig } from './load-config.js';
import { withOverrides } from './overrides.js';
import { RENAMED_KEYS } from './renamed-keys.js';
import { configJsonSchema } from './schema.js';

interface KeySchema {
  readonly properties?: Readonly<Record<string, KeySchema>>;
}

test.each(RENAMED_KEYS)('%s is refused with its new name, which there is', (before, now) => {
  const parse = () => parseConfig(withOverrides({}, { [before]: 1 }), 'my.json');
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(`my.json: '${before}' is now '${now}'`);
  const keys = now.split('.');
  const place = keys.reduce<KeySchema | undefined>(
    (schema, key) => schema?.properties?.[key],
    configJsonSchema() as KeySchema,
  );
  expect(place).toBeDefined();
});
