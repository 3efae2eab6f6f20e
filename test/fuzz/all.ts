import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHIVES } from './properties/archives.ts';
import { DOCUMENTS } from './properties/documents.ts';
import { REQUESTS } from './properties/requests.ts';
import { TEXTS } from './properties/texts.ts';
import { fromText, type Property } from './property.ts';

export const PROPERTIES: readonly Property[] = [...REQUESTS, ...ARCHIVES, ...DOCUMENTS, ...TEXTS];

export const CORPUS = join(import.meta.dirname, '..', 'corpus');

/** An input that once showed a bug. */
export interface Found {
  /** Below test/corpus. */
  readonly file: string;
  readonly property: string;
  readonly bug: string;
  readonly input: unknown;
}

export function corpus(): readonly Found[] {
  return readdirSync(CORPUS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { property, bug, input } = fromText(readFileSync(join(CORPUS, file), 'utf8')) as Omit<
        Found,
        'file'
      >;
      return { file, property, bug, input };
    });
}
