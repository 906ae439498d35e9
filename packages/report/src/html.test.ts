import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeHtml, html, raw } from './html.js';

test('text is escaped, in content and in attributes; markup, lists and nothing are not', () => {
  const hostile = `"><script>alert('1')</script>&`;
  expect(
    html`<p title="${hostile}">${[hostile, 2, false, undefined, html`<b>${'<'}</b>`, raw('<i>')]}</p>`.markup,
  ).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;">' +
      '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;2<b>&lt;</b><i></p>',
  );
});

test('no text brings markup, quotes, control characters or half characters into a page', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeHtml(text);
      expect(escaped).not.toMatch(/[<>"']/);
      expect(escaped).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/);
      expect(Buffer.from(escaped, 'utf8').toString('utf8')).toBe(escaped);
    }),
    { numRuns: 50 },
  );
  expect(escapeHtml('a\0b\ud800c\n')).toBe('a\uFFFDb\uFFFDc\n');
});
