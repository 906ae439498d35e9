import { describe, expect, test } from 'vitest';
import { exampleReport } from './fixtures/example-report.js';
import { renderReport } from './index.js';

describe('a whole report', () => {
  test('has each part, charts drawn, and no script', async () => {
    const page = await renderReport(exampleReport());
    for (const id of ['caveats', 'accuracy', 'costs', 'scheme', 'commands', 'environment']) {
      expect(page).toContain(`<section id="${id}"`);
    }
    expect(page).not.toMatch(/<script/i);
    expect(page).toContain('<title>Digits on textures</title>');
  });
});

test('a title alone is a report', async () => {
  const page = await renderReport({ title: 'Nothing yet' });
  expect(page).toContain('<h1>Nothing yet</h1>');
  expect(page).not.toContain('<section');
});
