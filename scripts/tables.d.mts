/** A committed result: a table with the command and the commit that made it. */
export interface Result {
  readonly command: string;
  readonly commit: string;
  readonly machine?: string;
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}
export function markdownTable(result: Pick<Result, 'columns' | 'rows'>): string;
export function withTables(page: string, read: (name: string) => Pick<Result, 'columns' | 'rows'>): string;
export function resultOf(name: string): Result;
export function pages(): string[];
