import { NatsError } from '@nats/graph';
import { expect } from 'vitest';

/** Runs a parser that must refuse its input, and returns its error. Any other error than a NatsError fails the test. */
export function refusal(run: () => unknown): NatsError {
  let error: unknown;
  try {
    run();
  } catch (reason) {
    error = reason;
  }
  expect(error, 'the input is refused').toBeInstanceOf(NatsError);
  return error as NatsError;
}

/** As `refusal`, for a `malformed` error that names the file and matches `pattern`. */
export function malformedBy(run: () => unknown, pattern: RegExp): NatsError {
  const error = refusal(run);
  expect(error.code).toBe('malformed');
  expect(error.message).toMatch(pattern);
  expect(error.details.where, 'the file is named').toMatch(/^<bytes>/);
  return error;
}
