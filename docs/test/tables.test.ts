import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { markdownTable, pages, resultOf, withTables } from '../../scripts/tables.mjs';

const results = fileURLToPath(new URL('../results', import.meta.url));

describe('tables of the documents', () => {
  it('are those of docs/results, on every page', () => {
    const filled = pages().filter((file) => readFileSync(file, 'utf8').includes('<!-- table '));
    expect(filled.length).toBeGreaterThan(0);
    for (const file of filled) {
      const page = readFileSync(file, 'utf8');
      expect(withTables(page, resultOf), `${file}: npm run tables writes its tables`).toBe(page);
    }
  });

  it('have a command and a commit beside every number, and as many cells in each row as columns', () => {
    for (const name of readdirSync(results).filter((file) => file.endsWith('.json'))) {
      const { command, commit, columns, rows } = resultOf(name.replace(/\.json$/, ''));
      expect(command, name).toMatch(/\S/);
      expect(commit, name).toMatch(/[0-9a-f]{7}/);
      for (const row of rows) expect(row, join('docs/results', name)).toHaveLength(columns.length);
    }
  });

  it('replaces what stands between the marks, and nothing else', () => {
    const page = 'before\n<!-- table a -->\nold\n<!-- /table -->\nafter\n';
    const read = () => ({ columns: ['x', 'y'], rows: [['one', 2]] });
    expect(withTables(page, read)).toBe(`before\n<!-- table a -->\n${markdownTable(read())}\n<!-- /table -->\nafter\n`);
    expect(markdownTable(read())).toBe('| x | y |\n| --- | --- |\n| one | 2 |');
  });
});
