// Writes the tables of the documents from docs/results/*.json: between <!-- table NAME --> and <!-- /table -->.
// `node scripts/tables.mjs` writes; with --check it only says which pages differ, and exits with 1.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TABLE = /<!-- table ([\w-]+) -->\n[\s\S]*?<!-- \/table -->/g;

/**
 * A table in Markdown.
 * @param result `columns` are headings, `rows` cells in their order; a cell is text or a number, which stands as it is
 */
export function markdownTable({ columns, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The page with its tables filled in. @param read gives a result by its name */
export function withTables(page, read) {
  return page.replace(TABLE, (_, name) => `<!-- table ${name} -->\n${markdownTable(read(name))}\n<!-- /table -->`);
}

/** @param name of a file in docs/results */
export function resultOf(name) {
  const file = join(root, 'docs/results', `${name}.json`);
  if (!existsSync(file))
    throw new Error(`a page asks for the table '${name}', but there is no ${relative(root, file)}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Every page that may have tables. */
export function pages() {
  const documents = readdirSync(join(root, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md') && !/^(api|\.vitepress)\b/.test(name))
    .map((name) => join(root, 'docs', name));
  return [join(root, 'README.md'), ...documents];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const check = process.argv.includes('--check');
  const stale = [];
  for (const file of pages()) {
    const page = readFileSync(file, 'utf8');
    const filled = withTables(page, resultOf);
    if (filled === page) continue;
    stale.push(relative(root, file));
    if (!check) writeFileSync(file, filled);
  }
  for (const file of stale)
    console.log(check ? `${file}: its tables are not those of docs/results; run npm run tables` : `wrote ${file}`);
  process.exit(check && stale.length > 0 ? 1 : 0);
}
