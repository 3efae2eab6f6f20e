import { createHash, generateKeyPairSync, sign } from 'node:crypto';
// By folder: the package's front door loads nock, which patches this process's HTTP client.
import fulcio from '@sigstore/mock/dist/fulcio/index.js';
import timestamping from '@sigstore/mock/dist/timestamp/index.js';
import type { Digest } from '../../src/model/digest.ts';
import { hexOf } from '../../src/model/digest.ts';
import type { RegistrySignature } from '../../src/model/evidence.ts';
import { defaultPypiBase } from '../../src/upstream/defaults.ts';
import type { TrustBytes } from '../../src/verify/trust.ts';
import { type LogBody, TransparencyLog } from './sigstore-log.ts';
import {
  type BundleJson,
  type BundleVersion,
  bundleOf,
  type EntryKind,
  type Envelope,
  IN_TOTO,
  logBody,
  makeKey,
  type Pep740Attestation,
  pep740Of,
  type Sealed,
  type SealingKey,
  type Statement,
  signEnvelope,
} from './sigstore-seal.ts';
import {
  type CertificateFacts,
  certificateFacts,
  FULCIO_ARC,
  legacyFacts,
  type Run,
  runOf,
} from './sigstore-signer.ts';
import {
  npmPublishStatement,
  pypiPublishStatement,
  slsaV1Statement,
  slsaV02Statement,
} from './sigstore-statements.ts';

const DAY = 86_400_000;

export type Attested = 'publish' | 'slsa';

/** Ways to mint something else than what the parts of a world agree on. Each leaves everything else consistent. */
export interface Tweaks {
  /** Who signs: changes certificate and predicate alike. */
  readonly signer?: Partial<Run>;
  /** Changes the certificate alone. */
  readonly certificate?: (facts: CertificateFacts) => CertificateFacts;
  /** With the extensions of 2022 and 2023 only. Default: where the predicate is SLSA v0.2. */
  readonly legacy?: boolean;
  /** Changes the statement alone, before it is signed; what it gives is written as JSON. */
  readonly statement?: (statement: Statement, what: Attested) => unknown;
  /** Changes the very bytes that are signed. */
  readonly payload?: (payload: Buffer, what: Attested) => Buffer;
  readonly payloadType?: string;
  /** Changes what the log records; it vouches for whatever that is. */
  readonly body?: (body: LogBody, what: Attested) => LogBody;
  /** When the certificate begins (it holds for ten minutes). */
  readonly signedAt?: Date;
  /** When the log and the timestamp authority saw it. Default: with the certificate. */
  readonly loggedAt?: Date;
  /** The log recorded another certificate, for the same key, of this run. */
  readonly loggedAs?: Partial<Run>;
  readonly entry?: EntryKind;
  /** A signed entry timestamp. Default: wherever the log gives one. */
  readonly promise?: boolean;
  /** An inclusion proof. Default: but for bundles v0.1, which had none. */
  readonly proof?: boolean;
  /** An RFC 3161 timestamp. Default: where there is no signed entry timestamp. */
  readonly timestamp?: boolean;
  /** With the key and certificate that were last issued for the same facts: much faster, and not as Fulcio does. */
  readonly sameKey?: boolean;
}

export interface NpmAttestationsWanted extends Tweaks {
  readonly name: string;
  readonly version: string;
  readonly sha512: Digest;
  /** Which SLSA predicate. Default v1. */
  readonly predicate?: 'v1' | 'v0.2';
  /** Default v0.3 (v0.2 where a key signed, as the registry does), v0.1 for SLSA v0.2. */
  readonly bundle?: BundleVersion;
  /** The registry's key under the publish attestation. */
  readonly key?: RegistryKeyName;
  /** Changes the finished document. */
  readonly document?: (document: NpmDocument) => unknown;
}

/** The npm registry's answer about a version's attestations. */
export interface NpmDocument {
  attestations: { predicateType: string; bundle: BundleJson }[];
}

