/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { textElement } from '../page-elements.js';
import type { LayerShares } from './messages.js';
import { meanWords } from './words.js';

export interface LayerTables {
  show(layers: readonly LayerShares[]): void;
}

interface LayerTable {
  readonly figure: HTMLElement;
  readonly cells: readonly HTMLElement[];
  readonly words: HTMLElement;
}

/** A table for each layer, made when it is first shown: dilations by height and by width, as the genotypes are ordered. */
export function layerTables(parent: HTMLElement, genotypes: readonly (readonly [number, number])[]): LayerTables {
  const tables = new Map<string, LayerTable>();
  parent.replaceChildren();
  return {
    show: (layers) => {
      for (const { name, shares } of layers) {
        const known = tables.get(name);
        const table = known ?? tableOf(name, genotypes);
        if (!known) {
          tables.set(name, table);
          parent.append(table.figure);
        }
        for (const [i, share] of shares.entries()) {
          table.cells[i]!.textContent = (100 * share).toFixed(0);
          table.cells[i]!.style.setProperty('--share', String(share));
        }
        table.words.textContent = meanWords(shares, genotypes);
      }
    },
  };
}

function tableOf(name: string, genotypes: readonly (readonly [number, number])[]): LayerTable {
  const values = (axis: 0 | 1) => [...new Set(genotypes.map((genotype) => genotype[axis]))];
  const table = document.createElement('table');
  table.className = 'layer';
  table.append(textElement('caption', name));
  const head = table.createTHead().insertRow();
  head.append(heading('h×w', 'col'), ...values(1).map((width) => heading(String(width), 'col')));
  const body = table.createTBody();
  const cells: HTMLElement[] = [];
  for (const height of values(0)) {
    const row = body.insertRow();
    row.append(heading(String(height), 'row'));
    for (const width of values(1)) {
      const cell = row.insertCell();
      cells[genotypes.findIndex(([h, w]) => h === height && w === width)] = cell;
    }
  }
  const words = document.createElement('p');
  const figure = document.createElement('div');
  figure.append(table, words);
  return { figure, cells, words };
}

function heading(text: string, scope: 'col' | 'row'): HTMLElement {
  const cell = textElement('th', text);
  cell.setAttribute('scope', scope);
  return cell;
}
