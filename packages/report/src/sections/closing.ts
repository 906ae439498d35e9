import { html } from '../html.js';
import type { ReportData } from '../report-data.js';
import { type Section, section } from './section.js';

export function commandsSection({ commands = [] }: ReportData): Section | undefined {
  if (commands.length === 0) return undefined;
  const items = commands.map(
    ({ command, note }) => html`<li>${note !== undefined && note}<pre><code>${command}</code></pre></li>`,
  );
  return section('commands', 'How it was made', html`<div class="card"><ol class="commands">${items}</ol></div>`);
}

export function caveatsSection(caveats: readonly string[]): Section | undefined {
  if (caveats.length === 0) return undefined;
  const items = caveats.map((caveat) => html`<li>${caveat}</li>`);
  return section('caveats', 'Before you believe it', html`<div class="caveats"><ul>${items}</ul></div>`);
}

export function environmentSection({ environment = {} }: ReportData): Section | undefined {
  const entries = Object.entries(environment);
  if (entries.length === 0) return undefined;
  const rows = entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`);
  return section('environment', 'Environment', html`<div class="card"><dl class="environment">${rows}</dl></div>`);
}