export interface PypiProvenanceWanted extends Tweaks {
  readonly filename: string;
  readonly sha256: Digest;
  /** Default: publish. SLSA only for GitHub. */
  readonly predicates?: readonly Attested[];
  /** Default GitHub; as `signer.provider`. */
  readonly publisher?: Run['provider'];
  readonly document?: (document: PypiDocument) => unknown;
}

/** A PEP 740 provenance object. */
export interface PypiDocument {
  version: number;
  attestation_bundles: { publisher: Record<string, unknown>; attestations: Pep740Attestation[] }[];
}

/** `unknown` is in no list of keys. */
export type RegistryKeyName =
  | 'current'
  | 'retired'
  | 'revoked'
  | 'signaturesOnly'
  | 'attestationsOnly'
  | 'unknown';

export interface RegistryKey extends SealingKey {
  readonly keyid: string;
}

/** A Sigstore of our own, with a registry that signs: all that is minted in one verifies under its `trust`. */
export interface World {
  readonly trust: TrustBytes;
  /** When things are signed, unless a tweak says otherwise. */
  readonly time: Date;
  /**
   * When things of bundle v0.1 are signed: in early 2023 (or 200 days before), before entries needed a proof
   * (`trust.proofSince`) and certificates had extensions beyond .6. An authority of its own signs then.
   */
  readonly earlier: Date;
  /** When things are verified, ms since 1970: a day later, when every certificate has run out. */
  readonly now: number;
  readonly keys: Readonly<Record<RegistryKeyName, RegistryKey>>;
  readonly log: TransparencyLog;
  readonly logV2: TransparencyLog;
  registrySignature(what: {
    readonly name: string;
    readonly version: string;
    /** `sha512-base64` */
    readonly integrity: string;
    readonly key?: RegistryKeyName;
  }): RegistrySignature;
  npmAttestations(wanted: NpmAttestationsWanted): Promise<Uint8Array>;
  pypiProvenance(wanted: PypiProvenanceWanted): Promise<Uint8Array>;
  /** One statement signed by a certificate, before it is put into any document. */
  seal(statement: Statement, tweaks?: Tweaks & { readonly what?: Attested }): Promise<Sealed>;
}

/**
 * Mints a world offline: certificate authority, certificate log, two transparency logs (Rekor v1 and v2), timestamp
 * authority, registry keys. Nothing of it outlives the process. What the mock cannot mint: a subject that is an
 * e-mail address by type (Google's is a URI with an address in it), intermediates, more than one certificate log.
 */
