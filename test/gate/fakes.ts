import { createHash } from 'node:crypto';
import type {
  Admission,
  Answer,
  Asked,
  Caller,
  FileAnswer,
  Refusal,
  RefusalContext,
} from '../../src/admission/admission.ts';
import type { Ecosystem, Route, RouteRequest } from '../../src/ecosystems/ecosystem.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { type ReasonCode, statusOf, wordsOf } from '../../src/model/reason-codes.ts';

export const ENTRY = 'ab'.repeat(32);
export const ETAG = `"${'c'.repeat(64)}"`;

/** A refusal as admission would make it. */
export function refusal(code: ReasonCode, more: Partial<Refusal> = {}): Refusal {
  const line =
    statusOf(code) === 403 ? `sallyport refused left-pad: it ${wordsOf(code)} (${code})` : wordsOf(code);
  const nothing = { package: null, nearestAllowed: null, eligibleAt: null, entry: ENTRY, seq: 7 };
  return { code, reasons: [code], evidence: [], line, ...nothing, ...more };
}

/** A file of the given bytes, in pieces; `fail` throws before the piece with that number. */
export function file(
  bytes: Uint8Array,
  more: { piece?: number; fail?: number; after?: Error } = {},
): TestFile {
  const outcomes: { served: boolean; bytes: number }[] = [];
  const open = { readers: 0 };
  const piece = more.piece ?? 1024;
  return {
    kind: 'file',
    contentType: 'application/octet-stream',
    size: bytes.length,
    etag: `"${createHash('sha256').update(bytes).digest('hex')}"`,
    entry: ENTRY,
    outcomes,
    open,
    async *read(start, end) {
      open.readers += 1;
      try {
        for (let at = start, number = 0; at < end; at += piece, number += 1) {
          if (number === more.fail) throw new Error('damaged');
          yield bytes.subarray(at, Math.min(at + piece, end));
        }
        if (more.after) throw more.after;
      } finally {
        open.readers -= 1;
      }
    },
    done: (outcome) => void outcomes.push(outcome),
  };
}

export interface TestFile extends FileAnswer {
  readonly outcomes: { served: boolean; bytes: number }[];
  readonly open: { readers: number };
}

export function page(text: string, more: Partial<Extract<Answer, { kind: 'document' }>> = {}): Answer {
  const contentType = 'application/json';
  return {
    kind: 'document',
    status: 200,
    contentType,
    encoding: null,
    body: Buffer.from(text),
    etag: ETAG,
    vary: true,
    ...more,
  };
}

/** Records what it was asked and answers from a script. */
export class ScriptedAdmission implements Admission {
  readonly asked: Asked[] = [];
  readonly refused: { caller: Caller; code: ReasonCode; context: RefusalContext }[] = [];
  script: (asked: Asked) => Answer | Promise<Answer>;
  ledgerDown = false;

  constructor(script: (asked: Asked) => Answer | Promise<Answer> = () => page('{}')) {
    this.script = script;
  }

  async answer(asked: Asked): Promise<Answer> {
    this.asked.push(asked);
    return this.script(asked);
  }

  async refuse(caller: Caller, code: ReasonCode, context: RefusalContext): Promise<Refusal> {
    this.refused.push({ caller, code, context });
    if (this.ledgerDown) throw new Error('the ledger is gone');
    return refusal(code, { line: context.line ?? `sallyport: ${wordsOf(code)} (${code})` });
  }
}

const NAME = /^(?:@[a-z0-9-]+(?:\/|%2f))?[a-z0-9_.-]+$/i;

function npmRoute(path: string, request: RouteRequest): Route | null {
  if (path === '-/npm/v1/security/advisories/bulk') return { kind: 'audit', flavour: 'bulk' };
  if (request.method === 'POST' || path.startsWith('-/user/')) return { kind: 'write' };
  if (path === '-/ping') return { kind: 'fixed', body: () => '{}', contentType: 'application/json' };
  if (path === '-/v1/search') return { kind: 'search', text: request.query, from: 0, size: 20 };
  if (path === '' || path.startsWith('-/')) return null;
  const [name = '', filename] = path.split('/-/');
  if (!NAME.test(name)) return { kind: 'malformed' };
  if (filename === undefined) return { kind: 'index', name: name as PackageName, representation: 'full' };
  if (!/^[a-z0-9_.-]+\.tgz$/.test(filename)) return { kind: 'malformed' };
  return { kind: 'artifact', name: name as PackageName, filename };
}

function pypiRoute(path: string): Route | null {
  if (path === 'simple/throws/') throw new Error('a fault in the grammar');
  const match = /^simple\/([A-Za-z0-9._-]+)(\/?)$/.exec(path);
  if (!match?.[1]) return path.startsWith('simple/') ? { kind: 'malformed' } : null;
  if (match[1] !== match[1].toLowerCase() || match[2] === '')
    return { kind: 'redirect', to: `simple/${match[1].toLowerCase()}/` };
  return { kind: 'index', name: match[1] as PackageName, representation: 'html' };
}

function ecosystem(id: string, route: Ecosystem['route']): Ecosystem {
  const unused = () => {
    throw new Error('the gate does not use this');
  };
  return {
    id,
    mount: `/${id}/`,
    route,
    versions: {
      ecosystem: id,
      canonicalName: unused,
      parseVersion: unused,
      parseRange: unused,
      compare: unused,
      isPrerelease: unused,
      majorLine: unused,
    },
    parseFilename: unused,
    attestations: { kind: 'npm-attestations', accept: '*/*' },
    writeAttestations: unused,
    indexRequest: unused,
    readIndex: unused,
    claimedManifest: unused,
    writeIndex: unused,
    writeRefusedIndex: unused,
    writeNames: unused,
  };
}

/** Two ecosystems with a grammar that is just enough; the real ones have tests of their own. */
export const ECOSYSTEMS: readonly Ecosystem[] = [ecosystem('npm', npmRoute), ecosystem('pypi', pypiRoute)];
