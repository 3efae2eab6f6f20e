import { type TimeRange, TrustedRoot } from '@sigstore/protobuf-specs';
import type { Trust } from '../verify/trust.ts';
import { printable } from './ledger-line.ts';

/** Something that is trusted for a time. Instants as ISO 8601; `until` null: no end. */
export interface Trusted {
  /** `log`, `authority`, `certificate-log` or `timestamp-authority` of a trusted root; the use of a registry's key. */
  readonly kind: string;
  /** Its address, or the key's id. */
  readonly name: string;
  readonly from: string | null;
  readonly until: string | null;
}

/** What one file of trust says, and where it came from. */
export interface TrustedFile {
  readonly origin: string;
  readonly sha256: string;
  readonly trusts: readonly Trusted[];
}

/** What `sallyport trust show` says. */
export interface TrustShown {
  /** Of everything that is in force: as decisions record it. */
  readonly digest: string;
  readonly root: TrustedFile;
  readonly npmKeys: TrustedFile;
  /** Entries of the transparency log need an inclusion proof from then on, ISO 8601. */
  readonly proofSince: string;
  /** Origin of the registry that publish attestations name. */
  readonly registry: string;
  /** `succeeded`: when what is in place was fetched, how many days ago, and from which mirror. null: none was tried. */
  readonly update: {
    readonly tried: string;
    readonly problem: string | null;
    readonly succeeded: { readonly at: string; readonly days: number; readonly mirror: string } | null;
  } | null;
  readonly problem: string | null;
}

/** The parts of a trusted root, in its order. It has been linted. */
export function trustedByRoot({ bytes }: Pick<Trust, 'bytes'>): Trusted[] {
  const root = TrustedRoot.fromJSON(JSON.parse(Buffer.from(bytes.root).toString()));
  const log = (kind: string) => (one: (typeof root.tlogs)[number]) =>
    trusted(kind, one.baseUrl, one.publicKey?.validFor);
  const authority = (kind: string) => (one: (typeof root.certificateAuthorities)[number]) =>
    trusted(kind, one.uri || (one.subject?.commonName ?? ''), one.validFor);
  return [
    ...root.tlogs.map(log('log')),
    ...root.certificateAuthorities.map(authority('authority')),
    ...root.ctlogs.map(log('certificate-log')),
    ...root.timestampAuthorities.map(authority('timestamp-authority')),
  ];
}

/** The registry's keys, one for each use. */
export function trustedKeys({ keys }: Pick<Trust, 'keys'>): Trusted[] {
  const iso = (time: number | null) =>
    time === null || !Number.isFinite(time) ? null : new Date(time).toISOString();
  return keys.all.map(({ usage, keyid, start, end }) => ({
    kind: usage,
    name: keyid,
    from: iso(start),
    until: iso(end),
  }));
}

/** For a terminal. */
export function trustLines(shown: TrustShown): string[] {
  const { digest, root, npmKeys, update } = shown;
  return [
    `trust     ${digest}`,
    ...fileLines('root', root),
    ...fileLines('npm keys', npmKeys),
    `registry  ${shown.registry}`,
    `proofs    of log entries since ${shown.proofSince}`,
    ...(update
      ? [
          `update    ${update.tried} ${update.problem === null ? 'succeeded' : `failed: ${update.problem}`}`,
          ...(update.succeeded ? [fetchedLine(update.succeeded)] : []),
        ]
      : ['update    never']),
    ...(shown.problem === null ? [] : [`problem   ${shown.problem}`]),
  ].map((line) => printable(line).replaceAll('\n', ' '));
}

function fetchedLine({
  at,
  days,
  mirror,
}: NonNullable<NonNullable<TrustShown['update']>['succeeded']>): string {
  return `fetched   ${at} from ${mirror} (${days} ${days === 1 ? 'day' : 'days'} ago)`;
}

function fileLines(name: string, { origin, sha256, trusts }: TrustedFile): string[] {
  const kinds = Math.max(...trusts.map((one) => one.kind.length));
  const names = Math.max(...trusts.map((one) => one.name.length));
  return [
    `${name.padEnd(9)} ${origin} ${sha256}`,
    ...trusts.map(({ kind, name, from, until }) =>
      `  ${kind.padEnd(kinds)}  ${name.padEnd(names)}  ${day(from)} - ${until === null ? '' : day(until)}`.trimEnd(),
    ),
  ];
}

function day(instant: string | null): string {
  return instant?.slice(0, 10) ?? '';
}

function trusted(kind: string, name: string, time: TimeRange | undefined): Trusted {
  const iso = (at: Date | undefined) => at?.toISOString() ?? null;
  return { kind, name, from: iso(time?.start), until: iso(time?.end) };
}