export async function mintWorld(
  options: { readonly clock?: Date; readonly registry?: string } = {},
): Promise<World> {
  const time = new Date(Math.floor((options.clock ?? new Date()).getTime() / 1000) * 1000);
  const registry = options.registry ?? 'https://registry.example';
  const born = new Date(time.getTime() - 300 * DAY);
  const earlier = new Date(Math.min(time.getTime() - 200 * DAY, Date.UTC(2023, 1, 1)));
  const founded = new Date(earlier.getTime() - 30 * DAY);
  const log = new TransparencyLog('https://rekor.sigstore.example', 1);
  const logV2 = new TransparencyLog('https://log2026.rekor.sigstore.example', 2);
  const caKeys = { old: generateP384(), current: generateP384() };
  const ctKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tsaKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authorityAt = async (moment: Date) =>
    fulcio.initializeCA(
      caKeys[moment < born ? 'old' : 'current'],
      await fulcio.initializeCTLog(ctKeys, moment),
      moment,
    );
  const { ca, ctLog, tsa } = await standingAt(born, async () => ({
    ca: await authorityAt(time),
    ctLog: await fulcio.initializeCTLog(ctKeys, time),
    tsa: await timestamping.initializeTSA(tsaKeys, time),
  }));
  const earlierCa = await standingAt(founded, () => authorityAt(earlier));
  const roots = { old: bytesOf(earlierCa.rootCertificate), current: bytesOf(ca.rootCertificate) };
  const keys = registryKeys();

  const issue = async (spki: Buffer, facts: CertificateFacts, moment: Date): Promise<Buffer> => {
    const known = [ca, earlierCa][[time, earlier].findIndex((one) => one.getTime() === moment.getTime())];
    const issuer = known ?? (await authorityAt(moment));
    return bytesOf(
      await issuer.issueCertificate({
        publicKey: new Uint8Array(spki),
        subjectAltName: facts.subject,
        extensions: Object.entries(facts.extensions).map(([number, value]) => ({
          oid: `${FULCIO_ARC}.${number}`,
          value,
          legacy: Number(number) <= 6,
        })),
      }),
    );
  };

  const stamp = async (envelope: Envelope, moment: Date): Promise<Buffer> => {
    const authority =
      moment.getTime() === time.getTime() ? tsa : await timestamping.initializeTSA(tsaKeys, moment);
    return bytesOf(
      await authority.timestamp({
        artifactHash: createHash('sha256').update(envelope.signature).digest(),
        hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
        nonce: 1,
        policyOID: '1.3.6.1.4.1.57264.2',
      }),
    );
  };

  const record = async (
    envelope: Envelope,
    verifier: Parameters<typeof logBody>[2],
    tweaks: Tweaks & {
      readonly entry: EntryKind;
      readonly proof: boolean;
      readonly at: Date;
      readonly what: Attested;
    },
  ): Promise<Pick<Sealed, 'entry' | 'timestamps'>> => {
    const second = tweaks.entry.endsWith('-v2');
    const promise = tweaks.promise ?? !second;
    const body = logBody(tweaks.entry, envelope, verifier);
    const entry = (second ? logV2 : log).record(tweaks.body?.(body, tweaks.what) ?? body, {
      time: tweaks.at,
      promise,
      proof: tweaks.proof,
    });
    return { entry, timestamps: (tweaks.timestamp ?? !promise) ? [await stamp(envelope, tweaks.at)] : [] };
  };

  const envelopeOf = (statement: Statement, what: Attested, tweaks: Tweaks, key: SealingKey): Envelope => {
    const payload = Buffer.from(JSON.stringify(tweaks.statement?.(statement, what) ?? statement));
    return signEnvelope(tweaks.payload?.(payload, what) ?? payload, tweaks.payloadType ?? IN_TOTO, key);
  };

  const issued = new Map<string, { readonly key: SealingKey; readonly certificate: Buffer }>();
  const seal: World['seal'] = async (statement, tweaks = {}) => {
    const signedAt = tweaks.signedAt ?? time;
    const factsOf = (run: Partial<Run>): CertificateFacts => {
      const facts = certificateFacts(runOf({ ...tweaks.signer, ...run }));
      const kept = tweaks.legacy ? legacyFacts(facts) : facts;
      return tweaks.certificate?.(kept) ?? kept;
    };
    const facts = factsOf({});
    const use = JSON.stringify([facts, signedAt]);
    const last = tweaks.sameKey ? issued.get(use) : undefined;
    const key = last?.key ?? makeKey();
    const certificate = last?.certificate ?? (await issue(key.spki, facts, signedAt));
    issued.set(use, { key, certificate });
    const envelope = envelopeOf(statement, tweaks.what ?? 'slsa', tweaks, key);
    const logged = tweaks.loggedAs ? await issue(key.spki, factsOf(tweaks.loggedAs), signedAt) : certificate;
    const recorded = await record(
      envelope,
      { certificate: logged },
      {
        ...tweaks,
        entry: tweaks.entry ?? 'dsse',
        proof: tweaks.proof ?? true,
        at: tweaks.loggedAt ?? signedAt,
        what: tweaks.what ?? 'slsa',
      },
    );
    const root = roots[signedAt < born ? 'old' : 'current'];
    return { envelope, certificates: [certificate, root], hint: null, ...recorded };
  };

  const sealByRegistry = async (statement: Statement, key: RegistryKey, tweaks: Tweaks): Promise<Sealed> => {
    const envelope = envelopeOf(statement, 'publish', tweaks, key);
    const recorded = await record(
      envelope,
      { spki: key.spki, hint: key.keyid },
      {
        ...tweaks,
        entry: tweaks.entry ?? 'dsse',
        proof: tweaks.proof ?? true,
        at: tweaks.loggedAt ?? tweaks.signedAt ?? time,
        what: 'publish',
      },
    );
    return { envelope, certificates: [], hint: key.keyid, ...recorded };
  };

  return {
    trust: {
      root: jsonBytes({
        mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
        tlogs: [log.instance(founded), logV2.instance(born)],
        certificateAuthorities: [
          authority('fulcio', [roots.old], founded, born),
          authority('fulcio', [roots.current], born),
        ],
        ctlogs: [certificateLog(bytesOf(ctLog.publicKey), bytesOf(ctLog.logID), founded)],
        timestampAuthorities: [
          authority('timestamp', [bytesOf(tsa.intCertificate), bytesOf(tsa.rootCertificate)], born),
        ],
      }),
      npmKeys: jsonBytes({ keys: listedKeys(keys, founded, time) }),
      proofSince: time.getTime() - 100 * DAY,
      npmRegistry: registry,
    },
    time,
    earlier,
    now: time.getTime() + DAY,
    keys,
    log,
    logV2,
    registrySignature({ name, version, integrity, key = 'current' }) {
      const message = Buffer.from(`${name}@${version}:${integrity}`);
      const { keyid, privateKey } = keys[key];
      return { keyid, sig: sign('sha256', message, privateKey).toString('base64') };
    },
    seal,
    async npmAttestations(wanted) {
      const { name, version, sha512, predicate = 'v1', key = 'current', document } = wanted;
      const old = (wanted.bundle ?? (predicate === 'v0.2' ? 'v0.1' : 'v0.3')) === 'v0.1';
      const subject = {
        name: `pkg:npm/${name.replace('@', '%40')}@${version}`,
        digest: { sha512: hexOf(sha512) },
      };
      const tweaks: Tweaks = {
        legacy: predicate === 'v0.2',
        ...(old && { entry: 'intoto', proof: false, signedAt: earlier }),
        ...wanted,
      };
      const run = runOf(wanted.signer ?? {});
      const slsa =
        predicate === 'v0.2' ? slsaV02Statement(subject, run) : slsaV1Statement(subject, run, 'runner');
      const publish = npmPublishStatement(subject, { name, version, registry });
      const sealed = [
        await sealByRegistry(publish, keys[key], tweaks),
        await seal(slsa, { ...tweaks, what: 'slsa' }),
      ] as const;
      const answer: NpmDocument = {
        attestations: [
          {
            predicateType: publish.predicateType,
            bundle: bundleOf(sealed[0], wanted.bundle ?? (old ? 'v0.1' : 'v0.2')),
          },
          {
            predicateType: slsa.predicateType,
            bundle: bundleOf(sealed[1], wanted.bundle ?? (old ? 'v0.1' : 'v0.3')),
          },
        ],
      };
      return jsonBytes(document?.(answer) ?? answer);
    },
    async pypiProvenance(wanted) {
      const { filename, sha256, predicates = ['publish'], document } = wanted;
      const provider = wanted.publisher ?? wanted.signer?.provider ?? 'GitHub';
      const signer = { ...wanted.signer, provider };
      const run = runOf(signer);
      const subject = { name: filename, digest: { sha256: hexOf(sha256) } };
      const publishType = await pypiPublishType();
      const attestations: Pep740Attestation[] = [];
      for (const what of predicates) {
        const statement =
          what === 'publish'
            ? pypiPublishStatement(subject, publishType)
            : slsaV1Statement(subject, run, 'workflow');
        attestations.push(pep740Of(await seal(statement, { ...wanted, signer, what })));
      }
      const answer: PypiDocument = {
        version: 1,
        attestation_bundles: [{ publisher: publisherOf(run), attestations }],
      };
      return jsonBytes(document?.(answer) ?? answer);
    },
  };
}

