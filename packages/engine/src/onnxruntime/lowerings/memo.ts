import type { OnnxBuilder } from '@nats/export';

const memos = new WeakMap<OnnxBuilder, Map<string, string>>();

/** The value under this key, made once for each model: layouts and tables that several nodes share. */
export function once(builder: OnnxBuilder, key: string, make: () => string): string {
  let memo = memos.get(builder);
  if (!memo) {
    memo = new Map();
    memos.set(builder, memo);
  }
  const known = memo.get(key) ?? make();
  memo.set(key, known);
  return known;
}
