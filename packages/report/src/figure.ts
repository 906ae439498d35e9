import { type DataTable, dataDetails } from './data-table.js';
import { type Html, type HtmlValue, html } from './html.js';

export interface FigureParts {
  /** Part of file names and ids: letters and dashes. */
  readonly name: string;
  readonly title: string;
  readonly caption?: HtmlValue;
  /** What is to be seen, in words, for those who do not see it. */
  readonly alternative: string;
  readonly legend?: Html | undefined;
  readonly picture: HtmlValue;
  readonly data: DataTable;
  readonly wide?: boolean;
  /** Class of the box around the picture; default `chart`. */
  readonly kind?: string;
}

/** A picture that the keyboard reaches and a screen reader reads, with its numbers. */
export function figure(parts: FigureParts): Html {
  const { name, title, caption, alternative, picture, data, wide = false, kind = 'chart' } = parts;
  return html`<figure class="card${wide && ' wide'}" id="figure-${name}">
<figcaption><h3>${title}</h3>${caption !== undefined && html`<p class="caption">${caption}</p>`}</figcaption>
${parts.legend}
<div class="${kind}" role="img" tabindex="0" aria-label="${alternative}">${picture}</div>
${dataDetails(name, title, data)}
</figure>`;
}
