import { joinLicences, readLicence, UNREADABLE_LICENCE } from '../../model/licence.ts';
import { type CoreMetadata, only } from './core-metadata.ts';

const PREFIX = 'License ::';

/** Groups of classifiers, which name no licence. */
const GROUPS: ReadonlySet<string> = new Set(['License :: OSI Approved', 'License :: DFSG approved']);

/** Classifiers that mean one licence (PyPI's list of classifiers); `BSD License`, for one, may mean several. */
export const CLASSIFIED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'Apache Software License': 'Apache-2.0',
    'Blue Oak Model License (BlueOak-1.0.0)': 'BlueOak-1.0.0',
    'Boost Software License 1.0 (BSL-1.0)': 'BSL-1.0',
    'CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)': 'CECILL-2.1',
    'CMU License (MIT-CMU)': 'MIT-CMU',
    'Common Development and Distribution License 1.0 (CDDL-1.0)': 'CDDL-1.0',
    'Eclipse Public License 1.0 (EPL-1.0)': 'EPL-1.0',
    'Eclipse Public License 2.0 (EPL-2.0)': 'EPL-2.0',
    'Educational Community License, Version 2.0 (ECL-2.0)': 'ECL-2.0',
    'European Union Public Licence 1.0 (EUPL 1.0)': 'EUPL-1.0',
    'European Union Public Licence 1.1 (EUPL 1.1)': 'EUPL-1.1',
    'European Union Public Licence 1.2 (EUPL 1.2)': 'EUPL-1.2',
    'GNU Affero General Public License v3': 'AGPL-3.0-only',
    'GNU Affero General Public License v3 or later (AGPLv3+)': 'AGPL-3.0-or-later',
    'GNU General Public License v2 (GPLv2)': 'GPL-2.0-only',
    'GNU General Public License v2 or later (GPLv2+)': 'GPL-2.0-or-later',
    'GNU General Public License v3 (GPLv3)': 'GPL-3.0-only',
    'GNU General Public License v3 or later (GPLv3+)': 'GPL-3.0-or-later',
    'GNU Lesser General Public License v2 (LGPLv2)': 'LGPL-2.0-only',
    'GNU Lesser General Public License v2 or later (LGPLv2+)': 'LGPL-2.0-or-later',
    'GNU Lesser General Public License v3 (LGPLv3)': 'LGPL-3.0-only',
    'GNU Lesser General Public License v3 or later (LGPLv3+)': 'LGPL-3.0-or-later',
    'ISC License (ISCL)': 'ISC',
    'MIT License': 'MIT',
    'MIT No Attribution License (MIT-0)': 'MIT-0',
    'Mozilla Public License 1.0 (MPL)': 'MPL-1.0',
    'Mozilla Public License 1.1 (MPL 1.1)': 'MPL-1.1',
    'Mozilla Public License 2.0 (MPL 2.0)': 'MPL-2.0',
    'Mulan Permissive Software License v2 (MulanPSL-2.0)': 'MulanPSL-2.0',
    'NASA Open Source Agreement v1.3 (NASA-1.3)': 'NASA-1.3',
    'Open Software License 3.0 (OSL-3.0)': 'OSL-3.0',
    'PostgreSQL License': 'PostgreSQL',
    'Python License (CNRI Python License)': 'CNRI-Python',
    'Python Software Foundation License': 'Python-2.0',
    'SIL Open Font License 1.1 (OFL-1.1)': 'OFL-1.1',
    'Sleepycat License': 'Sleepycat',
    'The Unlicense (Unlicense)': 'Unlicense',
    'University of Illinois/NCSA Open Source License': 'NCSA',
    'Zero-Clause BSD (0BSD)': '0BSD',
    'zlib/libpng License': 'Zlib',
  }).map(([name, id]) => [`License :: OSI Approved :: ${name}`, id]),
);

const CC0 = 'License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication';

/**
 * The licence of core metadata: `License-Expression` (PEP 639); in older metadata `License`, if that is an expression,
 * else the classifiers, of which all hold. `NOASSERTION` for other words, null for none.
 */
export function licenceOf(metadata: CoreMetadata): string | null {
  if (metadata.fields.has('license-expression')) {
    return readLicence(only(metadata, 'license-expression')) ?? UNREADABLE_LICENCE;
  }
  // Of several fields readers take the first, or the last.
  const texts = (metadata.fields.get('license') ?? []).filter((text) => text !== '' && text !== 'UNKNOWN');
  const written = texts.length > 1 ? UNREADABLE_LICENCE : readLicence(texts[0]);
  if (written !== null && written !== UNREADABLE_LICENCE) return written;
  const named = (metadata.fields.get('classifier') ?? []).filter((text) => text.startsWith(PREFIX));
  if (named.length === 0) return written;
  const ids = named.filter((text) => !GROUPS.has(text)).map(idOf);
  return joinLicences('AND', ids) ?? UNREADABLE_LICENCE;
}

function idOf(classifier: string): string | null {
  return classifier === CC0 ? 'CC0-1.0' : (CLASSIFIED.get(classifier) ?? null);
}