/** Predicate type of PyPI's publish attestations: it names the index's own host. */
export async function pypiPublishType(): Promise<string> {
  return `https://docs.${new URL(await defaultPypiBase()).host}/attestations/publish/v1`;
}

/**
 * Runs `work` while the clock stands at `moment`: the mock's root certificates begin "now", and take no other clock.
 */
async function standingAt<T>(moment: Date, work: () => Promise<T>): Promise<T> {
  const real = globalThis.Date;
  globalThis.Date = new Proxy(real, {
    construct: (target, args) => Reflect.construct(target, args.length === 0 ? [moment.getTime()] : args),
    get: (target, key) => (key === 'now' ? () => moment.getTime() : Reflect.get(target, key)),
  });
  try {
    return await work();
  } finally {
    globalThis.Date = real;
  }
}

/** The index's unsigned word on who published. */
function publisherOf(run: Run): Record<string, unknown> {
  switch (run.provider) {
    case 'GitHub':
      return {
        kind: 'GitHub',
        repository: run.repository,
        workflow: run.workflow.slice(run.workflow.lastIndexOf('/') + 1),
        environment: run.environment,
      };
    case 'GitLab':
      return {
        kind: 'GitLab',
        repository: run.repository,
        workflow_filepath: run.workflow,
        environment: run.environment,
      };
    case 'Google':
      return { kind: 'Google', email: run.email };
    case 'CircleCI':
      return {
        kind: 'CircleCI',
        project_id: run.project,
        pipeline_definition_id: run.pipeline,
        vcs_origin: `github.com/${run.repository}`,
        vcs_ref: run.ref,
      };
  }
}

