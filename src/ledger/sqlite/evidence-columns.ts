import { parseDigest } from '../../model/digest.ts';
import {
  CAUSES,
  type Cause,
  EVIDENCE,
  type EvidenceName,
  type EvidenceSet,
  type EvidenceVerdict,
  type Signer,
} from '../../model/evidence.ts';
import { REASONS, type ReasonCode } from '../../model/reason-codes.ts';
import type { CheckResult } from '../../model/verdict.ts';

/**
 * Evidence as the database's columns have it: kinds as a sum, signers and verdicts as JSON. The same functions
 * read what is handed in and what is in the database, into one order of keys, so that the same facts are the same
 * JSON. They throw TypeError for all else: evidence that cannot be read must never pass for none.
 */

const SUMMANDS: Readonly<Record<EvidenceName, number>> = { 'registry-signature': 1, provenance: 2 };

/** 1 registry signature, 2 provenance. */
export function sumOf(kinds: EvidenceSet): number {
  return EVIDENCE.reduce((sum, name) => sum + (kinds[name] ? SUMMANDS[name] : 0), 0);
}

export function kindsOf(sum: number): EvidenceSet {
  return {
    'registry-signature': (sum & SUMMANDS['registry-signature']) !== 0,
    provenance: (sum & SUMMANDS.provenance) !== 0,
  };
}

export function signerOf(value: unknown): Signer {
  const signer = record(value);
  const { predicate } = signer;
  if (predicate !== 'slsa' && predicate !== 'publish') throw unreadable('predicate');
  return {
    predicate,
    issuer: text(signer['issuer']),
    subject: text(signer['subject']),
    repository: textOrNull(signer['repository']),
    repositoryId: textOrNull(signer['repositoryId']),
    ownerId: textOrNull(signer['ownerId']),
    workflow: textOrNull(signer['workflow']),
    ref: textOrNull(signer['ref']),
    commit: textOrNull(signer['commit']),
    trigger: textOrNull(signer['trigger']),
    runner: textOrNull(signer['runner']),
    environment: textOrNull(signer['environment']),
    builder: textOrNull(signer['builder']),
  };
}

/** Verdicts in the order of EVIDENCE, at most one of each. */
export function verdictsOf(value: unknown): readonly EvidenceVerdict[] {
  const verdicts = list(value).map(verdictOf);
  const sorted = EVIDENCE.flatMap((name) => verdicts.find(({ check }) => check === name) ?? []);
  if (sorted.length !== verdicts.length) throw unreadable('list of verdicts');
  return sorted;
}

function verdictOf(value: unknown): EvidenceVerdict {
  const verdict = record(value);
  const { check, result, code, cause } = verdict;
  if (!isCheck(check)) throw unreadable('check');
  if (!isResult(result)) throw unreadable('result');
  if (code !== undefined && !isCode(code)) throw unreadable('code');
  if (cause !== undefined && !isCause(cause)) throw unreadable('cause');
  return {
    check,
    result,
    ...(code !== undefined && { code }),
    ...(cause !== undefined && { cause }),
    signers: list(verdict['signers']).map(signerOf),
    documents: list(verdict['documents']).map((document) => {
      const digest = parseDigest(text(document));
      if (digest === null || digest !== document) throw unreadable('digest');
      return digest;
    }),
  };
}

const RESULTS: Readonly<Record<CheckResult, true>> = {
  verified: true,
  failed: true,
  absent: true,
  unchecked: true,
};

function isCheck(value: unknown): value is EvidenceName {
  return typeof value === 'string' && Object.hasOwn(SUMMANDS, value);
}

function isResult(value: unknown): value is CheckResult {
  return typeof value === 'string' && Object.hasOwn(RESULTS, value);
}

function isCode(value: unknown): value is ReasonCode {
  return typeof value === 'string' && Object.hasOwn(REASONS, value);
}

function isCause(value: unknown): value is Cause {
  return typeof value === 'string' && Object.hasOwn(CAUSES, value);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable('object');
  return { ...value };
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw unreadable('list');
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw unreadable('text');
  return value;
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : text(value);
}

function unreadable(what: string): TypeError {
  return new TypeError(`evidence is unreadable: no ${what} where one must be`);
}
