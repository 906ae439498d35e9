import { describe, expect, it } from 'vitest';
import { check, malformed, NatsError } from './errors.js';

describe('NatsError', () => {
  it('reads: rule; received; limit (at where)', () => {
    const error = new NatsError('axis', { rule: 'an axis exists', received: '7', limit: '0 to 3', where: 'layer1.0' });
    expect(error.message).toBe('an axis exists; received 7; 0 to 3 (at layer1.0)');
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('NatsError');
    expect(error.code).toBe('axis');
  });

  it('leaves out what is not known', () => {
    expect(new NatsError('name', { rule: 'a', received: 'b' }).message).toBe('a; received b');
    expect(new NatsError('name', { rule: 'a', received: 'b', where: '' }).message).toBe('a; received b');
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
  expect(() => check(false, 'shape', () => ({ rule: 'r', received: 'x' }))).toThrow('r; received x');
});

it('malformed names the file and the field', () => {
  const error = malformed('a.json', 'layers[3].kernel', { rule: 'a kernel is a number', received: '"3"' });
  expect(error.code).toBe('malformed');
  expect(error.message).toBe('a kernel is a number; received "3" (at a.json, layers[3].kernel)');
  expect(malformed('a.json', '', { rule: 'r', received: 'x' }).message).toBe('r; received x (at a.json)');
});
