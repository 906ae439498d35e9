import { type Html, html } from './html.js';

/** The numbers behind a figure. Empty cells are undefined. */
export interface DataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | undefined)[])[];
}

const SHOWN_ROWS = 200;

/** The numbers behind a figure as a table that opens, with the same as CSV and JSON files inside the page. */
export function dataDetails(name: string, title: string, data: DataTable): Html {
  const { columns, rows } = data;
  const shown = rows.slice(0, SHOWN_ROWS);
  const numeric = columns.map((_, c) => rows.every((row) => typeof row[c] !== 'string'));
  const kind = (c: number) => (numeric[c] ? 'number' : '');
  return html`<details><summary>Data: ${title}</summary>
<p class="downloads">${downloadLink(`${name}.csv`, 'text/csv;charset=utf-8', csvOf(data), `Download CSV`, title)}
${downloadLink(`${name}.json`, 'application/json', jsonOf(data), `Download JSON`, title)}</p>
${rows.length > shown.length && html`<p class="more">The first ${shown.length} of ${rows.length} rows; the files have all.</p>`}
<div class="scroll long" tabindex="0" role="region" aria-label="Table: ${title}"><table>
<thead><tr>${columns.map((column, c) => html`<th scope="col" class="${kind(c)}">${column}</th>`)}</tr></thead>
<tbody>${shown.map(
    (row) =>
      html`<tr>${columns.map((_, c) =>
        c === 0
          ? html`<th scope="row" class="${kind(c)}">${cellText(row[c])}</th>`
          : html`<td class="${kind(c)}">${cellText(row[c])}</td>`,
      )}</tr>`,
  )}</tbody></table></div></details>`;
}

/** A link to a file that is part of the page. `title` is read to those who do not see what the link stands next to. */
export function downloadLink(
  file: string,
  type: string,
  content: string | Uint8Array,
  text: string,
  title: string,
): Html {
  return html`<a download="${file}" href="${dataUri(type, content)}">${text}<span class="hidden"> of ${title}</span></a>`;
}

/** A `data:` URI of a page that loads nothing from outside. @param type media type */
export function dataUri(type: string, content: string | Uint8Array): string {
  return `data:${type};base64,${Buffer.from(content).toString('base64')}`;
}

/** RFC 4180. */
export function csvOf({ columns, rows }: DataTable): string {
  const line = (cells: readonly (string | number | undefined)[]) => columns.map((_, c) => csvCell(cells[c])).join(',');
  return `${[line(columns), ...rows.map(line)].join('\r\n')}\r\n`;
}

/** A list of objects, one for each row. */
export function jsonOf({ columns, rows }: DataTable): string {
  const objects = rows.map((row) =>
    JSON.stringify(Object.fromEntries(columns.map((name, c) => [name, compact(row[c] ?? null)]))),
  );
  return `[\n${objects.join(',\n')}\n]\n`;
}

function csvCell(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(compact(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Seven digits, as float32 has: more would only make the page larger. */
function compact<T extends string | number | null>(value: T): T | number {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}

function cellText(value: string | number | undefined): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value;
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(5))).replace('-', '\u2212');
}
