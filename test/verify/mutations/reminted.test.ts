import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EvidenceKind, Signer } from '../../../src/model/evidence.ts';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import type { LogBody } from '../../harness/sigstore-log.ts';
import type { CertificateFacts, Run } from '../../harness/sigstore-signer.ts';
import { RUN, runOf } from '../../harness/sigstore-signer.ts';
import {
  type Attested,
  mintWorld,
  type NpmAttestationsWanted,
  type Tweaks,
  type World,
} from '../../harness/sigstore-world.ts';
import { alterationsOf, changed } from './alter.ts';
import { type Exemption, exemptionOf, OLD, REMINTED } from './exemptions.ts';
import { isObject, type Json, nameOf, placesOf, withKeyTwice, withValue } from './json.ts';
import { judge } from './judge.ts';
import { type Artifact, jobOf, npmArtifact, npmDocument, pypiArtifact, pypiDocument } from './specimens.ts';
import { refusals } from './wanted.ts';

/** Evidence that is minted anew for each alteration: signed, logged and certified like the true one. */
interface Mint {
  readonly name: string;
  readonly kind: EvidenceKind;
  readonly artifact: Artifact;
  /** The run that signs, unless altered. */
  readonly run: Run;
  readonly attested: readonly Attested[];
  mint(world: World, tweaks: Tweaks): Promise<Json>;
}

const npm = (name: string, wanted: Partial<NpmAttestationsWanted>): Mint => ({
  name,
  kind: 'npm-attestations',
  artifact: npmArtifact(),
  run: RUN,
  attested: ['publish', 'slsa'],
  mint: (world, tweaks) => npmDocument(world, { sameKey: true, ...wanted, ...tweaks }),
});

const pypi = (publisher: Run['provider'], attested: readonly Attested[]): Mint => ({
  name: `PyPI, ${publisher}`,
  kind: 'pypi-provenance',
  artifact: pypiArtifact(),
  run: runOf({ provider: publisher }),
  attested,
  mint: (world, tweaks) => pypiDocument(world, { publisher, predicates: attested, sameKey: true, ...tweaks }),
});

const MINTS: readonly Mint[] = [
  npm('npm, SLSA v1', {}),
  npm('npm, SLSA v0.2', { predicate: 'v0.2', bundle: 'v0.2', legacy: false }),
  npm(OLD, { predicate: 'v0.2' }),
  pypi('GitHub', ['publish', 'slsa']),
  pypi('GitLab', ['publish']),
  pypi('Google', ['publish']),
  pypi('CircleCI', ['publish']),
];

/** One of each that states something of its own; the others' statements are PyPI's too. */
const STATING = MINTS.filter(({ attested }) => attested.includes('slsa'));

/** Of all alterations those that leave something to be read; what cannot be read is refused without a signature too. */
const HOWS = new Set(['removed', 'changed', 'first again', 'a key added', 'larger', 'negated', 'filled']);

const REUSABLE = 'https://github.com/evil/builder/.github/workflows/b.yml@refs/heads/main';

let world: World;
let trust: Trust;
const fields = new Set<string>();
const needed = new Set<Exemption>();
let minted = 0;

beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
});

afterAll(() => {
  console.log(`re-minted: ${fields.size} fields, ${minted} documents`);
});

/** Signers of the true evidence. */
async function trueSigners(one: Mint): Promise<readonly Signer[]> {
  const outcome = judge(trust, jobOf(one, await one.mint(world, {})), world.now);
  expect(outcome, one.name).toMatchObject({ refused: null });
  const [wanted] = outcome.signers ?? [];
  if (!wanted) throw new Error('nobody signed');
  expect(refusals([wanted], wanted), one.name).toEqual({ pinned: [], before: [] });
  return outcome.signers ?? [];
}

/** A hole: verified, and by nobody refused, though the field is not one that may be anything. */
async function hole(
  one: Mint,
  before: readonly Signer[],
  at: { readonly field: string; readonly how: string },
  tweaks: Tweaks,
): Promise<string[]> {
  minted++;
  fields.add(at.field);
  const outcome = judge(trust, jobOf(one, await one.mint(world, tweaks)), world.now);
  if (outcome.refused !== null) return [];
  const [wanted] = before;
  if (!wanted) throw new Error('nobody signed');
  const { pinned, before: held } = refusals(outcome.signers, wanted);
  if (pinned.includes('PROVENANCE_SIGNER') || held.includes('SIGNER_CHANGED')) return [];
  const exemption = exemptionOf(REMINTED, { ...at, of: one.name });
  if (exemption) needed.add(exemption);
  const same = JSON.stringify(outcome.signers) === JSON.stringify(before);
  return exemption && (same || exemption.differs) ? [] : [`${one.name} | ${at.field} | ${at.how}`];
}

test.each(STATING)(
  'a statement altered and signed so is refused: $name',
  async (one) => {
    const before = await trueSigners(one);
    const holes: string[] = [];
    for (const what of one.attested) {
      const statement = await statementOf(one, what);
      for (const { path, value } of placesOf(statement)) {
        for (const { how, value: altered } of alterationsOf(value, undefined)) {
          if (!HOWS.has(how)) continue;
          const at = { field: `statement ${what}: ${nameOf(path)}`, how };
          const tweak: Tweaks = {
            statement: (true_, which) => (which === what ? withValue(statement, path, altered) : true_),
          };
          holes.push(...(await hole(one, before, at, tweak)));
        }
      }
    }
    expect(holes).toEqual([]);
  },
  120_000,
);

