import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type EvidenceHouse,
  type NpmEvidence,
  startEvidenceHouse,
  theWorld,
} from '../admission/evidence-house.ts';
import { tarballPath } from '../admission/harness.ts';
import { mintWorld, type NpmDocument, type Tweaks, type World } from '../harness/sigstore-world.ts';
import { heading } from './attacks.ts';

const IDENTITY = '{ repository: github.com/acme/widget, workflow: release.yml }';
const POLICY = `profile: default
requirements: { npm: { registry-signature: off, provenance: ${IDENTITY} } }
allow: [{ npm: widget }]
`;

/** Provenance that is minted with something else than what all parts agree on. */
type Wanted = NonNullable<NpmEvidence['provenance']>;

describe(heading('A24'), () => {
  let house: EvidenceHouse;
  let staging: World;
  let minor = 0;
  beforeAll(async () => {
    house = await startEvidenceHouse({ policy: POLICY });
    staging = await mintWorld({ clock: house.world.time });
  }, 60_000);
  afterAll(() => house?.remove());

  /** The answer about a new version with this evidence. */
  async function answerTo(provenance: Wanted): Promise<{ status: number; code?: string }> {
    const version = `1.${minor++}.0`;
    await house.add('widget', version, { provenance });
    house.clock.advance(3_600_000);
    const { status, json } = await house
      .ask(tarballPath('widget', version))
      .then((one) => ({ status: one.status, json: one.status === 200 ? {} : one.json }));
    return { status, code: json.code };
  }

  /** The provenance bundle of the registry's answer, changed. */
  const bundle =
    (change: (bundle: NpmDocument['attestations'][number]['bundle']) => void) => (document: NpmDocument) => {
      for (const { bundle } of document.attestations) change(bundle);
      return document;
    };
  /** A field of the certificate's, by its number in Fulcio's arc. */
  const extension = (number: number, text: string): Tweaks => ({
    certificate: (facts) => ({ ...facts, extensions: { ...facts.extensions, [number]: text } }),
  });

  test('the positive control: evidence in which everything agrees is admitted', async () => {
    expect(await answerTo({})).toEqual({ status: 200 });
  });

  const REFUSED: [string, Wanted | (() => Promise<Wanted>)][] = [
    // CVE-2026-48815: what the certificate's extensions say was not looked at.
    [
      'another repository in the certificate alone (OID .12)',
      extension(12, 'https://github.com/mallory/widget'),
    ],
    ['another issuer in the certificate alone (OID .8)', extension(8, 'https://issuer.mallory.test')],
    ['another workflow', { signer: { workflow: '.github/workflows/other.yml' } }],
    ['another repository', { signer: { repository: 'mallory/widget' } }],
    ['a repository whose name begins with ours', { signer: { repository: 'acme/widget-evil' } }],
    ['a self-hosted runner', { signer: { runner: 'self-hosted' } }],
    // CVE-2026-22703: an entry of something else in the log was accepted.
    [
      'the log entry of another artifact',
      {
        body: (body) => {
          const other = structuredClone(body) as { spec: Record<string, unknown> };
          const text = JSON.stringify(other).replace(
            /"value":"[0-9a-f]{64}"/g,
            `"value":"${'0'.repeat(64)}"`,
          );
          return JSON.parse(text);
        },
      },
    ],
    ['a log entry for another certificate', { loggedAs: { repository: 'mallory/widget' } }],
    [
      'no log entry',
      {
        document: bundle((one) => {
          one.verificationMaterial.tlogEntries = [];
        }),
      },
    ],
    [
      'an entry outside of the certificate’s ten minutes',
      async () => ({ loggedAt: new Date((await theWorld()).time.getTime() + 3_600_000) }),
    ],
    ['no proof of inclusion', { proof: false }],
    [
      'two subjects',
      {
        statement: (statement) => ({
          ...statement,
          subject: [
            ...statement.subject,
            { name: 'pkg:npm/other@1.0.0', digest: { sha512: 'a'.repeat(128) } },
          ],
        }),
      },
    ],
    ['no subject', { statement: (statement) => ({ ...statement, subject: [] }) }],
    [
      'a subject of another name',
      {
        statement: (statement) => ({
          ...statement,
          subject: statement.subject.map((one) => ({ ...one, name: 'pkg:npm/other@1.0.0' })),
        }),
      },
    ],
    [
      'a subject of another digest',
      {
        statement: (statement) => ({
          ...statement,
          subject: statement.subject.map((one) => ({ ...one, digest: { sha512: 'a'.repeat(128) } })),
        }),
      },
    ],
    [
      'another statement type',
      { statement: (statement) => ({ ...statement, _type: 'https://in-toto.io/Statement/v2' }) },
    ],
    ['another payload type', { payloadType: 'application/json' }],
    [
      'a media type of a version that there is none of',
      {
        document: bundle((one) => {
          one.mediaType = 'application/vnd.dev.sigstore.bundle.v2+json';
        }),
      },
    ],
    [
      'a truncated chain',
      {
        document: bundle((one) => {
          if (one.verificationMaterial.certificate) one.verificationMaterial.certificate.rawBytes = '';
        }),
      },
    ],
    ['nothing in the document', { document: () => ({ attestations: [] }) }],
    ['no JSON object', { document: () => [] }],
  ];
  test.each(REFUSED)('%s', async (_, wanted) => {
    const { status, code } = await answerTo(typeof wanted === 'function' ? await wanted() : wanted);
    expect(status).toBe(403);
    expect(code).toMatch(/^(PROVENANCE|EVIDENCE)/);
  });

  test('all of it from another Sigstore, as staging is', async () => {
    const version = `1.${minor++}.0`;
    const { sha512 } = await house.add('widget', version, { provenance: {} });
    house.registry.setEvidence(
      house.registry.attestationsPath('widget', version),
      await staging.npmAttestations({ name: 'widget', version, sha512 }),
    );
    house.clock.advance(3_600_000);
    const answer = await house.ask(tarballPath('widget', version));
    expect([answer.status, answer.json.code]).toEqual([403, expect.stringMatching(/^(PROVENANCE|EVIDENCE)/)]);
  });

  test('the evidence of another version', async () => {
    const version = `1.${minor++}.0`;
    await house.add('widget', version, { provenance: {} });
    const { sha512 } = await house.add('widget', `1.${minor++}.0`, { provenance: {} });
    house.registry.setEvidence(
      house.registry.attestationsPath('widget', version),
      await house.world.npmAttestations({ name: 'widget', version: `1.${minor - 1}.0`, sha512 }),
    );
    house.clock.advance(3_600_000);
    expect((await house.ask(tarballPath('widget', version))).status).toBe(403);
  });
});
