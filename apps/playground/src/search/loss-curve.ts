/// <reference lib="dom" />

const [WIDTH, HEIGHT, MARGIN] = [380, 130, 28];
const SVG = 'http://www.w3.org/2000/svg';

/** The loss of every step as a curve in the element, which is scaled to all steps from the beginning. */
export function lossCurve(parent: HTMLElement, losses: readonly number[], steps: number): void {
  const most = Math.max(...losses);
  const x = (step: number) => MARGIN + ((WIDTH - MARGIN - 6) * step) / steps;
  const y = (loss: number) => 8 + (HEIGHT - MARGIN) * (1 - loss / most);
  const points = losses.map((loss, i) => `${x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
  const [first, last] = [losses[0]!, losses.at(-1)!];
  const picture = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-label': `Loss over steps: ${first.toFixed(2)} at first, ${last.toFixed(2)} after ${losses.length} of ${steps} steps`,
  });
  picture.append(
    svg('path', { class: 'axis', d: `M ${x(0)} ${y(most)} V ${y(0)} H ${x(steps)}` }),
    text(most.toFixed(1), MARGIN - 6, y(most) + 6, 'end'),
    text('0', MARGIN - 6, y(0), 'end'),
    text(`step ${steps}`, x(steps), y(0) + 16, 'end'),
    svg('polyline', { class: 'curve', points }),
  );
  parent.replaceChildren(picture);
}

function svg(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const node = document.createElementNS(SVG, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function text(words: string, x: number, y: number, anchor: string): SVGElement {
  const node = svg('text', { x: String(x), y: String(y), 'text-anchor': anchor });
  node.textContent = words;
  return node;
}
