import { malformed, type NatsError } from '@nats/graph';

/** A value of a JSON file that knows its place, for messages. */
export class Reader {
  constructor(
    private readonly value: unknown,
    private readonly file: string,
    private readonly path: string,
  ) {}

  fails(rule: string, received: string, limit?: string): NatsError {
    return malformed(this.file, this.path, {
      rule: `expected ${rule}`,
      received,
      ...(limit !== undefined && { limit }),
    });
  }

  record(): Readonly<Record<string, unknown>> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      throw this.fails('an object', kindOf(this.value));
    }
    return this.value as Record<string, unknown>;
  }

  /** Refuses unknown fields: a typo must not go unnoticed. */
  only(known: readonly string[]): void {
    const extra = Object.keys(this.record()).find((key) => !known.includes(key));
    if (extra !== undefined) throw this.fails(`only known fields`, `'${extra}'`, known.join(', '));
  }

  has(key: string): boolean {
    return Object.hasOwn(this.record(), key);
  }

  field(key: string): Reader {
    const place = this.path ? `${this.path}.${key}` : key;
    if (!this.has(key)) throw new Reader(undefined, this.file, place).fails('this field', 'nothing');
    return new Reader(this.record()[key], this.file, place);
  }

  list(limit: number): Reader[] {
    if (!Array.isArray(this.value)) throw this.fails('a list', kindOf(this.value));
    if (this.value.length > limit) throw this.fails('a list of plausible length', `${this.value.length}`, `${limit}`);
    return this.value.map((item, i) => new Reader(item, this.file, `${this.path}[${i}]`));
  }

  tuple(length: number): Reader[] {
    const items = this.list(length);
    if (items.length !== length) throw this.fails(`${length} values`, `${items.length}`);
    return items;
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.fails('text', kindOf(this.value));
    return this.value;
  }

  /** A finite number. */
  number(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value))
      throw this.fails('a number', kindOf(this.value));
    if (this.value < min || this.value > max)
      throw this.fails('a number in range', `${this.value}`, `${min} to ${max}`);
    return this.value;
  }

  integer(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER): number {
    if (!Number.isSafeInteger(this.value)) throw this.fails('a whole number', kindOf(this.value));
    const value = this.value as number;
    if (value < min || value > max) throw this.fails('a number in range', `${value}`, `${min} to ${max}`);
    return value;
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'a list';
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
