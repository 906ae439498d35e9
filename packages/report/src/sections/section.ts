import type { Html, HtmlValue } from '../html.js';
import { html } from '../html.js';

/** A part of the page that the navigation leads to. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Html;
}

export function section(id: string, title: string, content: HtmlValue): Section {
  return {
    id,
    title,
    content: html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content}
</section>`,
  };
}
