import { type ErrorCode, type ErrorDetails, NatsError } from '@nats/graph';

/** An error as it travels from a worker: classes and `code` are lost in a structured clone. */
export interface SentError {
  readonly message: string;
  readonly stack?: string;
  readonly nats?: { readonly code: ErrorCode; readonly details: ErrorDetails };
  /** Of Node's errors: code, errno, path, syscall. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { message: String(error) };
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  if (error instanceof NatsError) {
    return { message: error.message, ...stack, nats: { code: error.code, details: error.details } };
  }
  const fields = Object.fromEntries(Object.entries(error).filter(([, value]) => typeof value !== 'object'));
  return { message: error.message, ...stack, fields };
}

export function receiveError({ message, stack, nats, fields }: SentError): Error {
  const error = nats ? new NatsError(nats.code, nats.details) : Object.assign(new Error(message), fields);
  if (stack !== undefined) error.stack = stack;
  return error;
}
