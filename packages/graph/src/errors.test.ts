import { describe, expect, it } from 'vitest';
import { check, malformed, NatsError } from './errors.js';

describe('NatsError', () => {
  it('reads: where: received, but rule; limit', () => {
    const error = new NatsError('axis', { rule: 'an axis exists', received: '7', limit: '0 to 3', where: 'layer1.0' });
    expect(error.message).toBe('layer1.0: received 7, but an axis exists; 0 to 3');
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('NatsError');
    expect(error.code).toBe('axis');
  });

  it('leaves out what is not known', () => {
    expect(new NatsError('name', { rule: 'a', received: 'b' }).message).toBe('received b, but a');
    expect(new NatsError('name', { rule: 'a', received: 'b', where: '' }).message).toBe('received b, but a');
  });

  it('keeps its cause', () => {
    const cause = new Error('below');
    expect(new NatsError('provider', { rule: 'a', received: 'b' }, { cause }).cause).toBe(cause);
  });
});

it('check formats nothing on the good path', () => {
  const details = () => {
    throw new Error('formatted');
  };
  expect(() => check(true, 'shape', details)).not.toThrow();
  expect(() => check(false, 'shape', () => ({ rule: 'r', received: 'x' }))).toThrow('received x, but r');
});

it('malformed names the file and the field', () => {
  const error = malformed('a.json', 'layers[3].kernel', { rule: 'a kernel is a number', received: '"3"' });
  expect(error.code).toBe('malformed');
  expect(error.message).toBe('a.json, layers[3].kernel: received "3", but a kernel is a number');
  expect(malformed('a.json', '', { rule: 'r', received: 'x' }).message).toBe('a.json: received x, but r');
});
