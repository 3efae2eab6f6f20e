import type { Digest } from '../model/digest.ts';
import type { AdminAct, AlarmKind, StopReason } from './entry-codes.ts';
import { entry, type Maybe, type Stamp } from './entry-parts.ts';
import type { EntryDraft, EntryValue } from './ledger.ts';

/**
 * The shapes of entries, format version 1. A field without a value is left out; `yes` stands for true, and
 * false is left out. Fields may be added; one that exists keeps its name and meaning for ever, because what
 * is in the log is never rewritten. Untrusted text (a client's name) is cut and made well-formed here.
 */

/** How serving ended. `decision` is the place of the entry that admitted it; `bytes` left our side. */
export interface ServedInput extends Stamp {
  readonly decision: number;
  /** False: the client went away, or the bytes failed their check while they were read. */
  readonly served: boolean;
  readonly bytes: number;
}

export function servedEntry(input: ServedInput): EntryDraft {
  return entry(input.served ? 'served' : 'aborted', input, { decision: input.decision, bytes: input.bytes });
}

/** Something that a person should look at. `code` is a fixed word; the others say what it is about. */
export interface AlarmInput extends Stamp {
  readonly code: AlarmKind;
  readonly agent?: Maybe<string>;
  readonly ecosystem?: Maybe<string>;
  readonly name?: Maybe<string>;
  readonly version?: Maybe<string>;
  readonly file?: Maybe<string>;
  readonly source?: Maybe<string>;
  /** What was known, and what came instead: digests, origins. */
  readonly expected?: Maybe<string>;
  readonly found?: Maybe<string>;
  /** Of a waiver: where in the policy it stands, what it lifts, and until when (ms since 1970). */
  readonly place?: Maybe<string>;
  readonly lifts?: Maybe<string>;
  readonly expires?: Maybe<number>;
  /** Of a key for pseudonyms: whose. */
  readonly tenant?: Maybe<string>;
}

export function alarmEntry(input: AlarmInput): EntryDraft {
  const { code, agent, ecosystem, name, version, file, source, expected, found } = input;
  const { place, lifts, expires, tenant } = input;
  return entry('alarm', input, {
    code,
    agent,
    ecosystem,
    name,
    version,
    file,
    source,
    expected,
    found,
    place,
    lifts,
    expires,
    tenant,
  });
}

/**
 * A policy was loaded, or a broken one was not and `policy` stays in force, or somebody asked for a reload and the
 * files are what is in force.
 */
export interface PolicyInput extends Stamp {
  readonly outcome: 'loaded' | 'rejected' | 'unchanged';
  /** Digest of the policy that is in force now. */
  readonly policy: string;
  /** Digest of the one before, where it changed. */
  readonly previous?: Maybe<string>;
  /** How many problems the rejected one has. */
  readonly problems?: Maybe<number>;
}

export function policyEntry(input: PolicyInput): EntryDraft {
  const { outcome, policy, previous, problems } = input;
  return entry('policy', input, { outcome, policy, previous, problems });
}

/** An act of those who run the firewall. */
export function adminEntry(
  code: AdminAct,
  stamp: Stamp,
  fields: Record<string, Maybe<EntryValue>>,
): EntryDraft {
  return entry('admin', stamp, { code, ...fields });
}

/**
 * Another trust root or other keys are about to be taken into use; the evidence shelf has them under this digest. Where
 * no thread then takes them, an alarm `trust-root` follows, and `previous` stays.
 */
export interface TrustInput extends Stamp {
  /** Digest of what is trusted from now on. */
  readonly trust: Digest;
  /** Digest of what was trusted before. */
  readonly previous: Digest;
}

export function trustEntry(input: TrustInput): EntryDraft {
  const { trust, previous } = input;
  return adminEntry('trust-changed', input, { trust, previous });
}

/** Another feed of advisories was found in force, and is decided by from now on. */
export interface FeedInput extends Stamp {
  readonly feed: Digest;
  /** Digest of the one before, where there was one. */
  readonly previous?: Maybe<Digest>;
}

export function feedEntry(input: FeedInput): EntryDraft {
  const { feed, previous } = input;
  return adminEntry('feed-changed', input, { feed, previous });
}

/** The query index was made anew from so many entries. */
export interface ReindexedInput extends Stamp {
  readonly entries: number;
}

export function reindexedEntry(input: ReindexedInput): EntryDraft {
  return adminEntry('reindexed', input, { entries: input.entries });
}

/** From now on the agents of a tenant are entered under pseudonyms that this key makes. */
export interface PseudonymKeyInput extends Stamp {
  readonly tenant: string;
  /** sha256 of the key. */
  readonly key: Digest;
}

export function pseudonymKeyEntry(input: PseudonymKeyInput): EntryDraft {
  const { tenant, key } = input;
  return adminEntry('pseudonym-key', input, { tenant, key });
}

/** The key of a tenant's pseudonyms is deleted: whose entries they are cannot be told any more. */
export interface ForgottenInput extends Stamp {
  readonly tenant: string;
}

export function forgottenEntry(input: ForgottenInput): EntryDraft {
  return adminEntry('pseudonyms-forgotten', input, { tenant: input.tenant });
}

/** The server starts. */
export interface StartInput extends Stamp {
  /** Version of sallyport. */
  readonly release: string;
  readonly engine: string;
  readonly policy: string;
  /** Digest of the trust root and keys; the evidence shelf has them under it. */
  readonly trust: Digest;
  /** Digest of the feed of advisories, where there is one that can be read. */
  readonly feed?: Maybe<Digest>;
  /** Digest of the configuration in force, without secrets. */
  readonly config: Digest;
}

export function startEntry(input: StartInput): EntryDraft {
  const { release, engine, policy, trust, feed, config } = input;
  return entry('start', input, { release, engine, policy, trust, feed, config });
}

/**
 * What the gate counted by itself since the server started: at any moment the log has as many entries between that
 * start and here, or more. `allow` and `refuse` are answers that carried an entry; `summed` refusals that are part of the
 * `refusals` of a sum; `files` are held against `served` and `aborted` and their `bytes`, but for `unwritten` of them.
 */
export interface CountsInput {
  /** `time` of the start, milliseconds since 1970. */
  readonly since: number;
  readonly answers: { readonly allow: number; readonly refuse: number; readonly summed: number };
  readonly files: { readonly served: number; readonly aborted: number; readonly bytes: number };
  readonly unwritten: number;
}

export interface TallyInput extends Stamp, CountsInput {}

/** Hourly. */
export function tallyEntry(input: TallyInput): EntryDraft {
  return entry('tally', input, countsOf(input));
}

/** The server stops in good order; a start without one before it followed a crash. `code`: why, a fixed word. */
export interface StopInput extends Stamp, CountsInput {
  readonly code: StopReason;
}

export function stopEntry(input: StopInput): EntryDraft {
  return entry('stop', input, { code: input.code, ...countsOf(input) });
}

function countsOf({ since, answers, files, unwritten }: CountsInput): Record<string, Maybe<EntryValue>> {
  return {
    since,
    answers: { allow: answers.allow, refuse: answers.refuse, summed: answers.summed },
    files: { served: files.served, aborted: files.aborted, bytes: files.bytes },
    unwritten: unwritten > 0 ? unwritten : undefined,
  };
}