function registryKeys(): Record<RegistryKeyName, RegistryKey> {
  const make = (): RegistryKey => {
    const key = makeKey();
    const hash = createHash('sha256').update(key.spki).digest('base64').replace(/=+$/, '');
    return { ...key, keyid: `SHA256:${hash}` };
  };
  return {
    current: make(),
    retired: make(),
    revoked: make(),
    signaturesOnly: make(),
    attestationsOnly: make(),
    unknown: make(),
  };
}

/**
 * The registry's keys as its TUF target lists them. Each holds from `founded`; the retired one ended 60 days before
 * `time`.
 */
function listedKeys(keys: Record<RegistryKeyName, RegistryKey>, founded: Date, time: Date): object[] {
  const start = founded.toISOString();
  const end = new Date(time.getTime() - 60 * DAY).toISOString();
  const list = (
    { keyid, spki }: RegistryKey,
    keyUsage: string,
    retired = false,
    revoked = false,
  ): object => ({
    keyId: keyid,
    keyUsage,
    publicKey: {
      rawBytes: spki.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start, ...(retired && { end }) },
    },
    ...(revoked && { revoked }),
  });
  return [
    ...['npm:signatures', 'npm:attestations'].flatMap((usage) => [
      list(keys.current, usage),
      list(keys.retired, usage, true),
      list(keys.revoked, usage, false, true),
    ]),
    list(keys.signaturesOnly, 'npm:signatures'),
    list(keys.attestationsOnly, 'npm:attestations'),
  ];
}

function authority(name: string, certificates: readonly Buffer[], start: Date, end?: Date): object {
  return {
    subject: { organization: 'sigstore.mock', commonName: name },
    uri: `https://${name}.sigstore.example`,
    certChain: { certificates: certificates.map((der) => ({ rawBytes: der.toString('base64') })) },
    validFor: { start: start.toISOString(), ...(end && { end: end.toISOString() }) },
  };
}

function certificateLog(spki: Buffer, keyId: Buffer, start: Date): object {
  return {
    baseUrl: 'https://ctfe.sigstore.example',
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: spki.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: start.toISOString() },
    },
    logId: { keyId: keyId.toString('base64') },
  };
}

function generateP384(): ReturnType<typeof generateKeyPairSync> {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' });
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