test.each(STATING)(
  'a statement with a key twice is refused, signed so: $name',
  async (one) => {
    const before = await trueSigners(one);
    const holes: string[] = [];
    for (const what of one.attested) {
      const statement = await statementOf(one, what);
      for (const { path, value } of placesOf(statement)) {
        if (typeof path.at(-1) !== 'string') continue;
        const twice = Buffer.from(withKeyTwice(statement, path, value));
        holes.push(
          ...(await hole(
            one,
            before,
            { field: `statement ${what}: ${nameOf(path)}`, how: 'key twice' },
            {
              payload: (payload, which) => (which === what ? twice : payload),
            },
          )),
        );
      }
    }
    expect(holes).toEqual([]);
  },
  120_000,
);

test.each(MINTS)(
  'a certificate with another fact is refused, or is of another signer: $name',
  async (one) => {
    const before = await trueSigners(one);
    const facts = await factsOf(one);
    const holes: string[] = [];
    for (const [number, value] of Object.entries(facts.extensions)) {
      const { [Number(number)]: _, ...others } = facts.extensions;
      const alterations: [how: string, CertificateFacts][] = [
        ['removed', { ...facts, extensions: others }],
        ['changed', { ...facts, extensions: { ...facts.extensions, [number]: changed(value) } }],
        ['longer', { ...facts, extensions: { ...facts.extensions, [number]: `${value}x` } }],
      ];
      for (const [how, altered] of alterations) {
        const at = { field: `certificate: .${number}`, how };
        holes.push(...(await hole(one, before, at, { certificate: () => altered })));
      }
    }
    const subject = { ...facts, subject: changed(facts.subject) };
    holes.push(
      ...(await hole(
        one,
        before,
        { field: 'certificate: subject', how: 'changed' },
        { certificate: () => subject },
      )),
    );
    expect(holes).toEqual([]);
  },
  120_000,
);

test.each(MINTS)(
  'a run that differs in one thing is another signer: $name',
  async (one) => {
    const before = await trueSigners(one);
    const holes: string[] = [];
    const facts = await factsOf(one);
    for (const [key, value] of Object.entries(one.run)) {
      if (key === 'provider') continue;
      const signer = { [key]: value === null ? REUSABLE : changed(value) };
      // Not every provider's certificates tell every fact, nor do those of every time.
      if (JSON.stringify(await factsOf(one, { signer })) === JSON.stringify(facts)) continue;
      holes.push(...(await hole(one, before, { field: `run: ${key}`, how: 'changed' }, { signer })));
    }
    expect(holes).toEqual([]);
  },
  120_000,
);

test.each(STATING)(
  'what the log recorded of something else is refused: $name',
  async (one) => {
    const before = await trueSigners(one);
    const holes: string[] = [];
    for (const what of one.attested) {
      const body = await bodyOf(one, what);
      for (const { path, value } of placesOf(body)) {
        for (const { how, value: altered } of alterationsOf(value, undefined)) {
          if (!HOWS.has(how) && how !== 'last bit') continue;
          const at = { field: `log ${what}: ${nameOf(path)}`, how };
          const body_ = bodyFrom(withValue(body, path, altered));
          holes.push(
            ...(await hole(one, before, at, { body: (true_, which) => (which === what ? body_ : true_) })),
          );
        }
      }
    }
    expect(holes).toEqual([]);
  },
  120_000,
);

test('every exemption is needed', () => {
  expect(REMINTED.filter((one) => !needed.has(one))).toEqual([]);
});

async function statementOf(one: Mint, what: Attested): Promise<Json> {
  let found: Json = null;
  await one.mint(world, {
    statement: (statement, which) => {
      if (which === what) found = JSON.parse(JSON.stringify(statement));
      return statement;
    },
  });
  return found;
}

async function factsOf(one: Mint, tweaks: Tweaks = {}): Promise<CertificateFacts> {
  let found: CertificateFacts = { subject: '', extensions: {} };
  await one.mint(world, {
    ...tweaks,
    certificate: (facts) => {
      found = facts;
      return facts;
    },
  });
  return found;
}

async function bodyOf(one: Mint, what: Attested): Promise<Json> {
  let found: Json = null;
  await one.mint(world, {
    body: (body, which) => {
      if (which === what) found = JSON.parse(JSON.stringify(body));
      return body;
    },
  });
  return found;
}

/** A log records whatever it is given; the entry's kind and version are then those of the body, or none. */
function bodyFrom(body: Json): LogBody {
  const text = (key: string): string => {
    const value = isObject(body) ? body[key] : undefined;
    return typeof value === 'string' ? value : '';
  };
  return {
    ...(isObject(body) && body),
    kind: text('kind'),
    apiVersion: text('apiVersion'),
    spec: specOf(body),
  };
}

function specOf(body: Json): object {
  const spec = isObject(body) ? body['spec'] : undefined;
  return isObject(spec) ? spec : {};
}
