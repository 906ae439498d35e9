/**
 * Errors of the project in one style: where, what was received, the rule that it breaks, the way out.
 *
 * Two kinds are told apart everywhere: data that breaks a rule (these classes) and IO that failed (Node's own errors,
 * passed through with their `code`).
 */

/** Names of the rules that can be broken; stable, so that callers can branch on `error.code`. */
export type ErrorCode =
  | 'shape'
  | 'dtype'
  | 'axis'
  | 'attribute'
  | 'name'
  | 'gradient'
  | 'feed'
  | 'state'
  | 'disposed'
  | 'provider'
  | 'device'
  | 'malformed'
  | 'not-finite'
  | 'unsupported';

/** What an error says, in parts. */
export interface ErrorDetails {
  /** What must hold: "a convolution's weight has 4 dimensions [O, I, kh, kw]". */
  readonly rule: string;
  /** What was given instead. */
  readonly received: string;
  /** The allowed range or values, or what to do. */
  readonly limit?: string;
  /** Where: a scope path in a network, or a file and a field. */
  readonly where?: string;
}

/** A rule of this project was broken by its input. `message` reads: where: received …, but rule; limit. */
export class NatsError extends Error {
  override readonly name: string = 'NatsError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails, options?: { cause?: unknown }) {
    super(describeError(details), options);
    this.code = code;
    this.details = details;
  }
}

/** The message of a broken rule: first what is wrong and where, then the rule, then the way out. */
function describeError({ rule, received, limit, where }: ErrorDetails): string {
  const place = where ? `${where}: ` : '';
  return `${place}received ${received}, but ${rule}${limit === undefined ? '' : `; ${limit}`}`;
}

/** Throws a `NatsError` unless `condition` holds. `details` is a function so that nothing is formatted on the good path. */
export function check(condition: boolean, code: ErrorCode, details: () => ErrorDetails): asserts condition {
  if (!condition) throw new NatsError(code, details());
}

/** A file's content breaks its format (as opposed to an IO failure): names the file and the field. */
export function malformed(file: string, field: string, details: Omit<ErrorDetails, 'where'>): NatsError {
  return new NatsError('malformed', { ...details, where: field ? `${file}, ${field}` : file });
}
