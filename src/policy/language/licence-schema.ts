import parse from 'spdx-expression-parse';
import { z } from 'zod';
import { known, list, oneOf, text } from './schema-parts.ts';
import { OTHERWISE } from './strictness.ts';
import { nearest, quoted } from './words.ts';

/** Licences that are often meant where an id is misspelt. */
export const COMMON_LICENCES: readonly string[] = [
  'MIT',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  '0BSD',
  'MPL-2.0',
  'Unlicense',
  'CC0-1.0',
  'CC-BY-4.0',
  'PSF-2.0',
  'Python-2.0',
  'BlueOak-1.0.0',
  'Zlib',
  'WTFPL',
  'LGPL-2.1-only',
  'LGPL-2.1-or-later',
  'LGPL-3.0-only',
  'LGPL-3.0-or-later',
  'GPL-2.0-only',
  'GPL-2.0-or-later',
  'GPL-3.0-only',
  'GPL-3.0-or-later',
  'AGPL-3.0-only',
  'AGPL-3.0-or-later',
  'EPL-2.0',
];

/** What a text is to the SPDX grammar. */
function kindOf(said: string): 'licence' | 'expression' | 'unknown' {
  if (said.length > 512) return 'unknown';
  try {
    return 'conjunction' in parse(said) ? 'expression' : 'licence';
  } catch {
    // The library throws on what is no expression; its words are not ours.
    return 'unknown';
  }
}

const licenceId = text('an SPDX licence id such as MIT').superRefine((said, context) => {
  const kind = kindOf(said);
  if (kind === 'licence') return;
  const near = kind === 'unknown' ? nearest(said, COMMON_LICENCES) : null;
  context.addIssue({
    code: 'custom',
    message:
      kind === 'expression'
        ? 'must be one licence: write each of an expression as an entry of its own'
        : `${quoted(said)} is not an SPDX licence id${near ? `; did you mean "${near}"?` : ''}`,
  });
});

/** Which licences are accepted, as a policy writes it. */
export const licenceSchema = z
  .union([
    oneOf(['off'], 'Any licence, or none.', ', or a map that lists the licences that are accepted'),
    known({
      allow: list(licenceId)
        .min(1, 'must name at least one licence; write licence: off to accept any')
        .describe(
          'SPDX ids of single licences, with an exception or a plus where one is meant: MIT, GPL-2.0+, Apache-2.0 WITH LLVM-exception. A shorter list is stricter.',
        ),
      otherwise: oneOf(
        OTHERWISE,
        'What becomes of other licences, and of none. From loose to strict: warn, deny. Default deny.',
      ).optional(),
    }),
  ])
  .describe(
    'Which licences are accepted: off for any, or a list. Stricter is a list within the other, with the same or a stricter otherwise. Default off.',
  );

export type LicenceInput = z.infer<typeof licenceSchema>;
