/**
 * Errors of the project in one style: the rule, then what was received, then the limit, then where.
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

/** A rule of this project was broken by its input. `message` reads: rule; received …; limit (at …). */
export class NatsError extends Error {
  override readonly name: string = 'NatsError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails, options?: { cause?: unknown }) {
    const limit = details.limit === undefined ? '' : `; ${details.limit}`;
    const where = details.where ? ` (at ${details.where})` : '';
    super(`${details.rule}; received ${details.received}${limit}${where}`, options);
    this.code = code;
    this.details = details;
  }
}

/** Throws a `NatsError` unless `condition` holds. `details` is a function so that nothing is formatted on the good path. */
export function check(condition: boolean, code: ErrorCode, details: () => ErrorDetails): asserts condition {
  if (!condition) throw new NatsError(code, details());
}

/** A file's content breaks its format (as opposed to an IO failure): names the file and the field. */
export function malformed(file: string, field: string, details: Omit<ErrorDetails, 'where'>): NatsError {
  return new NatsError('malformed', { ...details, where: field ? `${file}, ${field}` : file });
}
