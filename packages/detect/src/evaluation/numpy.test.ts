import { expect, test } from 'vitest';
import { formatFixed, linspace, mean, numpySum } from './numpy.js';

test('thresholds end exactly', () => {
  expect(linspace(0.5, 0.95, 10)[5]).toBe(0.75);
  expect(linspace(0.5, 0.95, 10)[9]).toBe(0.95);
  expect(linspace(0, 1, 101)[100]).toBe(1);
});

// np.sum(1 / np.arange(1, n + 1)) of NumPy 2.4 and 1.26.
test.each([
  [3, 1.8333333333333333, 1.8333333333333333],
  [8, 2.7178571428571425, 2.7178571428571425],
  [100, 5.187377517639621, 5.187377517639621],
  [129, 5.440899030573669, 5.440899030573669],
  [1000, 7.485470860550345, 7.485470860550345],
  [9000, 9.682251075746638, 9.68225107574664],
  [9999, 9.78750603604438, 9.787506036044384],
  [20000, 10.480728217229327, 10.480728217229329],
])("the sum of %i numbers is NumPy's", (count, whole, inParts) => {
  const values = Float64Array.from({ length: count }, (_, i) => 1 / (i + 1));
  expect(numpySum(values)).toBe(whole);
  expect(numpySum(values, 'in parts')).toBe(inParts);
  expect(mean(values, 'in parts')).toBe(inParts / count);
});

// '{:.3f}'.format of Python.
test.each([
  [0.8125, '0.812'],
  [0.0625, '0.062'],
  [0.1875, '0.188'],
  [0.9375, '0.938'],
  [-0.8125, '-0.812'],
  [0.0005, '0.001'],
  [0.0015, '0.002'],
  [0.2345, '0.234'],
  [1, '1.000'],
  [-1, '-1.000'],
])('%f is printed as %s', (value, text) => {
  expect(formatFixed(value, 3)).toBe(text);
});
