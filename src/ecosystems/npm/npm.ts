import { installManifestOf } from '../../model/install-manifest.ts';
import type { Ecosystem } from '../ecosystem.ts';
import { writeAttestations } from './attestations.ts';
import { MOUNT } from './evidence.ts';
import { parseTarballName } from './filenames.ts';
import { type NpmDocument, readPackument } from './packument-read.ts';
import { writePackument } from './packument-write.ts';
import { routeNpm } from './routes.ts';
import { npmVersions } from './versions.ts';

/**
 * npm: the registry API as npm, pnpm, yarn, bun and deno speak it. Representations: `full`, `abbreviated`,
 * `version:<version or tag>`, `tags`.
 */
export const npm: Ecosystem<NpmDocument> = {
  id: 'npm',
  versions: npmVersions,
  mount: MOUNT,
  route: routeNpm,

  /** Always the full document: the abbreviated one has no `time`, without which nothing is old enough. */
  indexRequest: (name) => ({ path: name.replace('/', '%2f'), accept: 'application/json' }),

  readIndex: readPackument,

  claimedManifest({ document }, filename) {
    const said = document.said.get(filename);
    return said ? installManifestOf(said) : null;
  },

  writeIndex: writePackument,

  /**
   * The plain 403 is better: npm, pnpm, yarn and bun print its reason phrase, its `error` or at least its status.
   * Only deno shows nothing for a refused packument, and there is no document that would make it.
   */
  writeRefusedIndex: () => null,

  attestations: { kind: 'npm-attestations', accept: 'application/json' },
  writeAttestations,

  parseFilename: parseTarballName,

  /** npm has no such document; search is its own answer. */
  writeNames: () => null,
};
