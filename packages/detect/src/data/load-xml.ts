import type { Fields } from './fields.js';

/** What reads XML: `validate` gives what is wrong, or true. */
export interface XmlReader {
  readonly validate: typeof import('fast-xml-parser').XMLValidator.validate;
  readonly parse: (text: string) => Fields;
}

let loading: Promise<XmlReader> | undefined;

/** fast-xml-parser with the rules of Pascal VOC, loaded with the first file: what reads no XML starts without it. */
export function loadXml(): Promise<XmlReader> {
  loading ??= import('fast-xml-parser').then(({ XMLParser, XMLValidator }) => {
    const parser = new XMLParser({
      parseTagValue: false,
      isArray: (name, path) => name === 'object' && path === 'annotation.object',
    });
    return {
      validate: (text, options) => XMLValidator.validate(text, options),
      parse: (text) => parser.parse(text) as Fields,
    };
  });
  return loading;
}
