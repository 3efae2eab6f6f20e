import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CAUSES, type Cause } from '../../../src/model/evidence.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { fixture, reasonForNoFixtures } from '../../harness/fixtures.ts';
import { type Mirror, startMirror } from './mirror.ts';

// The real sigstore@0.4.0, with the registry's answer about its attestations broken in one way each.

const POLICY = `profile: default
allow:
  - npm: sigstore
    requirements: { age: 0, registry-signature: off, provenance: { repository: github.com/sigstore/sigstore-js, workflow: publish.yml } }
`;
const TARBALL = '/npm/sigstore/-/sigstore-0.4.0.tgz';

// Where the altered text is what is signed, the signature is what is wrong; the one of `invalid` is a word, not base64.
const BROKEN: readonly (readonly [fixture: string, cause: Cause, code: string])[] = [
  ['invalid', 'malformed', 'PROVENANCE_UNREADABLE'],
  ['malformed-subject', 'signature', 'PROVENANCE_INVALID'],
  ['mismatched-keyid', 'key-id', 'PROVENANCE_INVALID'],
  ['mismatched-subject-digest', 'signature', 'PROVENANCE_INVALID'],
  ['mismatched-subject-name', 'signature', 'PROVENANCE_INVALID'],
  ['no-keyid', 'key-id', 'PROVENANCE_INVALID'],
  ['unsupported', 'payload-type', 'PROVENANCE_UNREADABLE'],
];

describe.skipIf(reasonForNoFixtures !== null)(
  `broken attestations over real bytes${reasonForNoFixtures ? ` (skipped: ${reasonForNoFixtures})` : ''}`,
  () => {
    let mirror: Mirror;
    let firewall: Firewall;
    // Each with a firewall of its own: one remembers for an hour what it was refused for.
    beforeEach(async () => {
      mirror = await startMirror();
      firewall = await startFirewall({
        policy: { 'sigstore.yaml': POLICY },
        upstream: { npm: mirror.npmBase, pypi: mirror.pypiBase },
      });
    });
    afterEach(async () => {
      await firewall?.remove();
      await mirror?.close();
    });

    const serve = (name: string) => {
      const body = fixture('npm', `sigstore-0.4.0.${name}.json`);
      mirror.answer = { status: 200, type: 'application/json', body };
    };

    test('unbroken, it is admitted', async () => {
      serve('valid');
      const answer = await fetch(firewall.url + TARBALL);
      expect(answer.status).toBe(200);
      expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    });

    test.each(BROKEN)('%s: %s, %s', async (name, cause, code) => {
      serve(name);
      const answer = await fetch(firewall.url + TARBALL);
      const refusal = (await answer.json()) as { error: string; code: string };
      expect([answer.status, refusal.code]).toEqual([403, code]);
      expect(refusal.error).toContain(CAUSES[cause]);
      const entries = await firewall.ledger('--package', 'sigstore');
      const entry = entries.map((line) => line.entry).find((one) => one['checks'] !== undefined);
      expect(entry?.['verdict']).toBe('refuse');
      expect(entry?.['checks']).toContainEqual(
        expect.objectContaining({ check: 'provenance', result: 'failed', code, cause }),
      );
      expect(mirror.asked.filter((path) => path.includes('/attestations/'))).toHaveLength(1);
    });
  },
);
