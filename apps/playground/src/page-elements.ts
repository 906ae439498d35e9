/// <reference lib="dom" />

/** What the page has by this id. */
export const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

export function textElement(tag: string, text: string): HTMLElement {
  return Object.assign(document.createElement(tag), { textContent: text });
}

/** A color for each class, apart in hue: the golden angle. */
export const colorOf = (label: number) => `hsl(${(label * 137.5 + 20) % 360} 85% 55%)`;
