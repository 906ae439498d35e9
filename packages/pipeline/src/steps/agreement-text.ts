import type { Agreement, SchemeAgreement } from '@nats/space';
import { textTable } from '../text-table.js';

/** How far two schemes choose alike, a convolution on a line, all of them on the last. */
export function agreementText({ byConvolution, overall }: SchemeAgreement): string {
  const row = (name: string, { observed, chance, kappa, channels }: Agreement) => [
    name,
    String(channels),
    `${(100 * observed).toFixed(0)} %`,
    `${(100 * chance).toFixed(0)} %`,
    kappa === undefined ? '-' : kappa.toFixed(2),
  ];
  const rows = [...byConvolution].map(([name, agreement]) => row(name, agreement));
  const header = ['convolution', 'channels', 'alike', 'by chance', 'kappa'];
  return textTable([header, ...rows, row('all', overall)]);
}
